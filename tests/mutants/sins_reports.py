"""Sins of reporting: reports to the wrong address, too many, none, unasked for, and notices that lie."""

from __future__ import annotations

import email
import email.utils
from collections.abc import Callable
from typing import Any

from conformance.reference.errors import Failure
from conformance.reference.message import Message, Recipient
from conformance.reference.relay import Relay
from mutants.patching import patch, sin
from mutants.reporting import after_settling, rewritten, send_report

_HOUR = 3600.0


def _author(content: bytes) -> str:
    return email.utils.parseaddr(str(email.message_from_bytes(content)["From"]))[1]


def _reported(change: Callable[[Any, Message, Message], Any]) -> None:
    """Alter the envelope of each report; gets the relay, the message and the report."""

    def make(original: Any) -> Any:
        async def report(self: Any, message: Message, now: float, failures: Any) -> Any:
            found = await original(self, message, now, failures)
            if found is not None:
                await change(self, message, found[0])
            return found

        return report

    patch(Relay, "_report", make)


@sin
def report_to_the_from_header() -> None:
    async def change(relay: Any, message: Message, report: Message) -> None:
        report.recipients[0].address = _author(await relay._spool.content(message.queue_id))

    _reported(change)


@sin
def report_with_a_reverse_path() -> None:
    async def change(relay: Any, message: Message, report: Message) -> None:
        report.sender = f"postmaster@{relay._config.hostname}"

    _reported(change)


@sin
def report_to_nobody() -> None:
    def make(_: Any) -> Any:
        async def report(self: Any, message: Message, now: float, failures: Any) -> None:
            return None

        return report

    patch(Relay, "_report", make)


@sin
def two_reports() -> None:
    after_settling(send_report, lambda recipient: True)


@sin
def report_to_the_author_of_a_notification() -> None:
    def make(original: Any) -> Any:
        async def report(self: Any, message: Message, now: float, failures: dict[Recipient, Failure]) -> Any:
            if failures and not message.sender:
                content = await self._spool.content(message.queue_id)
                await send_report(self, message, content, failures, to=_author(content))
            return await original(self, message, now, failures)

        return report

    patch(Relay, "_report", make)


def _wanted(wants: Callable[[str], bool]) -> None:
    """Decide by the value of NOTIFY whether a failure is reported."""
    patch(Recipient, "wants_failure_report", lambda _: property(lambda self: wants(self.notify)))


@sin
def reports_whatever_notify_says() -> None:
    _wanted(lambda notify: True)


@sin
def takes_notify_delay_for_failure() -> None:
    _wanted(lambda notify: notify != "NEVER")


@sin
def final_report_says_delayed() -> None:
    rewritten(lambda report: report.replace(b"\r\nAction: failed", b"\r\nAction: delayed"))


def told_of_delay(action: bytes, attempt: int) -> None:
    """Send a notice of delay after the nth attempt."""

    def change(report: bytes) -> bytes:
        return report.replace(b"\r\nAction: failed", b"\r\nAction: " + action).replace(
            b"\r\nStatus: 5.", b"\r\nStatus: 4."
        )

    def make(original: Any) -> Any:
        async def conclude(self: Any, message: Message, results: Any) -> None:
            await original(self, message, results)
            waiting = {r: f for r, f in results.items() if isinstance(f, Failure) and r.attempts == attempt}
            if waiting and message.sender:
                content = await self._spool.content(message.queue_id)
                await send_report(self, message, content, waiting, change=change)

        return conclude

    patch(Relay, "_conclude", make)


@sin
def notice_of_delay_says_failed() -> None:
    told_of_delay(b"failed", 1)


@sin
def notice_of_delay_says_relayed() -> None:
    told_of_delay(b"relayed", 1)


@sin
def notice_of_delay_after_the_report() -> None:
    async def tell(relay: Any, message: Message, content: bytes, lost: Any) -> None:
        await send_report(
            relay,
            message,
            content,
            lost,
            change=lambda report: report.replace(b"\r\nAction: failed", b"\r\nAction: delayed"),
            wait=_HOUR / 2,
        )

    after_settling(tell, lambda recipient: True)
