"""The grid of docs/failure-modes.md: every stage of a delivery times everything a server can do there, at a glance."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.failure_modes.grid import CELLS, Cell
from conformance.catalogue.message import Kind
from conformance.catalogue.profile import REPLIED, Profile
from conformance.target import Outcome

_ABOUT = """
## The grid

What must follow when a server does something at a stage of a delivery (profile `eop`, the preferred outcome): the
status with which the message is deferred, *as said* where it is the server's own, *deferred* where any of class 4 will
do; *returned*; or *delivered*. A number stands for the reason why there is no such cell.
"""


def section(profile: Profile) -> Iterator[str]:
    """Yield the lines of the section."""
    yield _ABOUT
    actions = list(dict.fromkeys(cell.action for cell in CELLS))
    reasons = list(dict.fromkeys(cell.reason for cell in CELLS if cell.reason))
    yield f"| | {' | '.join(action.replace('_', ' ') for action in actions)} |"
    yield f"|---|{'---|' * len(actions)}"
    for stage in dict.fromkeys(cell.stage for cell in CELLS):
        row = [_shown(cell, profile, reasons) for cell in CELLS if cell.stage is stage]
        yield f"| **{stage.replace('_', ' ')}** | {' | '.join(row)} |"
    yield ""
    yield from (f"{number}. {reason}" for number, reason in enumerate(reasons, 1))


def _shown(cell: Cell, profile: Profile, reasons: list[str]) -> str:
    if cell.reason:
        return f"({reasons.index(cell.reason) + 1})"
    mode = ALL[cell.failure_mode]
    if mode.kind is Kind.HARMLESS:
        return "delivered"
    accepted = profile.rows[mode.name].outcomes[0]
    if accepted.outcome is not Outcome.DEFERRED:
        return {Outcome.PERMANENT: "returned", Outcome.DELIVERED: "delivered"}[accepted.outcome]
    wanted = [check.preferred or check.any[0] for check in accepted.checks if check.what == "status"]
    if REPLIED in wanted:
        return "as said"
    return "deferred" if "*" in wanted[0] else wanted[0]
