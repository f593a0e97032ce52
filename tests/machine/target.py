"""Every machine-made change as a target: `--target=machine.target:NAME`, from the folder `tests`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from conformance.targets.reference import ReferenceTarget

# The variable that says below which folder the changed files are, and the name of the relay whose lines are followed.
FOLDER = "MAILFLOW_MACHINE_MADE"
FOLLOWED = "followed"

_RELAY = Path(__file__).with_name("relay.py")


class MachineTarget(ReferenceTarget):
    """The reference relay, started with one change; a class for each is made on demand."""

    def command(self, config_file: Path) -> list[str]:
        """Return the command line of the changed relay."""
        # an adapter's process gets no variable of ours, and so nor does the relay
        changed = FOLLOWED if self.name == FOLLOWED else str(Path(os.environ[FOLDER], self.name))
        return [sys.executable, str(_RELAY), changed, "serve", "--config", str(config_file)]


def __getattr__(name: str) -> type[MachineTarget]:
    if name.startswith("__"):
        raise AttributeError(name)
    return type(name, (MachineTarget,), {"name": name, "__doc__": "A machine-made change."})
