"""A UDP socket as dnspython wants one: without asyncio's transport, which costs more than a question and its answer."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import dns.asyncbackend
import dns.inet

_LARGEST = 65535  # octets


class DatagramSocket(dns.asyncbackend.DatagramSocket):  # type: ignore[name-defined, misc]
    """A socket of its own for one question, so with a port that nobody can guess (RFC 5452 section 9.2).

    Time-outs are left to whoever asks.

    Args:
        host: The name server's address, whose family it has.
    """

    def __init__(self, host: str) -> None:
        family = dns.inet.af_for_address(host)
        super().__init__(family, socket.SOCK_DGRAM)
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._loop = asyncio.get_running_loop()

    async def sendto(self, what: bytes, destination: Any, timeout: float | None) -> int:
        """Send a datagram."""
        return await self._loop.sock_sendto(self._socket, what, destination)

    async def recvfrom(self, size: int, timeout: float | None) -> tuple[bytes, Any]:
        """Receive one, with its sender's address."""
        return await self._loop.sock_recvfrom(self._socket, _LARGEST)

    async def close(self) -> None:
        """Close it."""
        self._socket.close()
