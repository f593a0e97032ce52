"""Accepts connections at a listening socket, as many as wait, and tells how long each had waited."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any, Final

from fake_servers.punctuality import notable, since_last_data

_AT_ONCE: Final = 64  # connections in one turn of the loop
_PAUSE: Final = 0.1  # seconds after an error, most likely because there are no file descriptors left

Accepted = Callable[[socket.socket, Any, float], object]


class Acceptor:
    """Accepts until it is closed.

    asyncio's own `sock_accept` takes one connection in each turn of its loop; a server with many clients falls behind.

    Args:
        listener: Listening, not blocking; stays the caller's.
        accepted: Called with each connection, its peer's address, and for how many seconds it had waited. The
            connection does not block, and sends small segments at once.
        failed: Called with what went wrong; after a moment it is tried again.
    """

    def __init__(
        self, listener: socket.socket, accepted: Accepted, failed: Callable[[OSError], object]
    ) -> None:
        self._listener = listener
        self._accepted = accepted
        self._failed = failed
        self._loop = asyncio.get_running_loop()
        self._again: asyncio.TimerHandle | None = None
        self._closed = False
        self._watch()

    def close(self) -> None:
        """Accept no more. Closing twice is harmless."""
        self._closed = True
        if self._again is not None:
            self._again.cancel()
            self._again = None
        if self._listener.fileno() >= 0:
            self._loop.remove_reader(self._listener)

    def _watch(self) -> None:
        self._again = None
        self._loop.add_reader(self._listener, self._accept)

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                sock, peer = self._listener.accept()
                sock.setblocking(False)
                # asyncio does this only for sockets that were made with the protocol's number
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except BlockingIOError:
                return
            except ConnectionError:
                continue  # reset before it was accepted
            except OSError as error:
                self._failed(error)
                self._loop.remove_reader(self._listener)
                self._again = self._loop.call_later(_PAUSE, self._watch)
                return
            self._accepted(sock, peer, notable(since_last_data(sock)))
            if self._closed:
                return  # whoever heard of the connection has stopped the server
