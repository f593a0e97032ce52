"""Sins of classification: the wrong code, or the right one in the wrong place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.reference import classify as classification
from conformance.reference import errors
from conformance.reference.classify import Cause, Condition, Stage
from mutants.patching import patch, sin

Choose = Callable[[Stage, Cause], Condition | None]


def _classified(choose: Choose) -> None:
    """Let some failures belong to another section of the source document."""

    def make(original: Any) -> Any:
        return lambda stage, cause: choose(stage, cause) or original(stage, cause)

    patch(classification, "classify", make)


def _taken_for(cause: Cause, condition: Condition) -> None:
    _classified(lambda _, met: condition if met is cause else None)


def _at_greeting(cause: Cause, condition: Condition) -> None:
    _classified(lambda stage, met: condition if (stage, met) == (Stage.GREETING, cause) else None)


def _worded(change: Callable[[str], str]) -> None:
    """Show the errors of deferred messages in another form."""

    def make(original: Any) -> Any:
        def format_error(failure: errors.Failure, **details: Any) -> str:
            text: str = original(failure, **details)
            return text if failure.permanent else change(text)

        return format_error

    patch(errors, "format_error", make)


@sin
def wrong_code_for_refused() -> None:
    _taken_for(Cause.REFUSED, classification.CANNOT_CONNECT)


@sin
def dns_failure_as_4_4_3() -> None:
    _taken_for(Cause.LOOKUP, replace(classification.DNS_QUERY_FAILED, status="4.4.3"))


@sin
def timeout_as_refused() -> None:
    _taken_for(Cause.UNANSWERED, classification.REFUSED)


@sin
def unreachable_as_cannot_connect() -> None:
    _taken_for(Cause.UNREACHABLE, classification.CANNOT_CONNECT)


@sin
def silent_greeting_as_dns_failure() -> None:
    _at_greeting(Cause.SILENT, classification.DNS_QUERY_FAILED)


@sin
def greeting_error_as_closed() -> None:
    _at_greeting(Cause.REJECTED, classification.CLOSED_ABRUPTLY)


@sin
def missing_tls_as_certificate() -> None:
    _classified(
        lambda _, cause: (
            classification.CERTIFICATE_FAILED if cause in (Cause.NO_TLS, Cause.TLS_FAILED) else None
        )
    )


@sin
def closed_as_cannot_connect() -> None:
    _taken_for(Cause.CLOSED, classification.CANNOT_CONNECT)


@sin
def reset_as_refused() -> None:
    _taken_for(Cause.RESET, classification.REFUSED)


@sin
def certificate_as_cannot_connect() -> None:
    _taken_for(Cause.CERTIFICATE, classification.CANNOT_CONNECT)


@sin
def certificate_as_policy() -> None:
    _taken_for(Cause.CERTIFICATE, replace(classification.CERTIFICATE_FAILED, status="4.7.1"))


@sin
def replies_451_instead_of_450() -> None:
    _worded(lambda text: "451" + text[3:])


@sin
def no_basic_code() -> None:
    _worded(lambda text: text[4:])


@sin
def no_enhanced_code() -> None:
    _worded(lambda text: text[:4] + text[4:].split(" ", 1)[1])


@sin
def code_at_the_end_of_the_text() -> None:
    def change(text: str) -> str:
        code, status, rest = text.split(" ", 2)
        return f"{rest} {code} {status}"

    _worded(change)


@sin
def code_quoted_further_in() -> None:
    _worded(lambda text: f"Delivery attempt failed: {text}")


@sin
def wrong_class_digit() -> None:
    _worded(lambda text: f"{text[:4]}5{text[5:]}")


@sin
def wrong_subject_digit() -> None:
    _worded(lambda text: f"{text[:6]}1{text[7:]}")


@sin
def reply_code_of_the_wrong_class() -> None:
    _worded(lambda text: "5" + text[1:])
