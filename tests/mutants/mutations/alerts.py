"""Alerts that come too early, too late, too often, last for ever, or have nothing in them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.reference import config_file
from conformance.reference.alerts import AlertWatch
from conformance.reference.config import AlertRule
from conformance.reference.message import State
from conformance.reference.spool import Spool
from mutants.mutant import deviates, fails, mutation
from mutants.patching import patch

_SOON = 0.5  # seconds
_ALERTED = ("connection_refused.alerted", "greeting_421.alerted")
_ANSWERED = ("connection_refused.fixed_now",)


_NO_ALERT = (
    fails("alert_raised", "alert/raised-for-refused", "connection_refused"),
    deviates("alert_raised", "alert/raised", "greeting_421"),
)


def _by(change: Callable[[AlertRule], AlertRule]) -> None:
    """Watch by another threshold than the one that is configured."""
    patch(config_file, "_alert", lambda original: lambda table: change(original(table)))


@mutation(scenarios=_ALERTED, caught=(deviates("alert_threshold", "alert/age"),))
def alerts_by_number_alone() -> None:
    """Raises the alert as soon as enough messages wait, however young."""
    _by(lambda rule: replace(rule, age=0.0))


@mutation(scenarios=_ALERTED, caught=(deviates("alert_threshold", "alert/number"),))
def alerts_by_age_alone() -> None:
    """Raises the alert as soon as one message has waited long enough."""
    _by(lambda rule: replace(rule, messages=1))


@mutation(scenarios=_ALERTED, caught=_NO_ALERT)
def alerts_above_the_number() -> None:
    """Raises the alert when more messages wait than the threshold says, and not when as many do."""
    _by(lambda rule: replace(rule, messages=rule.messages + 1))


@mutation(scenarios=_ALERTED, caught=(deviates("alert_raised", "alert/once"),))
def alerts_per_message() -> None:
    """Raises an alert for each message that joins the queue after the first one."""

    def make(original: Any) -> Any:
        def alerts(self: Any) -> list[dict[str, Any]]:
            told = []
            for each in original(self):
                again = each["queued"] - self._config.alert.messages if each["cleared_at"] is None else 0
                told += [each] * (1 + max(0, again))
            return told

        return alerts

    patch(AlertWatch, "alerts", make)


@mutation(scenarios=_ALERTED, caught=_NO_ALERT)
def never_alerts() -> None:
    """Raises no alert at all."""
    _by(lambda rule: replace(rule, messages=10**6))


def _told(change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Tell something else of each alert."""
    patch(
        AlertWatch, "alerts", lambda original: lambda self: [each | change(each) for each in original(self)]
    )


@mutation(scenarios=_ALERTED, caught=_NO_ALERT)
def alert_names_no_connector() -> None:
    """Raises alerts for the connector called default, whichever it is."""
    _told(lambda alert: {"connector": "default"})


@mutation(scenarios=_ALERTED, caught=(deviates("alert_cleared", "alert/cleared"),))
def alert_never_cleared() -> None:
    """Leaves an alert as it is when its messages are delivered."""
    _told(lambda alert: {"cleared_at": None})


@mutation(scenarios=_ALERTED, caught=(deviates("alert_cleared", "alert/lasts"),))
def alert_cleared_while_it_lasts() -> None:
    """Clears each alert half a second after it was raised."""

    def cleared(alert: dict[str, Any]) -> dict[str, Any]:
        end = alert["raised_at"] + _SOON
        return {} if alert["cleared_at"] is not None or time.time() < end else {"cleared_at": end}

    _told(cleared)


@mutation(scenarios=_ANSWERED, caught=(deviates("alert_answered", "alert/cleared-by-fix"),))
def alert_outlives_its_connector() -> None:
    """Brings those alerts up to date whose connector still is there, and forgets the others."""

    def make(original: Any) -> Any:
        def apply(self: Any, *settings: Any) -> None:
            original(self, *settings)
            self._changed &= self._queues.keys()

        return apply

    patch(AlertWatch, "apply", make)


