"""The relay's rules, one by one."""

from __future__ import annotations

import errno
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.reference.classify import Cause, Stage, classify
from conformance.reference.clock import Clock
from conformance.reference.config import RetrySchedule
from conformance.reference.connect import connect_outcome
from conformance.reference.dsn import dsn_status
from conformance.reference.errors import Failure, deferral, expired, format_error, remote_failure, safe_text
from conformance.reference.schedule import Agenda, is_expired, next_attempt_at
from conformance.reference.transaction import is_too_many

SCHEDULE = RetrySchedule(retry_interval=900, max_retry_interval=3600, quick_retries=2, queue_lifetime=86400)


@pytest.mark.parametrize(
    ("stage", "cause", "status", "title"),
    [
        (Stage.DNS, Cause.LOOKUP, "4.4.312", "DNS query failed"),
        (Stage.CONNECT, Cause.UNANSWERED, "4.4.315", "Connection timed out"),
        (Stage.CONNECT, Cause.UNREACHABLE, "4.4.315", "Connection timed out"),
        (Stage.GREETING, Cause.SILENT, "4.4.315", "Connection timed out"),
        (Stage.CONNECT, Cause.REFUSED, "4.4.316", "Connection refused"),
        (Stage.GREETING, Cause.REJECTED, "4.4.317", "Cannot connect to remote server"),
        (Stage.EHLO, Cause.NO_TLS, "4.4.317", "Cannot connect to remote server"),
        (Stage.HANDSHAKE, Cause.SILENT, "4.4.317", "Cannot connect to remote server"),
        (Stage.HANDSHAKE, Cause.RESET, "4.4.317", "Cannot connect to remote server"),
        (Stage.GREETING, Cause.CLOSED, "4.4.318", "Connection was closed abruptly"),
        (Stage.EHLO, Cause.SILENT, "4.4.317", "Cannot connect to remote server"),
        (Stage.STARTTLS, Cause.CLOSED, "4.4.317", "Cannot connect to remote server"),
        (Stage.EHLO, Cause.CLOSED, "4.4.318", "Connection was closed abruptly"),
        (Stage.MAIL, Cause.SILENT, "4.4.318", "Connection was closed abruptly"),
        (Stage.BODY, Cause.RESET, "4.4.318", "Connection was closed abruptly"),
        (Stage.HANDSHAKE, Cause.CERTIFICATE, "4.7.320", "Certificate validation failed"),
    ],
)
def test_each_failure_belongs_to_its_section(stage: Stage, cause: Cause, status: str, title: str) -> None:
    condition = classify(stage, cause)
    assert (condition.status, condition.title) == (status, title)


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("cause", Cause)
def test_no_failure_is_without_a_section(stage: Stage, cause: Cause) -> None:
    assert classify(stage, cause).status.startswith("4.")


def test_errors_of_connect() -> None:
    assert connect_outcome(errno.ECONNREFUSED) == (Stage.CONNECT, Cause.REFUSED)
    assert connect_outcome(errno.ETIMEDOUT) == (Stage.CONNECT, Cause.UNANSWERED)
    assert connect_outcome(errno.EHOSTUNREACH) == (Stage.CONNECT, Cause.UNREACHABLE)
    assert connect_outcome(errno.ECONNRESET) == (Stage.GREETING, Cause.RESET)


@pytest.mark.parametrize(
    ("failure", "line"),
    [
        (
            deferral(Stage.CONNECT, Cause.REFUSED, "x", server="h"),
            "550 5.4.316 Message expired, connection refused",
        ),
        (deferral(Stage.DNS, Cause.LOOKUP, "x", server="h"), "550 5.4.312 Message expired, DNS query failed"),
        (
            deferral(Stage.MAIL, Cause.CLOSED, "x", server="h"),
            "550 5.4.318 Message expired, connection reset",
        ),
        (
            deferral(Stage.HANDSHAKE, Cause.CERTIFICATE, "x", server="h"),
            "550 5.7.320 Message expired, certificate validation failed",
        ),
        (
            remote_failure(452, "4.2.2 full", server="h", address=""),
            "550 5.4.300 Message expired -> 452 4.2.2 full",
        ),
        # A remote reply that happens to use a number of the table is a remote reply all the same.
        (
            remote_failure(450, "4.4.316 hm", server="h", address=""),
            "550 5.4.300 Message expired -> 450 4.4.316 hm",
        ),
        (None, "550 5.4.300 Message expired"),
    ],
)
def test_what_a_message_expires_of(failure: Failure | None, line: str) -> None:
    assert expired(failure).line == line
    assert not expired(failure).remote


def test_the_full_text_of_an_error() -> None:
    failure = deferral(
        Stage.CONNECT,
        Cause.REFUSED,
        "Socket error code 111: Connection refused",
        server="h.test",
        address="1.2.3.4:25",
    )
    at = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC).timestamp()
    assert format_error(failure, hostname="relay.test", at=at, session="0123456789ABCDEF") == (
        "450 4.4.316 Connection refused [Message=Socket error code 111: Connection refused]"
        " [LastAttemptedServerName=h.test] [LastAttemptedIP=1.2.3.4:25]"
        " [relay.test 2026-01-02T03:04:05.678Z 0123456789ABCDEF]"
    )


@given(st.text())
def test_safe_text_is_one_printable_line(text: str) -> None:
    safe = safe_text(text)
    assert len(safe.splitlines()) <= 1
    assert safe.encode().decode() == safe
    assert not any(ord(character) < 32 for character in safe)


def test_reply_and_status_never_disagree_on_the_class() -> None:
    assert dsn_status(remote_failure(550, "4.7.1 odd", server="h", address="")) == "5.7.1"
    assert dsn_status(remote_failure(554, "no status", server="h", address="")) == "5.0.0"


def test_552_is_temporary_only_when_it_means_too_many_recipients() -> None:
    def refusal(text: str) -> Failure:
        return remote_failure(552, text, server="h", address="")

    assert is_too_many(refusal("5.5.3 too many"), after_others=False)
    assert is_too_many(refusal("too many"), after_others=True)
    assert not is_too_many(refusal("quota"), after_others=False)
    assert not is_too_many(refusal("5.2.2 full"), after_others=True)


def test_retries_come_after_15_minutes_twice_then_every_hour() -> None:
    gaps = [next_attempt_at(1000.0, attempts, SCHEDULE) - 1000.0 for attempts in (1, 2, 3, 4)]
    assert gaps == [900, 900, 3600, 3600]


def test_a_message_is_expired_at_its_lifetime_and_not_before() -> None:
    assert not is_expired(1000.0, 1000.0 + 86399.999, SCHEDULE)
    assert is_expired(1000.0, 1000.0 + 86400, SCHEDULE)


def test_the_agenda_gives_what_is_due_in_order() -> None:
    agenda = Agenda[str]()
    for when, thing in ((3.0, "c"), (1.0, "a"), (1.0, "b")):
        agenda.add(when, thing)
    assert list(agenda.due(2.0)) == [(1.0, "a"), (1.0, "b")]
    assert agenda.next() == 3.0


def test_the_clock_follows_its_file(tmp_path: Path) -> None:
    offset, fresh = tmp_path / "offset", tmp_path / "fresh"
    clock = Clock(offset)
    start = clock.now()
    for content, moved in (("86400.5", 86400.5), ("rubbish", 86400.5), ("-10", -10.0)):
        fresh.write_text(content)
        fresh.rename(offset)
        assert clock.now() - start == pytest.approx(moved, abs=1)
    offset.unlink()
    assert clock.now() - start == pytest.approx(0, abs=1)
