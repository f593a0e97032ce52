"""What a relay grants of the times that it is asked for."""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import Any

from conformance.target import RelayConfig, Schedule


def whole_seconds(value: float) -> int:
    """Round a time up to what many relays can be told: whole seconds, at least one."""
    return max(1, ceil(value))


def granted(config: RelayConfig, *, granularity: float, whole: bool = False, **otherwise: Any) -> Schedule:
    """Return what was asked for, but for what is said.

    Args:
        config: What was asked for.
        granularity: How late a retry may come for reasons of the relay's own, in seconds.
        whole: Times are rounded up to whole seconds, as `whole_seconds` does.
        otherwise: Fields of `Schedule` that are granted otherwise, in seconds.
    """
    asked = {
        name: getattr(config, name)
        for name in (
            "retry_interval",
            "max_retry_interval",
            "queue_lifetime",
            "connect_timeout",
            "command_timeout",
            "dns_timeout",
        )
    }
    times: dict[str, Any] = {name: whole_seconds(value) if whole else value for name, value in asked.items()}
    return replace(Schedule(**times, granularity=granularity), **otherwise)
