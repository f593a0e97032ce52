"""TLS identity: other names than the one that is meant, other chains than one that is valid, and odd handshakes."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.reference import tls
from conformance.reference.classify import Cause, Stage
from conformance.reference.config_reader import Table
from conformance.reference.delivery import Delivery
from conformance.reference.errors import Failure, SessionFailed
from conformance.reference.resolver import Resolver
from conformance.reference.session import Session
from conformance.reference.transaction import Delivered, Transaction
from mutants.expectations import refuses_certificate, takes_certificate
from mutants.mutant import Expected, deviates, fails, hence, mutation
from mutants.patching import patch

_OLD_ROOT = b"An old root"
_EXPIRED = 10  # X509_V_ERR_CERT_HAS_EXPIRED of OpenSSL's x509_vfy.h
_HASTE = 0.5  # seconds for a handshake: half of what the slow server takes

_OLD = ("tls_1_2_only_slow_under_encryption_only", "tls_1_2_only_under_domain_validation")
_NEW = ("tls_1_3_only_asks_under_encryption_only", "tls_1_3_only_asks_slow_under_domain_validation")
_OPPORTUNISTIC = ("tls_1_2_only_asks_under_opportunistic", "tls_1_3_only_slow_under_opportunistic")


def _names(decide: Callable[[Any, str, str], bool]) -> None:
    """Decide in another way whether a dNSName of a certificate is the expected name."""
    patch(
        tls, "match_name", lambda original: lambda presented, expected: decide(original, presented, expected)
    )


@takes_certificate(
    ("certificate_child_name", "certificate_of_alias_target"),
    "certificate_longer_name",
    "certificate_wrong_name",
)
def takes_a_name_below() -> None:
    """Takes a certificate for a name below that of the host."""
    _names(
        lambda original, presented, expected: (
            original(presented, expected)
            or (not presented.startswith("*") and presented.endswith(f".{expected}"))
        )
    )


@takes_certificate(("certificate_longer_name",), "certificate_wrong_name", "certificate_capitals")
def compares_the_ends_of_names() -> None:
    """Takes a certificate for a name whose first label only ends in that of the host."""
    _names(
        lambda original, presented, expected: (
            original(presented, expected)
            or (presented.endswith(expected) and presented.count(".") == expected.count("."))
        )
    )


@takes_certificate(("certificate_wildcard_below",), "certificate_child_name", "certificate_wildcard")
def wildcard_stands_for_nothing() -> None:
    """Lets the wildcard of a certificate stand for no label at all."""
    _names(
        lambda original, presented, expected: original(presented, expected) or presented == f"*.{expected}"
    )


@refuses_certificate("tls/identity", ("certificate_of_mixed_case_host",), "verified_tls")
def writes_the_names_of_certificates_small() -> None:
    """Compares the names of a certificate in small letters with the connector's as that is written."""

    def make(original: Any) -> Any:
        def domain(self: Any, key: str, **how: Any) -> str:
            read: str = original(self, key, **how)
            return self.text(key, how.get("default")) if key == "tls_domain" else read

        return domain

    patch(Table, "domain", make)
    _names(
        lambda original, presented, expected: original(presented, expected) and expected == expected.lower()
    )


@refuses_certificate("tls/identity", ("certificate_several_names",), "verified_tls")
def looks_at_the_first_name() -> None:
    """Looks at the first name of a certificate, and at no other."""
    from cryptography import x509

    def make(original: Any) -> Any:
        def verify_name(certificate: bytes, expected: str) -> bool:
            extensions = x509.load_der_x509_certificate(certificate).extensions
            names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            [first, *_] = names
            return bool(original(certificate, expected)) and str(first.value) == expected

        return verify_name

    patch(tls, "verify_name", make)


@refuses_certificate("tls/identity", ("certificate_capitals",), "verified_tls")
def compares_names_letter_by_letter() -> None:
    """Compares names with regard to case."""
    _names(
        lambda original, presented, expected: (
            original(presented, expected) and (presented.startswith("*") or presented == expected)
        )
    )


def _expected(other: Callable[[Any, str], str]) -> None:
    """Look for another name in the certificate than the one that is expected."""

    def make(original: Any) -> Any:
        async def secure(self: Any, session: Any, host: str) -> None:
            given = self._route
            if given.tls_domain:
                self._route = replace(given, tls_domain=other(given, host))
            try:
                await original(self, session, host)
            finally:
                self._route = given

        return secure

    patch(Delivery, "_secure", make)


