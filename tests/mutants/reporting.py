"""Reports that mutants send, and reports that they rewrite: what their mutations share."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from conformance.reference import dsn
from conformance.reference.dsn import build_dsn
from conformance.reference.errors import Failure
from conformance.reference.message import Message, Recipient
from conformance.reference.relay import Relay
from mutants.patching import patch

Change = Callable[[bytes], bytes]


async def send_report(
    relay: Any,
    message: Message,
    content: bytes,
    failures: Mapping[Recipient, Failure],
    *,
    to: str = "",
    change: Change = bytes,
    wait: float = 0.0,
) -> None:
    """Send a report about some recipients of a message.

    Args:
        relay: The relay, an instance of Relay.
        message: The message.
        content: Its octets.
        failures: What to say of whom.
        to: Where to; the sender if empty.
        change: What to alter in the report.
        wait: Seconds of the relay's clock before it is tried.
    """
    now = relay.now()
    back = Recipient(number=0, address=to or message.sender, next_retry=now + wait)
    report = build_dsn(message, content, failures, hostname=relay._config.hostname, at=now)
    await relay.accept(Message(sender="", accepted_at=now, recipients=[back]), change(report))


def after_settling(
    act: Callable[[Any, Message, bytes, dict[Recipient, Failure]], Any], which: Callable[[Recipient], bool]
) -> None:
    """Do something with each message that is given up, after its report is on its way.

    Args:
        act: What to do; gets the relay, the message, its octets and what was said of those given up.
        which: Which of the recipients that were given up count.
    """

    def make(original: Any) -> Any:
        async def settle(self: Any, message: Message, now: float, session: str, **outcome: Any) -> None:
            content = await self._spool.content(message.queue_id)
            await original(self, message, now, session, **outcome)
            lost = {
                recipient: Failure(code="550", status="5.4.300", text="Message expired")
                for recipient, _ in outcome.get("lost", ())
                if which(recipient)
            }
            if lost and message.sender:
                await act(self, message, content, lost)

        return settle

    patch(Relay, "_settle", make)


def told_of_delay(action: bytes, attempt: int, *, change: Change = bytes) -> None:
    """Send a notice of delay after the nth attempt, altered as is asked for."""

    def delayed(report: bytes) -> bytes:
        return change(
            report.replace(b"\r\nAction: failed", b"\r\nAction: " + action).replace(
                b"\r\nStatus: 5.", b"\r\nStatus: 4."
            )
        )

    def make(original: Any) -> Any:
        async def conclude(self: Any, message: Message, results: Any) -> None:
            await original(self, message, results)
            deferred = {r: f for r, f in results.items() if isinstance(f, Failure) and not f.permanent}
            waiting = {r: f for r, f in deferred.items() if r.attempts == attempt}
            if waiting and message.sender:
                content = await self._spool.content(message.queue_id)
                await send_report(self, message, content, waiting, change=delayed)

        return conclude

    patch(Relay, "_conclude", make)


def rewritten(change: Change) -> None:
    """Alter every report that the relay makes."""
    patch(dsn, "build_dsn", lambda original: lambda *args, **kwargs: change(original(*args, **kwargs)))


def field_changed(pattern: bytes, replacement: bytes) -> None:
    """Alter the first place of every report where a pattern fits the beginning of a line."""
    rewritten(lambda report: re.sub(rb"(?m)^" + pattern, replacement, report, count=1))


def field_added(before: bytes, field: bytes) -> None:
    """Put a field before another one of every report."""
    rewritten(lambda report: report.replace(b"\r\n" + before, b"\r\n" + field + b"\r\n" + before, 1))


def parts_changed(change: Callable[[list[bytes]], list[bytes]]) -> None:
    """Alter the list of parts of every report."""

    def alter(report: bytes) -> bytes:
        found = re.search(rb'boundary="([0-9a-f]+)"', report)
        assert found is not None
        head, *parts, end = report.split(b"\r\n--" + found[1])
        return (b"\r\n--" + found[1]).join([head, *change(parts), end])

    rewritten(alter)
