"""TLS identity: whom a certificate is for, and by which chain it is trusted."""

from __future__ import annotations

import ssl
from dataclasses import replace
from typing import Any

from mutants.patching import patch

from conformance.reference import delivery, tls
from conformance.reference.classify import Cause, Stage
from conformance.reference.config import TlsPolicy
from conformance.reference.delivery import Delivery
from conformance.reference.errors import SessionFailed
from conformance.reference.session import Session
from foreign.change import fault
from foreign.marker import marked

_EXPIRED = 10  # X509_V_ERR_CERT_HAS_EXPIRED of OpenSSL's x509_vfy.h


@fault(
    kind=7,
    reference="https://github.com/apache/james-project/pull/1304",
    reported="Apache James compared the certificate with a name that ended in a dot, as DNS writes it; no "
    "certificate has such a name, so none passed.",
    requirements=("tls/trailing-dot",),
)
def keeps_the_trailing_dot() -> None:
    """Looks for a name that ends in a dot in the certificate of a mail exchanger."""

    def dotted(original: Any) -> Any:
        async def secure(self: Any, session: Any, host: str) -> None:
            if self._route.domain and self._route.tls_domain:
                marked()
                self._route = replace(self._route, tls_domain=f"{self._route.tls_domain}.")
            await original(self, session, host)

        return secure

    def strict(original: Any) -> Any:
        def match_name(presented: str, expected: str) -> bool:
            matches: bool = original(presented, expected)
            return matches and not expected.endswith(".")

        return match_name

    patch(Delivery, "_secure", dotted)
    patch(tls, "match_name", strict)


@fault(
    kind=7,
    reference="https://github.com/internetstandards/Internet.nl/issues/201",
    reported="The name of the server was sent with its trailing dot in the TLS handshake, where RFC 6066 has none; "
    "some servers broke the handshake off.",
    requirements=("tls/server-name",),
)
def asks_for_a_name_with_a_dot() -> None:
    """Names the server with a trailing dot in the TLS handshake."""

    def make(original: Any) -> Any:
        async def starttls(self: Any, context: ssl.SSLContext, server_hostname: str | None) -> None:
            if server_hostname is not None:
                marked()
                server_hostname = server_hostname.removesuffix(".") + "."
            await original(self, context, server_hostname)

        return starttls

    patch(Session, "starttls", make)


@fault(
    kind=7,
    reference="https://github.com/haraka/Haraka/issues/3275",
    reported="Haraka looked for the IP address in the certificate of the next hop, instead of its name, and nearly "
    "no certificate has that.",
    requirements=("control/delivered", "tls/fit-host"),
    first=("verified_tls",),
)
def looks_for_the_address_in_the_certificate() -> None:
    """Looks for the IP address of the server in the certificate where a name is asked for."""

    def make(original: Any) -> Any:
        async def secure(self: Any, session: Any, host: str) -> None:
            address = session._transport.get_extra_info("peername")[0]
            if self._route.tls_domain:
                marked()
                self._route = replace(self._route, tls_domain=address)
            await original(self, session, address)

        return secure

    patch(Delivery, "_secure", make)


@fault(
    kind=7,
    reference="https://github.com/corecode/dma/pull/132",
    reported="dma spoke TLS with its smart host and never looked at the certificate; with this change it does.",
    requirements=("queue/not-delivered", "tls/fit-host"),
    first=("certificate_expired",),
)
def goes_on_with_any_certificate() -> None:
    """Goes on without a look at the certificate where it does not pass."""

    def make(original: Any) -> Any:
        async def open_session(self: Any, host: str, address: str) -> Session:
            try:
                return await original(self, host, address)  # type: ignore[no-any-return]
            except SessionFailed as error:
                if error.cause is not Cause.CERTIFICATE:
                    raise
            marked()
            self._route = replace(self._route, tls=TlsPolicy.ENCRYPTION_ONLY, tls_domain="")
            return await original(self, host, address)  # type: ignore[no-any-return]

        return open_session

    patch(Delivery, "_open_session", make)


@fault(
    kind=7,
    reference="https://github.com/hyvor/relay/issues/488",
    reported="Nothing asked for a valid certificate, and Hyvor Relay could not send to servers whose certificate is "
    "for another name.",
    requirements=("tls/opportunistic-any-certificate",),
)
def waits_for_a_good_certificate_unasked() -> None:
    """Asks for a certificate of a known authority where no rule asks for TLS, and waits without one."""

    def strict(original: Any) -> Any:
        def client_context(policy: TlsPolicy, trust_anchors: str) -> ssl.SSLContext:
            if policy is TlsPolicy.OPPORTUNISTIC and trust_anchors:
                policy = TlsPolicy.CERTIFICATE_VALIDATION
            return original(policy, trust_anchors)  # type: ignore[no-any-return]

        return client_context

    def make(original: Any) -> Any:
        def is_tls_trouble(error: SessionFailed) -> bool:
            if error.cause is Cause.CERTIFICATE:
                marked()
                return False
            return original(error)  # type: ignore[no-any-return]

        return is_tls_trouble

    patch(tls, "client_context", strict)
    patch(delivery, "is_tls_trouble", make)


@fault(
    kind=7,
    reference="https://github.com/MoeNetwork/Tieba-Cloud-Sign/issues/130",
    reported="On the day on which a root expired that many servers still sent along, mail by OpenSSL 1.0 failed, "
    "though another chain led to a root that was trusted and valid.",
    requirements=("tls/any-valid-chain",),
)
def follows_the_chain_it_is_shown() -> None:
    """Follows the chain that the server sends to its end, and looks for no other when that has expired."""

    def make(original: Any) -> Any:
        async def secure(self: Any, session: Any, host: str) -> None:
            await original(self, session, host)
            if self._route.tls.verifies and any(map(_has_expired, _sent_along(session))):
                marked()
                detail = tls.chain_detail(_EXPIRED, self._route.tls_domain or host)
                raise SessionFailed(Stage.HANDSHAKE, Cause.CERTIFICATE, detail)

        return secure

    patch(Delivery, "_secure", make)


def _sent_along(session: Any) -> list[bytes]:
    """Return the certificates that came behind that of the server, in DER form."""
    chain = session._transport.get_extra_info("ssl_object")._sslobj.get_unverified_chain()
    return [ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in chain[1:]]


def _has_expired(certificate: bytes) -> bool:
    from datetime import UTC, datetime

    from cryptography import x509

    return x509.load_der_x509_certificate(certificate).not_valid_after_utc < datetime.now(UTC)


@fault(
    kind=7,
    reference="https://github.com/Xor-el/TlsLib4Pascal/pull/34",
    reported="The TLS layer of a mail library kept sessions for all its configurations in one place: one that had "
    "been made without a check was resumed where a check is asked for, and a resumed session shows no "
    "certificate.",
    requirements=("tls/fit-host",),
    first=("rule_after_unchecked",),
)
def looks_once_at_each_server() -> None:
    """Looks at no certificate of a server with which it has had TLS before, under whatever rule."""
    known: set[str] = set()

    def make(original: Any) -> Any:
        async def secure(self: Any, session: Any, host: str) -> None:
            address = session._transport.get_extra_info("peername")[0]
            if address in known and self._route.tls.verifies:
                marked()
                self._route = replace(self._route, tls=TlsPolicy.ENCRYPTION_ONLY, tls_domain="")
            await original(self, session, host)
            known.add(address)

        return secure

    patch(Delivery, "_secure", make)
