"""Changes of the reference relay that mutations of several files make."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from conformance.reference import delivery, errors, relay, schedule
from conformance.reference.classify import Stage
from conformance.reference.config import RetrySchedule
from conformance.reference.dsn import build_dsn
from conformance.reference.errors import Failure, SessionFailed
from conformance.reference.events import Outcome
from conformance.reference.message import Message, Recipient
from conformance.reference.relay import Relay
from conformance.reference.session import Reply, Session
from conformance.reference.transaction import Delivered, Transaction
from mutants.patching import patch

# What is told of a failure: a requirement for each section, all broken by whoever tells nothing, or tells all wrong.
TOLD_OF_EACH = (
    "dns/error-code",
    "mx/nonexistent-domain",
    "mx/no-records",
    "mx/unusable",
    "cannot-connect/error-code",
    "connection-timed-out/error-code",
    "hosts/one-of-their-codes",
    "closed-abruptly/error-code",
    "connection-timed-out/silent-server",
    "session/silent",
    "session/dropped-in-tls",
    "session/4yz-kept",
    "certificate/error-code",
    "rfc/status-class",
    "replies/words-kept",
)


def retried(wait: Callable[[int, RetrySchedule], float]) -> None:
    """Wait so many seconds after the end of the nth attempt."""
    patch(
        schedule,
        "next_attempt_at",
        lambda _: lambda ended_at, attempts, granted: ended_at + wait(attempts, granted),
    )


def doubled(when: Callable[[Sequence[Recipient]], bool]) -> None:
    """Deliver messages twice, depending on the recipients and how often they were tried."""

    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Message, route: Any, recipients: Sequence[Recipient]) -> Any:
            results = await original(self, message, route, recipients)
            if when(recipients) and any(isinstance(result, Delivered) for result in results.values()):
                await original(self, message, route, recipients)
            return results

        return deliver

    patch(Relay, "_deliver", make)


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


def without_last_line(content: bytes) -> bytes:
    """Return a message, or what is left of one, without its last line."""
    return content[: content.rindex(b"\r\n", 0, -2) + 2]


def never_says_a_word() -> None:
    """Show no error, in the log and in the queue."""
    patch(errors, "format_error", lambda original: lambda *args, **kwargs: "")

    def make(original: Any) -> Any:
        def log(self: Any, outcome: Outcome, *args: Any) -> None:
            if outcome is not Outcome.DEFERRED:
                original(self, outcome, *args)

        return log

    patch(relay.Relay, "_log", make)


def one_by_one() -> None:
    """Have a relay hand a message over to its recipients one after the other, each as though it were the only one."""

    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Message, route: Any, recipients: Sequence[Recipient]) -> Any:
            results: dict[Any, Any] = {}
            for recipient in recipients:
                results |= await original(self, message, route, [recipient])
            return results

        return deliver

    patch(Relay, "_deliver", make)


def one_at_a_time() -> None:
    """Have a relay send each command after the reply to the one before, whatever is offered."""
    patch(Session, "group", lambda _: lambda self, lines: None)


def say_quit_into_the_silence() -> None:
    """Have a relay take its leave by QUIT after a time-out as well, and wait for the answer."""
    one_at_a_time()  # else the replies to what was sent before would be waited for first

    def make(original: Any) -> Any:
        def part(session: Any, error: SessionFailed | None) -> None:
            # in the handshake nothing can be said, and amid the content QUIT would be content
            in_between = error is not None and error.stage is not Stage.HANDSHAKE
            if in_between and not session._transport.get_write_buffer_size():
                session.leave()
            else:
                original(session, error)

        return part

    patch(delivery, "part", make)


def misread(change: Callable[[Failure, int, str], Failure]) -> None:
    """Make another failure of a reply, given the failure, the code and the words as they came."""

    def make(original: Any) -> Any:
        def remote_failure(code: int, text: str, **where: Any) -> Failure:
            return change(original(code, text, **where), code, text)

        return remote_failure

    patch(errors, "remote_failure", make)


def greeted_by_the_impatient(moment: float, meets: Callable[[], bool] = lambda: True) -> None:
    """Say EHLO where no greeting comes within so many seconds, and read both replies then.

    Args:
        moment: Seconds for which a greeting is waited for.
        meets: Called where none has come; tells whether to speak.
    """
    own: list[str] = []
    spoken: set[Any] = set()

    def made(original: Any) -> Any:
        def init(self: Any, config: Any, *others: Any) -> None:
            own.append(config.hostname)
            original(self, config, *others)

        return init

    def greeted(original: Any) -> Any:
        async def greet(self: Any) -> None:
            greeting = asyncio.ensure_future(original(self))
            await asyncio.wait({greeting}, timeout=moment)
            if not greeting.done() and meets():
                spoken.add(self)
                self._transport.write(f"EHLO {own[-1]}\r\n".encode())
            await greeting

        return greet

    def make(original: Any) -> Any:
        async def command(self: Any, stage: Stage, line: str) -> Reply:
            if self not in spoken:
                reply: Reply = await original(self, stage, line)
                return reply
            spoken.discard(self)
            answer: Reply = await self._read(stage, self._protocol.read_response(self._timeouts.command))
            return answer

        return command

    patch(Relay, "__init__", made)
    patch(Session, "greet", greeted)
    patch(Session, "command", make)
