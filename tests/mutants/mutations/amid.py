"""What falls into an attempt: relays that lose, return, repeat or forget what they try at that moment, or die of it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from conformance.reference import hosts, schedule, spool
from conformance.reference.config import Config
from conformance.reference.message import Message, Recipient, State
from conformance.reference.relay import Relay
from conformance.reference.session import Session
from conformance.reference.transaction import Transaction
from mutants.mutant import deviates, fails, hence, mutation
from mutants.patching import patch

_EXPIRED = ("expired_in_attempt", "expired_in_look_up")
_ALL = (*_EXPIRED, "edited_in_attempt", "flushed_in_attempt", "stopped_in_attempt")
_DIED = 70
_LATE = 3  # times the longest pause


def _tried(relay: Relay) -> list[tuple[Message, Recipient]]:
    """Return what an attempt is under way for."""
    return [pair for pair in relay.queue() if pair[1].state is State.TRYING]


def _not_expired(*_: object) -> bool:
    return False


def _overlooks(when: Callable[[Message], bool]) -> None:
    """Never return a message whose time is up at such a moment."""

    def make(original: Any) -> Any:
        def expire(self: Any, message: Message) -> None:
            if not when(message):
                original(self, message)

        return expire

    patch(Relay, "_expire", make)
    patch(schedule, "is_expired", lambda _: _not_expired)


@mutation(
    scenarios=_ALL,
    caught=(fails("in_attempt", "between/expires-in-attempt", *_EXPIRED),),
)
def overlooks_the_end_in_an_attempt() -> None:
    """Never returns a message whose lifetime ends while it is tried."""
    _overlooks(lambda message: any(each.state is State.TRYING for each in message.recipients))


@mutation(
    scenarios=_ALL,
    caught=(fails("in_attempt", "between/expires-in-attempt", "expired_in_look_up"),),
)
def overlooks_the_end_in_a_look_up() -> None:
    """Never returns a message whose lifetime ends while the address of its host is looked up."""
    asking: set[str] = set()

    def asked(original: Any) -> Any:
        async def find_addresses(host: str, *arguments: Any) -> Any:
            asking.add(host)
            try:
                return await original(host, *arguments)
            finally:
                asking.discard(host)

        return find_addresses

    patch(hosts, "find_addresses", asked)
    _overlooks(
        lambda message: any(message.recipients[0].address.partition("@")[2] in host for host in asking)
    )


@mutation(scenarios=_ALL, caught=(fails("in_attempt", "between/edit-in-attempt", "edited_in_attempt"),))
def an_edit_loses_what_is_tried() -> None:
    """Forgets the messages that it tries when new settings are put in force."""

    def make(original: Any) -> Any:
        def apply(self: Any, config: Config) -> None:
            lost = {recipient for _, recipient in _tried(self)}
            for task, recipients in self._attempts.items():
                if lost & {*recipients}:
                    self._call_off(task)
            for recipient in lost:
                recipient.state = State.GONE
            original(self, config)

        return apply

    patch(Relay, "apply", make)


@mutation(
    scenarios=("flushed_in_delivery", "flushed_in_attempt"),
    caught=(fails("in_attempt", "between/flush-in-attempt", "flushed_in_delivery"),),
)
def a_flush_tries_what_is_tried() -> None:
    """Begins another attempt beside the one that is under way when it is told to try everything."""

    def make(original: Any) -> Any:
        def flush(self: Any) -> int:
            for _, recipient in self.queue():
                if recipient.state in (State.TRYING, State.SETTLING):
                    recipient.state = State.WAITING
            flushed: int = original(self)
            return flushed

        return flush

    patch(Relay, "flush", make)


@mutation(
    scenarios=("flushed_in_attempt", "greeting_timeout", "connection_refused"),
    caught=(fails("survives", "relay/survives", "flushed_in_attempt"),),
    also=hence("it is gone", "in_attempt", "tidy", verdict="not_applicable", modes=("flushed_in_attempt",)),
)
def dies_of_a_flush() -> None:
    """Ends when it is told to try everything while something is tried."""

    def make(original: Any) -> Any:
        def flush(self: Any) -> int:
            if _tried(self):
                os._exit(_DIED)
            flushed: int = original(self)
            return flushed

        return flush

    patch(Relay, "flush", make)


@mutation(scenarios=_ALL, caught=(fails("in_attempt", "between/stop-in-attempt", "stopped_in_attempt"),))
def a_stop_loses_what_is_tried() -> None:
    """Forgets the messages that it tries when it is told to stop."""

    def make(original: Any) -> Any:
        async def abandon(self: Any) -> None:
            for message, recipient in _tried(self):
                await self._spool.settle(message, gone=[recipient], deferred=(), report=None)
            await original(self)

        return abandon

    patch(Relay, "abandon", make)


@mutation(
    scenarios=("killed_between_attempts", "killed_in_retry", "stopped_in_attempt"),
    caught=(deviates("resumes", "long-run/retried-after-restart"),),
)
def lets_it_wait_after_a_restart() -> None:
    """Has everything that was queued when it starts wait for three of its longest pauses."""

    def make(original: Any) -> Any:
        def resume(self: Any) -> None:
            original(self)
            later = self._clock.now() + _LATE * self._config.schedule.max_retry_interval
            for message, recipient in self.queue():
                self._plan_retry(message, recipient, later)

        return resume

    patch(Relay, "resume", make)


@mutation(
    scenarios=("edited_in_attempt", "expired_in_attempt", "greeting_timeout"),
    caught=(deviates("tidy", "hygiene/connections", "edited_in_attempt", "expired_in_attempt"),),
)
def leaves_open_what_is_called_off() -> None:
    """Leaves the connection of an attempt open that it calls off."""
    kept: list[Session] = []

    def make(original: Any) -> Any:
        def abort(self: Any) -> None:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                kept.append(self)
            else:
                original(self)

        return abort

    patch(Session, "abort", make)


@mutation(
    scenarios=("expired_in_transaction", "expired_in_attempt", "stall_at_rcpt"),
    caught=(deviates("tidy", "hygiene/connections", "expired_in_transaction"),),
)
def leaves_open_a_transaction_that_is_called_off() -> None:
    """Leaves the connection of an attempt open that it calls off when it has begun to hand the message over."""
    kept: list[Session] = []

    def watched(original: Any) -> Any:
        async def run(self: Any, *arguments: Any) -> None:
            try:
                await original(self, *arguments)
            except asyncio.CancelledError:
                self._session.abort = lambda: kept.append(self._session)
                raise

        return run

    patch(Transaction, "run", watched)


@mutation(scenarios=_ALL)
def lets_attempts_come_to_their_end() -> None:
    """Calls no attempt off: whatever happens meanwhile takes effect when it has failed."""

    def expired(original: Any) -> Any:
        def expire(self: Any, message: Message) -> None:
            if not any(each.state is State.TRYING for each in message.recipients):
                original(self, message)

        return expire

    def applied(original: Any) -> Any:
        def apply(self: Any, config: Config) -> None:
            tried: Sequence[Recipient] = [recipient for _, recipient in _tried(self)]
            for recipient in tried:
                recipient.state = State.SETTLING
            original(self, config)
            for recipient in tried:
                recipient.state = State.TRYING

        return apply

    patch(Relay, "_expire", expired)
    patch(Relay, "apply", applied)
    patch(Relay, "_call_off", lambda _: lambda self, task: None)


@mutation(scenarios=("stopped_in_attempt", "killed_between_attempts"))
def stops_when_its_attempts_have_ended() -> None:
    """Waits for the end of what it tries before it stops."""

    def make(original: Any) -> Any:
        async def abandon(self: Any) -> None:
            if self._attempts:
                await asyncio.wait([*self._attempts])
            await original(self)

        return abandon

    patch(Relay, "abandon", make)


@mutation(
    scenarios=("second_instance_in_delivery", "killed_between_attempts"),
    caught=(deviates("in_attempt", "long-run/second-instance", "second_instance_in_delivery"),),
)
def takes_a_spool_that_is_taken() -> None:
    """Works on a spool on which another instance works already."""

    def make(original: Any) -> Any:
        def lock(path: Path) -> Any:
            try:
                return original(path)
            except spool.SpoolInUse:
                return path.with_name(f"{path.name}.second").open("ab")

        return lock

    patch(spool, "_lock", make)


@mutation(
    scenarios=("clock_set_back_in_attempt", "killed_between_attempts"),
    caught=(fails("in_attempt", "long-run/clock-set-back", "clock_set_back_in_attempt"),),
)
def loses_what_is_younger_than_it_can_be() -> None:
    """Drops a message that was accepted in the future, by its own clock."""

    def make(original: Any) -> Any:
        async def conclude(self: Any, message: Message, results: Any) -> None:
            if message.accepted_at > self._clock.now():
                for recipient in results:
                    recipient.state = State.GONE
                self._messages.pop(message.queue_id, None)
                await self._spool.settle(message, gone=[*results], deferred=(), report=None)
            else:
                await original(self, message, results)

        return conclude

    patch(Relay, "_conclude", make)


@mutation(scenarios=("clock_set_back_in_attempt", "killed_between_attempts"))
def keeps_to_times_planned_before() -> None:
    """Plans a retry when an attempt begins, by the time of day: after the clock was set back it waits until then."""
    begun: dict[Recipient, float] = {}

    def started(original: Any) -> Any:
        async def deliver(self: Any, message: Message, route: Any, recipients: Any) -> Any:
            begun.update(dict.fromkeys(recipients, self._clock.now()))
            return await original(self, message, route, recipients)

        return deliver

    def deferred(original: Any) -> Any:
        def defer(self: Any, message: Message, now: float, recipients: Any) -> None:
            for each in recipients:
                if begun.get(each, now) > now:
                    each.next_retry = begun[each] + self._config.schedule.retry_interval
            original(self, message, now, recipients)

        return defer

    patch(Relay, "_deliver", started)
    patch(Relay, "_defer", deferred)


@mutation(
    scenarios=("connection_refused.corrected", "dns_nxdomain.corrected", "certificate_expired.corrected"),
    caught=(deviates("own_schedule", "long-run/schedule-per-message"),),
    also=hence(
        "which of the messages fails first and waits least is not the order in which they came",
        "drains",
        verdict="deviation",
        certain=False,
    ),
)
def waits_longer_with_each_message() -> None:
    """Has a message wait for one and a half intervals more for each other that failed for its destination before."""
    failed: dict[str, set[str]] = {}

    def make(original: Any) -> Any:
        def defer(self: Any, message: Message, now: float, recipients: Any) -> None:
            for each in recipients:
                others = failed.setdefault(each.address.partition("@")[2], set())
                each.next_retry += (
                    1.5 * len(others - {each.address}) * self._config.schedule.max_retry_interval
                )
                others.add(each.address)
            original(self, message, now, recipients)

        return defer

    patch(Relay, "_defer", make)
