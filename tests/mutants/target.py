"""Every mutant as a target: `--target=mutants.target:never_retries`, from the folder `tests`."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from conformance.target import RelayConfig
from conformance.targets.reference import ReferenceRelay, ReferenceTarget

from .mutations import find

_RELAY = Path(__file__).with_name("relay.py")


class MutantTarget(ReferenceTarget):
    """The reference relay, started with one mutation; a class for each is made on demand."""

    mutant = ""

    def command(self, config_file: Path) -> list[str]:
        """Return the command line of the mutant."""
        return [sys.executable, str(_RELAY), self.mutant, "serve", "--config", str(config_file)]

    @asynccontextmanager
    async def running(self, config: RelayConfig) -> AsyncIterator[ReferenceRelay]:
        """Start the mutant with the times that it grants."""
        factors = find(self.mutant).granted
        times: dict[str, Any] = {name: getattr(config, name) * factor for name, factor in factors.items()}
        async with super().running(replace(config, **times)) as relay:
            yield relay


def __getattr__(name: str) -> type[MutantTarget]:
    try:
        mutant = find(name)
    except LookupError as error:
        raise AttributeError(str(error)) from None
    return type(name, (MutantTarget,), {"name": name, "mutant": name, "__doc__": mutant.summary})
