"""Tells whether the process behind the other end of a connection has closed it, by the kernel's table of sockets.

A FIN behind octets that do not fit into our receive buffer never reaches us; within one machine the other socket's
state shows it all the same.
"""

from __future__ import annotations

import re
import socket
import sys
from pathlib import Path
from typing import Final

_TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_MAPPED: Final = f"{0:016X}{int.from_bytes(bytes((0, 0, 255, 255)), sys.byteorder):08X}"
# Two addresses, state.
_ROW: Final = re.compile(
    r"^ *\d+: ([0-9A-F]+:[0-9A-F]{4}) ([0-9A-F]+:[0-9A-F]{4}) ([0-9A-F]{2}) ", re.MULTILINE
)
_OPEN: Final = ("01", "08")  # ESTABLISHED, CLOSE_WAIT: include/net/tcp_states.h


class PeerWatch:
    """Watches the socket at the other end of an accepted IPv4 connection.

    Args:
        sock: Our end, connected; of an IPv6 connection nothing is seen.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._theirs = ("", "")
        if sock.family is socket.AF_INET:
            self._theirs = (_shown(sock.getpeername()), _shown(sock.getsockname()))
        self._seen = self._state() != ""

    def left(self) -> bool:
        """Whether the other end was seen open and is so no more; always False if it is on another machine."""
        return self._seen and self._state() not in _OPEN

    def _state(self) -> str:
        for table in _TABLES:
            if table.exists():
                for local, remote, state in _ROW.findall(table.read_text(encoding="ascii")):
                    if (local.removeprefix(_MAPPED), remote.removeprefix(_MAPPED)) == self._theirs:
                        return str(state)
        return ""


def _shown(address: tuple[str, int]) -> str:
    """Return an address as the table shows it: host in the machine's byte order, port as a number."""
    host, port = address
    return f"{int.from_bytes(socket.inet_aton(host), sys.byteorder):08X}:{port:04X}"
