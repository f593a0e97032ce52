"""Mutants that break their promise only after several faults in a row."""

from __future__ import annotations

from .mutant import Mutant, fails

_ONE_FAULT = "close_at_mail+healthy"
_TWO_FAULTS = "reset_at_data+dns_servfail+healthy"

SCHEDULES = (
    Mutant(
        name="delivers_twice_after_two_faults",
        sin="Delivers a message twice that was deferred twice.",
        scenarios=(f"{_ONE_FAULT}.schedule", f"{_TWO_FAULTS}.schedule"),
        caught=(fails("exactly_once", "schedule/exactly-once", _TWO_FAULTS),),
    ),
    Mutant(
        name="cuts_after_two_faults",
        sin="Loses the last line of a message at the third attempt.",
        scenarios=(f"{_ONE_FAULT}.schedule", f"{_TWO_FAULTS}.schedule"),
        caught=(
            fails("exactly_once", "schedule/intact", _TWO_FAULTS),
            fails("exactly_once", "schedule/intact", _TWO_FAULTS, profile="rfc"),
        ),
    ),
    Mutant(
        name="loses_after_two_faults",
        sin="Takes a message for delivered at the third attempt.",
        scenarios=(f"{_ONE_FAULT}.schedule", f"{_TWO_FAULTS}.schedule"),
        caught=(
            fails("exactly_once", "schedule/exactly-once", _TWO_FAULTS),
            fails("exactly_once", "schedule/exactly-once", _TWO_FAULTS, profile="rfc"),
        ),
    ),
)
