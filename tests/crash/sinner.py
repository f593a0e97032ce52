"""Every mutant of the crash catalogue as a target: `crash.sinner:forgets_at_restart`, from the folder `tests`."""

from __future__ import annotations

import sys
from pathlib import Path

from conformance.targets.reference import ReferenceTarget

_RELAY = Path(__file__).parents[1] / "mutants" / "relay.py"


class Sinner(ReferenceTarget):
    """The reference relay, started with one sin; a class for each is made on demand."""

    sin = ""

    def command(self, config_file: Path) -> list[str]:
        """Return the command line of the mutant."""
        return [sys.executable, str(_RELAY), self.sin, "serve", "--config", str(config_file)]


def __getattr__(name: str) -> type[Sinner]:
    if name.startswith("__"):
        raise AttributeError(name)
    return type(name, (Sinner,), {"name": name, "sin": name})


def target_of(sin: str) -> ReferenceTarget:
    """Return the mutant with a sin, or the reference relay itself if `sin` is empty."""
    return __getattr__(sin)() if sin else ReferenceTarget()
