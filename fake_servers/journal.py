"""The one journal and the one clock of the fake world.

Everything a fake server sees or does becomes an `Event`, in the order in which it happened; `fake_servers.events` has
the kinds.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator

from fake_servers.events import E, Event, completed


class Journal:
    """An append-only list of events, shared by all servers of one fake world.

    Example::

        journal = Journal()
        journal.note(TcpRefusing(server="127.1.0.1:2525"))
        [event] = journal
    """

    def __init__(self) -> None:
        self._opened = time.monotonic()
        self._events: list[Event] = []
        self._connections = 0
        self._listeners: list[Callable[[Event], None]] = []

    def now(self) -> float:
        """Return the seconds since the journal was opened."""
        return time.monotonic() - self._opened

    def new_connection(self) -> int:
        """Return a connection number that nobody else has."""
        self._connections += 1
        return self._connections

    def note(self, event: E, *, server: str = "", connection: int = 0) -> E:
        """Append an event, and return it as it was noted; without a time it happened now.

        Args:
            event: What happened.
            server: Where, if the event does not say.
            connection: On which connection, if the event does not say.
        """
        noted = completed(
            event,
            at=self.now() if math.isnan(event.at) else event.at,
            server=event.server or server,
            connection=event.connection or connection,
        )
        self._events.append(noted)
        for listener in self._listeners:
            listener(noted)
        return noted

    def subscribe(self, listener: Callable[[Event], None]) -> None:
        """Call `listener` with each event from now on, in the order noted."""
        self._listeners.append(listener)

    def of(self, kind: type[E]) -> Iterator[E]:
        """Yield the events of a kind noted so far."""
        return (event for event in tuple(self._events) if isinstance(event, kind))

    def __iter__(self) -> Iterator[Event]:
        return iter(tuple(self._events))

    def __len__(self) -> int:
        return len(self._events)
