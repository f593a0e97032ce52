"""Sins against the replies of a remote server: misread, reworded, or quoted so that they break something."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.reference import dsn, errors, transaction
from conformance.reference.control import Control
from conformance.reference.errors import Failure
from conformance.reference.events import EventLog, Outcome
from conformance.reference.session import Reply
from conformance.reference.transaction import Transaction
from mutants.patching import patch, sin

_STATUS = re.compile(r"([245])\.\d{1,3}\.\d{1,3}\b")


def _failures(change: Callable[[Failure, int, str], Failure]) -> None:
    """Make another failure of a reply, given the failure, the code and the words as they came."""

    def make(original: Any) -> Any:
        def remote_failure(code: int, text: str, **where: Any) -> Failure:
            return change(original(code, text, **where), code, text)

        return remote_failure

    patch(errors, "remote_failure", make)


def _returned(*codes: int) -> None:
    _failures(lambda failure, code, _: replace(failure, code="550") if code in codes else failure)


@sin
def returns_greylisted_mail() -> None:
    _returned(451)


@sin
def returns_452() -> None:
    _returned(452)


@sin
def returns_552_for_too_many() -> None:
    patch(transaction, "is_too_many", lambda _: lambda failure, **where: False)


@sin
def unknown_4yz_is_permanent() -> None:
    _returned(499)


@sin
def unknown_5yz_is_transient() -> None:
    _failures(lambda failure, code, _: replace(failure, code="450") if code == 599 else failure)


@sin
def unknown_2yz_is_no_yes() -> None:
    patch(Reply, "positive", lambda _: property(lambda self: self.code in (250, 251)))


@sin
def acts_on_the_status() -> None:
    def change(failure: Failure, code: int, text: str) -> Failure:
        found = _STATUS.match(text)
        return replace(failure, code=f"{found[1]}50") if found and found[1] != str(code)[0] else failure

    _failures(change)


@sin
def returns_4yz_without_status() -> None:
    _failures(
        lambda failure, code, _: (
            replace(failure, code="550") if code < 500 and not failure.status else failure
        )
    )


@sin
def waits_after_5yz_without_status() -> None:
    _failures(
        lambda failure, code, _: (
            replace(failure, code="450") if code >= 500 and not failure.status else failure
        )
    )


@sin
def renumbers_remote_replies() -> None:
    _failures(
        lambda failure, code, _: (
            replace(
                failure, code="451", status="4.4.0", text="Primary target said no, try later", remote=False
            )
            if code < 500
            else failure
        )
    )


@sin
def keeps_the_last_line_only() -> None:
    _failures(lambda failure, _, text: replace(failure, text=errors.safe_text(text.split("\n")[-1])))


@sin
def shows_words_as_they_came() -> None:
    def change(failure: Failure, _: int, text: str) -> Failure:
        # a spool takes no octets that are no text
        words = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        return replace(failure, text=words)

    _failures(change)
    patch(dsn, "_ascii", lambda original: lambda text: original(errors.safe_text(text)))


@sin
def event_for_each_line() -> None:
    def make(original: Any) -> Any:
        def write(self: Any, outcome: Outcome, *, text: str, **rest: Any) -> None:
            original(self, outcome, text=text, **rest)
            if outcome is Outcome.DEFERRED and "250 2.0.0 OK" in text:
                # how a reader of the log takes what stands on a line of its own
                original(self, Outcome.DELIVERED, text="250 2.0.0 OK", **rest)

        return write

    patch(EventLog, "write", make)


@sin
def lists_two_rows_for_two_lines() -> None:
    def make(original: Any) -> Any:
        def listing(self: Any) -> list[dict[str, object]]:
            rows: list[dict[str, object]] = original(self)
            return [row for row in rows for _ in range(2 if "2.0.0" in str(row["last_error"]) else 1)]

        return listing

    patch(Control, "_queue", make)


@sin
def reports_words_as_they_came() -> None:
    _failures(lambda failure, _, text: replace(failure, text=text))
    patch(
        errors,
        "format_error",
        lambda original: (
            lambda failure, **rest: original(replace(failure, text=errors.safe_text(failure.text)), **rest)
        ),
    )
    patch(dsn, "_ascii", lambda _: lambda text: text)
    patch(dsn, "_fold", lambda _: lambda field: field)
    patch(
        dsn,
        "_lines",
        lambda _: lambda lines: b"".join(line.encode("utf-8", "surrogateescape") + b"\r\n" for line in lines),
    )


@sin
def never_folds() -> None:
    patch(dsn, "_fold", lambda _: lambda field: field)


@sin
def refusal_with_a_status_of_class_4() -> None:
    patch(dsn, "dsn_status", lambda original: lambda failure: "4" + original(failure)[1:])


@sin
def refusal_in_words_of_its_own() -> None:
    def make(original: Any) -> Any:
        def fields(recipient: Any, failure: Failure) -> list[str]:
            milder = replace(failure, code="554", text="Delivery failed")
            return list(original(recipient, milder if failure.remote else failure))

        return fields

    patch(dsn, "_recipient_fields", make)


@sin
def expired_reply_as_5_4_7() -> None:
    patch(
        errors,
        "expired",
        lambda original: (
            lambda failure: (
                replace(original(failure), status="5.4.7")
                if failure and failure.remote
                else original(failure)
            )
        ),
    )


@sin
def takes_those_refused_for_delivered() -> None:
    def make(original: Any) -> Any:
        async def run(self: Any, message: Any, content: Any, recipients: Any, hand_over: Any) -> None:
            await original(self, message, content, recipients, hand_over)
            done = [each for each in self._results.values() if not isinstance(each, Failure)]
            if done:
                for recipient in recipients:
                    self._results[recipient] = done[0]

        return run

    patch(Transaction, "run", make)
