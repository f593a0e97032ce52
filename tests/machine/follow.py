"""Writes down which lines the relay runs, and for whose message.

A task that tries, settles or accepts a message knows its recipients; what is run by any other task is nobody's. The
relay may be killed, so what is new is written before the next message is settled.
"""

from __future__ import annotations

import json
import sys
from contextvars import ContextVar
from pathlib import Path
from types import FrameType
from typing import Any

from mutants.patching import patch

from conformance import reference
from conformance.reference.message import Message
from conformance.reference.relay import Relay

LINES = "machine-lines.txt"
NOBODY = "-"

_HERE = str(Path(reference.__file__).parent)

_whose: ContextVar[tuple[str, ...]] = ContextVar("whose", default=(NOBODY,))
_seen: set[tuple[tuple[str, ...], str, int]] = set()
_news: list[tuple[tuple[str, ...], str, int]] = []


def follow() -> None:
    """Follow this process from now on."""
    for name in ("_attempt", "_settle", "accept"):
        patch(Relay, name, _knowing)
    sys.settrace(_called)


def _knowing(original: Any) -> Any:
    async def method(self: Any, message: Message, *others: Any, **named: Any) -> Any:
        token = _whose.set(tuple(each.address for each in message.recipients))
        try:
            return await original(self, message, *others, **named)
        finally:
            _whose.reset(token)
            _write()

    return method


def _called(frame: FrameType, event: str, _argument: object) -> Any:
    return _followed if frame.f_code.co_filename.startswith(_HERE) else None


def _followed(frame: FrameType, event: str, _argument: object) -> Any:
    if event == "line":
        line = (_whose.get(), frame.f_code.co_filename, frame.f_lineno)
        if line not in _seen:
            _seen.add(line)
            _news.append(line)
    return _followed


def _write() -> None:
    if not _news:
        return
    news = _news.copy()
    _news.clear()
    lines = [json.dumps([each, Path(path).name, line]) for whose, path, line in news for each in whose]
    # the line before may have been cut by a disk that was full
    with Path(LINES).open("a", encoding="utf-8") as file:
        file.write("".join(f"\n{each}" for each in lines))
