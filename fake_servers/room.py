"""Room for bursts in a socket's receive buffer: what finds none is lost."""

from __future__ import annotations

import contextlib
import socket
from typing import Final

_SO_RCVBUFFORCE: Final = 33  # include/uapi/asm-generic/socket.h; Python does not name it


def enlarge(receiving: socket.socket, octets: int) -> None:
    """Ask for a receive buffer: beyond the system's limit (net.core.rmem_max) if we may, else up to it.

    Args:
        receiving: The socket.
        octets: How many; the kernel doubles them, because it counts what it needs for itself, too (socket(7)).
    """
    receiving.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, octets)
    with contextlib.suppress(PermissionError):  # CAP_NET_ADMIN, in the namespace of the network
        receiving.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, octets)
