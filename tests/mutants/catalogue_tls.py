"""Mutants that send mail in clear, or to a server whose certificate should not have passed."""

from __future__ import annotations

from conformance.judging.verdict import Verdict

from .mutant import Expected, Mutant, fails, hence

_CERTIFICATE = "certificate/error-code"
_TLS = "cannot-connect/error-code"
_CLEAR = "tls/never-in-clear"

_UNOFFERED = ("no_starttls_under_certificate_validation", "no_starttls_under_domain_validation")
_REFUSED = ("starttls_454_under_certificate_validation", "starttls_454_under_domain_validation")
_BROKEN = ("broken_handshake_under_certificate_validation", "broken_handshake_under_domain_validation")


def _delivered(requirement: str, *modes: str) -> tuple[Expected, ...]:
    return (fails("error_code", requirement, *modes), fails("recovers", "queue/recovers", *modes))


def _in_clear(requirement: str, *modes: str) -> tuple[Expected, ...]:
    return (*_delivered(requirement, *modes), fails("never_in_clear", _CLEAR, *modes))


def _hence(*modes: str) -> tuple[Expected, ...]:
    why = "the message is delivered at once, so there is no error, no queue and no retry"
    return (
        *hence(why, "error_detail", "destination_server", "retried", modes=modes),
        *hence(why, "stays_queued", verdict=Verdict.NOT_APPLICABLE, modes=modes, certain=False),
    )


TLS = (
    Mutant(
        name="clear_text_without_starttls",
        sin="Delivers in clear where TLS is required and not offered.",
        scenarios=("tls_not_offered", *_UNOFFERED, "starttls_454"),
        caught=_in_clear(_TLS, "tls_not_offered", *_UNOFFERED),
        also=_hence("tls_not_offered", *_UNOFFERED),
    ),
    Mutant(
        name="clear_text_after_454",
        sin="Delivers in clear where TLS is required and STARTTLS is refused.",
        scenarios=("starttls_454", *_REFUSED, "tls_not_offered"),
        caught=_in_clear(_TLS, "starttls_454", *_REFUSED),
        also=_hence("starttls_454", *_REFUSED),
    ),
    Mutant(
        name="clear_text_after_failed_handshake",
        sin="Delivers in clear where TLS is required and the handshake fails.",
        scenarios=("tls_handshake_garbage", *_BROKEN, "certificate_expired"),
        caught=_in_clear(_TLS, "tls_handshake_garbage", *_BROKEN),
        also=_hence("tls_handshake_garbage", *_BROKEN),
    ),
    Mutant(
        name="clear_text_after_bad_certificate",
        sin="Delivers in clear where the certificate does not pass.",
        scenarios=("certificate_expired", "tls_not_offered"),
        caught=_in_clear(_CERTIFICATE, "certificate_expired"),
        also=_hence("certificate_expired"),
    ),
    Mutant(
        name="ignores_certificate_expiry",
        sin="Accepts a certificate that has expired.",
        scenarios=("certificate_expired", "certificate_not_yet_valid"),
        caught=_delivered(_CERTIFICATE, "certificate_expired"),
        also=_hence("certificate_expired"),
    ),
    Mutant(
        name="ignores_not_yet_valid",
        sin="Accepts a certificate before its time.",
        scenarios=("certificate_not_yet_valid", "certificate_expired"),
        caught=_delivered(_CERTIFICATE, "certificate_not_yet_valid"),
        also=_hence("certificate_not_yet_valid"),
    ),
    Mutant(
        name="accepts_any_authority",
        sin="Accepts a certificate of whatever issuer.",
        scenarios=("certificate_unknown_ca", "certificate_self_signed", "certificate_expired"),
        caught=_delivered(_CERTIFICATE, "certificate_unknown_ca", "certificate_self_signed"),
        also=_hence("certificate_unknown_ca", "certificate_self_signed"),
    ),
    Mutant(
        name="accepts_self_signed",
        sin="Accepts a self-signed certificate.",
        scenarios=("certificate_self_signed", "certificate_unknown_ca"),
        caught=_delivered(_CERTIFICATE, "certificate_self_signed"),
        also=_hence("certificate_self_signed"),
    ),
    Mutant(
        name="accepts_any_name",
        sin="Accepts a certificate for another host.",
        scenarios=("certificate_wrong_name", "certificate_expired"),
        caught=_delivered(_CERTIFICATE, "certificate_wrong_name"),
        also=_hence("certificate_wrong_name"),
    ),
    Mutant(
        name="rejects_every_name",
        sin="Accepts no certificate for the host that it names.",
        scenarios=("verified_tls", "certificate_expired", "connection_refused"),
        caught=(fails("delivered", "control/delivered", "verified_tls"),),
        also=hence(
            "whoever cannot deliver under a good certificate proves nothing by rejecting a bad one",
            "error_code",
            "error_detail",
            "destination_server",
            "stays_queued",
            "retried",
            "recovers",
            "never_in_clear",
            verdict=Verdict.INCONCLUSIVE,
            modes=("certificate_expired",),
        ),
    ),
    Mutant(
        name="clear_text_although_tls_is_offered",
        sin="Never uses TLS, whatever the connector says.",
        scenarios=("verified_tls", "plain"),
        caught=(
            fails("delivered", "control/delivered", "verified_tls"),
            fails("delivered", "rfc/delivered", "verified_tls", profile="rfc"),
            fails("never_in_clear", _CLEAR, "verified_tls"),
            fails("never_in_clear", _CLEAR, "verified_tls", profile="rfc"),
        ),
    ),
    Mutant(
        name="clear_text_in_the_end",
        sin="Forgets the connector's TLS rule from the third attempt on.",
        scenarios=("tls_not_offered", "greeting_421", "certificate_expired"),
        caught=(
            fails("recovers", "queue/recovers", "tls_not_offered", "certificate_expired"),
            fails("never_in_clear", _CLEAR, "tls_not_offered", "certificate_expired"),
        ),
    ),
)
