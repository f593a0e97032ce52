"""Mail in clear, and certificates that should not have passed."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.reference import tls
from conformance.reference.classify import Cause, Stage
from conformance.reference.config import TlsPolicy
from conformance.reference.delivery import Delivery
from conformance.reference.errors import SessionFailed
from mutants.expectations import delivered
from mutants.mutant import Expected, fails, hence, mutation
from mutants.patching import patch

# X509_V_ERR_* of OpenSSL's x509_vfy.h
_NOT_YET_VALID, _HAS_EXPIRED, _SELF_SIGNED, _NO_ISSUER = 9, 10, 18, 20
_CLEAR = "tls/never-in-clear"
_UNOFFERED = ("no_starttls_under_certificate_validation", "no_starttls_under_domain_validation")
_REFUSED = ("starttls_454_under_certificate_validation", "starttls_454_under_domain_validation")
_BROKEN = ("broken_handshake_under_certificate_validation", "broken_handshake_under_domain_validation")


def _in_clear(*modes: str) -> tuple[Expected, ...]:
    return (delivered(*modes), fails("never_in_clear", _CLEAR, *modes))


def _forgiven(which: Callable[[SessionFailed], bool], policy: TlsPolicy) -> None:
    """Connect again with a milder policy where TLS failed in some way."""

    def make(original: Any) -> Any:
        async def open_session(self: Any, host: str, address: str) -> Any:
            try:
                return await original(self, host, address)
            except SessionFailed as error:
                if not which(error):
                    raise
            strict = self._route
            self._route = replace(strict, tls=policy, tls_domain="")
            try:
                return await self._prepare(host, address, try_tls=policy.required)
            finally:
                self._route = strict

        return open_session

    patch(Delivery, "_open_session", make)


@mutation(
    scenarios=("tls_not_offered", *_UNOFFERED, "starttls_454"),
    caught=_in_clear("tls_not_offered", *_UNOFFERED),
)
def clear_text_without_starttls() -> None:
    """Delivers in clear where TLS is required and not offered."""
    _forgiven(lambda error: error.cause is Cause.NO_TLS, TlsPolicy.OPPORTUNISTIC)


@mutation(
    scenarios=("starttls_454", *_REFUSED, "tls_not_offered"),
    caught=_in_clear("starttls_454", *_REFUSED),
)
def clear_text_after_454() -> None:
    """Delivers in clear where TLS is required and STARTTLS is refused."""
    _forgiven(lambda error: error.stage is Stage.STARTTLS, TlsPolicy.OPPORTUNISTIC)


@mutation(
    scenarios=("tls_handshake_garbage", *_BROKEN, "certificate_expired"),
    caught=_in_clear("tls_handshake_garbage", *_BROKEN),
)
def clear_text_after_failed_handshake() -> None:
    """Delivers in clear where TLS is required and the handshake fails."""
    _forgiven(lambda error: error.cause is Cause.TLS_FAILED, TlsPolicy.OPPORTUNISTIC)


@mutation(
    scenarios=("certificate_expired", "tls_not_offered"),
    caught=_in_clear("certificate_expired"),
)
def clear_text_after_bad_certificate() -> None:
    """Delivers in clear where the certificate does not pass."""
    _forgiven(lambda error: error.cause is Cause.CERTIFICATE, TlsPolicy.OPPORTUNISTIC)


def _certificate_forgiven(*codes: int) -> None:
    def which(error: SessionFailed) -> bool:
        return isinstance(error.__cause__, ssl.SSLCertVerificationError) and (
            error.__cause__.verify_code in codes
        )

    _forgiven(which, TlsPolicy.ENCRYPTION_ONLY)


@mutation(
    scenarios=("certificate_expired", "certificate_not_yet_valid"),
    caught=(delivered("certificate_expired"),),
)
def ignores_certificate_expiry() -> None:
    """Accepts a certificate that has expired."""
    _certificate_forgiven(_HAS_EXPIRED)


@mutation(
    scenarios=("certificate_not_yet_valid", "certificate_expired"),
    caught=(delivered("certificate_not_yet_valid"),),
)
def ignores_not_yet_valid() -> None:
    """Accepts a certificate before its time."""
    _certificate_forgiven(_NOT_YET_VALID)


@mutation(
    scenarios=("certificate_unknown_ca", "certificate_self_signed", "certificate_expired"),
    caught=(delivered("certificate_unknown_ca", "certificate_self_signed"),),
)
def accepts_any_authority() -> None:
    """Accepts a certificate of whatever issuer."""
    _certificate_forgiven(_SELF_SIGNED, _NO_ISSUER)


@mutation(
    scenarios=("certificate_self_signed", "certificate_unknown_ca"),
    caught=(delivered("certificate_self_signed"),),
)
def accepts_self_signed() -> None:
    """Accepts a self-signed certificate."""
    _certificate_forgiven(_SELF_SIGNED)


@mutation(
    scenarios=("certificate_wrong_name", "certificate_expired"),
    caught=(delivered("certificate_wrong_name"),),
)
def accepts_any_name() -> None:
    """Accepts a certificate for another host."""
    patch(tls, "verify_name", lambda _: lambda certificate, expected: True)


@mutation(
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
        verdict="inconclusive",
        modes=("certificate_expired",),
    ),
)
def rejects_every_name() -> None:
    """Accepts no certificate for the host that it names."""
    patch(tls, "verify_name", lambda _: lambda certificate, expected: False)


def _in_clear(when: Callable[[int], bool]) -> None:
    """Ignore STARTTLS and the connector's rule, depending on how many attempts there were before."""

    def make(original: Any) -> Any:
        async def try_address(self: Any, host: str, address: str, *args: Any) -> Any:
            _, _, recipients, _ = args
            if when(recipients[0].attempts):
                self._route = replace(self._route, tls=TlsPolicy.OPPORTUNISTIC)

                async def open_session(host: str, address: str) -> Any:
                    return await self._prepare(host, address, try_tls=False)

                self._open_session = open_session
            return await original(self, host, address, *args)

        return try_address

    patch(Delivery, "_try_address", make)


@mutation(
    scenarios=("verified_tls", "plain"),
    caught=(
        fails("delivered", "control/delivered", "verified_tls"),
        fails("delivered", "rfc/delivered", "verified_tls", profile="rfc"),
        fails("never_in_clear", _CLEAR, "verified_tls"),
        fails("never_in_clear", _CLEAR, "verified_tls", profile="rfc"),
    ),
)
def clear_text_although_tls_is_offered() -> None:
    """Never uses TLS, whatever the connector says."""
    _in_clear(lambda attempts: True)


@mutation(
    scenarios=("tls_not_offered", "greeting_421", "certificate_expired"),
    caught=(
        fails("recovers", "queue/recovers", "tls_not_offered", "certificate_expired"),
        fails("never_in_clear", _CLEAR, "tls_not_offered", "certificate_expired"),
    ),
)
def clear_text_in_the_end() -> None:
    """Forgets the connector's TLS rule from the third attempt on."""
    _in_clear(lambda attempts: attempts >= 2)
