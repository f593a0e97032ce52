"""Where the code of an adapter stands that does not return: the line that its author has to look at."""

from __future__ import annotations

import asyncio
import linecache
import sys
import sysconfig
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from traceback import FrameSummary
from types import CodeType, FrameType
from typing import Any

_HERE = Path(__file__).parent
_LIBRARY = (sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"))
_INSTALLED = ("site-packages", "dist-packages")  # below the standard library's folder, and no part of it

# The calls that are shown, the innermost last.
_MOST = 20


@dataclass(frozen=True)
class Standing:
    """The calls that have not returned, outermost first.

    Attributes:
        calls: All of them.
        blocks: Whether they hold up a thread, so that nothing else can run in it.
    """

    calls: tuple[FrameSummary, ...]
    blocks: bool

    @property
    def line(self) -> str:
        """The innermost line that is the adapter's or a library's of its own: `relay.py, line 41: sleep(9)`."""
        own = [call for call in self.calls if not is_library(call.filename)] or list(self.calls)
        if not own:
            return ""
        last = own[-1]
        source = f": {last.line}" if last.line else ""
        return f"{Path(last.filename).name}, line {last.lineno}{source}"

    @property
    def text(self) -> str:
        """All of it as a traceback."""
        return "".join(traceback.format_list(list(self.calls[-_MOST:])))


def of_thread(ident: int | None) -> Standing | None:
    """Tell where a thread stands within an adapter's code; None if it does not, as a loop that waits for events."""
    frame = sys._current_frames().get(ident or 0)
    frames: list[tuple[FrameType, int]] = []
    while frame is not None:
        frames.insert(0, (frame, frame.f_lineno))
        frame = frame.f_back
    calls = [
        _summary(each.f_code, line) for each, line in frames if not is_machinery(each.f_code.co_filename)
    ]
    if not any(not is_library(call.filename) for call in calls):
        return None
    while calls and is_library(calls[0].filename):
        calls.pop(0)  # how the thread came there
    return Standing(tuple(calls), blocks=True)


def of_task(task: asyncio.Task[Any] | None) -> Standing | None:
    """Tell what a task waits for; None if there is nothing to tell."""
    waiting: Any = None if task is None else task.get_coro()
    calls = [call for call in _awaited(waiting) if not is_machinery(call.filename)]
    return Standing(tuple(calls), blocks=False) if calls else None


def _awaited(waiting: Any) -> Iterator[FrameSummary]:
    """Yield the frames of a coroutine and of all that it awaits, outermost first."""
    for _ in range(1000):  # what it awaits may change meanwhile, in its own thread
        for prefix in ("cr", "ag", "gi"):
            if hasattr(waiting, f"{prefix}_frame"):
                break
        else:
            return
        frame = getattr(waiting, f"{prefix}_frame")
        if frame is not None:
            yield _summary(frame.f_code, frame.f_lineno)
        waiting = getattr(waiting, f"{prefix}_await" if prefix != "gi" else "gi_yieldfrom")


def _summary(code: CodeType, line: int | None) -> FrameSummary:
    source = linecache.getline(code.co_filename, line or 0).strip()
    return FrameSummary(code.co_filename, line, code.co_name, line=source, lookup_line=False)


def is_machinery(filename: str) -> bool:
    """Tell whether a file is what calls adapters, and nothing of theirs."""
    return Path(filename).parent == _HERE


def is_library(filename: str) -> bool:
    """Tell whether a file is of the standard library."""
    if filename.startswith("<"):
        return True
    below = any(Path(filename).is_relative_to(folder) for folder in _LIBRARY if folder)
    return below and not any(part in _INSTALLED for part in Path(filename).parts)
