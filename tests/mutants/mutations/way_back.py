"""Reports that fare badly on their way to the sender, and what should not be made of that."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import Any

from conformance.reference.errors import Failure
from conformance.reference.message import Message, Recipient
from conformance.reference.relay import Relay
from conformance.reference.transaction import Results, Transaction
from mutants.mutant import deviates, fails, mutation
from mutants.patching import patch
from mutants.reporting import send_report

_FOR_NOW = ("report_deferred_at_rcpt", "report_closed_at_dot", "report_silent_at_mail")
_ALL_FOR_NOW = tuple(
    f"report_{how}_at_{where}"
    for how in ("deferred", "closed", "silent")
    for where in ("mail", "rcpt", "dot")
)
_REFUSED = ("report_refused_at_mail", "report_refused_at_rcpt", "report_refused_at_dot")
_ONCE = 3  # what would go on for ever is done so often, for the sake of the machine


def _of_reports(change: Any) -> None:
    """Alter what came of an attempt at a report, given the relay, the report and the results."""

    def make(original: Any) -> Any:
        async def conclude(self: Any, message: Message, results: Results) -> None:
            if not message.sender:
                results = await change(self, message, results)
            await original(self, message, results)

        return conclude

    patch(Relay, "_conclude", make)


@mutation(
    scenarios=("report_refused_at_rcpt", "rejected_at_rcpt"),
    caught=(fails("survives", "relay/survives", "report_refused_at_rcpt"),),
)
def dies_of_a_refused_report() -> None:
    """Dies when a report is refused for good."""

    async def change(_relay: Any, _message: Message, results: Results) -> Results:
        if _failed(results, permanent=True):
            print("a report about a report", file=sys.stderr, flush=True)
            os.abort()
        return results

    _of_reports(change)


def _failed(results: Results, *, permanent: bool) -> dict[Recipient, Failure]:
    return {
        who: each
        for who, each in results.items()
        if isinstance(each, Failure) and each.permanent is permanent
    }


@mutation(scenarios=_ALL_FOR_NOW, caught=(fails("report_fares", "report/arrives"),))
def gives_a_deferred_report_up() -> None:
    """Drops a report that cannot be handed over at the first attempt."""

    async def change(_relay: Any, _message: Message, results: Results) -> Results:
        lost = _failed(results, permanent=False)
        return results | {who: replace(each, code="550", status="5.0.0") for who, each in lost.items()}

    _of_reports(change)


@mutation(scenarios=(*_FOR_NOW, "report_to_unknown_host"), caught=(fails("report_fares", "report/once"),))
def makes_a_report_anew_each_time() -> None:
    """Makes another copy of a report whenever it cannot be handed over."""

    async def change(relay: Any, message: Message, results: Results) -> Results:
        content = await relay._spool.content(message.queue_id)
        for who in _failed(results, permanent=False):
            again = Recipient(number=0, address=who.address, next_retry=relay.now() + 4.0)
            await relay.accept(Message(sender="", accepted_at=relay.now(), recipients=[again]), content)
        return results

    _of_reports(change)


@mutation(
    scenarios=("report_to_plain_server", "report_deferred_at_rcpt"),
    caught=(fails("report_fares", "permanent/returned", "report_to_plain_server"),),
)
def drops_reports_where_nothing_is_offered() -> None:
    """Drops a report where the sender's server offers nothing at EHLO."""

    def make(original: Any) -> Any:
        async def run(self: Any, message: Message, *others: Any) -> None:
            if message.sender or "smtputf8" in self._session.extensions:
                await original(self, message, *others)
                return
            refused = Failure(code="550", status="5.6.7", text="No SMTPUTF8 there")
            self._results.update(dict.fromkeys(others[1], refused))

        return run

    patch(Transaction, "run", make)


@mutation(scenarios=_FOR_NOW[:2], caught=(fails("report_fares", "report/waits"),))
def hurries_with_reports() -> None:
    """Tries a report again at once, a few times."""

    def make(original: Any) -> Any:
        def plan(self: Any, message: Message, recipient: Recipient, when: float) -> None:
            hurry = not message.sender and 0 < recipient.attempts <= _ONCE
            original(self, message, recipient, self.now() if hurry else when)

        return plan

    patch(Relay, "_plan_retry", make)


@mutation(scenarios=_REFUSED, caught=(deviates("report_fares", "report/refused-ends"),))
def keeps_a_refused_report() -> None:
    """Tries a report again that was refused for good."""

    async def change(_relay: Any, _message: Message, results: Results) -> Results:
        refused = _failed(results, permanent=True)
        return results | {who: replace(each, code="450", status="4.0.0") for who, each in refused.items()}

    _of_reports(change)


@mutation(
    scenarios=_REFUSED,
    caught=(fails("report_fares", "ndr/none-for-null-sender", besides=("report/refused-ends",)),),
)
def reports_a_refused_report() -> None:
    """Sends a report about a report, to the same sender; a few times, and not for ever."""
    sent: dict[str, int] = {}

    async def change(relay: Any, message: Message, results: Results) -> Results:
        content = await relay._spool.content(message.queue_id)
        for who, failure in _failed(results, permanent=True).items():
            sent[who.address] = sent.get(who.address, 0) + 1
            if sent[who.address] <= _ONCE:
                await send_report(relay, message, content, {who: failure}, to=who.address)
        return results

    _of_reports(change)


@mutation(
    scenarios=_REFUSED,
    caught=(deviates("report_fares", "permanent/not-retried", besides=("report/refused-ends",)),),
)
def tries_the_message_again_for_its_report() -> None:
    """Takes the message up once more when its report was refused."""
    about: dict[str, tuple[Message, bytes]] = {}
    again: set[str] = set()

    def make(original: Any) -> Any:
        async def report(self: Any, message: Message, now: float, failures: Any) -> Any:
            content = await self._spool.content(message.queue_id)
            if message.sender and message.sender not in again:
                about.setdefault(message.sender, (message, content))
            return await original(self, message, now, failures)

        return report

    async def change(relay: Any, _message: Message, results: Results) -> Results:
        for who in _failed(results, permanent=True):
            if who.address in about:
                again.add(who.address)
                message, content = about.pop(who.address)
                to = Recipient(number=0, address=message.recipients[0].address, next_retry=relay.now() + 1.0)
                await relay.accept(
                    Message(sender=message.sender, accepted_at=relay.now(), recipients=[to]), content
                )
        return results

    patch(Relay, "_report", make)
    _of_reports(change)
