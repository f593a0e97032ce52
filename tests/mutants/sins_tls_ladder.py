"""Sins against the TLS ladder: rules that ask too much or too little, and what STARTTLS means for a session."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

from conformance.reference import delivery, errors, tls
from conformance.reference.classify import Cause, Stage
from conformance.reference.config import TlsPolicy
from conformance.reference.delivery import Delivery
from conformance.reference.errors import Failure, SessionFailed
from conformance.reference.session import Session
from mutants.patching import patch, sin


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


@sin
def opportunistic_verifies() -> None:
    _under(TlsPolicy.OPPORTUNISTIC, TlsPolicy.DOMAIN_VALIDATION)
    _without_fallback()


@sin
def opportunistic_in_clear_after_bad_certificate() -> None:
    _under(TlsPolicy.OPPORTUNISTIC, TlsPolicy.DOMAIN_VALIDATION)


def _after_handshake(check: Callable[[Any, Any], None]) -> None:
    """Look at a session once more when TLS is negotiated."""

    def make(original: Any) -> Any:
        async def secure(self: Any, session: Any, host: str) -> None:
            await original(self, session, host)
            check(self._route, session)

        return secure

    patch(Delivery, "_secure", make)


@sin
def opportunistic_gives_tls_up() -> None:
    def check(route: Any, session: Any) -> None:
        if not route.tls.required:
            raise SessionFailed(Stage.HANDSHAKE, Cause.TLS_FAILED, "not today")

    _after_handshake(check)


@sin
def looks_for_the_recipient_domain() -> None:
    def check(route: Any, session: Any) -> None:
        domain = route.smart_hosts[0].partition(".")[2]
        if route.tls.required and not route.tls_domain and not tls.verify_name(session.certificate, domain):
            raise SessionFailed(Stage.HANDSHAKE, Cause.CERTIFICATE, "SubjectMismatch")

    _after_handshake(check)


@sin
def encryption_only_verifies() -> None:
    _under(TlsPolicy.ENCRYPTION_ONLY, TlsPolicy.DOMAIN_VALIDATION)


@sin
def certificate_validation_checks_the_name() -> None:
    _under(TlsPolicy.CERTIFICATE_VALIDATION, TlsPolicy.DOMAIN_VALIDATION)


@sin
def certificate_validation_checks_nothing() -> None:
    _under(TlsPolicy.CERTIFICATE_VALIDATION, TlsPolicy.ENCRYPTION_ONLY)


@sin
def domain_validation_checks_no_chain() -> None:
    def make(original: Any) -> Any:
        return lambda policy, anchors: original(TlsPolicy.ENCRYPTION_ONLY, anchors)

    patch(tls, "client_context", make)


def _names(decide: Callable[[Any, str, str], bool]) -> None:
    """Decide in another way whether a dNSName of a certificate is the expected name."""
    patch(
        tls, "match_name", lambda original: lambda presented, expected: decide(original, presented, expected)
    )


@sin
def wildcard_matches_nothing() -> None:
    _names(
        lambda original, presented, expected: not presented.startswith("*") and original(presented, expected)
    )


@sin
def wildcard_matches_many_labels() -> None:
    _names(
        lambda original, presented, expected: (
            expected.endswith(presented[1:]) if presented.startswith("*.") else original(presented, expected)
        )
    )


@sin
def takes_the_parents_name() -> None:
    _names(
        lambda original, presented, expected: (
            original(presented, expected) or original(presented, expected.partition(".")[2])
        )
    )


@sin
def tls_domain_wildcard_to_the_letter() -> None:
    _names(
        lambda original, presented, expected: not expected.startswith("*") and original(presented, expected)
    )


@sin
def compares_with_the_smart_host() -> None:
    def make(original: Any) -> Any:
        async def secure(self: Any, session: Any, host: str) -> None:
            given = self._route
            if given.tls_domain and "*" not in given.tls_domain:
                self._route = replace(given, tls_domain=host)
            try:
                await original(self, session, host)
            finally:
                self._route = given

        return secure

    patch(Delivery, "_secure", make)


def _is_address(expected: str) -> bool:
    try:
        ip_address(expected)
    except ValueError:
        return False
    return True


@sin
def no_certificate_is_for_an_address() -> None:
    patch(
        tls,
        "verify_name",
        lambda original: (
            lambda certificate, expected: not _is_address(expected) and original(certificate, expected)
        ),
    )


@sin
def any_name_is_good_for_an_address() -> None:
    patch(
        tls,
        "verify_name",
        lambda original: (
            lambda certificate, expected: _is_address(expected) or original(certificate, expected)
        ),
    )


@sin
def host_name_is_whatever_the_address_says() -> None:
    from cryptography import x509

    def make(original: Any) -> Any:
        def verify_name(certificate: bytes, expected: str) -> bool:
            presented = x509.load_der_x509_certificate(certificate).extensions
            names = presented.get_extension_for_class(x509.SubjectAlternativeName).value
            for_address = bool(names.get_values_for_type(x509.IPAddress))
            return (for_address and not _is_address(expected)) or original(certificate, expected)

        return verify_name

    patch(tls, "verify_name", make)


@sin
def common_name_counts() -> None:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    def make(original: Any) -> Any:
        def verify_name(certificate: bytes, expected: str) -> bool:
            subject = x509.load_der_x509_certificate(certificate).subject
            names = [name.value for name in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
            return original(certificate, expected) or expected in names

        return verify_name

    patch(tls, "verify_name", make)


@sin
def mail_before_starttls() -> None:
    def make(original: Any) -> Any:
        async def starttls(self: Any, *args: Any) -> None:
            # to learn early whether the sender is welcome
            await self.command(Stage.MAIL, "MAIL FROM:<>")
            await self.command(Stage.MAIL, "RSET")
            await original(self, *args)

        return starttls

    patch(Session, "starttls", make)


@sin
def noop_before_ehlo_under_tls() -> None:
    def make(original: Any) -> Any:
        async def ehlo(self: Any, hostname: str) -> None:
            if self.certificate:
                await self.command(Stage.EHLO, "NOOP")
            await original(self, hostname)

        return ehlo

    patch(Session, "ehlo", make)


@sin
def remembers_extensions_from_before_tls() -> None:
    def make(original: Any) -> Any:
        async def ehlo(self: Any, hostname: str) -> None:
            before = getattr(self, "_before", {})
            await original(self, hostname)
            self._before = self.extensions = {**before, **self.extensions}

        return ehlo

    patch(Session, "ehlo", make)


@sin
def reads_on_in_clear_under_tls() -> None:
    def make(original: Any) -> Any:
        async def starttls(self: Any, *args: Any) -> None:
            old = self._protocol
            await original(self, *args)
            # what was received behind the 220 stays in the buffer
            self._protocol._buffer.extend(old._buffer)

        return starttls

    patch(Session, "starttls", make)


@sin
def speaks_old_tls() -> None:
    def make(original: Any) -> Any:
        def client_context(policy: TlsPolicy, anchors: str) -> ssl.SSLContext:
            context: ssl.SSLContext = original(policy, anchors)
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
            return context

        return client_context

    patch(tls, "client_context", make)


def _no_second_connection() -> None:
    """Take TLS that fails under no rule for a failure of the attempt."""
    patch(delivery, "is_tls_trouble", lambda _: lambda error: False)


@sin
def returns_mail_when_opportunistic_tls_fails() -> None:
    _no_second_connection()

    def make(original: Any) -> Any:
        def deferral(stage: Stage, *args: Any, **where: Any) -> Failure:
            failure: Failure = original(stage, *args, **where)
            trouble = stage in (Stage.STARTTLS, Stage.HANDSHAKE)
            return replace(failure, code="550", status="5.7.4") if trouble else failure

        return deferral

    patch(errors, "deferral", make)


@sin
def opportunistic_in_clear_at_the_next_attempt() -> None:
    _no_second_connection()

    def make(original: Any) -> Any:
        async def try_address(self: Any, host: str, address: str, *args: Any) -> Any:
            _, _, recipients, _ = args
            if recipients[0].attempts and not self._route.tls.required:

                async def open_session(host: str, address: str) -> Any:
                    return await self._prepare(host, address, try_tls=False)

                self._open_session = open_session
            return await original(self, host, address, *args)

        return try_address

    patch(Delivery, "_try_address", make)


@sin
def encryption_only_waits_once() -> None:
    def make(original: Any) -> Any:
        async def try_address(self: Any, host: str, address: str, *args: Any) -> Any:
            _, _, recipients, results = args
            if recipients[0].attempts or self._route.tls is not TlsPolicy.ENCRYPTION_ONLY:
                return await original(self, host, address, *args)
            failure = errors.deferral(Stage.HANDSHAKE, Cause.TLS_FAILED, "not today", server=host)
            results.update(dict.fromkeys(recipients, failure))
            return False

        return try_address

    patch(Delivery, "_try_address", make)
