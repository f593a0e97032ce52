"""Reports to the wrong address, too many, none, late, unasked for, and notices of delay that lie."""

from __future__ import annotations

import email
import email.utils
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.reference.errors import Failure
from conformance.reference.message import Message, Recipient
from conformance.reference.relay import Relay
from mutants.mutant import deviates, fails, hence, mutation
from mutants.patching import patch
from mutants.reporting import after_settling, rewritten, send_report, told_of_delay

_HOUR = 3600.0
_FOR_EVER = 1e9  # seconds
_REFUSED = ("connection_refused.expires",)
_UNASKED = "ndr/none-unless-asked"
_HONEST = "ndr/delay-is-honest"


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


@mutation(scenarios=_REFUSED, caught=(fails("one_ndr", "ndr/to-sender"),))
def report_to_the_from_header() -> None:
    """Sends reports to the author in the From header."""

    async def change(relay: Any, message: Message, report: Message) -> None:
        report.recipients[0].address = _author(await relay._spool.content(message.queue_id))

    _reported(change)


@mutation(
    scenarios=("greeting_421.expires", "rejected_at_mail", "greeting_421.day"),
    caught=(fails("expires", "lifetime/ends"), fails("returned_at_once", "permanent/returned")),
)
def report_to_nobody() -> None:
    """Gives messages up without a report."""

    def make(_: Any) -> Any:
        async def report(self: Any, message: Message, now: float, failures: Any) -> None:
            return None

        return report

    patch(Relay, "_report", make)


@mutation(
    scenarios=(
        "connection_refused.expires",
        "greeting_421.day",
        "rejected_at_rcpt",
        "greeting_421.restarted",
    ),
    caught=(
        fails("one_ndr", "ndr/one"),
        fails("returned_at_once", "permanent/returned"),
        fails("survives_restart", "lifetime/survives-restart"),
    ),
)
def two_reports() -> None:
    """Reports each message twice that it gives up."""
    after_settling(send_report, lambda recipient: True)


@mutation(
    scenarios=("connection_refused.expires", "close_at_data.day"),
    caught=(fails("one_ndr", "ndr/null-reverse-path"),),
)
def report_with_a_reverse_path() -> None:
    """Sends reports with a reverse-path of its own."""

    async def change(relay: Any, message: Message, report: Message) -> None:
        report.sender = f"postmaster@{relay._config.hostname}"

    _reported(change)


@mutation(
    scenarios=("connection_refused.null_sender", "connection_refused.notify_never"),
    caught=(fails("no_ndr", "ndr/none-for-null-sender", courses=("null_sender",)),),
)
def report_to_the_author_of_a_notification() -> None:
    """Sends a report to the author in the From header where the reverse-path is null."""

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


@mutation(
    scenarios=tuple(f"connection_refused.{what}" for what in ("notify_never", "notify_delay", "null_sender")),
    caught=(fails("no_ndr", _UNASKED, courses=("notify_never", "notify_delay")),),
)
def reports_whatever_notify_says() -> None:
    """Pays no attention to NOTIFY."""
    _wanted(lambda notify: True)


@mutation(
    scenarios=("connection_refused.notify_never", "connection_refused.notify_delay"),
    caught=(fails("no_ndr", _UNASKED, courses=("notify_delay",)),),
)
def takes_notify_delay_for_failure() -> None:
    """Reports a failure where notices of delay were asked for."""
    _wanted(lambda notify: notify != "NEVER")


@mutation(scenarios=_REFUSED, caught=(fails("expires", "lifetime/ends"),))
def final_report_says_delayed() -> None:
    """Writes Action: delayed into the report of a failure."""
    rewritten(lambda report: report.replace(b"\r\nAction: failed", b"\r\nAction: delayed"))


@mutation(
    scenarios=_REFUSED,
    caught=(fails("one_ndr", "ndr/one"), fails("expires", "lifetime/not-early")),
    also=hence("the first report has the code of a delay", "ndr_status", verdict="deviation"),
)
def notice_of_delay_says_failed() -> None:
    """Writes Action: failed into a notice of delay."""
    told_of_delay(b"failed", 1)


@mutation(
    scenarios=_REFUSED, caught=(fails("delay_notice", _HONEST), fails("delay_notice", _HONEST, profile="rfc"))
)
def notice_of_delay_says_relayed() -> None:
    """Writes Action: relayed into a notice of delay."""
    told_of_delay(b"relayed", 1)


@mutation(scenarios=("greeting_421.expires",), caught=(fails("delay_notice", _HONEST),))
def notice_of_delay_after_the_report() -> None:
    """Sends a notice of delay after the message was given up."""

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


@mutation(
    scenarios=("rejected_at_rcpt", "rejected_at_dot"),
    caught=(fails("returned_at_once", "permanent/returned"),),
    brings=dict.fromkeys(
        (
            "content/delivered",
            "mx/self-undeliverable",
            "mx/null-returned",
            "recipients/each-ends",
            "lifetime/promptly",
            "lifetime/ends",
            "nothing-lost/kept",
            "out-of-service/nothing-purged",
        ),
        "whatever is returned comes hours late, and each kind of end is a requirement of its own",
    ),
)
def returns_5yz_after_hours() -> None:
    """Sends reports hours after a message was given up."""

    def make(original: Any) -> Any:
        async def report(self: Any, message: Message, now: float, failures: Any) -> Any:
            found = await original(self, message, now, failures)
            if found is not None:
                found[0].recipients[0].next_retry = now + 4 * 3600
            return found

        return report

    patch(Relay, "_report", make)


@mutation(
    scenarios=("rejected_at_mail", "rejected_at_rcpt", "rejected_at_data", "rejected_at_dot"),
    caught=(fails("returned_at_once", "permanent/returned"),),
)
def retries_5yz() -> None:
    """Tries a message again that was refused for good."""
    patch(
        Failure, "permanent", lambda _: property(lambda self: self.code.startswith("5") and not self.remote)
    )


@mutation(
    scenarios=("rejected_at_rcpt", "rejected_at_data"),
    caught=(
        deviates("returned_at_once", "permanent/not-retried"),
        deviates("returned_at_once", "permanent/not-retried", profile="rfc"),
    ),
)
def retries_5yz_once() -> None:
    """Tries a message once more that was refused for good, and returns it then."""

    def make(original: Any) -> Any:
        async def conclude(self: Any, message: Message, results: dict[Recipient, Any]) -> None:
            milder = {
                recipient: replace(result, code="450")
                if isinstance(result, Failure) and result.permanent and recipient.attempts == 0
                else result
                for recipient, result in results.items()
            }
            await original(self, message, milder)

        return conclude

    patch(Relay, "_conclude", make)


@mutation(
    scenarios=(
        "connection_refused.null_sender",
        "connection_refused.notify_never",
        "connection_refused.expires",
    ),
    caught=(deviates("no_ndr", "report/given-up", courses=("null_sender",)),),
)
def never_gives_up_what_has_no_sender() -> None:
    """Keeps mail with the null reverse-path beyond its lifetime, and tries it for ever."""

    def make(original: Any) -> Any:
        def adopt(self: Any, message: Message) -> None:
            if not message.sender:
                message.accepted_at += _FOR_EVER
            original(self, message)

        return adopt

    patch(Relay, "_adopt", make)
