"""What the kernel tells about TCP sockets, and ways to treat them that Python does not name (Linux)."""

from __future__ import annotations

import socket
import struct
from typing import Final

from fake_servers.endpoint import endpoint, family

ESTABLISHED: Final = 1  # include/net/tcp_states.h
SYN_SENT: Final = 2
LISTEN: Final = 10

_TCP_INFO_UNACKED: Final = 24  # offset of tcpi_unacked in struct tcp_info, include/uapi/linux/tcp.h
_RESET: Final = struct.pack("ii", 1, 0)


def new_socket(host: str = "") -> socket.socket:
    """Return a non-blocking TCP socket for an address of either family; IPv4 if there is none."""
    made = socket.socket(family(host), socket.SOCK_STREAM)
    made.setblocking(False)
    return made


def bound_alone(host: str, port: int) -> socket.socket:
    """Return a socket bound to an address that nobody else can bind until it is closed.

    SO_REUSEADDR while binding steps over connections in TIME_WAIT; taken away afterwards, it keeps any second
    socket out, even one with the same option. Call `handed_over` before others use the socket.

    Raises:
        OSError: If the address is taken or is not of this machine.
    """
    made = new_socket(host)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    except OSError:
        made.close()
        raise
    return made


def handed_over(bound: socket.socket) -> socket.socket:
    """Return `bound` with SO_REUSEADDR, so that the TIME_WAIT of connections accepted later blocks nobody."""
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return bound


def state(of: socket.socket) -> int:
    """Return the state of a TCP socket, e.g. `SYN_SENT`."""
    return of.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]


def accept_queue_length(listening: socket.socket) -> int:
    """Return how many connections wait to be accepted; the kernel shows it as tcpi_unacked of a listener."""
    info = listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_UNACKED + 4)
    (length,) = struct.unpack_from("=I", info, _TCP_INFO_UNACKED)
    return int(length)


def reset(connected: socket.socket) -> None:
    """Close a connection with RST; a socket that is still connecting just vanishes."""
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    connected.close()


def text(address: tuple[str, int]) -> str:
    """Return an address as the journal shows it."""
    return endpoint(*address)
