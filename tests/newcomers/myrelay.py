"""The relay of docs/adapters.md: `myrelay.py daemon -c FILE` is its `myrelayd`, `myrelay.py queue` its `myrelayq`.

It is the reference relay with a log and a listing of lines.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).resolve().parents[1]))

from mutants.patching import patch

from conformance.reference import control
from conformance.reference.cli import main as reference
from conformance.reference.config_file import load
from conformance.reference.events import EventLog, Outcome

_CONFIG = "myrelay.conf"


def logs_in_lines() -> None:
    """Write a line for each attempt, as programs do that people read."""

    def make(_: Any) -> Any:
        def write(self: Any, outcome: Outcome, *, at: float, queue_id: str, **known: Any) -> None:
            stamp = datetime.fromtimestamp(at, UTC).isoformat()
            where, what = f"to=<{known['recipient']}> host={known['destination'] or ''}", known["text"]
            self._file.write(f"{stamp} {queue_id}: {where} {outcome.value}: {_escaped(what)}\n")
            self._file.flush()

        return write

    patch(EventLog, "write", make)


def _escaped(text: str) -> str:
    return text.replace("\r", "\\r").replace("\n", "\\n")


def list_queue() -> None:
    """Print a line for each recipient that waits."""
    rows = json.loads(asyncio.run(control.ask(control.find(load(Path(_CONFIG))), "queue")))
    for row in rows:
        print(f"<{row['sender']}> <{row['recipient']}> {_escaped(row['last_error'] or '')}")


def main(word: str) -> int:
    """Be one of its two programs."""
    if word == "queue":
        list_queue()
        return 0
    logs_in_lines()
    return reference(["serve", "--config", _CONFIG])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
