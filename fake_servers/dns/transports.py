"""How queries arrive: a UDP socket, and TCP connections."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Final

from fake_servers.dns.responder import Responder
from fake_servers.endpoint import endpoint
from fake_servers.events import Transport

_RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends RST

_Address = tuple[str, int] | tuple[str, int, int, int]  # IPv6 adds flow and scope


class Udp(asyncio.DatagramProtocol):
    """The UDP socket; each datagram is one query."""

    def __init__(self, responder: Responder) -> None:
        self._responder = responder
        self._transport: asyncio.DatagramTransport | None = None
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        """Keep the socket."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: _Address) -> None:
        """Answer one query."""
        self._responder.receive(data, endpoint(addr[0], addr[1]), 0, _Reply(self._transport, addr))

    def connection_lost(self, exc: Exception | None) -> None:
        """Say so in `closed`."""
        self._transport = None
        self.closed.set_result(None)

    def close(self) -> None:
        """Close the socket; `closed` tells when it is done."""
        if self._transport is not None:
            self._transport.abort()


class _Reply:
    """The way back to the sender of one datagram."""

    transport_name: Transport = "udp"

    def __init__(self, transport: asyncio.DatagramTransport | None, address: _Address) -> None:
        self._transport = transport
        self._address = address

    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def send(self, wire: bytes) -> None:
        if self._transport is not None:
            self._transport.sendto(wire, self._address)

    def hold(self) -> None:
        """There is nothing to keep open."""

    def release(self) -> None:
        """There is nothing to close."""

    def break_off(self) -> None:
        """Say nothing: UDP knows no reset."""


class Tcp(asyncio.Protocol):
    """One TCP connection; each message follows its length in two octets (RFC 1035 section 4.2.2)."""

    transport_name: Transport = "tcp"

    def __init__(self, responder: Responder, open_connections: set[Tcp]) -> None:
        self._responder = responder
        self._open_connections = open_connections
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._held = 0
        self._ended = False
        self._client = ""
        self._connection = responder.new_connection()
        self._broken_off = False
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
        self._received += data
        while len(self._received) >= 2:
            end = 2 + int.from_bytes(self._received[:2], "big")
            if len(self._received) < end:
                return
            message = bytes(self._received[2:end])
            del self._received[:end]
            self._responder.receive(message, self._client, self._connection, self)

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
