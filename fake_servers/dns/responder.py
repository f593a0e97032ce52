"""From octets received to octets sent: reads queries, asks the zone, notes both; no sockets here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from fake_servers import punctuality
from fake_servers.dns import queries
from fake_servers.dns.quick import quick_name, quick_nxdomain
from fake_servers.dns.replies import DnsReply
from fake_servers.dns.zone import Zone
from fake_servers.events import DnsAnswer, DnsDropped, DnsQuery, FakeBroke, FakeExcess, Transport
from fake_servers.journal import Journal
from fake_servers.limits import Bucket

# What is turned away is told once in so many seconds.
_MOMENT = 0.1


class Channel(Protocol):
    """Where a query came from and its reply goes; `transport_name` is `udp` or `tcp`."""

    transport_name: Transport

    def is_open(self) -> bool:
        """Return whether a reply could still be sent."""

    def send(self, wire: bytes) -> None:
        """Send one message."""

    def send_from_elsewhere(self, wire: bytes) -> None:
        """Send one datagram from a port that was not asked; over TCP nobody can."""

    def hold(self) -> None:
        """Stay open for a delayed reply, though the client may have nothing more to say."""

    def release(self) -> None:
        """End one `hold`."""

    def break_off(self) -> None:
        """Reset the connection; over UDP, which has none, do nothing."""


@dataclass(slots=True)
class _Asked:
    """What is known of a query, as far as it could be read."""

    transport: Transport
    name: str = ""
    type: str = ""
    id: int = 0


class Responder:
    """Turns queries into replies. `server` is the address the journal shows.

    Args:
        journal: Where everything is noted.
        zone: What is known.
        unplanned: How many questions are noted, and answered with care, for names with which the zone has nothing to
            do; None: any number. Further ones are answered in the same way and leave no trace.
        datagrams: How many questions are taken over UDP, whatever for; None: any number. Further ones have no answer.
    """

    def __init__(
        self, journal: Journal, zone: Zone, unplanned: Bucket | None = None, datagrams: Bucket | None = None
    ) -> None:
        self._unplanned = unplanned
        self._datagrams = datagrams
        self._turned_away = 0
        self._telling: asyncio.TimerHandle | None = None
        self._exceeded: set[str] = set()
        self.server = ""
        self._journal = journal
        self._zone = zone
        self._timers: set[asyncio.TimerHandle] = set()

    def new_connection(self) -> int:
        """Return the journal's number for a new TCP connection."""
        return self._journal.new_connection()

    def receive(self, wire: bytes, client: str, connection: int, channel: Channel, lag: float) -> None:
        """Answer one message, now or later.

        Args:
            wire: Its octets.
            client: Who asks, as `host:port`.
            connection: The journal's number of the TCP connection; 0 for UDP.
            channel: The way back.
            lag: For how many seconds it had waited to be read.
        """
        if (
            self._unplanned is not None
            and self._is_unplanned(wire)
            and not self._unplanned.passes(self._journal.now())
        ):
            self._turn_away(wire, channel)
            return
        asked = _Asked(transport=channel.transport_name)

        def deliver(reply: DnsReply, late: float) -> None:
            if not channel.is_open():
                return
            self._journal.note(
                DnsAnswer(
                    server=self.server,
                    connection=connection,
                    name=asked.name,
                    type=asked.type,
                    id=asked.id,
                    transport=asked.transport,
                    answer=reply.answer,
                    records=tuple(reply.records),
                    lag=late,
                )
            )
            if reply.ahead is not None:
                send = channel.send_from_elsewhere if reply.elsewhere else channel.send
                send(reply.ahead)
            if reply.wire is not None:
                channel.send(reply.wire)
            if reply.hang_up:
                channel.break_off()

        try:
            reply, planned = self._look_up(wire, asked)
            self._journal.note(
                DnsQuery(
                    server=self.server,
                    connection=connection,
                    name=asked.name,
                    type=asked.type,
                    id=asked.id,
                    transport=asked.transport,
                    client=client,
                    planned=planned,
                    lag=lag,
                )
            )
            if reply.delay:
                self._later(reply, deliver, channel, connection)
            else:
                deliver(reply, 0.0)
        except Exception as defect:  # noqa: BLE001 - a defect of ours becomes an event, never a reply
            self._broke(defect, channel, connection)

    def _is_unplanned(self, wire: bytes) -> bool:
        labels = quick_name(wire)
        return labels is None or not self._zone.concerns(labels)

    def _turn_away(self, wire: bytes, channel: Channel) -> None:
        """Answer what the zone would have answered, without looking and without a note."""
        assert self._unplanned is not None
        self.exceeded("questions at once for names that are none, or none of ours", self._unplanned.at_once)
        reply = quick_nxdomain(wire)
        if reply is not None and channel.is_open():
            channel.send(reply)

    def exceeded(self, what: str, most: int) -> None:
        """Note, once, that there is too much of something."""
        if what not in self._exceeded:
            self._exceeded.add(what)
            self._journal.note(FakeExcess(server=self.server, what=what, most=most))

    def takes(self) -> bool:
        """Tell whether one more question over UDP is taken; if not, that is noted, and it has no answer."""
        if self._datagrams is None or self._datagrams.passes(self._journal.now()):
            return True
        self._turned_away += 1
        if self._telling is None:
            self._tell_of_excess()
        return False

    def lost(self, queries: int, lag: float) -> None:
        """Note that so many queries found no room, and will have no answer: they came all the same.

        Args:
            queries: How many.
            lag: For how many seconds the next one that found room had waited to be read.
        """
        now = self._journal.now()
        if self._datagrams is None or self._datagrams.passes(now, queries):
            self._journal.note(DnsDropped(at=now - lag, server=self.server, queries=queries))
        else:
            self._note_excess(self._datagrams.at_once, queries, now - lag)

    def _tell_of_excess(self) -> None:
        """Note what was turned away since that was done last, and look again in a moment."""
        assert self._datagrams is not None
        self._telling = None
        if self._turned_away:
            self._note_excess(self._datagrams.at_once, self._turned_away, self._journal.now())
            self._turned_away = 0
            self._telling = asyncio.get_running_loop().call_later(_MOMENT, self._tell_of_excess)

    def _note_excess(self, most: int, queries: int, at: float) -> None:
        self.exceeded("questions at once", most)
        self._journal.note(DnsDropped(at=at, server=self.server, queries=queries, excess=True))

    def broke(self, error: Exception) -> None:
        """Note a defect of ours."""
        self._journal.note(FakeBroke(server=self.server, error=repr(error)))

    def close(self) -> None:
        """Cancel what is still delayed."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        if self._telling is not None:
            self._telling.cancel()

    def _look_up(self, wire: bytes, asked: _Asked) -> tuple[DnsReply, bool]:
        """Return the reply and whether the name was planned; fill `asked` in as far as it can be read."""
        asked.id = int.from_bytes(wire[:2])
        query = queries.read(wire)
        asked.name, asked.type = query.name, query.type
        if query.refused is not None:
            return queries.addressed(query.refused, wire), False
        answer, planned = self._zone.answer(query.name, query.type)
        made = queries.reply(query, answer, self._zone, udp=asked.transport == "udp")
        return queries.addressed(made, wire), planned

    def _later(
        self, reply: DnsReply, deliver: Callable[[DnsReply, float], None], channel: Channel, connection: int
    ) -> None:
        loop = asyncio.get_running_loop()

        def fire() -> None:
            self._timers.discard(timer)
            try:
                deliver(reply, punctuality.notable(loop.time() - timer.when()))
                channel.release()
            except Exception as defect:  # noqa: BLE001 - as above
                self._broke(defect, channel, connection)

        channel.hold()
        timer = loop.call_later(reply.delay, fire)
        self._timers.add(timer)

    def _broke(self, defect: Exception, channel: Channel, connection: int) -> None:
        self._journal.note(FakeBroke(server=self.server, connection=connection, error=repr(defect)))
        channel.break_off()
