"""What peers offer, and how they answer, further reports."""

from __future__ import annotations

import asyncio
from typing import Any

from mutants.patching import patch

from conformance.reference import session
from conformance.reference.classify import Cause, Stage
from conformance.reference.errors import Failure, SessionFailed
from conformance.reference.session import Session
from conformance.reference.transaction import Delivered, Transaction
from foreign.change import fault
from foreign.marker import marked

_PATIENCE = 0.5  # seconds


def _ehlo(after: Any) -> None:
    def make(original: Any) -> Any:
        async def ehlo(self: Any, hostname: str) -> None:
            await original(self, hostname)
            after(self)

        return ehlo

    patch(Session, "ehlo", make)


@fault(
    kind=3,
    reference="https://github.com/HubSpot/NioSmtpClient/pull/63",
    reported="A server that says SIZE 0, for no limit, was taken for one to which every message is too large.",
    requirements=("harmless/delivered",),
    first=("offers_size_zero_under_tls", "offers_size_zero_more_mixed_case"),
)
def takes_no_limit_for_the_smallest() -> None:
    """Defers every message where the server says SIZE 0."""

    def after(session: Any) -> None:
        if session.extensions.get("size") == "0":
            marked()
            raise SessionFailed(Stage.MAIL, Cause.MALFORMED, "451 4.3.1 Message too large for server")

    _ehlo(after)


@fault(
    kind=3,
    reference="https://github.com/thunderbird/thunderbird-android/issues/8715",
    reported="A line AUTH=PLAIN in the reply to EHLO was an error in the log, for a character that keywords have not.",
    requirements=("harmless/delivered",),
    first=("offers_more_under_tls", "offers_size_zero_more_mixed_case"),
)
def stumbles_over_odd_keywords() -> None:
    """Ends the session where a keyword of the reply to EHLO has a character that it may not have."""

    def make(original: Any) -> Any:
        def parse_esmtp_extensions(text: str) -> Any:
            if any("=" in line.partition(" ")[0] for line in text.splitlines()[1:]):
                marked()
                raise SessionFailed(Stage.EHLO, Cause.MALFORMED, "451 4.4.0 EHLO keyword contains '='")
            return original(text)

        return parse_esmtp_extensions

    patch(session, "parse_esmtp_extensions", make)  # which overlooks such a line


@fault(
    kind=2,
    reference="https://github.com/OpenSMTPD/OpenSMTPD/issues/1276",
    reported="A 550 in answer to DATA was taken for a failure that passes, and the message stayed in the queue.",
    requirements=("permanent/not-retried", "permanent/returned"),
    first=("rejected_at_data",),
)
def takes_a_refusal_at_data_for_a_delay() -> None:
    """Takes a 5yz reply to DATA for one that will pass."""

    def make(original: Any) -> Any:
        async def command(self: Any, stage: Stage, line: str) -> Any:
            reply = await original(self, stage, line)
            if stage is Stage.DATA and reply.code >= 500:
                marked()
                raise SessionFailed(Stage.DATA, Cause.REJECTED, reply.line)
            return reply

        return command

    patch(Session, "command", make)


@fault(
    kind=2,
    reference="https://github.com/postalserver/postal/issues/3016",
    reported="Messages were logged as failed for now, with a time-out, and had been delivered each time: people got "
    "up to five copies.",
    requirements=("control/delivered", "harmless/delivered", "harmless/at-once"),
    first=("slow",),
)
def has_no_patience_at_the_end() -> None:
    """Waits for the reply to the final dot for half a second at most."""

    def make(original: Any) -> Any:
        async def send_body(self: Any, content: bytes) -> Any:
            try:
                async with asyncio.timeout(_PATIENCE):
                    return await original(self, content)
            except TimeoutError as error:
                marked()
                raise SessionFailed(Stage.BODY, Cause.SILENT, "Timed out") from error

        return send_body

    patch(Session, "send_body", make)


@fault(
    kind=2,
    reference="https://github.com/swiftmailer/swiftmailer/issues/828",
    reported="When the reply to the final dot was late the message was sent again on the same connection, and the late "
    "reply was read as that to its MAIL.",
    requirements=("session/not-anew", "session/times-out", "queue/kept", "hygiene/connections"),
    first=("stall_at_dot",),
)
def begins_again_while_the_end_is_not_answered() -> None:
    """Sends a message again on the same connection where the reply to the final dot does not come in time."""

    def make(original: Any) -> Any:
        async def run(self: Any, message: Any, content: bytes, recipients: Any, hand_over: Any) -> None:
            try:
                await original(self, message, content, recipients, hand_over)
            except SessionFailed as error:
                if error.stage is not Stage.BODY or error.cause is not Cause.SILENT:
                    raise
                marked()
                await original(self, message, content, recipients, hand_over)

        return run

    patch(Transaction, "run", make)


@fault(
    kind=3,
    reference="https://github.com/dahlia/upyo/issues/41",
    reported="A server that does not know EHLO, and said so with a 500, was never asked with HELO.",
    requirements=("offers/helo",),
)
def knows_no_helo() -> None:
    """Ends the session where a server does not know EHLO."""

    def make(original: Any) -> Any:
        async def command(self: Any, stage: Stage, line: str) -> Any:
            if line.startswith("HELO "):
                marked()
                raise SessionFailed(Stage.EHLO, Cause.REJECTED, "500 Command unrecognized")
            return await original(self, stage, line)

        return command

    patch(Session, "command", make)


@fault(
    kind=2,
    reference="https://github.com/forwardemail/forwardemail.net/issues/554",
    reported="A message that was greylisted a few times was shown as delivered in the end, and was nowhere.",
    requirements=("queue/not-lost", "queue/retried"),
    first=("greylisting",),
)
def takes_the_second_deferral_for_a_delivery() -> None:
    """Takes a message for delivered that a server has deferred by a 4yz reply twice."""
    tried: dict[Any, int] = {}

    def make(original: Any) -> Any:
        async def run(self: Any, message: Any, content: bytes, recipients: Any, hand_over: Any) -> None:
            await original(self, message, content, recipients, hand_over)
            for recipient, result in list(self._results.items()):
                if isinstance(result, Failure) and result.remote and not result.permanent:
                    tried[recipient] = tried.get(recipient, 0) + 1
                    if tried[recipient] > 1:
                        marked(recipient)
                        self._results[recipient] = Delivered(result.server, "250 2.0.0 OK")

        return run

    patch(Transaction, "run", make)
