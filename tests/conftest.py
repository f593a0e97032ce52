"""What all tests share: hypothesis without hurry, and how they are spread over `pytest -n 2 --dist=loadfile`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from xdist.scheduler import LoadFileScheduling

# how long an example takes says something of the machine, which others use as well
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

# One process runs all of them: they wait for the same runs of pytest, which are started once, all together.
TOGETHER = "tests/plugin/"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """Keep the folder `plugin` in one process, and else each file."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return TOGETHER if nodeid.startswith(TOGETHER) else super()._split_scope(nodeid)

    return Scheduling(config, log)
