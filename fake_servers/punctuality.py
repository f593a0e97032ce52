"""How long something had waited for us when we took it: only the kernel knows (Linux).

A server that has many clients, or is given no processor, reads late and does not notice: by its own clock everything
is answered at once. The kernel keeps, for each datagram, when it came, and for each TCP connection, how long ago the
last data came; right after accepting, before anybody has said anything, that is how long ago it was established.

What is long is read in many pieces, while the rest waits in buffers on either side: of that the kernel does not say how
old it is. But since something was left over by each read, it was we that the peer waited for (`Backlog`), until we had
read it all and answered.

What this cannot see: of several segments of data that wait in a connection, only how long the last one did; and what
the kernel itself threw away, except for datagrams, which are counted.
"""

from __future__ import annotations

import fcntl
import socket
import struct
import termios
from collections.abc import Iterable
from typing import Final

# Numbers that Python does not name: include/uapi/asm-generic/socket.h. They are the same on all common processors.
SO_TIMESTAMPNS: Final = 35  # each datagram comes with the time of its receipt, by the clock of the day
SO_RXQ_OVFL: Final = 40  # ... and with how many were thrown away so far, if any were

_TIMESPEC: Final = struct.Struct("@ll")
_DROPS: Final = struct.Struct("=I")
_TCP_INFO_LAST_DATA_RECV: Final = 52  # offset of tcpi_last_data_recv, include/uapi/linux/tcp.h; milliseconds

# Room for both pieces of ancillary data.
ANCILLARY: Final = socket.CMSG_SPACE(_TIMESPEC.size) + socket.CMSG_SPACE(_DROPS.size)

# Less than so many seconds is no lateness, but what a turn of an event loop takes.
_NOTABLE: Final = 0.01

# Whoever has sent less than so many octets was not kept from sending more by any receive buffer.
_SHORT: Final = 1024

AncillaryData = Iterable[tuple[int, int, bytes]]


def received_at(ancillary: AncillaryData) -> float | None:
    """Return when the kernel received a datagram, in seconds since the epoch; None if it does not say."""
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS) and len(data) >= _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack_from(data)
            return float(seconds + nanoseconds / 1e9)
    return None


def drops(ancillary: AncillaryData) -> int:
    """Return how many datagrams the kernel had thrown away on a socket when it received this one."""
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, SO_RXQ_OVFL) and len(data) >= _DROPS.size:
            return int(_DROPS.unpack_from(data)[0])
    return 0


def since_last_data(connected: socket.socket) -> float:
    """Return how many seconds ago the last data came on a TCP connection; before any: since it was established.

    Exact to a few milliseconds. 0.0 if the kernel does not say.
    """
    info = connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_LAST_DATA_RECV + 4)
    if len(info) < _TCP_INFO_LAST_DATA_RECV + 4:
        return 0.0
    return float(struct.unpack_from("=I", info, _TCP_INFO_LAST_DATA_RECV)[0]) / 1000


class Backlog:
    """What had come on a connection and waited for us: since when, and since when more than we had read.

    All times are on the monotonic clock.
    """

    def __init__(self) -> None:
        self._since: float | None = None
        self._caught_up = False
        self._prompt_until = 0.0  # nothing that is read or answered before then can be late

    def since_last_data(self, now: float, connected: socket.socket) -> float:
        """Return how many seconds ago the last data came; 0.0 if that is too short to be notable.

        The kernel is asked only if it may be longer: what came last did so before we asked last, and then its age is
        known, or it came after that.
        """
        if now < self._prompt_until:
            return 0.0
        seconds = since_last_data(connected)
        self._prompt_until = now - seconds + _NOTABLE / 2
        return seconds

    def read(self, now: float, connected: socket.socket, octets: int) -> None:
        """Take notice that so many octets were read, and of whether there is more: never behind a mere command."""
        if self._caught_up:
            self._since = None
        more = octets >= _SHORT and bool(
            struct.unpack("=i", fcntl.ioctl(connected, termios.FIONREAD, bytes(4)))[0]
        )
        if more and self._since is None:
            self._since = now
        self._caught_up = not more

    def answered(self) -> None:
        """Take notice that the peer need not wait any longer."""
        self._since = None

    def seconds(self, now: float) -> float:
        """Return for how long the peer has waited for us by now: no longer than that."""
        return 0.0 if self._since is None else now - self._since


def notable(seconds: float) -> float:
    """Return a lag as it is noted: to the millisecond, and 0.0 if it is none."""
    return round(seconds, 3) if seconds >= _NOTABLE else 0.0
