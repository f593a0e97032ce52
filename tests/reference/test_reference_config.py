"""The configuration file."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance import reference
from conformance.reference.config import AlertRule, RetrySchedule
from conformance.reference.config_file import load
from conformance.reference.config_reader import ConfigError

DEFAULTS = RetrySchedule(retry_interval=900, max_retry_interval=3600, quick_retries=2, queue_lifetime=86400)


GOOD = """
hostname = "relay.test"
listen = "127.0.0.1:0"
resolver = "127.0.0.1:53"
spool = "s"
event_log = "e"
"""


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "key 'hostname' is missing"),
        ("hostname = 1", "key 'hostname': 1 is not valid; it must be a string"),
        (GOOD + "colour = 1", "unknown key 'colour'; valid keys: accepted_domain, alert, clock_off"),
        (
            GOOD.replace("127.0.0.1:0", "relay.test:25"),
            "key 'listen': 'relay.test:25' is not valid; it must be an IP",
        ),
        (GOOD + "next_hop_port = true", "key 'next_hop_port': True is not valid; it must be a whole number"),
        (GOOD + "[schedule]\nretry_interval = 0", r"key 'retry_interval' in \[schedule\]: 0 is not valid"),
        (GOOD + "[schedule]\nretries = 0", r"unknown key 'retries' in \[schedule\]; valid keys: max_retry"),
        (GOOD + "[timeouts]\ncommand = nan", r"key 'command' in \[timeouts\]: nan is not valid"),
        (
            GOOD + "[connector]\ndomain = 'a'",
            r"key 'connector': .* it must be a list of tables, \[\[connector\]\]",
        ),
        (
            GOOD + "[[connector]]\ndomain = 'a.test'\ntls = 'yes'",
            r"key 'tls' in \[\[connector\]\] 1: 'yes' is not valid; it must be one of opportunistic, encry",
        ),
        (
            GOOD + "[[connector]]\ndomain = 'a.*'",
            r"key 'domain' in \[\[connector\]\] 1: 'a\.\*' is not valid",
        ),
        (GOOD + "[[connector]]\ndomain = 'a.test'\nsmart_hosts = ['a b']", "key 'smart_hosts' in"),
        (GOOD + "[[connector]]\ndomain = 'a.test'\n" * 2, r"'a.test' is taken already \(number 1\)"),
        (
            GOOD + "[[connector]]\ndomain = 'a.test'\ntls = 'domain_validation'",
            "key 'trust_anchors' is missing",
        ),
        (GOOD + "trust_anchors = '/nowhere/ca.pem'", "key 'trust_anchors': '/nowhere/ca.pem' is not valid"),
        ("hostname", "is not valid TOML"),
        (
            GOOD + "[[connector]]\ndomain = 'a.test'\nenabled = 'no'",
            r"key 'enabled' in \[\[connector\]\] 1: 'no' is not valid; it must be true or false",
        ),
        (GOOD + "[alert]\nmessages = 0", r"key 'messages' in \[alert\]: 0 is not valid; it must be a whole"),
        (GOOD + "[alert]\ncount = 1", r"unknown key 'count' in \[alert\]; valid keys: age, messages"),
        (
            GOOD + "[[accepted_domain]]\ndomain = 'a.test'\ntype = 'relay'",
            r"key 'type' in \[\[accepted_domain\]\] 1: 'relay' is not valid; it must be one of internal_relay, ",
        ),
        (
            GOOD + "[[accepted_domain]]\ndomain = 'a.test'\nrecipients = ['b@a.test', 'b@b.test']",
            r"key 'recipients' in .* 1: 'b@b.test' is not valid; it must be a list of addresses of the domain a",
        ),
        (GOOD + "[[accepted_domain]]\ndomain = '*.a.test'", "key 'domain' in .* must be a domain name"),
        (GOOD + "[[accepted_domain]]\ndomain = 'a.test'\n" * 2, r"'a.test' is taken already \(number 1\)"),
    ],
)
def test_configuration_errors_name_file_key_and_valid_values(
    tmp_path: Path, text: str, complaint: str
) -> None:
    path = tmp_path / "relay.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=complaint) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_the_example_is_valid() -> None:
    config = load(Path(reference.__file__).with_name("example.toml"))
    assert config.schedule == DEFAULTS
    assert config.connectors[0].smart_hosts == ("smtp.contoso.test", "10.1.2.3")


def test_defaults_are_those_of_the_source_document(tmp_path: Path) -> None:
    path = tmp_path / "relay.toml"
    path.write_text(GOOD)
    config = load(path)
    assert config.schedule == DEFAULTS
    assert config.next_hop_port == 25
    assert config.timeouts.data_done == config.timeouts.command == 300
    assert config.alert == AlertRule(messages=2000, age=3600)
    assert config.mailboxes == Path("s.mailboxes")
