"""Every mutant as a target: `--target=mutants.target:never_retries`, from the folder `tests`."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from conformance.target import Capability, RelayConfig
from conformance.targets.reference import ReferenceRelay, ReferenceTarget

from .mutant import Routes
from .mutations import find

_MANY = frozenset({Capability.MANY_CONNECTORS})
# Which capabilities a relay lacks and has besides, that serves so many destinations.
_ROUTES: dict[Routes, tuple[frozenset[Capability], frozenset[Capability]]] = {
    "many": (frozenset(), frozenset()),
    "one": (_MANY, frozenset()),
    "only": (_MANY, frozenset({Capability.ONE_ROUTE})),
}

_RELAY = Path(__file__).with_name("relay.py")


class MutantTarget(ReferenceTarget):
    """The reference relay, started with one mutation; a class for each is made on demand."""

    mutant = ""

    def command(self, config_file: Path) -> list[str]:
        """Return the command line of the mutant."""
        return [sys.executable, str(_RELAY), self.mutant, "serve", "--config", str(config_file)]

    @asynccontextmanager
    async def running(self, config: RelayConfig) -> AsyncIterator[ReferenceRelay]:
        """Start the mutant with the times that it grants, and say which these are."""
        factors, fixed = find(self.mutant).granted, find(self.mutant).fixed
        times: dict[str, Any] = {name: getattr(config, name) * factor for name, factor in factors.items()}
        times |= {name: value for name, value in fixed.items() if hasattr(config, name)}
        stated: dict[str, Any] = dict(fixed)
        async with super().running(replace(config, **times)) as relay:
            relay.schedule = replace(relay.schedule, **stated)
            yield relay


def __getattr__(name: str) -> type[MutantTarget]:
    try:
        mutant = find(name)
    except LookupError as error:
        raise AttributeError(str(error)) from None
    without, besides = _ROUTES[mutant.routes]
    members = {
        "name": name,
        "mutant": name,
        "capabilities": MutantTarget.capabilities - without - {*map(Capability, mutant.lacks)} | besides,
        "__doc__": mutant.summary,
    }
    return type(name, (MutantTarget,), members)
