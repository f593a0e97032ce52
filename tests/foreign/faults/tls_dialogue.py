"""TLS identity: versions, handshakes that fail, and how a session under TLS ends."""

from __future__ import annotations

import ssl
from dataclasses import replace
from typing import Any

from aiosmtplib.errors import SMTPException
from mutants.patching import patch

from conformance.reference import delivery, errors, tls
from conformance.reference.classify import Cause, Stage
from conformance.reference.config import TlsPolicy
from conformance.reference.errors import Failure, SessionFailed
from conformance.reference.message import Message
from conformance.reference.session import Session
from conformance.reference.transaction import Delivered, Transaction
from foreign.change import fault
from foreign.marker import marked


def _speaks_only(version: ssl.TLSVersion) -> None:
    """Speak one version of TLS; a handshake that fails is the situation: few servers say why before they hang up."""

    def only(original: Any) -> Any:
        def client_context(policy: TlsPolicy, trust_anchors: str) -> ssl.SSLContext:
            context: ssl.SSLContext = original(policy, trust_anchors)
            context.minimum_version = context.maximum_version = version
            return context

        return client_context

    def make(original: Any) -> Any:
        async def starttls(self: Any, *where: Any) -> None:
            try:
                await original(self, *where)
            except SessionFailed as error:
                if error.stage is Stage.HANDSHAKE:
                    marked()
                raise

        return starttls

    patch(tls, "client_context", only)
    patch(Session, "starttls", make)


@fault(
    kind=7,
    reference="https://github.com/OpenFn/lightning/issues/4755",
    reported="Mail was sent with TLS 1.3 or not at all; not every server speaks that.",
    requirements=("tls/versions",),
)
def speaks_tls_1_3_only() -> None:
    """Speaks TLS 1.3 and no other version."""
    _speaks_only(ssl.TLSVersion.TLSv1_3)


@fault(
    kind=7,
    reference="https://github.com/ONLYOFFICE/Docker-CommunityServer/issues/11",
    reported="The mailer knew no newer version than TLS 1.0, and a server that asks for a newer one broke every "
    "handshake off.",
    requirements=("tls/versions",),
)
def speaks_tls_1_2_only() -> None:
    """Speaks TLS 1.2 and no newer version."""
    _speaks_only(ssl.TLSVersion.TLSv1_2)


@fault(
    kind=7,
    reference="https://github.com/pocoproject/poco/issues/4874",
    reported="Where a server sent a session ticket behind the handshake, as with TLS 1.3 most do, the client "
    "stumbled over it, and no mail was sent.",
    requirements=("control/delivered", "tls/ehlo-again"),
    first=("verified_tls", "good_under_encryption_only"),
)
def stumbles_over_tickets() -> None:
    """Takes the session ticket of a TLS 1.3 server for a broken record, and ends the session."""

    def make(original: Any) -> Any:
        async def ehlo(self: Any, hostname: str) -> None:
            secured = self._transport.get_extra_info("ssl_object")
            if secured is not None and secured.version() == "TLSv1.3":
                marked()
                raise SessionFailed(Stage.EHLO, Cause.MALFORMED, "451 4.4.0 wrong version number")
            await original(self, hostname)

        return ehlo

    patch(Session, "ehlo", make)


@fault(
    kind=7,
    reference="https://github.com/stalwartlabs/stalwart/issues/61",
    reported="TLS was set to optional, and mail to a server whose handshake breaks off was never sent in clear "
    "either.",
    requirements=("queue/recovers",),
    free="whether to go on in clear after a handshake that failed is the client's decision (RFC 3207 section 4.1), "
    "and some would rather wait",
)
def waits_for_a_handshake_unasked() -> None:
    """Does not deliver in clear where no rule asks for TLS and the handshake fails, however often."""

    def make(original: Any) -> Any:
        def is_tls_trouble(error: SessionFailed) -> bool:
            if original(error):
                marked()
            return False

        return is_tls_trouble

    patch(delivery, "is_tls_trouble", make)


@fault(
    kind=7,
    reference="https://github.com/mailcow/mailcow-dockerized/issues/2185",
    reported="TLS was enforced for a mailbox, and a handshake that failed was bounced at once, with 5.7.5.",
    requirements=("queue/kept",),
    first=("tls_handshake_garbage",),
)
def bounces_a_failed_handshake() -> None:
    """Returns a message at once when a handshake fails that is required."""

    def make(original: Any) -> Any:
        def deferral(stage: Stage, cause: Cause, detail: str, **where: str) -> Failure:
            failure: Failure = original(stage, cause, detail, **where)
            if stage is not Stage.HANDSHAKE or cause is Cause.CERTIFICATE:
                return failure
            marked()
            return replace(failure, code="550", status="5.7.5", text="Cannot start TLS: handshake failure")

        return deferral

    patch(errors, "deferral", make)


@fault(
    kind=7,
    reference="https://github.com/fleetdm/fleet/issues/28000",
    reported="The server closed the connection before it was told QUIT, and an error was reported for a message that "
    "it had taken.",
    requirements=("harmless/delivered", "tls/closed-without-a-word"),
    first=("close_at_quit",),
)
def takes_an_end_at_quit_for_a_failure() -> None:
    """Sends a message again that was taken under TLS, when the connection ends before QUIT is answered."""

    def make(original: Any) -> Any:
        async def run(self: Any, message: Message, content: bytes, *others: Any) -> None:
            await original(self, message, content, *others)
            session, results = self._session, self._results
            taken = [each for each, result in results.items() if isinstance(result, Delivered)]
            if not taken or not session.certificate:
                return
            try:
                await session._protocol.execute_command(b"QUIT", timeout=session._timeouts.command)
            except SMTPException:
                marked()
                failure = Failure(code="451", status="4.4.2", text="EOF", server=self._server)
                results.update(dict.fromkeys(taken, failure))

        return run

    patch(Transaction, "run", make)
