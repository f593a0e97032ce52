"""Relays whose clock cannot be moved: their reports are read on the compressed one."""

from __future__ import annotations

from mutants.mutant import fails, mutation
from mutants.reporting import field_added, field_changed, told_of_delay

_DAY = ("connection_refused.day", "greeting_421.day")
_ALL_PROFILES = ("rfc", "eop-observed")


@mutation(scenarios=_DAY, profiles=_ALL_PROFILES, lacks=("clock",))
def has_no_clock_to_be_moved() -> None:
    """Cannot be told another time."""


@mutation(
    scenarios=_DAY,
    caught=(
        fails("ndr_compressed", "ndr/fields"),
        fails("ndr_compressed", "ndr/fields", profile="rfc"),
    ),
    lacks=("clock",),
)
def reports_without_action_and_has_no_clock() -> None:
    """Leaves Action out of its reports, and cannot be told another time."""
    field_changed(rb"Action: .*\r\n", b"")


@mutation(
    scenarios=_DAY,
    caught=(fails("ndr_compressed", "ndr/will-retry-until"),),
    lacks=("clock",),
)
def promises_in_a_failure_and_has_no_clock() -> None:
    """Promises in its reports of a failure to try again, and cannot be told another time."""
    field_added(b"Diagnostic-Code: ", b"Will-Retry-Until: Thu, 01 Jan 2099 00:00:00 +0000")


@mutation(
    scenarios=_DAY,
    caught=(
        fails(
            "ndr_compressed",
            "ndr/status-class",
        ),
    ),
    lacks=("clock",),
)
def status_of_a_success_and_no_clock() -> None:
    """Reports a success by Status, and cannot be told another time."""
    field_changed(rb"Status: 5", b"Status: 2")


@mutation(scenarios=_DAY, caught=(fails("ndr_compressed", "ndr/delay-is-honest"),), lacks=("clock",))
def notice_that_says_relayed_and_no_clock() -> None:
    """Writes Action: relayed into a notice of delay, and cannot be told another time."""
    told_of_delay(b"relayed", 1)


@mutation(scenarios=_DAY, profiles=_ALL_PROFILES, lacks=("clock",))
def tells_of_a_delay_and_has_no_clock() -> None:
    """Tells the sender that the message is delayed, and cannot be told another time."""
    told_of_delay(b"delayed", 3)
