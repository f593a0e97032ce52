"""What a relay granted of the schedule that it was asked for: whether it makes sense, and what is not said of it."""

from __future__ import annotations

import math
from dataclasses import replace

from conformance.target import Schedule


def checked(given: object) -> Schedule:
    """Return the schedule that a relay says it granted, if it makes sense; windows are multiples of it.

    Args:
        given: What its adapter calls its schedule.

    Raises:
        ValueError: It makes none; the text says why.
    """
    if not isinstance(given, Schedule):
        raise ValueError("running() yielded an object whose `schedule` is not a conformance.target.Schedule")
    if not isinstance(given.deadline_only, bool):
        raise ValueError(f"`schedule.deadline_only` is {given.deadline_only!r}, not True or False")
    for name, value in vars(given).items():
        if name == "deadline_only":
            continue
        optional, may_be_zero = name.endswith(("_timeout", "_deadline")), name == "granularity"
        if optional and value is None:
            continue
        if not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(f"`schedule.{name}` is {value!r}, not a number of seconds")
        if value < 0 or (value == 0 and not may_be_zero):
            raise ValueError(f"`schedule.{name}` is {value} s; it must be more than 0")
    if given.max_retry_interval < given.retry_interval:
        raise ValueError("`schedule.max_retry_interval` is less than `schedule.retry_interval`")
    if given.deadline_only and given.delivery_deadline is None:
        raise ValueError("`schedule.deadline_only` without `schedule.delivery_deadline`: how long is it?")
    return given


def granted(schedule: Schedule, asked: Schedule) -> Schedule:
    """Return what a relay granted, with the time-outs as asked where it says nothing of them."""

    def first(mine: float | None, otherwise: float | None) -> float | None:
        return otherwise if mine is None else mine

    return replace(
        schedule,
        connect_timeout=first(schedule.connect_timeout, asked.connect_timeout),
        command_timeout=first(schedule.command_timeout, asked.command_timeout),
        dns_timeout=first(schedule.dns_timeout, asked.dns_timeout),
    )