@mutation(scenarios=_ALERTED, caught=(deviates("alert_detail", "alert/tells-number"),))
def alert_counts_one() -> None:
    """Says of every alert that one message is queued."""
    _told(lambda alert: {"queued": 1})


@mutation(scenarios=_ALERTED, caught=(deviates("alert_detail", "alert/tells-dates"),))
def alert_dates_from_its_raising() -> None:
    """Gives as queue start the time at which the alert was raised."""
    _told(lambda alert: {"queue_start": alert["raised_at"]})


@mutation(scenarios=_ALERTED, caught=(deviates("alert_detail", "alert/tells-destination"),))
def alert_names_itself() -> None:
    """Names the relay itself as destination server."""
    _told(lambda alert: {"destination_server": "relay.test"})


@mutation(
    scenarios=(*_ALERTED, "literal_ipv6_greeting_421.alerted"),
    caught=(deviates("alert_address", "alert/tells-destination"),),
)
def alert_cuts_an_ipv6_address_short() -> None:
    """Takes what is behind the last colon of an address for a port."""
    _told(lambda alert: {"last_address": alert["last_address"].rpartition(":")[0] or alert["last_address"]})


@mutation(scenarios=("literal_ipv6_greeting_421.alerted",), profiles=("rfc",))
def alert_writes_an_ipv6_address_in_brackets() -> None:
    """Tells of addresses in brackets, and of destinations with a port behind them."""
    _told(
        lambda alert: {
            "last_address": f"[{alert['last_address']}]",
            "destination_server": f"[{alert['destination_server']}]:25",
        }
    )


@mutation(scenarios=_ALERTED, caught=(deviates("alert_detail", "alert/tells-error"),))
def alert_without_error() -> None:
    """Shows the number of attempts instead of the last error."""
    _told(lambda alert: {"last_error": "tried again and again"})


@mutation(scenarios=_ALERTED, caught=(deviates("alert_detail", "alert/tells-remedy"),))
def alert_without_remedy() -> None:
    """Says nothing of how to fix it."""
    _told(lambda alert: {"how_to_fix": ""})


# An alert that falls due while a server holds every message.
_HELD = ("alerted_in_attempt.alerted_amid",)
_LOOKS_EVERY = 0.5  # seconds


@mutation(
    scenarios=_HELD,
    caught=(deviates("alert_in_attempt", "between/alert-in-attempt"),),
    brings={
        "alert/raised": "an attempt that takes its time comes later than the alert is due",
        "alert/raised-for-refused": "the same",
    },
)
def alerts_when_an_attempt_fails() -> None:
    """Looks whether an alert is due when an attempt has failed, and not in between."""
    failed: set[int] = set()

    def noted(original: Any) -> Any:
        def fails(self: Any, recipient: Any) -> None:
            original(self, recipient)
            failed.add(id(self))

        return fails

    def looked(original: Any) -> Any:
        async def look(self: Any, now: float) -> None:
            if id(self) in failed:
                failed.discard(id(self))
                await original(self, now)

        return look

    patch(AlertWatch, "failed", noted)
    patch(AlertWatch, "look", looked)
    # joined() tells of what failed before
    patch(
        AlertWatch,
        "joined",
        lambda original: lambda self, message: _unless_new(original, self, message, failed),
    )


def _unless_new(original: Any, watch: Any, message: Any, failed: set[int]) -> None:
    known = id(watch) in failed
    original(watch, message)
    if not known:
        failed.discard(id(watch))


@mutation(scenarios=_HELD, caught=(deviates("alert_in_attempt", "between/alert-error-in-attempt"),))
def alert_forgets_the_error_in_an_attempt() -> None:
    """Shows no error in an alert as long as one of its messages is tried."""

    def make(original: Any) -> Any:
        def alerts(self: Any) -> list[dict[str, Any]]:
            tried = {
                name
                for name, queue in self._queues.items()
                for message in queue.waiting.values()
                if any(each.state is State.TRYING for each in message.recipients)
            }
            return [
                each | ({"last_error": ""} if each["connector"] in tried else {}) for each in original(self)
            ]

        return alerts

    patch(AlertWatch, "alerts", make)


