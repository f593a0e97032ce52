"""Says which windows take long, so that nobody takes a run that waits for one that hangs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from conformance.catalogue.course import Timing
from conformance.wave.plan import Plan


@dataclass
class LongWindows:
    """Says it once of each clock, and again where a window takes longer than was said.

    Where each scenario has a relay of its own, what these grant is known one after the other.

    Attributes:
        say: Shows a line.
    """

    say: Callable[[str], object]
    _told: dict[Timing, float] = field(default_factory=dict)

    def tell(self, plan: Plan, windows: dict[str, float]) -> None:
        """Take notice of some scenarios of a wave, and for how many seconds their windows will be open."""
        longest = max(windows, key=lambda scenario: windows[scenario])
        if windows[longest] <= self._told.get(plan.timing, 0.0):
            return
        self._told[plan.timing] = windows[longest]
        several = f"{len(windows)} windows" if len(windows) > 1 else "a window"
        self.say(
            f"{plan.timing}: {several} of more than a minute, the longest about {windows[longest] / 60:.0f} min "
            f"({longest}), as the relay granted"
        )
