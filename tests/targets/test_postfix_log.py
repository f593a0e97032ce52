from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from conformance.target import DeliveryEvent, Outcome
from conformance.targets.postfix_log import PostfixLog

STAMP = "Jan  2 03:04:05"


def _attempt(recipient: str, relay: str, dsn: str, status: str, text: str, queue_id: str = "3F1A2") -> str:
    return (
        f"{STAMP} relay postfix/smtp[77]: {queue_id}: to=<{recipient}>, relay={relay}, delay=0.12, "
        f"delays=0.01/0/0.1/0.01, dsn={dsn}, status={status} ({text})"
    )


def _read(tmp_path: Path, *lines: str) -> list[DeliveryEvent]:
    path = tmp_path / "log"
    path.write_text("".join(f"{line}\n" for line in lines))
    log = PostfixLog(path)
    log.read()
    return log.events


def test_a_refused_connection(tmp_path: Path) -> None:
    text = "connect to mx.a.test[10.77.1.1]:25: Connection refused"
    [event] = _read(tmp_path, _attempt("u@a.test", "none", "4.4.1", "deferred", text))
    at = datetime(datetime.now(UTC).year, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert abs(event.at - at.timestamp()) in {0, 365 * 86400, 366 * 86400}
    assert event == DeliveryEvent(
        recipient="u@a.test", outcome=Outcome.DEFERRED, text=text, status="4.4.1", at=event.at
    )


@pytest.mark.parametrize(
    "text",
    [
        "host mx.a.test[10.77.1.1] said: 451 4.2.1 later (in reply to RCPT TO command)",
        "host mx.a.test[10.77.1.1] refused to talk to me: 421-4.3.2 busy 421 4.3.2 really",
        "450 4.4.316 Connection refused [connect to mx.a.test[10.77.1.1]:25: Connection refused]",
    ],
)
def test_a_reply_quoted_in_the_text_is_not_the_relays_own_code(tmp_path: Path, text: str) -> None:
    [event] = _read(tmp_path, _attempt("u@a.test", "mx.a.test[10.77.1.1]:25", "4.2.1", "deferred", text))
    assert (event.code, event.text, event.destination) == ("", text, "mx.a.test")


def test_neither_reply_nor_recipient_can_pose_as_another_field(tmp_path: Path) -> None:
    text = (
        "host mx.a.test[10.77.1.1] said: 450 x, relay=evil[1.2.3.4]:25, dsn=5.9.9, status=bounced (no) (yes)"
    )
    recipient = '"a>, relay=none, dsn=5.0.0"@a.test'
    [event] = _read(tmp_path, _attempt(recipient, "mx.a.test[10.77.1.1]:25", "4.3.0", "deferred", text))
    assert (event.recipient, event.status, event.outcome) == (recipient, "4.3.0", Outcome.DEFERRED)
    assert event.text == text


def test_expiry_concerns_the_recipients_that_still_waited(tmp_path: Path) -> None:
    events = _read(
        tmp_path,
        _attempt("gone@a.test", "mx.a.test[10.77.1.1]:25", "2.0.0", "sent", "250 ok"),
        _attempt("wait@a.test", "none", "4.4.1", "deferred", "first"),
        _attempt("wait@a.test", "none", "4.4.316", "deferred", "last"),
        _attempt("other@b.test", "none", "4.4.1", "deferred", "other", queue_id="ABCDE"),
        f"{STAMP} relay postfix/qmgr[7]: 3F1A2: from=<s@s.test>, status=expired, returned to sender",
        f"{STAMP} relay postfix/bounce[9]: 3F1A2: sender non-delivery notification: 99999",
        f"{STAMP} relay postfix/qmgr[7]: 3F1A2: removed",
    )
    outcomes = [(event.recipient, event.outcome) for event in events]
    assert outcomes == [
        ("gone@a.test", Outcome.DELIVERED),
        ("wait@a.test", Outcome.DEFERRED),
        ("wait@a.test", Outcome.DEFERRED),
        ("other@b.test", Outcome.DEFERRED),
        ("wait@a.test", Outcome.EXPIRED),
    ]
    assert (events[-1].text, events[-1].status) == ("last", "4.4.316")


def test_a_queue_id_used_again_inherits_nothing(tmp_path: Path) -> None:
    expired = f"{STAMP} relay postfix/qmgr[7]: 3F1A2: from=<s@s.test>, status=expired, returned to sender"
    events = _read(
        tmp_path,
        _attempt("old@a.test", "none", "4.4.1", "deferred", "old"),
        f"{STAMP} relay postfix/qmgr[7]: 3F1A2: removed",
        _attempt("new@a.test", "none", "4.4.1", "deferred", "new"),
        expired,
    )
    assert [event.recipient for event in events if event.outcome is Outcome.EXPIRED] == ["new@a.test"]


def test_half_a_line_waits_for_its_end_and_nothing_is_read_twice(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = PostfixLog(path)
    log.read()
    line = _attempt("u@a.test", "none", "5.4.4", "bounced", "Host not found") + "\n"
    path.write_text(line + line[:50])
    log.read()
    assert [event.outcome for event in log.events] == [Outcome.PERMANENT]
    with path.open("a") as file:
        file.write(line[50:])
    log.read()
    log.read()
    assert len(log.events) == 2


@pytest.mark.parametrize("hours", [-48, 0, 30, 24 * 20])
def test_a_clock_may_be_days_off(tmp_path: Path, hours: int) -> None:
    moment = (datetime.now(UTC) + timedelta(hours=hours)).replace(microsecond=0)
    line = _attempt("u@a.test", "none", "4.4.1", "deferred", "no").replace(STAMP, f"{moment:%b %e %H:%M:%S}")
    [event] = _read(tmp_path, line)
    assert event.at == moment.timestamp()


def test_29_february_is_a_date_in_any_year(tmp_path: Path) -> None:
    line = _attempt("u@a.test", "none", "4.4.1", "deferred", "no").replace(STAMP, "Feb 29 23:59:59")
    [event] = _read(tmp_path, line)
    at = datetime.fromtimestamp(event.at, UTC)
    assert (at.month, at.day, at.hour) == (2, 29, 23)


def test_delays_of_days_are_read(tmp_path: Path) -> None:
    line = _attempt("u@a.test", "none", "4.4.1", "deferred", "no").replace(
        "delay=0.12, delays=0.01/0/0.1/0.01", "delay=108003, delays=1.1e+05/0.03/0/0"
    )
    [event] = _read(tmp_path, line)
    assert event.outcome is Outcome.DEFERRED
