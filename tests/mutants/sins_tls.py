"""Sins of transport security: mail in clear, and certificates that should not have passed."""

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
from mutants.patching import patch, sin

# X509_V_ERR_* of OpenSSL's x509_vfy.h
_NOT_YET_VALID, _HAS_EXPIRED, _SELF_SIGNED, _NO_ISSUER = 9, 10, 18, 20


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


def _certificate_forgiven(*codes: int) -> None:
    def which(error: SessionFailed) -> bool:
        return isinstance(error.__cause__, ssl.SSLCertVerificationError) and (
            error.__cause__.verify_code in codes
        )

    _forgiven(which, TlsPolicy.ENCRYPTION_ONLY)


@sin
def clear_text_without_starttls() -> None:
    _forgiven(lambda error: error.cause is Cause.NO_TLS, TlsPolicy.OPPORTUNISTIC)


@sin
def clear_text_after_454() -> None:
    _forgiven(lambda error: error.stage is Stage.STARTTLS, TlsPolicy.OPPORTUNISTIC)


@sin
def clear_text_after_failed_handshake() -> None:
    _forgiven(lambda error: error.cause is Cause.TLS_FAILED, TlsPolicy.OPPORTUNISTIC)


@sin
def clear_text_after_bad_certificate() -> None:
    _forgiven(lambda error: error.cause is Cause.CERTIFICATE, TlsPolicy.OPPORTUNISTIC)


@sin
def ignores_certificate_expiry() -> None:
    _certificate_forgiven(_HAS_EXPIRED)


@sin
def ignores_not_yet_valid() -> None:
    _certificate_forgiven(_NOT_YET_VALID)


@sin
def accepts_any_authority() -> None:
    _certificate_forgiven(_SELF_SIGNED, _NO_ISSUER)


@sin
def accepts_self_signed() -> None:
    _certificate_forgiven(_SELF_SIGNED)


@sin
def accepts_any_name() -> None:
    patch(tls, "verify_name", lambda _: lambda certificate, expected: True)


@sin
def rejects_every_name() -> None:
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


@sin
def clear_text_although_tls_is_offered() -> None:
    _in_clear(lambda attempts: True)


@sin
def clear_text_in_the_end() -> None:
    _in_clear(lambda attempts: attempts >= 2)