@mutation(scenarios=_HELD, caught=(deviates("alert_in_attempt", "between/alert-follows"),))
def alert_keeps_its_first_error() -> None:
    """Shows for as long as an alert lasts the error with which it was raised."""
    first: dict[tuple[str, float], str] = {}
    _told(
        lambda alert: {
            "last_error": first.setdefault((alert["connector"], alert["raised_at"]), alert["last_error"])
        }
    )


@mutation(scenarios=_HELD)
def looks_for_alerts_now_and_then() -> None:
    """Looks twice a second whether an alert is due."""
    looked: dict[int, float] = {}

    def make(original: Any) -> Any:
        async def look(self: Any, now: float) -> None:
            if now - looked.get(id(self), 0.0) >= _LOOKS_EVERY:
                looked[id(self)] = now
                await original(self, now)

        return look

    patch(AlertWatch, "look", make)


# Settings that are saved as they are while an alert lasts.
_SAVED = ("connect_timeout.alerted_saved",)
_NOT_AS_IT_WAS = (deviates("alert_saved", "alert/outlives-saving"),)


@mutation(scenarios=_SAVED, caught=_NOT_AS_IT_WAS)
def alert_forgets_the_error_when_settings_are_saved() -> None:
    """Knows of no error any more when settings are saved, until an attempt fails again."""

    def make(original: Any) -> Any:
        def apply(self: Any, *settings: Any) -> None:
            original(self, *settings)
            for queue in self._queues.values():
                queue.last = None

        return apply

    patch(AlertWatch, "apply", make)


@mutation(scenarios=_SAVED, caught=_NOT_AS_IT_WAS)
def alert_is_another_one_when_settings_are_saved() -> None:
    """Raises another alert for what waits when settings are saved, and leaves the one that there is."""

    def make(original: Any) -> Any:
        def apply(self: Any, *settings: Any) -> None:
            original(self, *settings)
            self._lasting.clear()

        return apply

    patch(AlertWatch, "apply", make)


# The relay is killed and started again while an alert lasts.
_RESTARTED = ("connection_refused.alerted_restarted",)
_NOT_AFTER_IT = (deviates("alert_restarted", "alert/outlives-restart"),)


def _reads_alerts_as(change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
    """Read something else of the alerts that were kept when the relay ended."""
    patch(Spool, "load_alerts", lambda original: lambda self: change(original(self)))


@mutation(scenarios=_RESTARTED, caught=_NOT_AFTER_IT)
def forgets_its_alerts_at_a_restart() -> None:
    """Keeps no alert on its disk, and raises another one for what waits when it is started again."""
    _reads_alerts_as(lambda rows: [])


@mutation(scenarios=_RESTARTED, caught=_NOT_AFTER_IT)
def raises_a_lasting_alert_once_more_at_a_restart() -> None:
    """Does not know which of its alerts last when it is started again, and raises another one beside them."""

    def make(original: Any) -> Any:
        def init(self: Any, *settings: Any) -> None:
            original(self, *settings)
            self._lasting = {}

        return init

    patch(AlertWatch, "__init__", make)


@mutation(scenarios=_RESTARTED, caught=_NOT_AFTER_IT)
def clears_its_alerts_at_a_restart() -> None:
    """Counts nothing of what waited when it was started again, and clears the alerts that there were."""

    def make(original: Any) -> Any:
        def joined(self: Any, message: Any) -> None:
            if not self._alerts:
                original(self, message)

        return joined

    patch(AlertWatch, "joined", make)


@mutation(scenarios=_RESTARTED, profiles=("rfc",))
def tells_of_an_alert_after_a_restart_when_it_has_tried_again() -> None:
    """Lists no alert after it was started until a moment has passed."""
    started = time.monotonic()

    def make(original: Any) -> Any:
        def alerts(self: Any) -> list[dict[str, Any]]:
            return original(self) if time.monotonic() - started > _SOON else []

        return alerts

    patch(AlertWatch, "alerts", make)
