"""Sins of the alert: too early, too late, too often, for ever, or with nothing in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.reference import config_file
from conformance.reference.alerts import AlertWatch
from conformance.reference.config import AlertRule
from mutants.patching import patch, sin

_SOON = 0.5  # seconds


def _by(change: Callable[[AlertRule], AlertRule]) -> None:
    """Watch by another threshold than the one that is configured."""
    patch(config_file, "_alert", lambda original: lambda table: change(original(table)))


def _told(change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Tell something else of each alert."""
    patch(
        AlertWatch,
        "alerts",
        lambda original: lambda self: [each | change(each) for each in original(self)],
    )


@sin
def alerts_by_number_alone() -> None:
    _by(lambda rule: replace(rule, age=0.0))


@sin
def alerts_by_age_alone() -> None:
    _by(lambda rule: replace(rule, messages=1))


@sin
def alerts_above_the_number() -> None:
    _by(lambda rule: replace(rule, messages=rule.messages + 1))


@sin
def alerts_per_message() -> None:
    def make(original: Any) -> Any:
        def alerts(self: Any) -> list[dict[str, Any]]:
            told = []
            for each in original(self):
                again = each["queued"] - self._config.alert.messages if each["cleared_at"] is None else 0
                told += [each] * (1 + max(0, again))
            return told

        return alerts

    patch(AlertWatch, "alerts", make)


@sin
def never_alerts() -> None:
    _by(lambda rule: replace(rule, messages=10**6))


@sin
def alert_names_no_connector() -> None:
    _told(lambda alert: {"connector": "default"})


@sin
def alert_never_cleared() -> None:
    _told(lambda alert: {"cleared_at": None})


@sin
def alert_cleared_while_it_lasts() -> None:
    def cleared(alert: dict[str, Any]) -> dict[str, Any]:
        end = alert["raised_at"] + _SOON
        return {} if alert["cleared_at"] is not None or time.time() < end else {"cleared_at": end}

    _told(cleared)


@sin
def alert_counts_one() -> None:
    _told(lambda alert: {"queued": 1})


@sin
def alert_dates_from_its_raising() -> None:
    _told(lambda alert: {"queue_start": alert["raised_at"]})


@sin
def alert_names_itself() -> None:
    _told(lambda alert: {"destination_server": "relay.test"})


@sin
def alert_without_error() -> None:
    _told(lambda alert: {"last_error": "tried again and again"})


@sin
def alert_without_remedy() -> None:
    _told(lambda alert: {"how_to_fix": ""})
