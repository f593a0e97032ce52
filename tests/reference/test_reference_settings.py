"""The configuration file of a running relay: edits as a whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from conformance.reference.config import DomainType
from conformance.reference.config_reader import ConfigError
from conformance.reference.settings import Settings

FILE = """\
# the operator's own words
hostname = "relay.test"
listen = "127.0.0.1:0"
resolver = "127.0.0.1:53"
spool = "s"
event_log = "e"

[[connector]]   # to the old server
domain = "a.test"
smart_hosts = [
  "127.0.0.9",  # [[connector]] it is not
]
[[connector]]
domain = "*.b.test"
enabled = true  # for now

[[accepted_domain]]
domain = "partly.b.test"
type = "authoritative"
[[accepted_domain]]
domain = "x.b.test"
recipients = ["one@x.b.test"]
type = 'internal_relay' # as long as it lasts
[[accepted_domain]]
type = "internal_relay"
domain = "a.test"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "relay.toml"
    path.write_text(FILE)
    return path


def test_fix_now_edits_what_it_must_and_nothing_else(path: Path) -> None:
    config = Settings(path).fix_now("A.test")
    assert [each.enabled for each in config.connectors] == [False, True]
    assert config.accepted_domains[2].type is DomainType.AUTHORITATIVE
    assert config.accepted_domains[1].type is DomainType.INTERNAL_RELAY
    changed = FILE.replace(
        "[[connector]]   # to the old server\n", "[[connector]]   # to the old server\nenabled = false\n"
    ).replace('type = "internal_relay"\ndomain', 'type = "authoritative"\ndomain')
    assert path.read_text() == changed
    assert os.listdir(path.parent) == ["relay.toml"]


def test_fix_now_of_a_wildcard_reaches_all_accepted_domains_it_covers(path: Path) -> None:
    config = Settings(path).fix_now("*.b.test")
    assert [each.enabled for each in config.connectors] == [True, False]
    assert {each.domain: each.type.value for each in config.accepted_domains} == {
        "partly.b.test": "authoritative",
        "x.b.test": "authoritative",
        "a.test": "internal_relay",
    }
    assert "enabled = false  # for now\n" in path.read_text()
    assert 'type = "authoritative" # as long as it lasts\n' in path.read_text()


def test_fix_now_twice_is_fix_now_once(path: Path) -> None:
    settings = Settings(path)
    first = settings.fix_now("a.test")
    text = path.read_text()
    assert settings.fix_now("a.test") == first
    assert Settings(path).fix_now("a.test") == first
    assert path.read_text() == text


def test_file_keeps_its_mode_and_its_line_ends(path: Path) -> None:
    path.write_bytes(FILE.replace("\n", "\r\n").encode())
    path.chmod(0o640)
    Settings(path).fix_now("*.b.test")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert path.read_bytes().count(b"\r\n") == FILE.count("\n")


@pytest.mark.parametrize(
    ("domain", "reason"),
    [
        ("c.test", r"no connector is named 'c\.test'; connectors: a\.test, \*\.b\.test"),
        ("x.b.test", "no connector is named 'x.b.test'"),
        ("p.test", "no accepted domain has the connector 'p.test'"),
    ],
)
def test_fix_now_refuses_what_it_cannot_fix(path: Path, domain: str, reason: str) -> None:
    text = FILE + '[[connector]]\ndomain = "p.test"\n' if domain == "p.test" else FILE
    path.write_text(text)
    with pytest.raises(ConfigError, match=reason) as caught:
        Settings(path).fix_now(domain)
    assert str(caught.value).startswith(f"{path}: ")
    assert path.read_text() == text


@pytest.mark.parametrize(
    "text",
    [
        FILE.partition("[[connector]]")[0]
        + 'connector = [{domain = "a.test"}]\naccepted_domain = [{domain = "a.test"}]',
        FILE.replace('domain = "a.test"\nsmart', '"enabled" = true\ndomain = "a.test"\nsmart'),
        FILE.replace("# the operator's own words", 'mailboxes = """\n[[connector]]\n"""'),
    ],
)
def test_a_file_that_cannot_be_edited_is_left_alone(path: Path, text: str) -> None:
    path.write_text(text)
    settings = Settings(path)
    with pytest.raises(ConfigError, match="cannot be edited: write its connectors"):
        settings.fix_now("a.test")
    assert path.read_text() == text
    assert settings.config == Settings(path).config


def test_fix_now_does_not_put_unsaved_edits_in_force(path: Path) -> None:
    settings = Settings(path)
    path.write_text(FILE + "[[connector]]\n")
    with pytest.raises(ConfigError, match="has been edited since it was put in force; reload it first"):
        settings.fix_now("a.test")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("127.0.0.9", "127.0.0.9 ", "draft.toml: key 'smart_hosts' in .* must be a list of host names"),
        ('"a.test"\nsmart', '"b.test"\nsmart', None),
        (FILE[-20:], "", "draft.toml: "),
        (
            "relay.test",
            "other.test",
            "draft.toml: key 'hostname' cannot change while the relay runs; what can: acc",
        ),
        ('spool = "s"', 'spool = "t"', "key 'spool' cannot change"),
    ],
)
def test_a_draft_counts_as_a_whole_or_not_at_all(path: Path, old: str, new: str, reason: str | None) -> None:
    settings = Settings(path)
    before = settings.config
    draft = path.with_name("draft.toml")
    draft.write_text(FILE.replace(old, new))
    if reason is None:
        assert settings.reload(draft).connectors[0].domain == "b.test"
        assert path.read_text() == draft.read_text()
        return
    with pytest.raises(ConfigError, match=reason):
        settings.reload(draft)
    assert settings.config is before
    assert path.read_text() == FILE


def test_a_file_edited_in_place_is_taken_at_reload(path: Path) -> None:
    settings = Settings(path)
    path.write_text(FILE.replace("enabled = true", "enabled = false"))
    assert settings.config.connectors[1].enabled
    assert not settings.reload().connectors[1].enabled


def test_a_draft_that_cannot_be_saved_is_not_in_force(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    settings = Settings(path)
    draft = path.with_name("draft.toml")
    draft.write_text(FILE.replace("enabled = true", "enabled = false"))
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        settings.reload(draft)
    assert settings.config.connectors[1].enabled
    assert path.read_text() == FILE
    assert sorted(os.listdir(path.parent)) == ["draft.toml", "relay.toml"]
