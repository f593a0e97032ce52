"""What a session wants done: the only way in which it touches the world."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fake_servers.events import Event, SmtpMessage, SmtpSent


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


def in_segments(effects: Iterable[Effect]) -> Iterator[Effect]:
    """Yield the effects with all replies that nothing separates in one `Send` (RFC 2920, section 3.2).

    What is noted of a group of commands before any of them is answered comes before it, what tells of the replies
    behind it, in the order in which it was.
    """
    replies, before, behind = b"", list[Note](), list[Note]()

    def collected() -> Iterator[Effect]:
        yield from before
        if replies:
            yield Send(replies)
        yield from behind

    for effect in effects:
        match effect:
            case Send(data=data, interval=0.0):
                replies += data
            case Note(event=SmtpSent() | SmtpMessage()):
                behind.append(effect)
            case Note():
                before.append(effect)
            case _:
                yield from collected()
                replies, before, behind = b"", [], []
                yield effect
    yield from collected()
