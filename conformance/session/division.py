"""How a run is divided: what pytest has selected, less what is in other parts."""

from __future__ import annotations

import pytest

from conformance.catalogue.scenario import unsuitable
from conformance.lab import addresses as labs
from conformance.session.items import AspectItem
from conformance.session.run import Run
from conformance.session.shards import OPTION, Shard
from conformance.target import Capability, Target


class Division:
    """Keeps one part of the tests that are selected. Tests that are not the suite's stay in every part.

    Args:
        run: The run, whose part it is.
        shard: Which part.
        target: The target: of what it cannot do nothing is staged, so that costs nothing.
    """

    def __init__(self, run: Run, shard: Shard, target: Target) -> None:
        self._run = run
        self._shard = shard
        self._target = target

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Deselect what is in other parts, after all that was asked for by name, marker or option."""
        ours = [item for item in items if isinstance(item, AspectItem)]
        capabilities = frozenset(map(Capability, self._target.capabilities))
        lab = labs.choose(self._run.lab, capabilities)
        version = self._run.profile.catalogue
        staged = [item.scenario for item in ours if not unsuitable(item.scenario, capabilities, lab, version)]
        modes = self._shard.modes(staged, (item.scenario.failure_mode.name for item in ours))
        others = {item for item in ours if item.scenario.failure_mode.name not in modes}
        if ours and not modes:
            count = len({item.scenario.failure_mode.name for item in ours})
            raise pytest.UsageError(
                f"{OPTION}={self._shard}: of {count} failure modes nothing is left for it"
            )
        self._run.part = {"number": self._shard.number, "count": self._shard.count, "tests": len(ours)}
        items[:] = [item for item in items if item not in others]
        config.hook.pytest_deselected(items=list(others))
