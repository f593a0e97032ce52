"""Dialogues with servers that no requirement forbids: what is said besides, in what pieces, and to whom first."""

from __future__ import annotations

import asyncio
import os
import tempfile
from typing import Any

from aiosmtplib.errors import SMTPException

from conformance.reference import delivery
from conformance.reference.classify import Cause, Stage
from conformance.reference.delivery import Delivery
from conformance.reference.errors import SessionFailed
from conformance.reference.resolver import LookupFailed, Resolver
from conformance.reference.session import Reply, Session, stuff_dots
from mutants.mutant import hence, mutation
from mutants.patching import patch

_BLOCK = 256 * 1024
_PROFILES = ("rfc", "eop-observed")
_ASKING = (
    "tls_1_2_only_asks_under_opportunistic",
    "tls_1_3_only_asks_under_encryption_only",
    "tls_1_3_only_asks_slow_under_domain_validation",
)
_DIALOGUES = (
    "plain",
    "plain_mx",
    "verified_tls",
    "plain_three_recipients",
    "greylisting",
    "slow",
    "close_at_dot",
    "stall_at_dot",
    "close_at_quit",
    "stall_at_quit",
    "reply_421_at_quit",
    "reply_421_at_dot",
    "rejected_at_dot",
    "rejected_at_rcpt",
    "rejected_at_dot_then_closed",
    "taken_then_closed",
    "taken_then_421",
    "taken_then_garbage",
    "mix_deferred_accepted_refused",
    "data_for_nobody_4yz",
    "malformed_at_dot",
    "several_silent_quits",
    "bare_lf_at_quit",
    "greeting_421",
    "offers_nothing",
    "dots_everywhere",
    "big",
    "one_recipient_rejected",
)


@mutation(scenarios=_DIALOGUES, profiles=_PROFILES)
def says_quit_with_the_final_dot() -> None:
    """Sends QUIT right behind the final dot where PIPELINING is offered (RFC 2920 section 3.1)."""

    def make(original: Any) -> Any:
        async def send_body(self: Any, content: bytes) -> Reply:
            if "pipelining" in self.extensions:
                write = self._transport.write
                self._transport.write = lambda octets: write(octets + b"QUIT\r\n")
                self._protocol.due = 2
            reply: Reply = await original(self, content)
            return reply

        return send_body

    def make_leave(original: Any) -> Any:
        async def leave(self: Any) -> None:
            if "write" not in vars(self._transport):
                return await original(self)  # type: ignore[no-any-return]
            try:
                await self._protocol.read_response(min(self._timeouts.command, 10.0))
            except (SMTPException, OSError):
                self.abort()
            finally:
                self._transport.close()

        return leave

    patch(Session, "send_body", make)
    patch(Session, "_leave", make_leave)


@mutation(scenarios=_DIALOGUES, profiles=_PROFILES)
def sends_content_bit_by_bit() -> None:
    """Hands content to the network in fifty pieces, with pauses between them."""

    def make(_: Any) -> Any:
        async def send_body(self: Any, content: bytes) -> Reply:
            reply = asyncio.ensure_future(self._protocol.read_response())
            try:
                await asyncio.sleep(0)
                octets = stuff_dots(content) + b".\r\n"
                size = len(octets) // 50 + 1
                for at in range(0, len(octets), size):
                    if reply.done():
                        break
                    self._transport.write(octets[at : at + size])
                    await asyncio.sleep(0.01)
                await self._watch_sending(reply)
                return await self._read(Stage.BODY, reply)  # type: ignore[no-any-return]
            finally:
                reply.cancel()

        return send_body

    patch(Session, "send_body", make)


@mutation(scenarios=("reads_slowly", "big", "slow", "stall_at_body", "stall_at_dot"), profiles=_PROFILES)
def waits_for_large_blocks_to_be_taken() -> None:
    """Hands content to the network in blocks of 256 KB, each of which must be taken whole within the time-out."""

    def make(_: Any) -> Any:
        async def send_body(self: Any, content: bytes) -> Reply:
            reply = asyncio.ensure_future(self._protocol.read_response())
            try:
                await asyncio.sleep(0)
                octets = stuff_dots(content) + b".\r\n"
                for at in range(0, len(octets), _BLOCK):
                    self._transport.write(octets[at : at + _BLOCK])
                    async with asyncio.timeout(self._timeouts.data_done):
                        while self._transport.get_write_buffer_size() and not reply.done():
                            await asyncio.wait({reply}, timeout=0.01)
                await asyncio.wait({reply}, timeout=self._timeouts.data_done)
                if not reply.done():
                    raise TimeoutError
                return await self._read(Stage.BODY, reply)  # type: ignore[no-any-return]
            except TimeoutError as error:
                raise SessionFailed(Stage.BODY, Cause.SILENT, "Timed out while sending") from error
            finally:
                reply.cancel()

        return send_body

    patch(Session, "send_body", make)


