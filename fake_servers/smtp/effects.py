"""What a session wants done: the only way in which it touches the world."""

from __future__ import annotations

from dataclasses import dataclass

from fake_servers.events import Event


@dataclass(frozen=True, slots=True)
class Note:
    """Append an event of this connection to the journal."""

    event: Event


@dataclass(frozen=True, slots=True)
class Send:
    """Write octets; with an `interval` one at a time, so many seconds apart."""

    data: bytes
    interval: float = 0.0


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing, not even read, for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class StartTls:
    """Negotiate TLS, then tell the session by `secured`; `received` came behind STARTTLS already."""

    received: bytes = b""


@dataclass(frozen=True, slots=True)
class HalfClose:
    """Send FIN and read on until the peer closes; when `tidy`, TLS says close_notify before."""

    tidy: bool


@dataclass(frozen=True, slots=True)
class Abort:
    """Send RST."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Say nothing until the peer has left; when not `reading`, leave its octets where they are."""

    reading: bool


@dataclass(frozen=True, slots=True)
class Repeat:
    """Write octets again and again, `interval` seconds apart, reading and ignoring, until the peer has left."""

    data: bytes
    interval: float


Final = HalfClose | Abort | Hold | Repeat
"""Nothing can follow these."""

Effect = Note | Send | Wait | StartTls | Final
