"""The kernel's table of TCP sockets, those of this network namespace (Linux).

Asked for by sock_diag(7), with the state that is looked for: the kernel then goes over a large hash table in a fifth of
a millisecond. Where it does not answer that (gVisor, some sandboxes) it is read from /proc/net/tcp as a whole, which
takes twenty times as long.
"""

from __future__ import annotations

import re
import socket
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fake_servers.endpoint import endpoint

# include/uapi/linux/netlink.h, sock_diag.h, inet_diag.h
_NETLINK_SOCK_DIAG: Final = 4
_SOCK_DIAG_BY_FAMILY: Final = 20
_REQUEST_DUMP: Final = 0x1 | 0x300
_ERROR: Final = 2
_DONE: Final = 3
_HEADER: Final = struct.Struct("=IHHII")
_REQUEST: Final = struct.Struct("=BBxxI")
_PORTS: Final = struct.Struct("!HH")
_REST_OF_SOCKET: Final = struct.pack("=36xII", 0xFFFFFFFF, 0xFFFFFFFF)  # any address, no cookie
_RECEIVED: Final = 65536
_MAPPED: Final = bytes(10) + b"\xff\xff"  # an IPv6 socket (of a JVM, say) shows ::ffff:127.1.0.5

_TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_ROW: Final = re.compile(
    r"^ *\d+: ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]{2}) ", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Socket:
    """One socket: its own address and the other end's, as the journal shows them, and its state."""

    local: str
    remote: str
    state: int


def sockets(*states: int, local_port: int = 0, remote_port: int = 0) -> list[Socket]:
    """Return the sockets that are in one of some states (include/net/tcp_states.h).

    Args:
        states: Any if none is named.
        local_port: Of which port; 0: any.
        remote_port: To which port; 0: any.

    Raises:
        OSError: The kernel shows no table.
    """
    try:
        return list(_asked(states, local_port, remote_port))
    except OSError:
        return [
            each
            for each in _read()
            if (not states or each.state in states)
            and (not local_port or each.local.endswith(f":{local_port}"))
            and (not remote_port or each.remote.endswith(f":{remote_port}"))
        ]


def _asked(states: tuple[int, ...], local_port: int, remote_port: int) -> Iterator[Socket]:
    mask = sum(1 << state for state in states) if states else 0xFFF
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as asks:
        for family in (socket.AF_INET, socket.AF_INET6):
            body = _REQUEST.pack(family, socket.IPPROTO_TCP, mask)
            body += _PORTS.pack(local_port, remote_port) + _REST_OF_SOCKET
            asks.send(
                _HEADER.pack(_HEADER.size + len(body), _SOCK_DIAG_BY_FAMILY, _REQUEST_DUMP, 0, 0) + body
            )
            for message in _answers(asks):
                yield _socket_of(message)


def _answers(asks: socket.socket) -> Iterator[bytes]:
    """Yield the messages that answer one request, without their headers.

    Raises:
        OSError: The kernel cannot answer it.
    """
    while True:
        received = asks.recv(_RECEIVED)
        at = 0
        while at < len(received):
            length, kind, *_ = _HEADER.unpack_from(received, at)
            if kind == _DONE:
                return
            if kind == _ERROR:
                raise OSError(-struct.unpack_from("=i", received, at + _HEADER.size)[0], "sock_diag")
            yield received[at + _HEADER.size : at + length]
            at += length + -length % 4


def _socket_of(message: bytes) -> Socket:
    """Read a `struct inet_diag_msg`."""
    size = 4 if message[0] == socket.AF_INET else 16
    local, remote = _PORTS.unpack_from(message, 4)
    return Socket(
        endpoint(_host(message[8 : 8 + size]), local),
        endpoint(_host(message[24 : 24 + size]), remote),
        message[1],
    )


def _host(octets: bytes) -> str:
    if len(octets) == 4:
        return socket.inet_ntoa(octets)
    if octets.startswith(_MAPPED):
        return socket.inet_ntoa(octets[len(_MAPPED) :])
    return socket.inet_ntop(socket.AF_INET6, octets)


def _read() -> Iterator[Socket]:
    for table in _TABLES:
        if table.exists():
            for host, port, other, others_port, state in _ROW.findall(table.read_text(encoding="ascii")):
                yield Socket(_shown(host, port), _shown(other, others_port), int(state, 16))


def _shown(host: str, port: str) -> str:
    """Return an address of /proc/net/tcp: each word of its host is in the machine's byte order."""
    words = (int(host[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(host), 8))
    return endpoint(_host(b"".join(words)), int(port, 16))
