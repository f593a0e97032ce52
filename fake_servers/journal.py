"""The one journal and the one clock of the fake world.

Everything a fake server sees or does becomes an `Event`, in the order in which it happened. Events
are facts about the wire; nothing here knows a relay, a requirement or a verdict.

Kinds, by layer, with their fields:

=======  ============  =====================================================================
layer    kind          fields
=======  ============  =====================================================================
dns      query         name, type, id, transport (udp or tcp), client, planned
dns      answer        name, type, id, transport, answer (how the server answered), records
tcp      refusing      (a reserved port starts to refuse)
tcp      hanging       backlog, fillers (a full backlog starts to swallow SYNs)
tcp      unreachable   (an address that no packet can reach)
tcp      probe         outcome (our own look at a fault that leaves no trace on the wire)
tcp      syn           peer, outcome (dropped or refused), seconds (seen by a witness, not a server)
tcp      stray         peer, destination, protocol, port (a packet that left the fake world)
tcp      accepted      peer, attempt (counted from 1 at each server)
tcp      closed        by (peer or server), how (fin or rst)
tls      offered       certificate (the ClientHello came and this certificate was presented)
tls      established   version, cipher
tls      failed        error
smtp     received      stage, line
smtp     sent          stage, text (of raw octets above 1024 the head, and how many there are)
smtp     fault         stage, action (a scripted fault was played), attempt
smtp     heard         octets (on the wire; the first that came into a stall, if half a second or more into it)
smtp     unoffered     stage, parameters (of MAIL or RCPT, that the last EHLO did not offer; answered by 555)
smtp     body          octets (read so far, when the body ended or was cut off)
smtp     message       mail_from, recipients, content (base64), tls, options
client   sent          sender, what (a part of a submission of ours), octets
client   reply         sender, text (to the final dot of that submission; empty: the connection ended)
relay    killed        moment, asked (when, on this clock; it is dead at the time of the event)
relay    restarted     moment
relay    clock_moved   moment, seconds
fake     broke         error (a defect of the fake itself; the connection was reset)
=======  ============  =====================================================================
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

Value = str | int | float | bool | None | list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One fact.

    Attributes:
        at: Seconds since the journal was opened, on the monotonic clock.
        layer: `dns`, `tcp`, `tls`, `smtp` or `fake`; `client` and `relay` are for those who use the fakes.
        kind: What happened; see the table in the module's docstring.
        server: The fake's own address as `host:port`, or `[host]:port` for IPv6; so are peers and clients.
        connection: Number of the connection, unique in the journal; 0 where there is none.
        fields: The particulars, ready for JSON.
    """

    at: float
    layer: str
    kind: str
    server: str = ""
    connection: int = 0
    fields: Mapping[str, Value] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Value:
        """Return one of `fields`."""
        return self.fields[name]


class Journal:
    """An append-only list of events, shared by all servers of one fake world.

    Example::

        journal = Journal()
        journal.note("tcp", "accepted", server="127.1.0.1:2525", connection=1, peer="127.0.0.1:40000")
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

    def note(
        self,
        layer: str,
        kind: str,
        *,
        server: str = "",
        connection: int = 0,
        at: float | None = None,
        **fields: Value,
    ) -> Event:
        """Append one event; `at` defaults to now."""
        event = Event(
            at=self.now() if at is None else at,
            layer=layer,
            kind=kind,
            server=server,
            connection=connection,
            fields=fields,
        )
        self._events.append(event)
        for listener in self._listeners:
            listener(event)
        return event

    def subscribe(self, listener: Callable[[Event], None]) -> None:
        """Call `listener` with each event from now on, in the order noted."""
        self._listeners.append(listener)

    def __iter__(self) -> Iterator[Event]:
        return iter(tuple(self._events))

    def __len__(self) -> int:
        return len(self._events)
