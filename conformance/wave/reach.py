"""What a wave says of its mail while it is under way: whether any came anywhere, and if not, what is seen instead.

It goes from the process of the wave to pytest, which decides for all waves together (`session/early_end.py`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Symptoms:
    """What is seen of a relay whose controls were never contacted.

    Attributes:
        error: The same error of the relay's own at all controls; empty: none was even asked for by name.
        message: What was seen.
        hint: What may be the cause.
        log: The end of the relay's log, if one was found.
    """

    error: str = ""
    message: str
    hint: str = ""
    log: str = ""


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How far the mail of a wave has come.

    Attributes:
        asked: Whether the name server was asked for a destination.
        connected: Whether the relay tried to connect to any server; then it is at work, whatever comes of it.
        silent: Whether messages wait for so long without a connection that there should have been one.
        overdue: What is seen, if that is so of every control; None: it is not, or there is none.
    """

    asked: bool = False
    connected: bool = False
    silent: bool = False
    overdue: Symptoms | None = None
