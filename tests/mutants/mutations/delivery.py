"""Mail lost, doubled, returned as well, altered, misdirected or late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from conformance.reference import session
from conformance.reference.classify import Cause, Stage
from conformance.reference.errors import Failure, SessionFailed
from conformance.reference.message import Message, Recipient
from conformance.reference.relay import Relay
from conformance.reference.session import Reply, Session
from conformance.reference.transaction import Transaction
from mutants.mutant import fails, hence, mutation
from mutants.patching import patch
from mutants.shared import altered, doubled, one_at_a_time, returned

# Seconds for MAIL, RCPT and DATA: plenty for a healthy server, too little for a slow one.
_HASTE = 0.85
_DELIVERED = "control/delivered"
_RECOVERS = "queue/recovers"
_UNALTERED = "content/unaltered"


@mutation(
    scenarios=("close_at_dot", "reset_at_dot", "close_at_data"),
    caught=(fails("stays_queued", "queue/not-lost", "close_at_dot"),),
)
def loses_on_close_at_dot() -> None:
    """Takes a connection that is closed before the last reply for a success."""

    def make(original: Any) -> Any:
        async def send_body(self: Any, content: bytes) -> Reply:
            try:
                reply: Reply = await original(self, content)
            except SessionFailed as error:
                if error.cause is not Cause.CLOSED:
                    raise
                return Reply(250, "2.0.0 OK")
            return reply

        return send_body

    patch(Session, "send_body", make)


def _later(recipients: Sequence[Recipient]) -> bool:
    return recipients[0].attempts > 0


@mutation(
    scenarios=("connection_refused", "greeting_421"),
    caught=(fails("recovers", _RECOVERS), fails("recovers", "rfc/delivered-once", profile="rfc")),
    brings=dict.fromkeys(
        (
            "replies/once-each",
            "content/delivered",
            "recipients/own-outcome",
            "lifetime/healed-late",
            "schedule/exactly-once",
            "nothing-lost/once",
            "correction/once",
            "batch/once",
        ),
        "each way in which a message gets through late is a requirement of its own, and all arrive twice",
    ),
)
def duplicates_after_recovery() -> None:
    """Delivers a message that was deferred twice."""
    doubled(_later)


def _first(recipients: Sequence[Recipient]) -> bool:
    return recipients[0].attempts == 0


@mutation(
    scenarios=("plain", "verified_tls"),
    caught=(fails("delivered", _DELIVERED), fails("delivered", "rfc/delivered", profile="rfc")),
)
def duplicates_plain_mail() -> None:
    """Delivers a message twice."""
    doubled(_first)


@mutation(scenarios=("plain",), caught=(fails("delivered", _DELIVERED),))
def returns_although_delivered() -> None:
    """Returns a message although it has delivered it."""
    returned(lambda attempts: attempts == 1)


@mutation(
    scenarios=("greeting_421",),
    caught=(fails("recovers", _RECOVERS),),
    also=hence("the error of the return is shown as well", "error_code", certain=False),
)
def returns_although_recovered() -> None:
    """Returns a message that was deferred although it has delivered it in the end."""
    returned(lambda attempts: attempts > 1)


def _without_trailing_blanks(content: bytes) -> bytes:
    return b"\r\n".join(line.rstrip(b" ") for line in content.split(b"\r\n"))


@mutation(scenarios=("plain", "trailing_blanks"), caught=(fails("carries", _UNALTERED, "trailing_blanks"),))
def alters_the_body() -> None:
    """Strips blanks from the ends of lines."""
    altered(_first, _without_trailing_blanks)


@mutation(scenarios=("plain", "line_of_998"), caught=(fails("carries", _UNALTERED, "line_of_998"),))
def breaks_long_lines() -> None:
    """Breaks lines of more than 900 octets."""

    def change(content: bytes) -> bytes:
        return b"\r\n".join(line[:900] + b"\r\n" + line[900:] if len(line) > 900 else line
                            for line in content.split(b"\r\n"))  # fmt: skip

    altered(_first, change)


@mutation(scenarios=("plain", "leading_dots"), caught=(fails("carries", _UNALTERED, "leading_dots"),))
def half_stuffs_dots() -> None:
    """Doubles a leading dot only where it stands alone."""
    patch(session, "stuff_dots", lambda _: lambda content: content.replace(b"\r\n.\r\n", b"\r\n..\r\n"))


@mutation(scenarios=("plain",), caught=(fails("delivered", _DELIVERED),))
def alters_a_header() -> None:
    """Marks the subject."""
    altered(_first, lambda content: content.replace(b"\r\nSubject: ", b"\r\nSubject: [external] ", 1))


@mutation(
    scenarios=("from_lines", "greeting_421", "special_content_retried"),
    caught=(fails("carries", _UNALTERED, "special_content_retried"),),
)
def alters_a_deferred_body() -> None:
    """Escapes From at the beginning of a line in messages that were deferred."""
    altered(_later, lambda content: content.replace(b"\r\nFrom ", b"\r\n>From "))


@mutation(scenarios=("greeting_421",), caught=(fails("recovers", _RECOVERS),))
def drops_a_deferred_header() -> None:
    """Renames an unknown header field of messages that were deferred."""
    altered(_later, lambda content: content.replace(b"\r\nX-Scenario: ", b"\r\nX-Other: ", 1))


def _addressed(command: str, change: Callable[[str], str]) -> None:
    """Alter a command of the envelope."""

    def make(original: Any) -> Any:
        async def send(self: Any, stage: Stage, line: str) -> Any:
            return await original(self, stage, change(line) if line.startswith(command) else line)

        return send

    one_at_a_time()
    patch(Session, "command", make)


@mutation(scenarios=("plain",), caught=(fails("delivered", _DELIVERED),))
def drops_the_reverse_path() -> None:
    """Delivers with the null reverse-path."""
    _addressed("MAIL FROM:", lambda line: "MAIL FROM:<>" + line.partition(">")[2])


@mutation(scenarios=("plain",), caught=(fails("delivered", _DELIVERED),))
def delivers_to_somebody_else() -> None:
    """Delivers to another recipient of the same domain."""
    _addressed("RCPT TO:", lambda line: line.replace("<recipient@", "<postmaster@"))


@mutation(scenarios=("plain", "slow"), caught=(fails("delivered", _DELIVERED),))
def defers_everything_once() -> None:
    """Defers every message once before it tries."""

    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Message, route: Any, recipients: Sequence[Recipient]) -> Any:
            if message.sender and _first(recipients):
                return dict.fromkeys(recipients, Failure(code="451", status="4.7.1", text="Too early"))
            return await original(self, message, route, recipients)

        return deliver

    patch(Relay, "_deliver", make)


@mutation(
    scenarios=("slow", "plain"),
    caught=(fails("delivered", _DELIVERED, "slow", besides=("queue/leaves",)),),
    also=hence("it leaves without a word", "takes_leave", modes=("slow",), certain=False),
)
def impatient_at_the_final_dot() -> None:
    """Waits for the reply to the final dot for a quarter of the time-out that it grants, and tries again."""

    def make(original: Any) -> Any:
        async def send_body(self: Any, content: bytes) -> Any:
            try:
                async with asyncio.timeout(self._timeouts.command / 4):
                    return await original(self, content)
            except TimeoutError as error:
                raise SessionFailed(Stage.BODY, Cause.SILENT, "Timed out") from error

        return send_body

    patch(Session, "send_body", make)


@mutation(scenarios=("slow", "plain"), caught=(fails("delivered", _DELIVERED, "slow"),))
def impatient_with_slow_servers() -> None:
    """Gives a server less than a second for MAIL, RCPT and DATA together."""

    def make(original: Any) -> Any:
        async def run(self: Any, *args: Any) -> None:
            try:
                async with asyncio.timeout(_HASTE):
                    await original(self, *args)
            except TimeoutError as error:
                raise SessionFailed(Stage.DATA, Cause.SILENT, "Timed out") from error

        return run

    patch(Transaction, "run", make)
