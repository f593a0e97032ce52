"""The long run and what falls between, further reports: locks, tries, restarts and edits."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from mutants.patching import patch

from conformance.reference import routing, schedule
from conformance.reference.message import State
from conformance.reference.relay import Relay
from conformance.reference.spool import Spool
from foreign.change import fault
from foreign.marker import each_marked, in_hand, marked

_DIED = 70
_A_FEW = 2


def _lock_of(message: Any) -> Path:
    return Path(f"lock.{message.queue_id}")


@fault(
    kind=8,
    reference="https://github.com/postalserver/postal/issues/1284",
    reported="All messages that were in the queue when the machine was started again stayed there, and were not tried.",
    requirements=("nothing-lost/kept", "lifetime/survives-restart", "queue/not-lost"),
)
def leaves_locked_what_it_tried_when_it_died() -> None:
    """Never tries a message again that was being tried when it was killed."""

    def attempt(original: Any) -> Any:
        async def run(self: Any, message: Any, *others: Any) -> None:
            lock = _lock_of(message)
            lock.touch()
            await original(self, message, *others)
            lock.unlink(missing_ok=True)

        return run

    def adopt(original: Any) -> Any:
        def take(self: Any, message: Any) -> None:
            original(self, message)
            if _lock_of(message).exists():
                marked(message)
                for recipient in message.recipients:
                    recipient.state = State.TRYING

        return take

    patch(Relay, "_attempt", attempt)
    patch(Relay, "_adopt", adopt)


@fault(
    kind=8,
    reference="https://github.com/SimpleMachines/SMF/issues/8712",
    reported="After an update mail that had failed a few times was tried in every fourth round only, or never.",
    requirements=("lifetime/gaps", "lifetime/retried-to-the-end"),
)
def leaves_out_three_of_four_rounds() -> None:
    """Waits for four of the longest pauses from the third try on."""

    def make(original: Any) -> Any:
        def next_attempt_at(ended_at: float, attempts: int, plan: Any) -> float:
            proper: float = original(ended_at, attempts, plan)
            if attempts <= _A_FEW:
                return proper
            if in_hand() is not None:
                marked()
            return ended_at + 4 * plan.max_retry_interval

        return next_attempt_at

    patch(schedule, "next_attempt_at", make)


@fault(
    kind=9,
    reference="https://github.com/wazuh/wazuh/issues/26582",
    reported="The program crashed when its configuration was modified, and the part that sends mail was left over.",
    requirements=("between/edit-in-attempt", "relay/survives"),
    first=("edited_in_attempt",),
)
def dies_of_an_edit_amid_an_attempt() -> None:
    """Ends when its settings are edited while something is tried."""

    def make(original: Any) -> Any:
        def apply(self: Any, config: Any) -> None:
            trying = [each for _, each in self.queue() if each.state is State.TRYING]
            if trying:
                each_marked(trying)
                os._exit(_DIED)
            original(self, config)

        return apply

    patch(Relay, "apply", make)


@fault(
    kind=9,
    reference="https://github.com/NethServer/dev/issues/7264",
    reported="A relay rule that had been disabled went on to be used until the server was started again.",
    requirements=("out-of-service/stops",),
)
def goes_on_by_a_rule_that_was_turned_off() -> None:
    """Sends the mail of a connector on its way although that was turned off."""
    last: dict[str, Any] = {}

    def make(original: Any) -> Any:
        def choose_destination(address: str, config: Any) -> Any:
            found = original(address, config)
            if isinstance(found, routing.Route):
                last[address] = found
            elif address in last:
                marked(address)
                return last[address]
            return found

        return choose_destination

    patch(routing, "choose_destination", make)


@fault(
    kind=9,
    reference="https://github.com/OpenSMTPD/OpenSMTPD/issues/855",
    reported="A message that had failed could be paused, resumed, scheduled, and stayed where it was; the old command "
    "was kept with it.",
    requirements=("correction/takes-effect",),
)
def is_deaf_to_what_concerns_the_tried() -> None:
    """Takes no notice of new settings for a message that has failed twice."""
    kept: dict[str, Any] = {}

    def settle(original: Any) -> Any:
        async def record(self: Any, message: Any, **more: Any) -> None:
            for each in more.get("deferred", ()):
                if each.attempts >= 1:
                    kept.setdefault(each.address, each)
            await original(self, message, **more)

        return record

    first: dict[str, Any] = {}

    def chosen(original: Any) -> Any:
        def choose_destination(address: str, config: Any) -> Any:
            found = original(address, config)
            if address not in kept:
                first[address] = found
                return found
            if first.get(address, found) != found:
                marked(address)
            return first.get(address, found)

        return choose_destination

    patch(Spool, "settle", settle)
    patch(routing, "choose_destination", chosen)


@fault(
    kind=8,
    reference="https://github.com/cmail-mta/cmail/issues/24",
    reported="A message that was greylisted in answer to MAIL got no entry for its failed try, and was tried in every "
    "round.",
    requirements=("lifetime/gaps",),
    free="who tries more often than once an hour breaks nothing that the source document or RFC 5321 section 4.5.4.1 "
    "asks, as long as there is a pause",
)
def does_not_count_what_was_deferred_at_mail() -> None:
    """Does not count a try that ended with a 4yz reply, and so never comes to its longer pauses."""

    def make(original: Any) -> Any:
        def next_attempt_at(ended_at: float, attempts: int, plan: Any) -> float:
            message = in_hand()
            if message is None or attempts <= plan.quick_retries:
                return float(original(ended_at, attempts, plan))
            failures = [each.failure for each in message.recipients]
            if not any(each is not None and each.remote for each in failures):
                return float(original(ended_at, attempts, plan))
            marked()
            return float(original(ended_at, 1, plan))

        return next_attempt_at

    patch(schedule, "next_attempt_at", make)
