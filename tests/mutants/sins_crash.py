"""Sins that only the death of the relay brings to light."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from conformance.reference.message import Message, Recipient, State
from conformance.reference.relay import Relay
from conformance.reference.session import Reply, Session, stuff_dots
from conformance.reference.spool import Spool
from conformance.reference.transaction import Transaction
from mutants.patching import patch, sin

# Seconds between two steps that must be one; more than the wave needs to see the first of them.
_GAP = 3.0
_WRITTEN_LATE = 0.5
_LOOK_AGAIN = 0.01

_background: set[asyncio.Task[None]] = set()


@sin
def acknowledges_before_writing() -> None:
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


@sin
def forgets_at_restart() -> None:
    patch(Spool, "load", lambda _: lambda self: [])


@sin
def trusts_the_final_dot() -> None:
    async def send_body(self: Any, content: bytes) -> Reply:
        self._transport.write(stuff_dots(content) + b".\r\n")
        while self._transport.get_write_buffer_size():  # noqa: ASYNC110 (the transport has no event for that)
            await asyncio.sleep(_LOOK_AGAIN)
        return Reply(250, "2.0.0 OK")

    patch(Session, "send_body", lambda _: send_body)


@sin
def redelivers_after_restart() -> None:
    def make(original: Any) -> Any:
        async def settle(self: Any, message: Message, *, gone: Any, deferred: Any, report: Any) -> None:
            kept = gone if report is not None else ()
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


@sin
def removes_before_it_reports() -> None:
    _in_two_steps("removal")


@sin
def reports_before_it_removes() -> None:
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


@sin
def cuts_what_it_resumes() -> None:
    resumed = _resumed()

    def make_content(original: Any) -> Any:
        async def content(self: Any, queue_id: str) -> bytes:
            octets: bytes = await original(self, queue_id)
            if queue_id not in resumed:
                return octets
            return octets[: octets.rindex(b"\r\n", 0, -2) + 2]

        return content

    patch(Spool, "content", make_content)


@sin
def forgets_the_sender_at_restart() -> None:
    resumed = _resumed()

    def make(original: Any) -> Any:
        async def run(self: Any, message: Message, *args: Any) -> None:
            if message.queue_id in resumed:
                message = replace(message, sender="")
            await original(self, message, *args)

        return run

    patch(Transaction, "run", make)


@sin
def loses_the_first_after_restart() -> None:
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
