"""Sins of delivery: mail lost, doubled, returned as well, altered or late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from conformance.reference import session
from conformance.reference.classify import Cause, Stage
from conformance.reference.dsn import build_dsn
from conformance.reference.errors import Failure, SessionFailed
from conformance.reference.message import Message, Recipient
from conformance.reference.relay import Relay
from conformance.reference.session import Reply, Session
from conformance.reference.transaction import Delivered, Transaction
from mutants.patching import patch, sin

# Seconds for MAIL, RCPT and DATA: plenty for a healthy server, too little for a slow one.
_HASTE = 0.85


def _first(recipients: Sequence[Recipient]) -> bool:
    return recipients[0].attempts == 0


def _later(recipients: Sequence[Recipient]) -> bool:
    return recipients[0].attempts > 0


@sin
def loses_on_close_at_dot() -> None:
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


def doubled(when: Callable[[Sequence[Recipient]], bool]) -> None:
    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Message, route: Any, recipients: Sequence[Recipient]) -> Any:
            results = await original(self, message, route, recipients)
            if when(recipients) and any(isinstance(result, Delivered) for result in results.values()):
                await original(self, message, route, recipients)
            return results

        return deliver

    patch(Relay, "_deliver", make)


@sin
def duplicates_after_recovery() -> None:
    doubled(_later)


@sin
def delivers_twice_after_two_faults() -> None:
    doubled(lambda recipients: recipients[0].attempts >= 2)


def without_last_line(content: bytes) -> bytes:
    return content[: content.rindex(b"\r\n", 0, -2) + 2]


@sin
def cuts_after_two_faults() -> None:
    altered(lambda recipients: recipients[0].attempts >= 2, without_last_line)


@sin
def loses_after_two_faults() -> None:
    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Message, route: Any, recipients: Sequence[Recipient]) -> Any:
            if recipients[0].attempts >= 2:
                return dict.fromkeys(recipients, Delivered("mx.test", "250 2.0.0 OK"))
            return await original(self, message, route, recipients)

        return deliver

    patch(Relay, "_deliver", make)


@sin
def duplicates_plain_mail() -> None:
    doubled(_first)


def returned(when: Callable[[int], bool]) -> None:
    """Return messages that were delivered, depending on how many attempts it took."""

    def make(original: Any) -> Any:
        async def settle(self: Any, message: Message, now: float, session: str, **outcome: Any) -> None:
            content = await self._spool.content(message.queue_id)
            await original(self, message, now, session, **outcome)
            lost = {
                recipient: Failure(code="550", status="5.4.300", text="Message expired")
                for recipient in outcome.get("delivered", {})
                if when(recipient.attempts)
            }
            if lost and message.sender:
                back = Recipient(number=0, address=message.sender, next_retry=now)
                report = Message(sender="", accepted_at=now, recipients=[back])
                await self.accept(
                    report, build_dsn(message, content, lost, hostname=self._config.hostname, at=now)
                )

        return settle

    patch(Relay, "_settle", make)


@sin
def returns_although_delivered() -> None:
    returned(lambda attempts: attempts == 1)


@sin
def returns_although_recovered() -> None:
    returned(lambda attempts: attempts > 1)


def altered(when: Callable[[Sequence[Recipient]], bool], change: Callable[[bytes], bytes]) -> None:
    """Send other octets than were accepted."""

    def make(original: Any) -> Any:
        async def run(
            self: Any, message: Message, content: bytes, recipients: Sequence[Recipient], hand_over: Any
        ) -> None:
            if message.sender and when(recipients):
                content = change(content)
            await original(self, message, content, recipients, hand_over)

        return run

    patch(Transaction, "run", make)


def _without_trailing_blanks(content: bytes) -> bytes:
    return b"\r\n".join(line.rstrip(b" ") for line in content.split(b"\r\n"))


@sin
def alters_the_body() -> None:
    altered(_first, _without_trailing_blanks)


@sin
def alters_a_deferred_body() -> None:
    altered(_later, lambda content: content.replace(b"\r\nFrom ", b"\r\n>From "))


@sin
def alters_a_header() -> None:
    altered(_first, lambda content: content.replace(b"\r\nSubject: ", b"\r\nSubject: [external] ", 1))


@sin
def drops_a_deferred_header() -> None:
    altered(_later, lambda content: content.replace(b"\r\nX-Scenario: ", b"\r\nX-Other: ", 1))


@sin
def half_stuffs_dots() -> None:
    patch(session, "stuff_dots", lambda _: lambda content: content.replace(b"\r\n.\r\n", b"\r\n..\r\n"))


@sin
def breaks_long_lines() -> None:
    def change(content: bytes) -> bytes:
        return b"\r\n".join(line[:900] + b"\r\n" + line[900:] if len(line) > 900 else line
                            for line in content.split(b"\r\n"))  # fmt: skip

    altered(_first, change)


def _addressed(command: str, change: Callable[[str], str]) -> None:
    """Alter a command of the envelope."""

    def make(original: Any) -> Any:
        async def send(self: Any, stage: Stage, line: str) -> Any:
            return await original(self, stage, change(line) if line.startswith(command) else line)

        return send

    patch(Session, "command", make)


@sin
def drops_the_reverse_path() -> None:
    _addressed("MAIL FROM:", lambda line: "MAIL FROM:<>" + line.partition(">")[2])


@sin
def delivers_to_somebody_else() -> None:
    _addressed("RCPT TO:", lambda line: line.replace("<recipient@", "<postmaster@"))


@sin
def defers_everything_once() -> None:
    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Message, route: Any, recipients: Sequence[Recipient]) -> Any:
            if message.sender and _first(recipients):
                return dict.fromkeys(recipients, Failure(code="451", status="4.7.1", text="Too early"))
            return await original(self, message, route, recipients)

        return deliver

    patch(Relay, "_deliver", make)


@sin
def impatient_with_slow_servers() -> None:
    def make(original: Any) -> Any:
        async def run(self: Any, *args: Any) -> None:
            try:
                async with asyncio.timeout(_HASTE):
                    await original(self, *args)
            except TimeoutError as error:
                raise SessionFailed(Stage.DATA, Cause.SILENT, "Timed out") from error

        return run

    patch(Transaction, "run", make)
