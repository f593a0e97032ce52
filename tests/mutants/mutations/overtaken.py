"""New settings that fall into an attempt: relays that go on the old way, deliver twice, or lose their patience."""

from __future__ import annotations

import os
from typing import Any

from conformance.reference.alerts import AlertWatch
from conformance.reference.config import Config
from conformance.reference.delivery import Delivery
from conformance.reference.message import State
from conformance.reference.relay import Relay
from mutants.mutant import deviates, fails, hence, mutation
from mutants.patching import patch

_FIRST_HOST = ("edited_in_first_host.edited_amid", "fixed_now_in_first_host.fixed_now_amid")
_HAND_OVER = ("edited_in_hand_over.edited_amid", "fixed_now_in_hand_over.fixed_now_amid")
_IN_VAIN = "edited_in_vain.edited_amid"
_WAITING = "edited_in_vain_waiting.edited_amid"
_ALERTED = "alerted_in_attempt.alerted_amid"
_DIED = 70
_ALL = (*_FIRST_HOST, *_HAND_OVER, _IN_VAIN)


def _nothing_called_off() -> None:
    """Have what is tried come to its end, and take the new settings then."""

    def make(original: Any) -> Any:
        def apply(self: Any, config: Config) -> None:
            tried = [each for _, each in self.queue() if each.state is State.TRYING]
            for recipient in tried:
                recipient.state = State.SETTLING
            original(self, config)
            for recipient in tried:
                recipient.state = State.TRYING

        return apply

    patch(Relay, "apply", make)


@mutation(
    scenarios=_ALL,
    caught=(
        deviates(
            "overtaken", "between/settings-in-first-host", "edited_in_first_host", "fixed_now_in_first_host"
        ),
    ),
)
def goes_on_to_the_next_old_host() -> None:
    """Has an attempt go through all its hosts, whatever the connector says meanwhile."""
    _nothing_called_off()


@mutation(scenarios=_ALL)
def ends_an_attempt_where_it_is() -> None:
    """Waits for the server in which an attempt hangs, and begins nothing with another one by settings of before."""
    changes: list[Config] = []

    def noted(original: Any) -> Any:
        def apply(self: Any, config: Config) -> None:
            changes.append(config)
            original(self, config)

        return apply

    def one_host(original: Any) -> Any:
        async def try_address(self: Any, *arguments: Any) -> bool:
            known = len(changes)
            safe: bool = await original(self, *arguments)
            return safe and len(changes) == known

        return try_address

    _nothing_called_off()
    patch(Relay, "apply", noted)
    patch(Delivery, "_try_address", one_host)


@mutation(
    scenarios=_ALL,
    caught=(
        fails("overtaken", "between/settings-in-hand-over", "edited_in_hand_over", "fixed_now_in_hand_over"),
    ),
)
def calls_off_what_is_handed_over() -> None:
    """Calls an attempt off for new settings though the server may have the message, and begins anew."""

    def make(original: Any) -> Any:
        def apply(self: Any, config: Config) -> None:
            for recipients in self._attempts.values():
                for recipient in recipients:
                    if recipient.state is State.SETTLING:
                        recipient.state = State.TRYING
            original(self, config)

        return apply

    patch(Relay, "apply", make)


@mutation(
    scenarios=_ALL,
    caught=(fails("overtaken", "between/pauses-after-settings", "edited_in_vain"),),
)
def never_waits_again() -> None:
    """Tries at once, again and again, what was being handed over when new settings came."""

    def make(original: Any) -> Any:
        def defer(self: Any, message: Any, now: float, recipients: Any) -> None:
            hurried = [each for each in recipients if each in self._overtaken]
            original(self, message, now, recipients)
            self._overtaken.update(hurried)

        return defer

    patch(Relay, "_defer", make)


@mutation(
    scenarios=_FIRST_HOST,
    caught=(fails("survives", "relay/survives", "edited_in_first_host", "fixed_now_in_first_host"),),
    also=hence("it is gone", "overtaken", verdict="not_applicable"),
)
def dies_of_new_settings_in_an_attempt() -> None:
    """Ends when new settings come while something is tried."""

    def make(original: Any) -> Any:
        def apply(self: Any, config: Config) -> None:
            if any(each.state is State.TRYING for _, each in self.queue()):
                os._exit(_DIED)
            original(self, config)

        return apply

    patch(Relay, "apply", make)


@mutation(
    scenarios=(_ALERTED,),
    caught=(fails("survives", "relay/survives", "alerted_in_attempt"),),
    also=hence("it is gone", "alert_in_attempt", verdict="not_applicable"),
)
def dies_of_an_alert_in_an_attempt() -> None:
    """Ends when it has an alert to describe while one of its messages is tried."""

    def make(original: Any) -> Any:
        def describe(self: Any, name: str, queue: Any, raised_at: float) -> Any:
            if any(who.state is State.TRYING for each in queue.waiting.values() for who in each.recipients):
                os._exit(_DIED)
            return original(self, name, queue, raised_at)

        return describe

    patch(AlertWatch, "_describe", make)


@mutation(
    scenarios=(_WAITING, _IN_VAIN),
    caught=(deviates("overtaken", "between/pauses-while-waiting", "edited_in_vain_waiting"),),
)
def tries_twice_by_new_settings() -> None:
    """Takes what waits, when new settings come, for what is being handed over: it is tried at once, and once more."""

    def make(original: Any) -> Any:
        def apply(self: Any, config: Config) -> None:
            waiting = [each for _, each in self.queue() if each.state is State.WAITING]
            original(self, config)
            self._overtaken.update(waiting)

        return apply

    patch(Relay, "apply", make)


@mutation(
    scenarios=(_WAITING, _IN_VAIN),
    caught=(deviates("overtaken", "between/pauses-while-waiting", "edited_in_vain_waiting"),),
)
def keeps_what_was_planned_before_new_settings() -> None:
    """Tries what waits at once when new settings come, and at the time that was planned before as well."""

    def make(original: Any) -> Any:
        def start_what_is_due(self: Any, now: float) -> None:
            due = list(self._retries.due(now))
            for when, (message, recipient) in due:
                if recipient.state is State.WAITING:
                    recipient.next_retry = when
                self._retries.add(when, (message, recipient))
            original(self, now)

        return start_what_is_due

    patch(Relay, "_start_what_is_due", make)
