"""OpenSMTPD's log, as version 6.8.0p2 wrote it."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.target import DeliveryEvent, Outcome
from conformance.targets.kit import PatternLog
from conformance.targets.opensmtpd import _row
from conformance.targets.opensmtpd_log import LINES


def _attempt(result: str, text: str, relay: str = "10.77.1.9 (mx.c.test)") -> str:
    return (
        "4e317fff186d7f73 mta delivery evpid=0b86be299faa581e from=<a@s.test> to=<b@c.test> rcpt=<-> "
        f'source="10.77.1.9" relay="{relay}" delay=11s result="{result}" stat="{text}"'
    )


def _events(*lines: str) -> list[DeliveryEvent]:
    log = PatternLog(Path("unused"), *LINES)
    log.feed(lines)
    return log.events


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        ("Ok", Outcome.DELIVERED),
        ("TempFail", Outcome.DEFERRED),
        ("PermFail", Outcome.PERMANENT),
        ("Loop", Outcome.PERMANENT),
    ],
)
def test_attempts(result: str, outcome: Outcome) -> None:
    assert _events(_attempt(result, "450 4.2.1 Mailbox busy")) == [
        DeliveryEvent(
            recipient="b@c.test", outcome=outcome, text="450 4.2.1 Mailbox busy", destination="mx.c.test"
        )
    ]


def test_a_relay_by_its_name_alone() -> None:
    (event,) = _events(_attempt("TempFail", "Network error on destination MXs", relay="mx.c.test"))
    assert event.destination == "mx.c.test"


def test_expiry() -> None:
    (event,) = _events(
        "relay: Expire for 0b86be299faa581e: from=<a@s.test>, to=<b@c.test>, rcpt=<->, delay=1d15m21s, "
        "stat=Envelope expired"
    )
    assert (event.recipient, event.outcome, event.text) == ("b@c.test", Outcome.EXPIRED, "Envelope expired")


def test_what_does_not_fit_as_a_whole_is_left_out() -> None:
    assert not _events(
        "debug: mta: received evp:0b86be299faa581e for <b@c.test>",
        "debug: " + _attempt("TempFail", "450 4.2.1 Mailbox busy"),
        _attempt("Unheard", "450 4.2.1 Mailbox busy"),
        _attempt("TempFail", "half")[:-1],
    )


def test_a_server_cannot_change_the_fields_before_its_words() -> None:
    said = '450 4.2.1 x" relay="other" delay=0s result="Ok" stat="250 2.0.0 OK'
    (event,) = _events(_attempt("TempFail", said))
    assert (event.outcome, event.text, event.destination) == (Outcome.DEFERRED, said, "mx.c.test")


def test_half_a_line_is_left_for_later(tmp_path: Path) -> None:
    file = tmp_path / "smtpd.log"
    whole = _attempt("Ok", "250 2.0.0 OK") + "\n"
    file.write_text(whole[:-10])
    log = PatternLog(file, *LINES)
    log.read()
    assert not log.events
    file.write_text(whole)
    log.read()
    log.read()
    assert len(log.events) == 1


def test_a_line_of_the_queue() -> None:
    row = _row("0b86be|inet4|mta||a@s.test|b@c.test|b@c.test|17|18|0|2|pending|398|450 4.2.1 a|b")
    assert row is not None
    assert (row.sender, row.recipient, row.attempts, row.pending) == ("a@s.test", "b@c.test", 2, True)
    assert row.error == "450 4.2.1 a|b"
    report = _row("0b86be|local|mta|auth|@|a@s.test|a@s.test|17|18|0|0|inflight|2|")
    assert report is not None
    assert (report.sender, report.pending) == ("", False)
    assert _row("0b86be|local|bounce||a@s.test|a@s.test|a@s.test|17|18|0|0|pending|0|") is None
    assert _row("") is None
