"""What is written for sendmail and read from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.target import Connector, Outcome, QueuedMessage, RelayConfig, TargetError, TlsPolicy
from conformance.targets import sendmail_config
from conformance.targets.kit import PatternLog
from conformance.targets.sendmail import read_queue_files
from conformance.targets.sendmail_log import sendmail_log

HEAD = "Nov 28 11:55:51 sendmail[98]: 6ASBtouV000082: "
FIELDS = "delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=31783, "


def _log(tmp_path: Path, *lines: str) -> PatternLog:
    log = sendmail_log(tmp_path / "log")
    log.feed(HEAD + line for line in lines)
    return log


def test_an_attempt_is_one_event_for_each_recipient(tmp_path: Path) -> None:
    events = _log(
        tmp_path,
        f"to=<r@b.test>,<s@b.test>, {FIELDS}relay=mx.b.test. [10.77.1.3], dsn=4.4.1, "
        "stat=Deferred: Connection refused by mx.b.test.",
    ).events
    assert [event.recipient for event in events] == ["r@b.test", "s@b.test"]
    assert {event.outcome for event in events} == {Outcome.DEFERRED}
    assert {event.status for event in events} == {"4.4.1"}
    assert {event.destination for event in events} == {"mx.b.test"}
    assert {event.text for event in events} == {"Deferred: Connection refused by mx.b.test."}


def test_a_shortened_name_is_replaced_by_the_address(tmp_path: Path) -> None:
    [event] = _log(
        tmp_path,
        f"to=<r@b.test>, {FIELDS}relay=mx2.greeting-421-e...-host.healed.test. [10.77.1.34], dsn=4.5.0, "
        "reply=421 4.3.2 Service not available, stat=Deferred: 421 4.3.2 Service not available",
    ).events
    assert event.destination == "10.77.1.34"


@pytest.mark.parametrize(
    ("status", "text", "outcome"),
    [
        ("2.0.0", "Sent (2.0.0 OK)", Outcome.DELIVERED),
        ("5.1.1", "User unknown", Outcome.PERMANENT),
        ("4.7.0", "encryption too weak", Outcome.DEFERRED),
    ],
)
def test_outcomes(tmp_path: Path, status: str, text: str, outcome: Outcome) -> None:
    [event] = _log(
        tmp_path, f"to=<r@b.test>, {FIELDS}relay=mx.b.test. [10.77.1.3], dsn={status}, stat={text}"
    ).events
    assert event.outcome is outcome


def test_what_is_given_up_expires_for_those_who_wait(tmp_path: Path) -> None:
    log = _log(
        tmp_path,
        f"to=<r@b.test>, {FIELDS}relay=mx.b.test., dsn=4.4.1, stat=Deferred: no",
        f"to=<s@b.test>, {FIELDS}relay=mx.b.test., dsn=4.4.1, stat=Deferred: no",
        f"to=<s@b.test>, {FIELDS}relay=mx.b.test., dsn=2.0.0, stat=Sent (OK)",
        "6ASBtouV000099: sender notify: Warning: could not send message for past 4 hours",
        "6ASBtouV000100: sender notify: Cannot send message for 1 day",
        "to=<x@b.test>, delay=00:00:01, mailer=esmtp, pri=1, stat=queued",
    )
    assert [(event.recipient, event.outcome) for event in log.events] == [
        ("r@b.test", Outcome.DEFERRED),
        ("s@b.test", Outcome.DEFERRED),
        ("s@b.test", Outcome.DELIVERED),
        ("r@b.test", Outcome.EXPIRED),
    ]


def test_a_queue_file() -> None:
    text = (
        "V8\nT1\nMDeferred: Connection refused by mx.b.test.\nS<a@b.test>\nrRFC822; r@c.test\nRPFD:<r@c.test>\n"
        "RPFD:<s@c.test>\nH??Subject: x\nRPFD:<t@c.test>\n.\nRPFD:<u@c.test>\n"
    )
    error = "Deferred: Connection refused by mx.b.test."
    assert read_queue_files([text]) == [
        QueuedMessage(sender="a@b.test", recipient=f"{local}@c.test", error=error) for local in "rst"
    ]
    assert read_queue_files(["S<>\nRPFD:<r@c.test>\n"]) == [QueuedMessage(sender="", recipient="r@c.test")]


def test_maps() -> None:
    maps = sendmail_config.maps(
        [
            Connector(domain="a.test", smart_hosts=("x.a.test", "fd77::1"), tls=TlsPolicy.DOMAIN_VALIDATION),
            Connector(domain="b.test", tls=TlsPolicy.ENCRYPTION_ONLY),
            Connector(domain="c.test", smart_hosts=("10.77.1.1",)),
        ]
    )
    assert maps["mailertable"] == "a.test\tesmtp:[x.a.test]:[IPv6:fd77::1]\nc.test\tesmtp:[10.77.1.1]\n"
    assert maps["access"].splitlines() == [
        "TLS_Srv:x.a.test\tVERIFY:112+CN",
        "TLS_Srv:[x.a.test]\tVERIFY:112+CN",
        "TLS_Srv:fd77::1\tVERIFY:112+CN",
        "TLS_Srv:[fd77::1]\tVERIFY:112+CN",
        "TLS_Rcpt:a.test\tVERIFY:112+CN",
        "TLS_Rcpt:b.test\tENCR:112",
    ]


def test_one_host_cannot_have_two_rules() -> None:
    with pytest.raises(TargetError, match=r"TLS_Srv:x\.test was given two"):
        sendmail_config.maps(
            [
                Connector(domain=f"{policy}.test", smart_hosts=("x.test",), tls=policy)
                for policy in (TlsPolicy.ENCRYPTION_ONLY, TlsPolicy.DOMAIN_VALIDATION)
            ]
        )


def test_the_configuration_has_whole_seconds_and_its_own_environment(
    asked: Callable[..., RelayConfig],
) -> None:
    text = sendmail_config.configuration(
        asked(), etc=Path("/e"), spool=Path("/s/q"), port=25, environment={"TZ": "UTC"}
    )
    assert "define(`confMIN_QUEUE_AGE',`2s')dnl\n" in text
    assert text.endswith("LOCAL_CONFIG\nETZ=UTC\n")
