"""STARTTLS misread: what it means for the session before and after it, and for the next attempt."""

from __future__ import annotations

import ssl
from dataclasses import replace
from typing import Any

from conformance.reference import delivery, errors, tls
from conformance.reference.classify import Stage
from conformance.reference.config import TlsPolicy
from conformance.reference.delivery import Delivery
from conformance.reference.errors import Failure
from conformance.reference.session import Session
from mutants.expectations import hence_accepted, returned
from mutants.mutant import deviates, fails, hence, mutation
from mutants.patching import patch

_CLEAR = "tls/never-in-clear"
_OLD = ("tls_1_0_under_opportunistic", "tls_1_1_under_opportunistic")
_OLD_ENCRYPTED = ("tls_1_0_under_encryption_only", "tls_1_1_under_encryption_only")
_FALLS_BACK = ("starttls_454_under_opportunistic", "broken_handshake_under_opportunistic")
_INJECTED = ("injected_plaintext_under_opportunistic", "injected_plaintext_under_domain_validation")


@mutation(
    scenarios=(
        "good_under_encryption_only",
        "verified_tls",
        "wildcard_under_encryption_only",
        "tls_not_offered",
    ),
    caught=(fails("never_in_clear", _CLEAR, "good_under_encryption_only", "wildcard_under_encryption_only"),),
    also=hence(
        "the control begins in the same way, and after the repair there is a STARTTLS",
        "never_in_clear",
        modes=("verified_tls", "tls_not_offered"),
    ),
)
def mail_before_starttls() -> None:
    """Sends MAIL before STARTTLS, to learn early whether the sender is welcome."""

    def make(original: Any) -> Any:
        async def starttls(self: Any, *args: Any) -> None:
            # to learn early whether the sender is welcome
            await self.command(Stage.MAIL, "MAIL FROM:<>")
            await self.command(Stage.MAIL, "RSET")
            await original(self, *args)

        return starttls

    patch(Session, "starttls", make)


@mutation(
    scenarios=("extensions_shrink_under_tls",),
    caught=(deviates("forgets_clear", "tls/ehlo-again", "extensions_shrink_under_tls"),),
)
def noop_before_ehlo_under_tls() -> None:
    """Sends NOOP once TLS is negotiated, and then EHLO."""

    def make(original: Any) -> Any:
        async def ehlo(self: Any, hostname: str) -> None:
            if self.certificate:
                await self.command(Stage.EHLO, "NOOP")
            await original(self, hostname)

        return ehlo

    patch(Session, "ehlo", make)


@mutation(
    scenarios=("extensions_shrink_under_tls", "good_under_encryption_only"),
    caught=(
        fails("forgets_clear", "tls/forgets", "extensions_shrink_under_tls"),
        fails("delivers_anyway", "tls/forgets", "extensions_shrink_under_tls"),
    ),
)
def remembers_extensions_from_before_tls() -> None:
    """Takes what EHLO offered in clear for offered under TLS, too."""

    def make(original: Any) -> Any:
        async def ehlo(self: Any, hostname: str) -> None:
            before = getattr(self, "_before", {})
            await original(self, hostname)
            self._before = self.extensions = {**before, **self.extensions}

        return ehlo

    patch(Session, "ehlo", make)


@mutation(
    scenarios=(*_INJECTED, "good_under_encryption_only"),
    caught=(fails("forgets_clear", "tls/forgets", *_INJECTED), returned(*_INJECTED)),
    also=hence("a refusal explains no TLS", "error_detail", verdict="deviation", modes=_INJECTED),
)
def reads_on_in_clear_under_tls() -> None:
    """Takes what came in clear behind the reply to STARTTLS for the reply to the next command."""

    def make(original: Any) -> Any:
        async def starttls(self: Any, *args: Any) -> None:
            old = self._protocol
            await original(self, *args)
            # what was received behind the 220 stays in the buffer
            self._protocol._buffer.extend(old._buffer)

        return starttls

    patch(Session, "starttls", make)


@mutation(
    scenarios=(*_OLD, *_OLD_ENCRYPTED, "broken_handshake_under_opportunistic"),
    caught=(fails("tls_floor", "tls/version-floor"),),
    also=hence_accepted(*_OLD, *_OLD_ENCRYPTED, "broken_handshake_under_opportunistic"),
)
def speaks_old_tls() -> None:
    """Negotiates TLS 1.0 and 1.1."""

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


@mutation(
    scenarios=(*_FALLS_BACK, "good_under_opportunistic"),
    caught=(returned(*_FALLS_BACK), fails("stays_queued", "rfc/queued", *_FALLS_BACK, profile="rfc")),
)
def returns_mail_when_opportunistic_tls_fails() -> None:
    """Returns the message where no rule asks for TLS and STARTTLS fails."""
    _no_second_connection()

    def make(original: Any) -> Any:
        def deferral(stage: Stage, *args: Any, **where: Any) -> Failure:
            failure: Failure = original(stage, *args, **where)
            trouble = stage in (Stage.STARTTLS, Stage.HANDSHAKE)
            return replace(failure, code="550", status="5.7.4") if trouble else failure

        return deferral

    patch(errors, "deferral", make)


@mutation(scenarios=(*_FALLS_BACK, "good_under_opportunistic"), profiles=("rfc", "eop-observed"))
def opportunistic_in_clear_at_the_next_attempt() -> None:
    """Defers the message where no rule asks for TLS and STARTTLS fails, and then delivers it in clear."""
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
