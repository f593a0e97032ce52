"""How queries arrive: a UDP socket, and TCP connections."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections import deque
from typing import Final

from fake_servers import punctuality
from fake_servers.dns.responder import Responder
from fake_servers.endpoint import endpoint
from fake_servers.events import Transport
from fake_servers.room import enlarge

_RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends RST

_LARGEST: Final = 65535  # octets of a datagram
_AT_ONCE: Final = 64  # datagrams in one turn of the loop: some twenty milliseconds
_TURNED_AWAY_AT_ONCE: Final = 1024  # besides, which takes a few milliseconds
_RECEIVE_BUFFER: Final = 8 * 1024 * 1024  # octets: room for ten thousand queries

_Address = tuple[str, int] | tuple[str, int, int, int]  # IPv6 adds flow and scope


class Udp:
    """The UDP socket; each datagram is one query.

    Read by ourselves and not by asyncio, which takes one datagram in each turn of its loop: a burst then waits for
    seconds. What waits is told (`DnsQuery.lag`), and what found no room (`DnsDropped`).

    Args:
        responder: Answers.
        sock: Bound; taken over.
    """

    def __init__(self, responder: Responder, sock: socket.socket) -> None:
        self._responder = responder
        self._socket = sock
        self._loop = asyncio.get_running_loop()
        self._to_send: deque[tuple[bytes, _Address]] = deque()
        self._waits_for_room = False
        self._dropped = 0
        # since when whatever waits has come at the earliest: a jump of the clock of the day makes no lag
        self._seen_empty = time.monotonic()
        sock.setblocking(False)
        enlarge(sock, _RECEIVE_BUFFER)
        sock.setsockopt(socket.SOL_SOCKET, punctuality.SO_TIMESTAMPNS, 1)
        sock.setsockopt(socket.SOL_SOCKET, punctuality.SO_RXQ_OVFL, 1)
        self._loop.add_reader(sock, self._read)

    def close(self) -> None:
        """Close the socket; what is still to be sent is not."""
        if self.is_open():
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket.close()

    def is_open(self) -> bool:
        """Return whether it is not closed."""
        return self._socket.fileno() >= 0

    def send(self, wire: bytes, address: _Address) -> None:
        """Send a datagram, as soon as there is room for it."""
        self._to_send.append((wire, address))
        if len(self._to_send) == 1:
            self._write()

    def send_from_elsewhere(self, wire: bytes, address: _Address) -> None:
        """Send a datagram at once, from another port of the same host."""
        with socket.socket(self._socket.family, socket.SOCK_DGRAM) as other:
            other.setblocking(False)
            try:
                other.bind((self._socket.getsockname()[0], 0))
                other.sendto(wire, address)
            except OSError as error:
                self._responder.broke(error)

    def _read(self) -> None:
        """Take what has come, but leave a turn to others now and then."""
        taken = 0
        for _ in range(_AT_ONCE + _TURNED_AWAY_AT_ONCE):
            begun = time.monotonic()
            try:
                data, ancillary, _, address = self._socket.recvmsg(_LARGEST, punctuality.ANCILLARY)
            except BlockingIOError:
                self._seen_empty = begun
                return
            received = punctuality.received_at(ancillary)
            lag = 0.0 if received is None else min(time.time() - received, begun - self._seen_empty)
            self._count(punctuality.drops(ancillary), lag)
            if not self._responder.takes():
                continue
            taken += 1
            self._responder.receive(
                data, endpoint(address[0], address[1]), 0, _Reply(self, address), punctuality.notable(lag)
            )
            if (
                taken == _AT_ONCE or not self.is_open()
            ):  # whoever heard of the query may have stopped the server
                return

    def _count(self, dropped: int, lag: float) -> None:
        if dropped > self._dropped:
            self._responder.lost(dropped - self._dropped, lag)
            self._dropped = dropped

    def _write(self) -> None:
        while self._to_send:
            wire, address = self._to_send[0]
            try:
                self._socket.sendto(wire, address)
            except BlockingIOError:
                self._loop.add_writer(self._socket, self._write)
                self._waits_for_room = True
                return
            except OSError as error:
                self._responder.broke(error)
            self._to_send.popleft()
        if self._waits_for_room:
            self._waits_for_room = False
            self._loop.remove_writer(self._socket)


class _Reply:
    """The way back to the sender of one datagram."""

    transport_name: Transport = "udp"

    def __init__(self, udp: Udp, address: _Address) -> None:
        self._udp = udp
        self._address = address

    def is_open(self) -> bool:
        return self._udp.is_open()

    def send(self, wire: bytes) -> None:
        self._udp.send(wire, self._address)

    def send_from_elsewhere(self, wire: bytes) -> None:
        self._udp.send_from_elsewhere(wire, self._address)

    def hold(self) -> None:
        """There is nothing to keep open."""

    def release(self) -> None:
        """There is nothing to close."""

    def break_off(self) -> None:
        """Say nothing: UDP knows no reset."""


class Tcp(asyncio.Protocol):
    """One TCP connection; each message follows its length in two octets (RFC 1035 section 4.2.2)."""

    transport_name: Transport = "tcp"

    def __init__(self, responder: Responder, open_connections: set[Tcp], most: int | None = None) -> None:
        self._responder = responder
        self._open_connections = open_connections
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._held = 0
        self._ended = False
        self._client = ""
        self._connection = responder.new_connection()
        self._broken_off = most is not None and len(open_connections) >= most
        if self._broken_off and most is not None:
            responder.exceeded("open connections", most)
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        open_connections.add(self)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Keep the connection."""
        self._transport = transport
        host, port, *_ = transport.get_extra_info("peername")
        self._client = endpoint(host, port)
        if self._broken_off:
            self.break_off()

    def data_received(self, data: bytes) -> None:
        """Answer each query that is complete."""
        assert self._transport is not None
        lag = punctuality.notable(punctuality.since_last_data(self._transport.get_extra_info("socket")))
        self._received += data
        while len(self._received) >= 2:
            end = 2 + int.from_bytes(self._received[:2], "big")
            if len(self._received) < end:
                return
            message = bytes(self._received[2:end])
            del self._received[:end]
            self._responder.receive(message, self._client, self._connection, self, lag)

    def eof_received(self) -> bool:
        """Stay open for what is still to be answered (RFC 7766 section 6.2.4), else close."""
        self._ended = True
        return self._held > 0

    def connection_lost(self, exc: Exception | None) -> None:
        """Say so in `closed`."""
        self._transport = None
        self._open_connections.discard(self)
        self.closed.set_result(None)

    def is_open(self) -> bool:
        """Return whether a reply could still be sent."""
        return self._transport is not None and not self._transport.is_closing()

    def send(self, wire: bytes) -> None:
        """Send one message with its length."""
        if self._transport is not None:
            self._transport.write(struct.pack("!H", len(wire)) + wire)

    def send_from_elsewhere(self, wire: bytes) -> None:
        """Send nothing: a connection has two ends."""

    def hold(self) -> None:
        """Count one reply to come."""
        self._held += 1

    def release(self) -> None:
        """Count one reply less; after the last one follow a client that has closed."""
        self._held -= 1
        if self._ended and not self._held and self._transport is not None:
            self._transport.close()

    def break_off(self) -> None:
        """Reset the connection, at once or as soon as it is made."""
        self._broken_off = True
        if self._transport is not None:
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._transport.abort()
