from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from conformance.target import Capability
from conformance.targets.declared.format import File
from conformance.targets.declared.reading import DeclarationError, read
from conformance.targets.resolve import UnknownTarget, resolve

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"

RIGHT = """
name = "myrelay"
capabilities = ["smart_host", "many_connectors", "any_port", "events", "clock"]
start = ["myrelayd", "{{ work }}/myrelay.conf"]
flush = ["myrelayq", "--flush"]
clock.way = "libfaketime"
values.pause = "{{ config.retry_interval | whole }}"
files = { "myrelay.conf" = { text = "retry {{ pause }}\\nhost {{ config.hostname }}\\n" } }
granted = { otherwise = "whole_seconds", granularity = 1 }
[queue]
command = ["myrelayq"]
patterns = ['^from=(?P<sender>.*)$', '^to=(?P<recipient>.*)$']
[log]
lines = [
    { means = "delivered", pattern = 'to=(?P<recipient>\\S+) sent' },
    { means = "deferred", pattern = 'to=(?P<recipient>\\S+) later (?P<text>.*)' },
]
"""

WRONG = tomllib.loads(Path(__file__).with_name("wrong_declarations.toml").read_text(encoding="utf-8"))


def written(folder: Path, text: str) -> Path:
    path = folder / "myrelay.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_is_right_is_read(tmp_path: Path) -> None:
    declared = read(written(tmp_path, RIGHT))
    assert declared.name == "myrelay"
    assert Capability.CLOCK in declared.capabilities
    assert declared.log is not None
    assert len(declared.log.lines) == 2


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told_with_file_and_key(tmp_path: Path, case: str) -> None:
    old, new, told = (WRONG[case][key] for key in ("old", "new", "told"))
    assert RIGHT.count(old) >= 1
    with pytest.raises(DeclarationError) as caught:
        read(written(tmp_path, RIGHT.replace(old, new, 1)))
    assert str(caught.value).startswith(f"{tmp_path}/myrelay.toml: ")
    assert told in str(caught.value), str(caught.value)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = RIGHT.replace("{{ pause }}", "{{ paus }}").replace(
        "lines = [", "lines = [{ means = 'cause', pattern = '(' },"
    )
    with pytest.raises(DeclarationError) as caught:
        read(written(tmp_path, text.replace('"many_connectors"', '"mailboxes"')))
    assert len(caught.value.mistakes) >= 3
    assert (
        str(caught.value).splitlines()[0] == f"{tmp_path}/myrelay.toml: {len(caught.value.mistakes)} mistakes"
    )


def test_a_mistake_in_a_template_names_its_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "a.conf.j2").write_text(
        "one\n{% for c in config.connectors %}\n{{ c.domian }}\n{% endfor %}\n"
    )
    text = RIGHT.replace('{ text = "retry {{ pause }}\\nhost {{ config.hostname }}\\n" }', '"etc"')
    with pytest.raises(DeclarationError) as caught:
        read(written(tmp_path, text))
    assert "etc/a.conf.j2 (files.'myrelay.conf/a.conf'): line 3: " in str(caught.value)
    assert "domian" in str(caught.value)


def test_a_folder_of_templates_is_a_folder_of_files(tmp_path: Path) -> None:
    (tmp_path / "etc" / "sub").mkdir(parents=True)
    (tmp_path / "etc" / "a.j2").write_text("a")
    (tmp_path / "etc" / "sub" / "b").write_text("b")
    text = RIGHT.replace('{ text = "retry {{ pause }}\\nhost {{ config.hostname }}\\n" }', '"etc"')
    assert read(written(tmp_path, text)).files == {
        "myrelay.conf/a": File(template="etc/a.j2", text="a"),
        "myrelay.conf/sub/b": File(template="etc/sub/b", text="b"),
    }


def test_a_target_is_found_where_the_user_is(tmp_path: Path) -> None:
    written(tmp_path, RIGHT)
    assert resolve("myrelay.toml", ["/nowhere", str(tmp_path)]).name == "myrelay"
    assert resolve(str(tmp_path / "myrelay.toml")).name == "myrelay"
    with pytest.raises(UnknownTarget, match=r"my\.toml: No such file"):
        resolve("my.toml", [str(tmp_path)])


@pytest.mark.parametrize(("name", "most"), [("plain", 25), ("exim", 40), ("haraka", 40), ("nullmailer", 40)])
def test_examples_are_short(name: str, most: int) -> None:
    path = EXAMPLES / f"{name}.toml"
    assert read(path).name == name
    assert len(path.read_text(encoding="utf-8").splitlines()) <= most