@mutation(
    scenarios=("certificate_of_alias", "certificate_of_alias_target", "verified_tls"),
    caught=(
        deviates("delivers_anyway", "tls/identity", "certificate_of_alias"),
        fails("stays_queued", "queue/not-delivered", "certificate_of_alias_target"),
    ),
)
def looks_for_where_an_alias_leads() -> None:
    """Looks for the name in the certificate that the alias of the host leads to."""
    targets: dict[str, str] = {}

    def follow(original: Any) -> Any:
        async def ask(self: Any, name: str, rdtype: str) -> Any:
            found = await original(self, name, rdtype)
            targets[name] = found.name.to_text(omit_final_dot=True)
            return found

        return ask

    patch(Resolver, "_ask", follow)
    _expected(lambda _, host: targets.get(host, host))


@refuses_certificate(
    "tls/trailing-dot", ("certificate_of_mx_host",), "certificate_capitals", aspect="delivered"
)
def keeps_the_dot_of_an_mx_record() -> None:
    """Looks for the name of a mail exchanger as DNS writes it, with a dot at its end."""
    _expected(lambda route, host: f"{host}." if route.domain else route.tls_domain)
    _names(lambda original, presented, expected: original(presented, expected) and not expected.endswith("."))


@takes_certificate(
    ("certificate_of_domain_not_mx_host",), "certificate_of_mx_host", "certificate_parent_name"
)
def takes_the_recipient_domains_name() -> None:
    """Takes a certificate for the recipient domain where mail is routed by MX."""

    def make(original: Any) -> Any:
        async def secure(self: Any, session: Any, host: str) -> None:
            given = self._route
            try:
                await original(self, session, host)
            except SessionFailed as error:
                if error.cause is not Cause.CERTIFICATE or not tls.verify_name(
                    session.certificate, given.domain
                ):
                    raise
                await session.ehlo(self._config.hostname)

        return secure

    patch(Delivery, "_secure", make)


@refuses_certificate("tls/any-valid-chain", ("certificate_cross_signed",), "certificate_several_names")
def follows_the_chain_that_is_sent() -> None:
    """Looks for no other chain than the one that the server sends, and that leads to a root that has expired."""

    def check(_: Any, session: Any) -> None:
        chain = session._transport.get_extra_info("ssl_object")._sslobj.get_unverified_chain()
        if any(_OLD_ROOT in ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in chain):
            detail = tls.chain_detail(_EXPIRED, "")
            raise SessionFailed(Stage.HANDSHAKE, Cause.CERTIFICATE, detail)

    _after_handshake(check)


def _after_handshake(check: Callable[[Any, Any], None]) -> None:
    """Look at a session once more after each handshake: a route, and a session."""

    def make(original: Any) -> Any:
        async def secure(self: Any, session: Any, host: str) -> None:
            await original(self, session, host)
            if self._route.tls.required:
                check(self._route, session)

        return secure

    patch(Delivery, "_secure", make)


def _only(version: ssl.TLSVersion) -> None:
    def make(original: Any) -> Any:
        def client_context(*settings: Any) -> ssl.SSLContext:
            context: ssl.SSLContext = original(*settings)
            context.minimum_version = context.maximum_version = version
            return context

        return client_context

    patch(tls, "client_context", make)


def _without_tls(*modes: str) -> Expected:
    """Return the verdict on mail that no rule asks TLS for, and that goes in clear where TLS did not come about."""
    return deviates("uses_tls", "tls/opportunistic", *modes)


@mutation(
    scenarios=(*_OLD, *_NEW, *_OPPORTUNISTIC, "verified_tls"),
    caught=(
        deviates("delivers_anyway", "tls/versions", *_OLD),
        _without_tls("tls_1_2_only_asks_under_opportunistic"),
    ),
    also=hence(
        "no handshake goes so far",
        "server_name",
        verdict="not_applicable",
        modes=(*_OLD, "tls_1_2_only_asks_under_opportunistic"),
    ),
)
def speaks_the_newest_version_only() -> None:
    """Speaks TLS 1.3, and no older version."""
    _only(ssl.TLSVersion.TLSv1_3)


