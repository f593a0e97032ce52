"""Rules of connectors that ask for more or for less of TLS than they should."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.reference import delivery, tls
from conformance.reference.classify import Cause, Stage
from conformance.reference.config import TlsPolicy
from conformance.reference.delivery import Delivery
from conformance.reference.errors import SessionFailed
from mutants.expectations import refuses_certificate, takes_certificate
from mutants.mutant import deviates, fails, hence, mutation
from mutants.patching import patch
from mutants.selection import Selection


def _presented(which: Callable[[Any], bool]) -> Selection:
    """Return certificates of the TLS ladder."""

    def find() -> list[str]:
        from conformance.catalogue.failure_modes.presented import CERTIFICATES

        return [str(row.certificate) for row in CERTIFICATES if which(row)]

    return Selection(find)


_BAD = _presented(lambda row: not (row.chained and row.named))
_MISNAMED = _presented(lambda row: row.chained and not row.named)
_UNCHAINED = _presented(lambda row: not row.chained)
_OPPORTUNISTIC = _BAD.each("{}_under_opportunistic")
_ENCRYPTED = _BAD.each("{}_under_encryption_only")
_MISNAMED_VALID = _MISNAMED.each("{}_under_certificate_validation")
_UNCHAINED_VALID = _UNCHAINED.each("{}_under_certificate_validation")
_GOOD = ("good_under_encryption_only", "good_under_certificate_validation")
_WILDCARD = ("wildcard_under_encryption_only", "wildcard_under_certificate_validation")


def _under(policy: TlsPolicy, taken_for: TlsPolicy) -> None:
    """Negotiate TLS under one rule as though it were another; the strictest one asks for the host's name."""

    def make(original: Any) -> Any:
        async def secure(self: Any, session: Any, host: str) -> None:
            given = self._route
            if given.tls is policy:
                named = taken_for is TlsPolicy.DOMAIN_VALIDATION
                self._route = replace(given, tls=taken_for, tls_domain=host if named else "")
            try:
                await original(self, session, host)
            finally:
                self._route = given

        return secure

    patch(Delivery, "_secure", make)


def _without_fallback() -> None:
    patch(
        delivery,
        "is_tls_trouble",
        lambda original: lambda error: error.cause is not Cause.CERTIFICATE and original(error),
    )


@mutation(
    scenarios=(_OPPORTUNISTIC, "good_under_opportunistic"),
    caught=(deviates("delivers_anyway", "tls/opportunistic-any-certificate", _OPPORTUNISTIC),),
)
def opportunistic_verifies() -> None:
    """Asks for a valid certificate where the connector asks for no TLS, and waits without one."""
    _under(TlsPolicy.OPPORTUNISTIC, TlsPolicy.DOMAIN_VALIDATION)
    _without_fallback()


@mutation(
    scenarios=(_OPPORTUNISTIC, "wildcard_under_opportunistic"),
    caught=(deviates("uses_tls", "tls/opportunistic", _OPPORTUNISTIC),),
)
def opportunistic_in_clear_after_bad_certificate() -> None:
    """Delivers in clear where no rule asks for TLS and the certificate does not pass."""
    _under(TlsPolicy.OPPORTUNISTIC, TlsPolicy.DOMAIN_VALIDATION)


def _after_handshake(check: Callable[[Any, Any], None]) -> None:
    """Look at a session once more when TLS is negotiated."""

    def make(original: Any) -> Any:
        async def secure(self: Any, session: Any, host: str) -> None:
            await original(self, session, host)
            check(self._route, session)

        return secure

    patch(Delivery, "_secure", make)


@mutation(
    scenarios=("good_under_opportunistic", "wildcard_under_opportunistic", "verified_tls"),
    caught=(deviates("uses_tls", "tls/opportunistic"),),
)
def opportunistic_gives_tls_up() -> None:
    """Hangs up after every handshake where no rule asks for TLS, and delivers in clear."""

    def check(route: Any, session: Any) -> None:
        if not route.tls.required:
            raise SessionFailed(Stage.HANDSHAKE, Cause.TLS_FAILED, "not today")

    _after_handshake(check)


@mutation(
    scenarios=_WILDCARD,
    caught=(deviates("delivers_anyway", "harmless/at-once", *_WILDCARD),),
)
def waits_once_for_a_wildcard() -> None:
    """Defers each message once where any name will do and a certificate with a wildcard is presented."""
    met: set[Any] = set()

    def check(route: Any, session: Any) -> None:
        if route.tls_domain or b"*." not in session.certificate:
            return
        if route.smart_hosts not in met:
            met.add(route.smart_hosts)
            raise SessionFailed(Stage.HANDSHAKE, Cause.TLS_FAILED, "not today")

    _after_handshake(check)


@mutation(
    scenarios=(*_GOOD, *_WILDCARD, "certificate_tls_domain_wildcard"),
    caught=(fails("delivered", "control/delivered", *_GOOD),),
    also=hence(
        "the control says it", "delivers_anyway", "never_in_clear", verdict="inconclusive", modes=_WILDCARD
    ),
)
def looks_for_the_recipient_domain() -> None:
    """Looks for the recipient domain in the certificate where the connector names none."""

    def check(route: Any, session: Any) -> None:
        domain = route.smart_hosts[0].partition(".")[2]
        if route.tls.required and not route.tls_domain and not tls.verify_name(session.certificate, domain):
            raise SessionFailed(Stage.HANDSHAKE, Cause.CERTIFICATE, "SubjectMismatch")

    _after_handshake(check)


@refuses_certificate("tls/encryption-only-any-certificate", (_ENCRYPTED,), "good_under_encryption_only")
def encryption_only_verifies() -> None:
    """Asks for a valid certificate where any will do."""
    _under(TlsPolicy.ENCRYPTION_ONLY, TlsPolicy.DOMAIN_VALIDATION)


@refuses_certificate(
    "tls/certificate-validation-any-name",
    (_MISNAMED_VALID,),
    "good_under_certificate_validation",
    "expired_under_certificate_validation",
)
def certificate_validation_checks_the_name() -> None:
    """Asks for the host's name where any name will do."""
    _under(TlsPolicy.CERTIFICATE_VALIDATION, TlsPolicy.DOMAIN_VALIDATION)


@takes_certificate((_UNCHAINED_VALID,), "certificate_expired")
def certificate_validation_checks_nothing() -> None:
    """Takes any certificate where a trusted authority must have issued it."""
    _under(TlsPolicy.CERTIFICATE_VALIDATION, TlsPolicy.ENCRYPTION_ONLY)


@takes_certificate(("certificate_missing_intermediate", "certificate_expired"), "certificate_wrong_name")
def domain_validation_checks_no_chain() -> None:
    """Looks at the name in a certificate and at nothing else."""

    def make(original: Any) -> Any:
        return lambda policy, anchors: original(TlsPolicy.ENCRYPTION_ONLY, anchors)

    patch(tls, "client_context", make)
