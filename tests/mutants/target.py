"""Every mutant as a target: `--target=mutants.target:never_retries`, from the folder `tests`."""

from __future__ import annotations

import sys
from pathlib import Path

from conformance.targets.reference import ReferenceTarget

from .catalogue import MUTANTS

_RELAY = Path(__file__).with_name("relay.py")


class MutantTarget(ReferenceTarget):
    """The reference relay, started with one sin; a class for each is made on demand."""

    mutant = ""

    def command(self, config_file: Path) -> list[str]:
        """Return the command line of the mutant."""
        return [sys.executable, str(_RELAY), self.mutant, "serve", "--config", str(config_file)]


def __getattr__(name: str) -> type[MutantTarget]:
    if name not in MUTANTS:
        raise AttributeError(f"no mutant is called {name!r}; there are {', '.join(MUTANTS)}")
    return type(name, (MutantTarget,), {"name": name, "mutant": name, "__doc__": MUTANTS[name].sin})
