"""Our own look at a fault that leaves no trace on the wire."""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import Final, Literal, Protocol

from fake_servers.events import TcpProbe
from fake_servers.journal import Journal
from fake_servers.tcp.sockets import new_socket, reset, text

_Outcome = Literal["connected", "refused", "unreachable", "timeout"]

_OUTCOMES: Final[dict[int, _Outcome]] = {
    0: "connected",
    errno.ECONNREFUSED: "refused",
    errno.ENETUNREACH: "unreachable",
    errno.EHOSTUNREACH: "unreachable",
    errno.ETIMEDOUT: "timeout",
}


class Watch(Protocol):
    """A witness that must not take our own connections for the relay's: `SynWatch`, `PacketWatch`."""

    def ignore(self, peer: str) -> None:
        """Leave this client (`host:port`) out."""

    def heed(self, peer: str) -> None:
        """End `ignore`."""


async def probe(
    journal: Journal, host: str, port: int, timeout: float, *, unseen_by: Watch | None = None
) -> str:
    """Try to connect, note what happened, and close at once with RST.

    A server that listens would count this as an attempt: use it where nothing is supposed to listen.

    Args:
        journal: Where `tcp/probe` is noted.
        host: The IP address to look at.
        port: The port to look at.
        timeout: Seconds to wait for an answer.
        unseen_by: A witness in whose eyes the probe shall not count.

    Returns:
        `refused`, `unreachable`, `timeout` or `connected`.

    Raises:
        OSError: If connecting fails in any other way.
    """
    attempt = new_socket(host)
    peer = ""
    try:
        result = attempt.connect_ex((host, port))
        if unseen_by is not None and result in (0, errno.EINPROGRESS):
            peer = text(attempt.getsockname()[:2])
            unseen_by.ignore(peer)
        if result == errno.EINPROGRESS:
            result = await _settled(attempt, timeout)
    finally:
        reset(attempt)
        if unseen_by is not None and peer:
            unseen_by.heed(peer)
    if result not in _OUTCOMES:
        raise OSError(result, f"probing {host}:{port}: {errno.errorcode.get(result, result)}")
    outcome = _OUTCOMES[result]
    journal.note(TcpProbe(server=text((host, port)), outcome=outcome))
    return outcome


async def _settled(attempt: socket.socket, timeout: float) -> int:
    """Wait for a pending connection and return its error number, 0 if it came about."""
    loop = asyncio.get_running_loop()
    writable = asyncio.Event()
    loop.add_writer(attempt, writable.set)
    try:
        async with asyncio.timeout(timeout):
            await writable.wait()
    except TimeoutError:
        return errno.ETIMEDOUT
    finally:
        loop.remove_writer(attempt)
    return attempt.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
