"""Alerts that fall due while nothing has failed, or when mail was delivered before: made up, late, or of that mail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.reference.alerts import AlertWatch
from conformance.reference.message import Message
from mutants.mutant import deviates, mutation
from mutants.patching import patch

_HELD = ("alerted_in_attempt.alerted_amid",)
_DELIVERED = "alerted_after_delivery.alerted_amid"
_UNFAILED = "alerted_before_failure.alerted_amid"


@mutation(
    scenarios=(*_HELD, _UNFAILED),
    caught=(deviates("alert_in_attempt", "alert/tells-destination", "alerted_before_failure"),),
)
def makes_an_address_up() -> None:
    """Tells of an address that it has tried before it has tried any to the end."""

    def make(original: Any) -> Any:
        def describe(self: Any, *arguments: Any) -> Any:
            alert = original(self, *arguments)
            return alert if alert.last_address else replace(alert, last_address="192.0.2.1")

        return describe

    patch(AlertWatch, "_describe", make)


@mutation(
    scenarios=(*_HELD, _UNFAILED),
    caught=(deviates("alert_in_attempt", "between/alert-in-attempt", "alerted_before_failure"),),
)
def waits_for_an_error_to_alert_of() -> None:
    """Raises no alert before anything has failed."""

    def make(original: Any) -> Any:
        async def judge(self: Any, name: str, now: float) -> None:
            queue = self._queues.get(name)
            if queue is None or queue.last is not None or name in self._lasting:
                await original(self, name, now)

        return judge

    patch(AlertWatch, "_judge", make)


@mutation(
    scenarios=(*_HELD, _DELIVERED),
    caught=(
        deviates(
            *("alert_in_attempt", "alert/tells-number", "alerted_after_delivery"),
            besides=("alert/tells-dates",),
        ),
    ),
)
def counts_what_was_delivered() -> None:
    """Counts what was delivered through a connector among what waits for it."""

    def make(original: Any) -> Any:
        def settled(self: Any, message: Message) -> None:
            waiting = {name: dict(queue.waiting) for name, queue in self._queues.items()}
            original(self, message)
            for name, before in waiting.items():
                self._queues[name].waiting = before | self._queues[name].waiting

        return settled

    patch(AlertWatch, "settled", make)
