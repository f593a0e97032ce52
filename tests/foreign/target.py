"""Every change as a target: `--target=foreign.target:NAME`, from the folder `tests`."""

from __future__ import annotations

import sys
from pathlib import Path

from conformance.target import Capability
from conformance.targets.reference import ReferenceTarget

from .faults import find

_RELAY = Path(__file__).with_name("relay.py")


class ForeignTarget(ReferenceTarget):
    """The reference relay, started with one change; a class for each is made on demand."""

    def command(self, config_file: Path) -> list[str]:
        """Return the command line of the changed relay."""
        return [sys.executable, str(_RELAY), self.name, "serve", "--config", str(config_file)]


def __getattr__(name: str) -> type[ForeignTarget]:
    try:
        change = find(name)
    except LookupError as error:
        raise AttributeError(str(error)) from None
    members = {
        "name": name,
        "capabilities": ForeignTarget.capabilities - set(map(Capability, change.lacks)),
        "__doc__": change.summary,
    }
    return type(name, (ForeignTarget,), members)
