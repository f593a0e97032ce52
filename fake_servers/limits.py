"""What the fakes bear of one client, so that it can bring down none of them and hold up nobody else.

Whoever runs fakes for clients that may be hostile gives their servers limits; without, they bear what the machine
bears. A limit that was reached is told by `FakeExcess`, once for each server.
"""

from __future__ import annotations

import resource
from dataclasses import dataclass, field
from typing import Final

# Share of the file descriptors that a process may have which all connections together may use; a connection that is
# kept waiting takes up to three.
_SHARE: Final = 4

# So many connections a server has in any case, whatever others use up.
_SURE: Final = 8


@dataclass
class Open:
    """How many connections are open at all servers together that share this."""

    count: int = 0


@dataclass(frozen=True)
class Limits:
    """The limits of one SMTP server.

    Attributes:
        at_once: Connections that are open at the same time.
        connections: Connections in all.
        commands: Commands on one connection.
        shared: Counts the connections of all servers of one process.
    """

    at_once: int
    connections: int
    commands: int
    shared: Open = field(default_factory=Open)

    def exceeded(self, at_once: int, connections: int) -> tuple[str, int] | None:
        """Return what is too much of a connection that was just accepted, and how much there may be; None: nothing.

        Args:
            at_once: Connections that are open at its server without it.
            connections: Connections that there were at its server, this one included.
        """
        if connections > self.connections:
            return "connections", self.connections
        if at_once >= self.at_once:
            return "open connections", self.at_once
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = soft // _SHARE
        if soft != resource.RLIM_INFINITY and self.shared.count >= most and at_once >= _SURE:
            return "open connections at all servers together", most
        return None


class TooMuch(Exception):
    """A connection is reset because of what came on it; it was told."""


class Bucket:
    """Lets so many pass at once, and so many a second for long.

    Args:
        at_once: How many.
        a_second: How many.
    """

    def __init__(self, at_once: int, a_second: float) -> None:
        self.at_once = at_once
        self._a_second = a_second
        self._left = float(at_once)
        self._last = 0.0

    def passes(self, now: float, count: int = 1) -> bool:
        """Take one, or so many, at a time of any clock; tell whether it passes, or all of them do."""
        self._left = min(self.at_once, self._left + (now - self._last) * self._a_second)
        self._last = now
        if self._left < count:
            self._left = self._left if count == 1 else 0.0
            return False
        self._left -= count
        return True