@mutation(
    scenarios=(*_OLD, *_NEW, *_OPPORTUNISTIC, "verified_tls"),
    caught=(
        deviates("delivers_anyway", "tls/versions", *_NEW),
        _without_tls("tls_1_3_only_slow_under_opportunistic"),
    ),
    also=hence(
        "no handshake goes so far",
        "server_name",
        verdict="not_applicable",
        modes=(*_NEW, "tls_1_3_only_slow_under_opportunistic"),
    ),
)
def does_not_speak_the_newest_version() -> None:
    """Speaks TLS 1.2, and no newer version."""
    _only(ssl.TLSVersion.TLSv1_2)


@mutation(
    scenarios=(*_OLD, *_NEW, *_OPPORTUNISTIC, "verified_tls"),
    caught=(
        deviates("delivers_anyway", "tls/versions", _OLD[0], _NEW[1]),
        _without_tls("tls_1_3_only_slow_under_opportunistic"),
    ),
)
def has_no_time_for_a_handshake() -> None:
    """Gives a handshake half a second, and no more."""

    def make(original: Any) -> Any:
        async def starttls(self: Any, *where: Any) -> None:
            loop = asyncio.get_running_loop()
            begun = loop.time()
            await original(self, *where)
            if loop.time() - begun > _HASTE:
                raise SessionFailed(Stage.HANDSHAKE, Cause.SILENT, "451 4.4.0 TLS negotiation failed")

        return starttls

    patch(Session, "starttls", make)


@mutation(
    scenarios=(*_OLD, *_NEW, *_OPPORTUNISTIC, "verified_tls"),
    caught=(
        deviates("delivers_anyway", "tls/versions", *_NEW),
        _without_tls("tls_1_2_only_asks_under_opportunistic"),
    ),
)
def leaves_when_asked_for_a_certificate() -> None:
    """Ends the session when the server asks for a certificate of the relay's own."""
    asked: set[int] = set()

    def listen(original: Any) -> Any:
        def client_context(*settings: Any) -> ssl.SSLContext:
            context: Any = original(*settings)

            def heed(_: object, direction: str, __: object, ___: object, kind: object, ____: object) -> None:
                if direction == "read" and getattr(kind, "name", "") == "CERTIFICATE_REQUEST":
                    asked.add(id(context))

            context._msg_callback = heed
            return context  # type: ignore[no-any-return]

        return client_context

    def make(original: Any) -> Any:
        async def starttls(self: Any, context: Any, server_hostname: str | None) -> None:
            await original(self, context, server_hostname)
            if id(context) in asked:
                asked.discard(id(context))
                raise SessionFailed(Stage.HANDSHAKE, Cause.TLS_FAILED, "451 4.4.0 A certificate is asked for")

        return starttls

    patch(tls, "client_context", listen)
    patch(Session, "starttls", make)


@mutation(
    scenarios=("close_at_quit_under_tls", "close_at_quit", "good_under_encryption_only"),
    caught=(fails("delivers_anyway", "harmless/delivered", "close_at_quit_under_tls"),),
)
def takes_an_end_without_a_word_for_a_failure() -> None:
    """Tries again what was taken under TLS when the server closes the connection at QUIT."""

    def make(original: Any) -> Any:
        async def run(self: Any, message: Any, content: bytes, recipients: Any, hand_over: Any) -> None:
            await original(self, message, content, recipients, hand_over)
            taken = [who for who, result in self._results.items() if isinstance(result, Delivered)]
            if not taken or not self._session.certificate:
                return
            try:
                await self._session.command(Stage.DATA, "QUIT")
            except SessionFailed as error:
                lost = Failure(code="451", status="4.4.2", text=error.detail, server=self._server)
                self._results.update(dict.fromkeys(taken, lost))

        return run

    patch(Transaction, "run", make)


@mutation(
    scenarios=("verified_tls", "certificate_capitals"),
    caught=(fails("server_name", "tls/server-name"),),
)
def names_the_server_with_a_dot() -> None:
    """Asks for the server by its name with a dot at the end."""

    def make(original: Any) -> Any:
        async def starttls(self: Any, context: Any, server_hostname: str | None) -> None:
            await original(self, context, server_hostname and f"{server_hostname}.")

        return starttls

    patch(Session, "starttls", make)


@mutation(
    scenarios=("verified_tls", "certificate_several_names", "certificate_of_mx_host"),
    also=hence("it asks for no name", "server_name", verdict="not_applicable"),
)
def names_no_server() -> None:
    """Asks for no server by its name in the handshake."""

    def make(original: Any) -> Any:
        async def starttls(self: Any, context: Any, _: str | None) -> None:
            await original(self, context, None)

        return starttls

    patch(Session, "starttls", make)
