"""Errors with the wrong code, or with the right one in the wrong place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.reference import classify as classification
from conformance.reference import errors, relay
from conformance.reference.classify import Cause, Condition, Stage
from conformance.reference.events import Outcome
from mutants.mutant import deviates, fails, hence, mutation
from mutants.patching import patch
from mutants.selection import cells, modes
from mutants.shared import TOLD_OF_EACH

Choose = Callable[[Stage, Cause], Condition | None]

_IN_EACH = dict.fromkeys(
    (*TOLD_OF_EACH, "session/odd-reply", "session/421-kept", "session/transient"),
    "what is told of each failure mode is a requirement of its own, and all of it has the same flaw",
)

# one of them is delivered all the same
_DNS = modes(lambda mode: mode.section == "4.4.312").without(
    "mx_target_cname", "mx_421_then_nxdomain", "mx_nxdomain_then_421"
)
_SAMPLED = {
    "mx/nonexistent-domain": ("mx_nxdomain",),
    "mx/no-records": ("mx_nodata", "stale_mx_nodata"),
    "mx/unusable": ("mx_target_nxdomain", "mx_target_beside_address"),
}
_DOCUMENTED = _DNS.without(*(name for names in _SAMPLED.values() for name in names))
_CERTIFICATE = modes(lambda mode: mode.section == "4.7.320")
_CLOSED = cells("close", section="4.4.318")
_RESET = cells("reset", section="4.4.318")
_TLS = ("tls_not_offered", "tls_handshake_garbage")
_REFUSED = "connection-refused/error-code"


def _classified(choose: Choose) -> None:
    """Let some failures belong to another section of the source document."""

    def make(original: Any) -> Any:
        return lambda stage, cause: choose(stage, cause) or original(stage, cause)

    patch(classification, "classify", make)


def _taken_for(cause: Cause, condition: Condition) -> None:
    _classified(lambda _, met: condition if met is cause else None)


@mutation(
    scenarios=("connection_refused", "greeting_421"),
    caught=(fails("error_code", _REFUSED, "connection_refused"),),
)
def wrong_code_for_refused() -> None:
    """Reports a refused connection as 4.4.317."""
    _taken_for(Cause.REFUSED, classification.CANNOT_CONNECT)


@mutation(
    scenarios=(_DNS,),
    caught=(
        fails("error_code", "dns/error-code", _DOCUMENTED),
        *(deviates("error_code", row, *modes) for row, modes in _SAMPLED.items()),
        deviates("error_code", "observed/nonexistent-domain", "mx_nxdomain", profile="eop-observed"),
        fails("error_code", "dns/error-code", _DOCUMENTED, profile="eop-observed"),
        *(
            deviates("error_code", row, *modes, profile="eop-observed")
            for row, modes in _SAMPLED.items()
            if "mx_nxdomain" not in modes
        ),
    ),
    profiles=("rfc",),
)
def dns_failure_as_4_4_3() -> None:
    """Reports a failed DNS query by the status of RFC 3463, 4.4.3."""
    _taken_for(Cause.LOOKUP, replace(classification.DNS_QUERY_FAILED, status="4.4.3"))


@mutation(
    scenarios=("connect_timeout", "connection_refused"),
    caught=(
        fails("error_code", "connection-timed-out/error-code", "connect_timeout"),
        deviates("error_code", "observed/connect-aborted", "connect_timeout", profile="eop-observed"),
    ),
)
def timeout_as_refused() -> None:
    """Reports an unanswered connection request as refused."""
    _taken_for(Cause.UNANSWERED, classification.REFUSED)


@mutation(
    scenarios=("host_unreachable", "connect_timeout"),
    caught=(fails("error_code", "connection-timed-out/error-code", "host_unreachable"),),
    profiles=("eop-observed",),
)
def unreachable_as_cannot_connect() -> None:
    """Reports an unreachable network as 4.4.317."""
    _taken_for(Cause.UNREACHABLE, classification.CANNOT_CONNECT)


def _at_greeting(cause: Cause, condition: Condition) -> None:
    _classified(lambda stage, met: condition if (stage, met) == (Stage.GREETING, cause) else None)


@mutation(
    scenarios=("greeting_timeout", "connect_timeout"),
    caught=(fails("error_code", "connection-timed-out/silent-server", "greeting_timeout"),),
)
def silent_greeting_as_dns_failure() -> None:
    """Reports a server that never greets as a failed DNS query."""
    _at_greeting(Cause.SILENT, classification.DNS_QUERY_FAILED)


@mutation(
    scenarios=("greeting_421", "greeting_421_every_host", "greeting_554"),
    caught=(fails("error_code", "cannot-connect/error-code"),),
)
def greeting_error_as_closed() -> None:
    """Reports an error in the greeting as a connection that was closed."""
    _at_greeting(Cause.REJECTED, classification.CLOSED_ABRUPTLY)


@mutation(
    scenarios=(*_TLS, "starttls_454", "certificate_expired"),
    caught=(fails("error_code", "cannot-connect/error-code", *_TLS),),
)
def missing_tls_as_certificate() -> None:
    """Reports TLS that is missing or cannot be negotiated as a bad certificate."""
    _classified(
        lambda _, cause: (
            classification.CERTIFICATE_FAILED if cause in (Cause.NO_TLS, Cause.TLS_FAILED) else None
        )
    )


@mutation(
    scenarios=(_CLOSED, "reset_at_mail"), caught=(fails("error_code", "closed-abruptly/error-code", _CLOSED),)
)
def closed_as_cannot_connect() -> None:
    """Reports a closed connection as 4.4.317."""
    _taken_for(Cause.CLOSED, classification.CANNOT_CONNECT)


@mutation(
    scenarios=(_RESET, "close_at_mail"),
    caught=(
        fails("error_code", "closed-abruptly/error-code", _RESET),
        deviates("error_code", "observed/dropped-session", _RESET, profile="eop-observed"),
    ),
)
def reset_as_refused() -> None:
    """Reports a reset connection as refused."""
    _taken_for(Cause.RESET, classification.REFUSED)


@mutation(
    scenarios=(_CERTIFICATE,),
    caught=(fails("error_code", "certificate/error-code"),),
    profiles=("eop-observed",),
)
def certificate_as_cannot_connect() -> None:
    """Reports a bad certificate as 4.4.317."""
    _taken_for(Cause.CERTIFICATE, classification.CANNOT_CONNECT)


@mutation(
    scenarios=("certificate_expired", "certificate_wrong_name"),
    caught=(
        fails("error_code", "certificate/error-code"),
        deviates("error_code", "observed/certificate-code", profile="eop-observed"),
    ),
    profiles=("rfc",),
)
def certificate_as_policy() -> None:
    """Reports a bad certificate as 4.7.1."""
    _taken_for(Cause.CERTIFICATE, replace(classification.CERTIFICATE_FAILED, status="4.7.1"))


def _worded(change: Callable[[str], str]) -> None:
    """Show the errors of deferred messages in another form."""

    def make(original: Any) -> Any:
        def format_error(failure: errors.Failure, **details: Any) -> str:
            text: str = original(failure, **details)
            return text if failure.permanent else change(text)

        return format_error

    patch(errors, "format_error", make)


@mutation(
    scenarios=("connection_refused", "greeting_timeout"),
    caught=(
        fails("error_code", _REFUSED, "connection_refused"),
        fails("error_code", "connection-timed-out/silent-server", "greeting_timeout"),
    ),
    profiles=("rfc",),
)
def replies_451_instead_of_450() -> None:
    """Begins its errors with 451."""
    _worded(lambda text: "451" + text[3:])


@mutation(
    scenarios=("connection_refused",),
    caught=(fails("error_code", _REFUSED),),
    brings=_IN_EACH,
    profiles=("rfc",),
)
def no_basic_code() -> None:
    """Begins its errors with the enhanced status code."""
    _worded(lambda text: text[4:])


@mutation(
    scenarios=("connection_refused",),
    caught=(fails("error_code", _REFUSED),),
    brings=_IN_EACH,
    profiles=("rfc",),
)
def no_enhanced_code() -> None:
    """Shows no enhanced status code."""
    _worded(lambda text: text[:4] + text[4:].split(" ", 1)[1])


@mutation(
    scenarios=("connection_refused",),
    caught=(fails("error_code", _REFUSED),),
    also=hence(
        "the profile rfc judges a code where one is shown, and this is no place for it",
        "error_code",
        verdict="not_applicable",
        profile="rfc",
    ),
    brings=_IN_EACH,
)
def code_at_the_end_of_the_text() -> None:
    """Puts its code behind everything else."""

    def change(text: str) -> str:
        code, status, rest = text.split(" ", 2)
        return f"{rest} {code} {status}"

    _worded(change)


@mutation(scenarios=("connection_refused",), caught=(fails("error_code", _REFUSED),), brings=_IN_EACH)
def code_quoted_further_in() -> None:
    """Puts its code behind some words, as if it quoted somebody."""
    _worded(lambda text: f"Delivery attempt failed: {text}")


@mutation(scenarios=("connection_refused",), caught=(fails("error_code", _REFUSED),))
def wrong_code_at_first() -> None:
    """Shows the wrong code after the first attempt and the right one later."""

    def make(original: Any) -> Any:
        def log(
            self: Any, outcome: Outcome, at: Any, message: Any, recipient: Any, text: str, to: str
        ) -> None:
            if outcome is Outcome.DEFERRED and recipient.attempts == 1:
                text = text.replace("4.4.316", "4.4.317", 1)
            original(self, outcome, at, message, recipient, text, to)

        return log

    patch(relay.Relay, "_log", make)


@mutation(
    scenarios=("connection_refused",),
    caught=(
        fails("error_code", _REFUSED),
        fails("error_code", "rfc/status-class", profile="rfc"),
    ),
)
def wrong_class_digit() -> None:
    """Shows the class digit of a permanent failure for a temporary one."""
    _worded(lambda text: f"{text[:4]}5{text[5:]}")


@mutation(
    scenarios=("connection_refused",),
    caught=(fails("error_code", _REFUSED), deviates("error_code", "rfc/status-subject", profile="rfc")),
    brings=_IN_EACH,
)
def wrong_subject_digit() -> None:
    """Shows the subject digit of an address failure for a network failure."""
    _worded(lambda text: f"{text[:6]}1{text[7:]}")


@mutation(
    scenarios=("connection_refused", "reply_4yz_at_mail"),
    caught=(
        fails("error_code", _REFUSED, "connection_refused"),
        fails("error_code", "rfc/reply-code", "reply_4yz_at_mail", besides=("session/4yz-kept",)),
        fails("error_code", "rfc/reply-code", profile="rfc"),
    ),
)
def reply_code_of_the_wrong_class() -> None:
    """Shows the reply code of a permanent failure for a temporary one."""
    _worded(lambda text: "5" + text[1:])
