"""Replies of a remote server that are reworded, or quoted so that they break something."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.reference import dsn, errors
from conformance.reference.control import Control
from conformance.reference.errors import Failure
from conformance.reference.events import EventLog, Outcome
from mutants.mutant import deviates, fails, hence, mutation
from mutants.patching import patch
from mutants.selection import Selection
from mutants.shared import misread


def _hostile(kind: str) -> Selection:
    def find() -> list[str]:
        from conformance.catalogue.failure_modes import hostile_replies

        return [mode.name for mode in hostile_replies.MODES if mode.kind == kind]

    return Selection(find)


_HOSTILE = _hostile("transient")
_REJECTED = _hostile("permanent")


@mutation(
    scenarios=("reply_without_status", "reply_multi_line", "rejected_multi_line"),
    caught=(
        deviates("error_code", "session/4yz-kept"),
        deviates("reply_kept", "replies/words-kept"),
        deviates("reply_kept", "replies/words-kept", profile="rfc"),
    ),
)
def renumbers_remote_replies() -> None:
    """Shows an error of its own in the place of a 4yz reply."""
    misread(
        lambda failure, code, _: (
            replace(
                failure, code="451", status="4.4.0", text="Primary target said no, try later", remote=False
            )
            if code < 500
            else failure
        )
    )


@mutation(
    scenarios=("reply_multi_line", "rejected_multi_line", "reply_499"),
    caught=(
        deviates("reply_kept", "replies/words-kept", "reply_multi_line"),
        deviates("reports_refusal", "replies/refusal-quoted", "rejected_multi_line"),
    ),
)
def keeps_the_last_line_only() -> None:
    """Keeps only the last line of a reply."""
    misread(lambda failure, _, text: replace(failure, text=errors.safe_text(text.split("\n")[-1])))


@mutation(
    scenarios=(
        "reply_control_characters",
        "reply_nul",
        "reply_bare_cr",
        "reply_like_fields",
        "reply_like_log_lines",
        "reply_utf8",
        "reply_latin1",
    ),
    caught=(
        deviates(
            "quotes_safely",
            "replies/one-record",
            "reply_control_characters",
            "reply_nul",
            "reply_bare_cr",
            "reply_like_fields",
            "reply_like_log_lines",
        ),
    ),
)
def shows_words_as_they_came() -> None:
    """Shows the words of a reply with all their control characters."""

    def change(failure: Failure, _: int, text: str) -> Failure:
        # a spool takes no octets that are no text
        words = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        return replace(failure, text=words)

    misread(change)
    patch(dsn, "_ascii", lambda original: lambda text: original(errors.safe_text(text)))


@mutation(
    scenarios=("reply_like_log_lines", "reply_like_fields"),
    caught=(deviates("quotes_safely", "replies/one-record", "reply_like_log_lines"),),
)
def event_for_each_line() -> None:
    """Records what a reply says on a line of its own as an event of its own."""

    def make(original: Any) -> Any:
        def write(self: Any, outcome: Outcome, *, text: str, **rest: Any) -> None:
            original(self, outcome, text=text, **rest)
            if outcome is Outcome.DEFERRED and "250 2.0.0 OK" in text:
                # how a reader of the log takes what stands on a line of its own
                original(self, Outcome.DELIVERED, text="250 2.0.0 OK", **rest)

        return write

    patch(EventLog, "write", make)


@mutation(
    scenarios=("reply_like_log_lines", "reply_like_fields", "reply_multi_line"),
    caught=(
        deviates("quotes_safely", "replies/one-record"),
        deviates("quotes_safely", "replies/one-record", profile="rfc"),
    ),
)
def lists_two_rows_for_two_lines() -> None:
    """Lists what a reply says on a line of its own as a message of its own."""

    def make(original: Any) -> Any:
        def listing(self: Any) -> list[dict[str, object]]:
            rows: list[dict[str, object]] = original(self)
            return [row for row in rows for _ in range(2 if "2.0.0" in str(row["last_error"]) else 1)]

        return listing

    patch(Control, "_queue", make)


@mutation(
    scenarios=(_HOSTILE.each("{}.expires"), _REJECTED, "rejected_at_rcpt"),
    caught=(fails("quotes_safely", "replies/report-intact"),),
    also=hence(
        "fields that are broken are not those of RFC 3464, and line ends that stand alone are none of mail",
        "ndr_form",
        modes=("reply_utf8", "reply_latin1", "reply_like_fields", "reply_bare_cr", "reply_like_log_lines"),
    ),
)
def reports_words_as_they_came() -> None:
    """Quotes the words of a reply in its reports octet for octet."""
    misread(lambda failure, _, text: replace(failure, text=text))
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


@mutation(
    scenarios=("reply_very_long.expires", "rejected_multi_line"),
    caught=(fails("quotes_safely", "replies/report-intact"),),
)
def never_folds() -> None:
    """Never folds a field of a report."""
    patch(dsn, "_fold", lambda _: lambda field: field)


@mutation(
    scenarios=("rejected_of_another_class", "rejected_at_dot"),
    caught=(fails("reports_refusal", "replies/refusal-class"),),
)
def refusal_with_a_status_of_class_4() -> None:
    """Reports a refusal with a Status of class 4."""
    patch(dsn, "dsn_status", lambda original: lambda failure: "4" + original(failure)[1:])


@mutation(
    scenarios=("rejected_at_rcpt", "rejected_multi_line", "rejected_without_status"),
    caught=(
        deviates("reports_refusal", "replies/refusal-status", "rejected_at_rcpt", "rejected_multi_line"),
    ),
)
def does_not_read_the_status_of_a_refusal() -> None:
    """Takes no enhanced status code from a reply, and reports a refusal as 5.0.0."""
    misread(lambda failure, code, _: replace(failure, status="") if code >= 500 else failure)


@mutation(
    scenarios=("rejected_at_rcpt", "rejected_multi_line"),
    caught=(deviates("reports_refusal", "replies/refusal-status"),),
)
def takes_the_subject_for_the_detail() -> None:
    """Reports a refusal with the subject of its status in the place of the detail as well."""
    misread(
        lambda failure, code, _: (
            replace(failure, status=f"{failure.status[:-1]}{failure.status[2]}") if code >= 500 else failure
        )
    )


@mutation(
    scenarios=("rejected_at_rcpt", "rejected_without_status"),
    caught=(deviates("reports_refusal", "replies/refusal-quoted", "rejected_at_rcpt"),),
)
def quotes_the_status_of_a_refusal_twice() -> None:
    """Writes the enhanced status code of a reply in front of the words that begin with it."""

    def make(original: Any) -> Any:
        def line(failure: Failure) -> str:
            if failure.remote and failure.status:
                return f"{failure.code} {failure.status} {failure.text}"
            return str(original.fget(failure))

        return property(line)

    patch(Failure, "line", make)


@mutation(
    scenarios=("rejected_at_rcpt", "rejected_multi_line"),
    caught=(deviates("reports_refusal", "replies/refusal-quoted"),),
)
def refusal_in_words_of_its_own() -> None:
    """Reports a refusal with a reply of its own invention."""

    def make(original: Any) -> Any:
        def fields(recipient: Any, failure: Failure) -> list[str]:
            milder = replace(failure, code="554", text="Delivery failed")
            return list(original(recipient, milder if failure.remote else failure))

        return fields

    patch(dsn, "_recipient_fields", make)


@mutation(
    scenarios=("reply_499.expires", "connection_refused.expires"),
    caught=(
        deviates("ndr_status", "replies/expired-status", "reply_499"),
        deviates("ndr_status", "rfc/expired-status", "reply_499", profile="rfc"),
    ),
)
def expired_reply_as_5_4_7() -> None:
    """Returns what expired with a reply of the remote server's own as 5.4.7."""
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
