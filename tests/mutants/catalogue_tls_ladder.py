"""Mutants that climb the TLS ladder too high or not high enough, and those that misread STARTTLS."""

from __future__ import annotations

from conformance.catalogue.failure_modes.presented import CERTIFICATES
from conformance.judging.verdict import Verdict
from conformance.target import TlsPolicy

from .mutant import Expected, Mutant, deviates, fails, hence

_BAD = tuple(str(row.certificate) for row in CERTIFICATES if not (row.chained and row.named))
_MISNAMED = tuple(str(row.certificate) for row in CERTIFICATES if row.chained and not row.named)
_UNCHAINED = tuple(str(row.certificate) for row in CERTIFICATES if not row.chained)
_CERTIFICATE = "certificate/error-code"
_CLEAR = "tls/never-in-clear"


def _under(policy: TlsPolicy, certificates: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{certificate}_under_{policy}" for certificate in certificates)


_OPPORTUNISTIC = _under(TlsPolicy.OPPORTUNISTIC, _BAD)
_ENCRYPTED = _under(TlsPolicy.ENCRYPTION_ONLY, _BAD)
_MISNAMED_VALID = _under(TlsPolicy.CERTIFICATE_VALIDATION, _MISNAMED)
_UNCHAINED_VALID = _under(TlsPolicy.CERTIFICATE_VALIDATION, _UNCHAINED)
_GOOD = _under(TlsPolicy.ENCRYPTION_ONLY, ("good",)) + _under(TlsPolicy.CERTIFICATE_VALIDATION, ("good",))
_WILDCARD = _under(TlsPolicy.ENCRYPTION_ONLY, ("wildcard",)) + _under(
    TlsPolicy.CERTIFICATE_VALIDATION, ("wildcard",)
)


def _taken(*modes: str) -> tuple[Expected, ...]:
    """Return the verdicts on mail that should have waited and was delivered."""
    return (fails("error_code", _CERTIFICATE, *modes), fails("recovers", "queue/recovers", *modes))


def _hence_taken(*modes: str) -> tuple[Expected, ...]:
    why = "the message is delivered at once, so there is no error, no queue and no retry"
    return (
        *hence(why, "error_detail", "destination_server", "retried", modes=modes),
        *hence(why, "stays_queued", verdict=Verdict.NOT_APPLICABLE, modes=modes, certain=False),
    )


def _borne(*modes: str, profile: str = "eop") -> tuple[Expected, ...]:
    """Return the verdicts that there are none of, where delivery in spite of the fault is accepted."""
    return hence(
        "delivered, which the profile accepts",
        "error_code",
        "error_detail",
        "destination_server",
        "stays_queued",
        "retried",
        verdict=Verdict.NOT_APPLICABLE,
        modes=modes,
        profile=profile,
    )


def _takes(name: str, sin: str, modes: tuple[str, ...], *besides: str) -> Mutant:
    return Mutant(
        name=name, sin=sin, scenarios=(*modes, *besides), caught=_taken(*modes), also=_hence_taken(*modes)
    )


def _refuses(
    name: str,
    sin: str,
    requirement: str,
    modes: tuple[str, ...],
    *besides: str,
    aspect: str = "delivers_anyway",
) -> Mutant:
    return Mutant(
        name=name,
        sin=sin,
        scenarios=(*modes, *besides),
        caught=(deviates(aspect, requirement, *modes),),
    )


_RULES = (
    Mutant(
        name="opportunistic_verifies",
        sin="Asks for a valid certificate where the connector asks for no TLS, and waits without one.",
        scenarios=(*_OPPORTUNISTIC, "good_under_opportunistic"),
        caught=(deviates("delivers_anyway", "tls/opportunistic-any-certificate", *_OPPORTUNISTIC),),
        also=hence("nothing arrived", "uses_tls", verdict=Verdict.INCONCLUSIVE, modes=_OPPORTUNISTIC),
    ),
    Mutant(
        name="opportunistic_in_clear_after_bad_certificate",
        sin="Delivers in clear where no rule asks for TLS and the certificate does not pass.",
        scenarios=(*_OPPORTUNISTIC, "wildcard_under_opportunistic"),
        caught=(deviates("uses_tls", "tls/opportunistic", *_OPPORTUNISTIC),),
    ),
    Mutant(
        name="opportunistic_gives_tls_up",
        sin="Hangs up after every handshake where no rule asks for TLS, and delivers in clear.",
        scenarios=("good_under_opportunistic", "wildcard_under_opportunistic", "verified_tls"),
        caught=(deviates("uses_tls", "tls/opportunistic"),),
    ),
    Mutant(
        name="encryption_only_waits_once",
        sin="Defers each message once where any certificate will do.",
        scenarios=_WILDCARD,
        caught=(deviates("delivers_anyway", "harmless/at-once", "wildcard_under_encryption_only"),),
    ),
    Mutant(
        name="looks_for_the_recipient_domain",
        sin="Looks for the recipient domain in the certificate where the connector names none.",
        scenarios=(*_GOOD, *_WILDCARD, "certificate_tls_domain_wildcard"),
        caught=(
            fails("delivered", "control/delivered", *_GOOD),
            fails("delivers_anyway", "harmless/delivered", *_WILDCARD),
        ),
    ),
    _refuses(
        "encryption_only_verifies",
        "Asks for a valid certificate where any will do.",
        "tls/encryption-only-any-certificate",
        _ENCRYPTED,
        "good_under_encryption_only",
    ),
    _refuses(
        "certificate_validation_checks_the_name",
        "Asks for the host's name where any name will do.",
        "tls/certificate-validation-any-name",
        _MISNAMED_VALID,
        "good_under_certificate_validation",
        "expired_under_certificate_validation",
    ),
    _takes(
        "certificate_validation_checks_nothing",
        "Takes any certificate where a trusted authority must have issued it.",
        _UNCHAINED_VALID,
        "certificate_expired",
    ),
    _takes(
        "domain_validation_checks_no_chain",
        "Looks at the name in a certificate and at nothing else.",
        ("certificate_missing_intermediate", "certificate_expired"),
        "certificate_wrong_name",
    ),
)

_NAMES = (
    _refuses(
        "wildcard_matches_nothing",
        "Takes no certificate with a wildcard.",
        "tls/wildcard",
        ("certificate_wildcard",),
        "verified_tls",
    ),
    _takes(
        "wildcard_matches_many_labels",
        "Lets the wildcard of a certificate stand for any number of labels.",
        ("certificate_wildcard_two_labels",),
        "certificate_wildcard",
        "certificate_wrong_name",
    ),
    _takes(
        "takes_the_parents_name",
        "Takes a certificate for the domain in which the host lies.",
        ("certificate_parent_name",),
        "certificate_wrong_name",
        "verified_tls",
    ),
    _refuses(
        "tls_domain_wildcard_to_the_letter",
        "Looks for the very wildcard of the connector in the certificate.",
        "tls/domain-wildcard",
        ("certificate_tls_domain_wildcard",),
        "certificate_wildcard",
        aspect="delivered",
    ),
    _takes(
        "compares_with_the_smart_host",
        "Looks for the smart host's name in the certificate, whatever the connector names.",
        ("certificate_of_host_not_tls_domain",),
        "certificate_wrong_name",
        "certificate_tls_domain_wildcard",
    ),
    _refuses(
        "no_certificate_is_for_an_address",
        "Takes no certificate for a smart host that is an IP address.",
        "tls/ip-address",
        ("certificate_for_ip_literal",),
        "certificate_wildcard",
        aspect="delivered",
    ),
    _takes(
        "any_name_is_good_for_an_address",
        "Looks at no name where the smart host is an IP address.",
        ("certificate_of_host_for_ip_literal",),
        "certificate_for_ip_literal",
        "certificate_ip_address",
    ),
    _takes(
        "host_name_is_whatever_the_address_says",
        "Takes a certificate for the address of a smart host that has a name.",
        ("certificate_ip_address",),
        "certificate_for_ip_literal",
        "certificate_wrong_name",
    ),
    Mutant(
        name="common_name_counts",
        sin="Takes the common name of a certificate for one of its names.",
        scenarios=("certificate_common_name_only", "certificate_wrong_name"),
        also=_borne("certificate_common_name_only") + _borne("certificate_common_name_only", profile="rfc"),
        profiles=("rfc",),
    ),
)

_STRICT = (TlsPolicy.CERTIFICATE_VALIDATION, TlsPolicy.DOMAIN_VALIDATION)
_NO_STARTTLS = _under(TlsPolicy.CERTIFICATE_VALIDATION, ("no_starttls",)) + _under(
    TlsPolicy.DOMAIN_VALIDATION, ("no_starttls",)
)
_OLD = ("tls_1_0", "tls_1_1")
_OLD_ENCRYPTED = _under(TlsPolicy.ENCRYPTION_ONLY, _OLD)
_FALLS_BACK = ("starttls_454_under_opportunistic", "broken_handshake_under_opportunistic")
_INJECTED = ("injected_plaintext_under_opportunistic", "injected_plaintext_under_domain_validation")
_AFTERWARDS = ("stays_queued", "retried", "recovers")


_SESSIONS = (
    Mutant(
        name="mail_before_starttls",
        sin="Sends MAIL before STARTTLS, to learn early whether the sender is welcome.",
        scenarios=("good_under_encryption_only", "wildcard_under_encryption_only", "tls_not_offered"),
        caught=(
            fails("never_in_clear", _CLEAR, "good_under_encryption_only", "wildcard_under_encryption_only"),
        ),
        also=hence(
            "the control begins in the same way, and after the repair there is a STARTTLS",
            "never_in_clear",
            modes=("verified_tls", "tls_not_offered"),
        ),
    ),
    Mutant(
        name="noop_before_ehlo_under_tls",
        sin="Sends NOOP once TLS is negotiated, and then EHLO.",
        scenarios=("extensions_shrink_under_tls",),
        caught=(deviates("forgets_clear", "tls/ehlo-again", "extensions_shrink_under_tls"),),
    ),
    Mutant(
        name="remembers_extensions_from_before_tls",
        sin="Takes what EHLO offered in clear for offered under TLS, too.",
        scenarios=("extensions_shrink_under_tls", "good_under_encryption_only"),
        caught=(
            fails("forgets_clear", "tls/forgets", "extensions_shrink_under_tls"),
            fails("delivers_anyway", "tls/forgets", "extensions_shrink_under_tls"),
        ),
    ),
    Mutant(
        name="reads_on_in_clear_under_tls",
        sin="Takes what came in clear behind the reply to STARTTLS for the reply to the next command.",
        scenarios=(*_INJECTED, "good_under_encryption_only"),
        caught=(
            fails("forgets_clear", "tls/forgets", *_INJECTED),
            fails("error_code", "rfc/status-class", *_INJECTED),
        ),
        also=(
            *hence("returned is neither queued nor delivered", *_AFTERWARDS, modes=_INJECTED),
            *hence("a refusal explains no TLS", "error_detail", verdict=Verdict.DEVIATION, modes=_INJECTED),
        ),
    ),
    Mutant(
        name="speaks_old_tls",
        sin="Negotiates TLS 1.0 and 1.1.",
        scenarios=(
            *_under(TlsPolicy.OPPORTUNISTIC, _OLD),
            *_OLD_ENCRYPTED,
            "broken_handshake_under_opportunistic",
        ),
        caught=(fails("tls_floor", "tls/version-floor"),),
        also=_borne(
            *_under(TlsPolicy.OPPORTUNISTIC, _OLD), *_OLD_ENCRYPTED, "broken_handshake_under_opportunistic"
        ),
    ),
    Mutant(
        name="returns_mail_when_opportunistic_tls_fails",
        sin="Returns the message where no rule asks for TLS and STARTTLS fails.",
        scenarios=(*_FALLS_BACK, "good_under_opportunistic"),
        caught=(
            fails("error_code", "rfc/status-class", *_FALLS_BACK),
            fails("error_code", "rfc/status-class", *_FALLS_BACK, profile="rfc"),
        ),
        also=(
            *hence("returned is neither queued nor delivered", *_AFTERWARDS, modes=_FALLS_BACK),
            *hence("the same", *_AFTERWARDS, modes=_FALLS_BACK, profile="rfc"),
        ),
    ),
    Mutant(
        name="opportunistic_in_clear_at_the_next_attempt",
        sin="Defers the message where no rule asks for TLS and STARTTLS fails, and then delivers it in clear.",
        scenarios=(*_FALLS_BACK, "good_under_opportunistic"),
        profiles=("rfc", "eop-observed"),
    ),
)

TLS_LADDER = (*_RULES, *_NAMES, *_SESSIONS)
