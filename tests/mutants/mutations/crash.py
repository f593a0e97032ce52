"""What only the death of the relay brings to light."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from conformance.reference.message import Message, Recipient, State
from conformance.reference.relay import Relay
from conformance.reference.session import Reply, Session, stuff_dots
from conformance.reference.spool import Spool
from conformance.reference.transaction import Transaction
from mutants.mutant import fails, mutation
from mutants.patching import patch
from mutants.shared import without_last_line

_KEPT, _ONCE, _INTACT = "nothing-lost/kept", "nothing-lost/once", "nothing-lost/intact"

# Seconds between two steps that must be one; more than the wave needs to see the first of them.
_GAP = 3.0
_WRITTEN_LATE = 0.5
_DEADLY = 3  # deaths while a message was tried
_LOOK_AGAIN = 0.01

_background: set[asyncio.Task[None]] = set()


@mutation(
    scenarios=("killed_after_250", "killed_before_dot", "killed_between_attempts"),
    caught=(fails("nothing_lost", _KEPT, "killed_after_250"),),
)
def acknowledges_before_writing() -> None:
    """Answers the final dot with 250 half a second before the message is on disk."""

    def make(original: Any) -> Any:
        async def write(self: Any, message: Message, content: bytes) -> None:
            await asyncio.sleep(_WRITTEN_LATE)
            await original(self, message, content)

        async def accept(self: Any, message: Message, content: bytes) -> None:
            task = asyncio.create_task(write(self, message, content))
            _background.add(task)
            task.add_done_callback(_background.discard)

        return accept

    patch(Relay, "accept", make)


@mutation(
    scenarios=("killed_before_dot", "killed_between_attempts", "killed_in_retry", "killed_at_expiry"),
    caught=(fails("nothing_lost", _KEPT, "killed_between_attempts", "killed_in_retry", "killed_at_expiry"),),
)
def forgets_at_restart() -> None:
    """Starts with an empty queue, whatever is on disk."""
    patch(Spool, "load", lambda _: lambda self: [])


@mutation(
    scenarios=("killed_after_final_dot", "killed_after_delivery"),
    caught=(fails("nothing_lost", _KEPT, "killed_after_final_dot"),),
)
def trusts_the_final_dot() -> None:
    """Takes a message for delivered as soon as the final dot was sent."""

    async def send_body(self: Any, content: bytes) -> Reply:
        self._transport.write(stuff_dots(content) + b".\r\n")
        while self._transport.get_write_buffer_size():  # noqa: ASYNC110 (the transport has no event for that)
            await asyncio.sleep(_LOOK_AGAIN)
        return Reply(250, "2.0.0 OK")

    patch(Session, "send_body", lambda _: send_body)


@mutation(
    scenarios=("killed_after_delivery",), caught=(fails("nothing_lost", _ONCE, "killed_after_delivery"),)
)
def redelivers_after_restart() -> None:
    """Does not write down that a message was delivered, and delivers it again after a restart."""

    def make(original: Any) -> Any:
        async def settle(self: Any, message: Message, *, gone: Any, deferred: Any, report: Any) -> None:
            kept = gone if report is not None else ()
            await original(self, message, gone=kept, deferred=deferred, report=report)

        return settle

    patch(Spool, "settle", make)


@mutation(
    scenarios=("killed_after_refusal", "killed_after_delivery"),
    caught=(fails("nothing_lost", _ONCE, "killed_after_refusal"),),
)
def retries_a_refusal_after_restart() -> None:
    """Does not write down that a message was refused for good and returned, and tries it again after a restart."""

    def make(original: Any) -> Any:
        async def settle(self: Any, message: Message, *, gone: Any, deferred: Any, report: Any) -> None:
            refused = [each for each in gone if each.failure is not None and each.failure.permanent]
            kept = [each for each in gone if each not in refused]
            await original(self, message, gone=kept, deferred=deferred, report=report)

        return settle

    patch(Spool, "settle", make)


def _in_two_steps(first: str) -> None:
    """Remove an expired message and queue its report one after the other."""

    def make(original: Any) -> Any:
        async def record(
            self: Any, message: Message, gone: Sequence[Recipient], deferred: Iterable[Recipient], report: Any
        ) -> None:
            if report is None:
                await original(self, message, gone, deferred, None)
                return
            if first == "removal":
                await original(self, message, gone, deferred, None)
                for recipient in gone:
                    recipient.state = State.GONE
                await asyncio.sleep(_GAP)
                await original(self, message, (), (), report)
            else:
                await original(self, message, (), (), report)
                task = asyncio.create_task(remove_later(self, message, gone, deferred))
                _background.add(task)
                task.add_done_callback(_background.discard)

        async def remove_later(self: Any, message: Message, gone: Any, deferred: Any) -> None:
            await asyncio.sleep(_GAP)
            await original(self, message, gone, deferred, None)

        return record

    patch(Relay, "_record", make)


@mutation(
    scenarios=("killed_while_reporting", "killed_after_250"),
    caught=(fails("nothing_lost", _KEPT, "killed_while_reporting"),),
)
def removes_before_it_reports() -> None:
    """Removes an expired message from the queue three seconds before it queues the report."""
    _in_two_steps("removal")


@mutation(
    scenarios=("killed_while_reporting", "killed_after_250"),
    caught=(fails("nothing_lost", _ONCE, "killed_while_reporting"),),
)
def reports_before_it_removes() -> None:
    """Queues the report of an expired message three seconds before it removes the message."""
    _in_two_steps("report")


def _resumed() -> set[str]:
    """Return the queue ids of what is taken up after a restart; filled as it is."""
    resumed: set[str] = set()

    def make_load(original: Any) -> Any:
        def load(self: Any) -> list[Message]:
            messages: list[Message] = original(self)
            resumed.update(message.queue_id for message in messages)
            return messages

        return load

    patch(Spool, "load", make_load)
    return resumed


@mutation(
    scenarios=("killed_before_dot", "killed_after_250", "killed_in_delivery"),
    caught=(fails("nothing_lost", _INTACT, "killed_after_250", "killed_in_delivery"),),
)
def cuts_what_it_resumes() -> None:
    """Loses the last line of every message that it takes up after a restart."""
    resumed = _resumed()

    def make_content(original: Any) -> Any:
        async def content(self: Any, queue_id: str) -> bytes:
            octets: bytes = await original(self, queue_id)
            if queue_id not in resumed:
                return octets
            return without_last_line(octets)

        return content

    patch(Spool, "content", make_content)


@mutation(
    scenarios=("killed_before_dot", "killed_after_250", "killed_in_delivery"),
    caught=(
        fails("nothing_lost", _INTACT, "killed_after_250", "killed_in_delivery"),
        fails("nothing_lost", _INTACT, "killed_after_250", "killed_in_delivery", profile="rfc"),
    ),
)
def forgets_the_sender_at_restart() -> None:
    """Delivers every message that it takes up after a restart with the null reverse-path."""
    resumed = _resumed()

    def make(original: Any) -> Any:
        async def run(self: Any, message: Message, *args: Any) -> None:
            if message.queue_id in resumed:
                message = replace(message, sender="")
            await original(self, message, *args)

        return run

    patch(Transaction, "run", make)


@mutation(
    scenarios=("killed_before_dot", "killed_before_250", "killed_between_attempts"),
    caught=(fails("nothing_lost", _KEPT, "killed_before_dot", "killed_before_250"),),
)
def loses_the_first_after_restart() -> None:
    """Loses the first message that it accepts after it was started again with an empty queue."""
    doomed: set[str] = set()

    def make_spool(original: Any) -> Any:
        def init(self: Any, path: Path) -> None:
            doomed.update({"next"} if path.exists() else ())
            original(self, path)

        return init

    def make_load(original: Any) -> Any:
        def load(self: Any) -> list[Message]:
            messages: list[Message] = original(self)
            if messages:
                doomed.clear()
            return messages

        return load

    def make_accept(original: Any) -> Any:
        async def accept(self: Any, message: Message, content: bytes) -> None:
            if doomed:
                doomed.clear()
                return
            await asyncio.sleep(
                _WRITTEN_LATE
            )  # so that a kill right after the final dot comes before the 250
            await original(self, message, content)

        return accept

    patch(Spool, "__init__", make_spool)
    patch(Spool, "load", make_load)
    patch(Relay, "accept", make_accept)


def _deaths(at_birth: Callable[[Relay, Message, int], None]) -> None:
    """Count on disk how often the relay died while it tried a message, and do something when it takes that up.

    Args:
        at_birth: Called with the relay, a message that it takes up, and the number of these deaths.
    """

    def file(message: Message) -> Path:
        return Path(f"deaths.{message.queue_id}")

    def make_attempt(original: Any) -> Any:
        async def attempt(self: Any, message: Message, *others: Any) -> None:
            before = file(message).read_text() if file(message).exists() else ""
            file(message).write_text(f"{before}+")
            try:
                await original(self, message, *others)
            finally:
                file(message).write_text(before)

        return attempt

    def make_adopt(original: Any) -> Any:
        def adopt(self: Any, message: Message) -> None:
            original(self, message)
            if file(message).exists() and (deaths := len(file(message).read_text())):
                at_birth(self, message, deaths)

        return adopt

    patch(Relay, "_attempt", make_attempt)
    patch(Relay, "_adopt", make_adopt)


@mutation(
    scenarios=("killed_in_delivery_again", "killed_in_delivery", "killed_in_retry", "killed_after_final_dot"),
    caught=(fails("nothing_lost", _KEPT, "killed_in_delivery_again"),),
)
def takes_for_poison_what_it_died_with() -> None:
    """Neither tries nor returns a message any more that it was trying when it died for the third time."""

    def put_aside(_: Relay, message: Message, deaths: int) -> None:
        if deaths >= _DEADLY:
            for recipient in message.recipients:
                recipient.state = State.SETTLING

    _deaths(put_aside)


@mutation(
    scenarios=("killed_in_delivery_again", "killed_in_delivery", "killed_in_retry", "killed_after_final_dot"),
    profiles=("rfc",),
)
def rests_after_each_death() -> None:
    """Waits for as long as after a failed attempt before it tries a message again with which it has died."""

    def rest(relay: Relay, message: Message, _: int) -> None:
        for recipient in message.recipients:
            relay._plan_retry(message, recipient, relay.now() + relay._config.schedule.max_retry_interval)

    _deaths(rest)
