"""The queue, its order and its schedule, once more: duplicates, what is put aside, and what others' mail decides."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from mutants.patching import patch

from conformance.reference.classify import CLOSED_ABRUPTLY
from conformance.reference.events import Outcome
from conformance.reference.message import Message, Recipient, State
from conformance.reference.relay import Relay
from conformance.reference.transaction import Delivered
from foreign.change import fault
from foreign.marker import marked

_DEADLY = 2  # deaths while a message was tried
_A_MOMENT = 0.05  # seconds


@fault(
    kind=4,
    reference="https://github.com/in2code-de/luxletter/issues/177",
    reported="A message that could not be sent was taken from the queue first in every round, and no round came to "
    "those behind it.",
    requirements=("queue/isolation", "batch/not-held-up", "lifetime/retried-to-the-end"),
)
def waits_with_all_for_the_oldest() -> None:
    """Tries nothing while the oldest message in its queue waits for a retry."""

    def make(original: Any) -> Any:
        async def attempt(self: Any, message: Any, route: Any, recipients: Any) -> None:
            oldest = self.queue()[0][0]
            waiting = [each for each in oldest.recipients if each.state is State.WAITING and each.attempts]
            if oldest is message or not waiting:
                await original(self, message, route, recipients)
                return
            marked(message)
            for recipient in recipients:
                recipient.state = State.WAITING
                self._plan_retry(message, recipient, waiting[0].next_retry + _A_MOMENT)

        return attempt

    patch(Relay, "_attempt", make)


@fault(
    kind=8,
    reference="https://github.com/Exim/exim/blob/c3f2eb9a7d99f12fb5b20d88e9bc18a0aa016d64/test/log/0461",
    reported="Mail for hosts that had been down for long was returned at once, without an attempt: 'all hosts have "
    "been failing for a long time (and retry time not reached)'.",
    requirements=("lifetime/not-early", "lifetime/each-message", "queue/kept"),
)
def gives_new_mail_up_where_old_mail_was() -> None:
    """Returns a message at its first failure where another one to the same place has used up its time."""
    down: set[str] = set()

    def make(original: Any) -> Any:
        async def settle(self: Any, message: Message, now: float, session: str, **outcome: Any) -> None:
            for recipient in outcome.get("delivered", {}):
                down.discard(self.destination(recipient))
            deferred = list(outcome.get("deferred", ()))
            doomed = [each for each in deferred if each.attempts == 1 and self.destination(each) in down]
            if doomed:
                marked(message)
                outcome["deferred"] = [each for each in deferred if each not in doomed]
                expired = [(each, Outcome.EXPIRED) for each in doomed]
                outcome["lost"] = [*outcome.get("lost", ()), *expired]
            for recipient, why in outcome.get("lost", ()):
                if why is Outcome.EXPIRED:
                    down.add(self.destination(recipient))
            await original(self, message, now, session, **outcome)

        return settle

    patch(Relay, "_settle", make)


@fault(
    kind=8,
    reference="https://learn.microsoft.com/en-us/previous-versions/office/exchange-server-api/ff337286(v=exchg.150)",
    reported="What was taken for harmful after the server had failed was put into the poison message queue, and "
    "neither tried nor returned any more.",
    requirements=("nothing-lost/kept", "lifetime/survives-restart", "queue/not-lost", "lifetime/ends"),
    first=("killed_in_delivery_again",),
)
def puts_aside_what_it_tried_when_it_died_twice() -> None:
    """Neither tries nor returns a message any more that was being tried when it was killed, twice."""

    def deaths(message: Any) -> Path:
        return Path(f"deaths.{message.queue_id}")

    def attempt(original: Any) -> Any:
        async def run(self: Any, message: Any, *others: Any) -> None:
            before = deaths(message).read_bytes() if deaths(message).exists() else b""
            deaths(message).write_bytes(before + b"+")
            try:
                await original(self, message, *others)
            finally:
                deaths(message).write_bytes(before)

        return run

    def adopt(original: Any) -> Any:
        def take(self: Any, message: Any) -> None:
            original(self, message)
            if deaths(message).exists() and len(deaths(message).read_bytes()) >= _DEADLY:
                marked(message)
                for recipient in message.recipients:
                    recipient.state = State.SETTLING

        return take

    patch(Relay, "_attempt", attempt)
    patch(Relay, "_adopt", adopt)


def _comes_back(when: Any) -> None:
    """Plan the retry of some that are deferred otherwise.

    Args:
        when: Says of the relay, a recipient and the time when it is tried again; None: as it should be.
    """

    def make(original: Any) -> Any:
        def defer(self: Any, message: Message, now: float, recipients: Any) -> None:
            for recipient in recipients:
                planned = when(self, recipient, now)
                if planned is not None:
                    marked(recipient)
                    recipient.next_retry = planned
            original(self, message, now, recipients)

        return defer

    patch(Relay, "_defer", make)


@fault(
    kind=8,
    reference="https://github.com/KumoCorp/kumomta/issues/593",
    reported="Of a throttled message the time that was set for its retry was thrown away, and it was tried again at a "
    "random moment of the next minute, again and again.",
    requirements=("queue/retried", "lifetime/gaps", "session/421-kept"),
)
def comes_back_at_once_where_it_was_throttled() -> None:
    """Tries again after no more than a fifteenth of the interval where a server said 421, 4.3.2 or 4.7 and more."""

    def when(relay: Any, recipient: Recipient, now: float) -> float | None:
        failure = recipient.failure
        if failure is None or not failure.remote:
            return None
        if failure.code != "421" and not failure.status.startswith(("4.7.", "4.3.2")):
            return None
        interval: float = relay._config.schedule.retry_interval
        return now + random.random() * interval / 15

    _comes_back(when)


@fault(
    kind=8,
    reference="https://github.com/pimalaya/core/issues/46",
    reported="The count of the tries began anew with each new connection, so that they came one upon the other, "
    "without end.",
    requirements=("lifetime/gaps", "queue/retried"),
    free="who tries more often than once an hour breaks nothing that the source document or RFC 5321 section "
    "4.5.4.1 asks, as long as there is a pause",
)
def counts_anew_after_a_lost_connection() -> None:
    """Begins with its short pauses again after each attempt in which the connection was lost."""

    def when(relay: Any, recipient: Recipient, now: float) -> float | None:
        schedule = relay._config.schedule
        failure = recipient.failure
        if failure is None or failure.status != CLOSED_ABRUPTLY.status:
            return None
        return None if recipient.attempts <= schedule.quick_retries else now + float(schedule.retry_interval)

    _comes_back(when)


@fault(
    kind=4,
    reference="https://github.com/bluetiger9/SmtpClient-for-Qt/issues/133",
    reported="The list of recipients was not emptied between two messages: each went to those of the one before, too, "
    "and each bounce named one recipient more.",
    requirements=(
        "nothing-lost/once",
        "batch/once",
        "batch/intact",
        "content/delivered",
        "nothing-lost/intact",
    ),
)
def sends_to_those_of_the_message_before() -> None:
    """Sends a message to the recipients of the one before as well that went to the same place."""
    before: dict[Any, str] = {}

    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Any, route: Any, recipients: Any) -> Any:
            known = before.get(route)
            addresses = [each.address for each in recipients]
            before[route] = addresses[0]
            if known is None or known in addresses or not message.sender:
                return await original(self, message, route, recipients)
            marked(message)
            extra = Recipient(number=len(message.recipients), address=known)
            results = dict(await original(self, message, route, [*recipients, extra]))
            if not isinstance(results.pop(extra, None), Delivered):
                before.pop(route, None)
            return results

        return deliver

    patch(Relay, "_deliver", make)
