"""Mutants with the wrong code, or with the right one in the wrong place."""

from __future__ import annotations

from conformance.catalogue.failure_modes import ALL
from conformance.judging.verdict import Verdict

from .mutant import Mutant, deviates, fails, hence


def _of_section(code: str) -> tuple[str, ...]:
    return tuple(mode.name for mode in ALL.values() if mode.section == code)


# one of them is delivered all the same
_DNS = tuple(name for name in _of_section("4.4.312") if name != "mx_target_cname")
_SAMPLED = {
    "mx/nonexistent-domain": ("mx_nxdomain",),
    "mx/no-records": ("mx_nodata", "stale_mx_nodata"),
    "mx/unusable": ("mx_target_nxdomain", "mx_target_beside_address"),
}
_DOCUMENTED = tuple(name for name in _DNS if not any(name in some for some in _SAMPLED.values()))
_CERTIFICATE = _of_section("4.7.320")
_CLOSED = tuple(name for name in _of_section("4.4.318") if name.startswith("close"))
_RESET = tuple(name for name in _of_section("4.4.318") if name.startswith("reset"))
_TLS = ("tls_not_offered", "tls_handshake_garbage")
_REFUSED = "connection-refused/error-code"

CODES = (
    Mutant(
        name="wrong_code_for_refused",
        sin="Reports a refused connection as 4.4.317.",
        scenarios=("connection_refused", "greeting_421"),
        caught=(fails("error_code", _REFUSED, "connection_refused"),),
    ),
    Mutant(
        name="dns_failure_as_4_4_3",
        sin="Reports a failed DNS query by the status of RFC 3463, 4.4.3.",
        scenarios=_DNS,
        caught=(
            fails("error_code", "dns/error-code", *_DOCUMENTED),
            *(deviates("error_code", row, *modes) for row, modes in _SAMPLED.items()),
            deviates("error_code", "observed/nonexistent-domain", "mx_nxdomain", profile="eop-observed"),
            fails("error_code", "dns/error-code", *_DOCUMENTED, profile="eop-observed"),
            *(
                deviates("error_code", row, *modes, profile="eop-observed")
                for row, modes in _SAMPLED.items()
                if "mx_nxdomain" not in modes
            ),
        ),
        profiles=("rfc",),
    ),
    Mutant(
        name="timeout_as_refused",
        sin="Reports an unanswered connection request as refused.",
        scenarios=("connect_timeout", "connection_refused"),
        caught=(
            fails("error_code", "connection-timed-out/error-code", "connect_timeout"),
            deviates("error_code", "observed/connect-aborted", "connect_timeout", profile="eop-observed"),
        ),
    ),
    Mutant(
        name="unreachable_as_cannot_connect",
        sin="Reports an unreachable network as 4.4.317.",
        scenarios=("host_unreachable", "connect_timeout"),
        caught=(fails("error_code", "connection-timed-out/error-code", "host_unreachable"),),
        profiles=("eop-observed",),
    ),
    Mutant(
        name="silent_greeting_as_dns_failure",
        sin="Reports a server that never greets as a failed DNS query.",
        scenarios=("greeting_timeout", "connect_timeout"),
        caught=(fails("error_code", "connection-timed-out/silent-server", "greeting_timeout"),),
    ),
    Mutant(
        name="greeting_error_as_closed",
        sin="Reports an error in the greeting as a connection that was closed.",
        scenarios=("greeting_421", "greeting_421_every_host", "greeting_554"),
        caught=(fails("error_code", "cannot-connect/error-code"),),
    ),
    Mutant(
        name="missing_tls_as_certificate",
        sin="Reports TLS that is missing or cannot be negotiated as a bad certificate.",
        scenarios=(*_TLS, "starttls_454", "certificate_expired"),
        caught=(fails("error_code", "cannot-connect/error-code", *_TLS),),
    ),
    Mutant(
        name="closed_as_cannot_connect",
        sin="Reports a closed connection as 4.4.317.",
        scenarios=(*_CLOSED, "reset_at_mail"),
        caught=(fails("error_code", "closed-abruptly/error-code", *_CLOSED),),
    ),
    Mutant(
        name="reset_as_refused",
        sin="Reports a reset connection as refused.",
        scenarios=(*_RESET, "close_at_mail"),
        caught=(
            fails("error_code", "closed-abruptly/error-code", *_RESET),
            deviates("error_code", "observed/dropped-session", *_RESET, profile="eop-observed"),
        ),
    ),
    Mutant(
        name="certificate_as_cannot_connect",
        sin="Reports a bad certificate as 4.4.317.",
        scenarios=_CERTIFICATE,
        caught=(fails("error_code", "certificate/error-code"),),
        profiles=("eop-observed",),
    ),
    Mutant(
        name="certificate_as_policy",
        sin="Reports a bad certificate as 4.7.1.",
        scenarios=("certificate_expired", "certificate_wrong_name"),
        caught=(
            fails("error_code", "certificate/error-code"),
            deviates("error_code", "observed/certificate-code", profile="eop-observed"),
        ),
        profiles=("rfc",),
    ),
    Mutant(
        name="replies_451_instead_of_450",
        sin="Begins its errors with 451.",
        scenarios=("connection_refused", "greeting_timeout"),
        caught=(
            fails("error_code", _REFUSED, "connection_refused"),
            fails("error_code", "connection-timed-out/silent-server", "greeting_timeout"),
        ),
        profiles=("rfc",),
    ),
    Mutant(
        name="no_basic_code",
        sin="Begins its errors with the enhanced status code.",
        scenarios=("connection_refused",),
        caught=(fails("error_code", _REFUSED),),
        profiles=("rfc",),
    ),
    Mutant(
        name="no_enhanced_code",
        sin="Shows no enhanced status code.",
        scenarios=("connection_refused",),
        caught=(fails("error_code", _REFUSED),),
        profiles=("rfc",),
    ),
    Mutant(
        name="code_at_the_end_of_the_text",
        sin="Puts its code behind everything else.",
        scenarios=("connection_refused",),
        caught=(fails("error_code", _REFUSED),),
        also=hence(
            "the profile rfc judges a code where one is shown, and this is no place for it",
            "error_code",
            verdict=Verdict.NOT_APPLICABLE,
            profile="rfc",
        ),
    ),
    Mutant(
        name="code_quoted_further_in",
        sin="Puts its code behind some words, as if it quoted somebody.",
        scenarios=("connection_refused",),
        caught=(fails("error_code", _REFUSED),),
    ),
    Mutant(
        name="wrong_code_at_first",
        sin="Shows the wrong code after the first attempt and the right one later.",
        scenarios=("connection_refused",),
        caught=(fails("error_code", _REFUSED),),
    ),
    Mutant(
        name="wrong_class_digit",
        sin="Shows the class digit of a permanent failure for a temporary one.",
        scenarios=("connection_refused",),
        caught=(
            fails("error_code", _REFUSED),
            fails("error_code", "rfc/status-class", besides=("rfc/status-subject",), profile="rfc"),
        ),
    ),
    Mutant(
        name="wrong_subject_digit",
        sin="Shows the subject digit of an address failure for a network failure.",
        scenarios=("connection_refused",),
        caught=(
            fails("error_code", _REFUSED),
            deviates("error_code", "rfc/status-subject", profile="rfc"),
        ),
    ),
    Mutant(
        name="reply_code_of_the_wrong_class",
        sin="Shows the reply code of a permanent failure for a temporary one.",
        scenarios=("connection_refused", "reply_4yz_at_mail"),
        caught=(
            fails("error_code", _REFUSED, "connection_refused"),
            fails("error_code", "rfc/reply-code", "reply_4yz_at_mail", besides=("session/4yz-kept",)),
            fails("error_code", "rfc/reply-code", profile="rfc"),
        ),
    ),
)