@mutation(
    scenarios=(
        "verified_tls",
        "plain",
        "good_under_opportunistic",
        "good_under_encryption_only",
        "good_under_certificate_validation",
        "certificate_expired",
        "certificate_wrong_name",
        *_ASKING,
        "tls_1_2_only_slow_under_encryption_only",
        "stall_at_handshake",
        "close_at_handshake",
        "reset_at_handshake",
        "tls_handshake_garbage",
        "stall_at_ehlo_tls",
        "close_at_ehlo_tls",
        "session_of_another_host_under_certificate_validation",
    ),
    also=tuple(
        each
        for profile in ("eop", *_PROFILES)
        for each in (
            *hence(
                "the server takes no certificate that it does not know",
                "delivers_anyway",
                verdict="not_applicable",
                modes=_ASKING,
                profile=profile,
            ),
            *hence(
                "the server takes no certificate that it does not know",
                "uses_tls",
                verdict="not_applicable",
                modes=_ASKING[:1],
                profile=profile,
            ),
        )
    ),
    profiles=_PROFILES,
)
def shows_a_certificate_of_its_own() -> None:
    """Shows a certificate of its own to who asks for one, and greets at such length that it takes two packets."""
    certificate = _own_certificate()

    def make(original: Any) -> Any:
        def context(*which: Any) -> Any:
            made = original(*which)
            made.load_cert_chain(certificate)
            made.set_alpn_protocols(["smtp", *(f"x{number}-" + "y" * 200 for number in range(12))])
            return made

        return context

    patch(delivery, "client_context", make)


def _own_certificate() -> str:
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "client.relay.test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    handle, path = tempfile.mkstemp(suffix=".pem")
    with os.fdopen(handle, "wb") as file:
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + made.public_bytes(serialization.Encoding.PEM)
        )
    return path


@mutation(
    scenarios=(
        "plain",
        "plain_mx",
        "plain_mx_three_hosts",
        "verified_tls",
        "dns_nodata",
        "dns_servfail",
        "dns_nxdomain",
        "dns_refused",
        "dns_no_answer",
        "dns_lame",
        "dns_other_name",
        "dns_malformed",
        "dns_slow",
        "dns_cname_chain",
        "dns_cname_loop",
        "dns_aaaa_servfail",
        "dns_a_servfail",
        "dns_truncated",
        "dns_forged_elsewhere",
        "dns_forged_first",
        "stale_address",
        "stale_mx",
        "stale_nxdomain",
        "mx_null",
        "mx_servfail",
        "mx_nxdomain",
        "mx_nodata",
        "mx_implicit",
        "mx_no_answer",
        "mx_target_servfail",
        "mx_target_nxdomain",
        "first_host_servfail",
        "connection_refused",
        "greeting_421",
    ),
    profiles=_PROFILES,
)
def looks_up_all_that_may_be_known() -> None:
    """Asks for TLSA, HTTPS, TXT, SOA, SRV and NS records besides, and for the name behind each address."""

    async def curious(self: Any, asked: list[tuple[str, str]]) -> None:
        try:
            async with asyncio.timeout(0.5):
                await asyncio.gather(*(self._ask(*each) for each in asked), return_exceptions=True)
        except (TimeoutError, LookupFailed):
            return

    def make(original: Any) -> Any:
        async def addresses(self: Any, host: str) -> list[str]:
            import dns.reversename

            await curious(self, [(f"_25._tcp.{host}", "TLSA"), (host, "HTTPS"), (host, "TXT"), (host, "MX")])
            found: list[str] = await original(self, host)
            await curious(self, [(str(dns.reversename.from_address(each)), "PTR") for each in found])
            return found

        return addresses

    def make_mx(original: Any) -> Any:
        async def exchangers(self: Any, domain: str) -> Any:
            more = [(domain, "SOA"), (domain, "NS"), (domain, "TXT"), (domain, "A")]
            await curious(self, [(f"_mta-sts.{domain}", "TXT"), (f"_smtp._tcp.{domain}", "SRV"), *more])
            return await original(self, domain)

        return exchangers

    patch(Resolver, "addresses", make)
    patch(Resolver, "mail_exchangers", make_mx)


@mutation(
    scenarios=(
        "close_at_ehlo",
        "reset_at_ehlo",
        "stall_at_ehlo",
        "reply_5yz_at_ehlo",
        "malformed_at_ehlo",
        "helo_only_500",
        "helo_only_502",
        "greeting_without_esmtp",
        "close_at_greeting",
        "close_at_ehlo_tls",
        "greeting_421",
        "first_host_closes",
        "close_at_ehlo.expires",
    ),
    profiles=_PROFILES,
)
def says_helo_on_a_second_connection() -> None:
    """Connects once more, and says HELO, where a server closes the connection upon EHLO and no rule asks for TLS."""

    def make(original: Any) -> Any:
        async def prepare(self: Any, host: str, address: str, *, try_tls: bool) -> Session:
            try:
                return await original(self, host, address, try_tls=try_tls)  # type: ignore[no-any-return]
            except SessionFailed as error:
                lost = error.stage is Stage.EHLO and error.cause in (Cause.CLOSED, Cause.RESET)
                if not lost or self._route.tls.required:
                    raise
            session = await Session.open(address, self._config.next_hop_port, self._config.timeouts)
            try:
                await session.greet()
                reply: Reply = await session.command(Stage.EHLO, f"HELO {self._config.hostname}")
                if not reply.positive:
                    raise SessionFailed(Stage.EHLO, Cause.REJECTED, reply.line)
            except SessionFailed as error:
                delivery.part(session, error)
                raise
            session.extensions = {}
            return session

        return prepare

    patch(Delivery, "_prepare", make)
