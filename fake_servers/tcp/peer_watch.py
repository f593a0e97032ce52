"""Tells whether the process behind the other end of a connection has closed it, by the kernel's table of sockets.

A FIN behind octets that do not fit into our receive buffer never reaches us; within one machine the other socket's
state shows it all the same.
"""

from __future__ import annotations

import socket
from typing import Final

from fake_servers.tcp.sockets import ESTABLISHED, text
from fake_servers.tcp.table import sockets

_CLOSE_WAIT: Final = 8  # include/net/tcp_states.h


class PeerWatch:
    """Watches the socket at the other end of an accepted IPv4 connection.

    Args:
        sock: Our end, connected; of an IPv6 connection nothing is seen.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._theirs = self._ours = ("", 0)
        if sock.family is socket.AF_INET:
            self._theirs, self._ours = sock.getpeername(), sock.getsockname()
        self._seen = self._state() is not None

    def left(self) -> bool:
        """Whether the other end was seen open and is so no more; always False if it is on another machine."""
        return self._seen and self._state() not in (ESTABLISHED, _CLOSE_WAIT)

    def _state(self) -> int | None:
        addresses = text(self._theirs), text(self._ours)
        found = sockets(local_port=self._theirs[1], remote_port=self._ours[1]) if self._theirs[0] else ()
        return next((each.state for each in found if (each.local, each.remote) == addresses), None)
