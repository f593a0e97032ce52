"""The adapter that docs/adapters.md begins with, as it stands there, for the relay of `myrelay.py`."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from conformance.target import Address, RelayConfig
from conformance.targets import reference_config

_PAGE = Path(__file__).parents[2] / "docs" / "adapters.md"
_PROGRAM = Path(__file__).with_name("myrelay.py")
LINES = 40
"""So many lines it has at most."""


def block() -> str:
    """Return the adapter as the page has it."""
    return next(re.finditer(r"(?ms)^```python\n(# myrelay\.py\n.*?)^```", _PAGE.read_text(encoding="utf-8")))[
        1
    ]


def settings(config: RelayConfig, listen: Address) -> str:
    """Return the relay's configuration: what the author of the adapter writes beside it."""
    folder = config.work_directory
    files = reference_config.Files(
        config=folder / "myrelay.conf",
        events=folder / "delivery.log",
        clock=folder / "clock",
        mailboxes=folder / "mailboxes",
        log=folder / "relay.log",
    )
    table = reference_config.settings(config, files) | {"listen": f"{listen.host}:{listen.port}"}
    return reference_config.dump(table)


def _adapter() -> type[Any]:
    beside = ModuleType("myrelay_conf")
    beside.settings = settings  # type: ignore[attr-defined]
    sys.modules["myrelay_conf"] = beside
    names: dict[str, Any] = {"__name__": "myrelay_of_the_page"}
    exec(compile(block(), str(_PAGE), "exec"), names)
    return names["MyRelay"]  # type: ignore[no-any-return]


class OfThePage(_adapter()):  # type: ignore[misc]
    """The same with its programs on PATH."""

    @asynccontextmanager
    async def running(self, config: RelayConfig) -> AsyncIterator[Any]:
        """Put the programs beside the relay's files, where this process looks for programs."""
        folder = config.work_directory / "bin"
        _write_programs(folder)
        os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"
        async with super().running(config) as relay:
            yield relay


def _write_programs(folder: Path) -> None:
    folder.mkdir()
    for name, word in (("myrelayd", "daemon"), ("myrelayq", "queue")):
        program = folder / name
        program.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, str(_PROGRAM), word])} "$@"\n')
        program.chmod(0o755)
