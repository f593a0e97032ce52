"""A connection, from its acceptance to its end: everything that was noted on it, by what it means."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from fake_servers.events import (
    E,
    Event,
    SmtpFault,
    SmtpHeard,
    SmtpMessage,
    SmtpReceived,
    SmtpSent,
    TcpAccepted,
    TcpClosed,
    TlsEstablished,
    TlsFailed,
    TlsOffered,
)

# RFC 5321 sections 4.1.1.2 and 4.1.1.3; some clients put a blank behind the colon.
_MAIL = re.compile(r"MAIL\s+FROM:\s*<([^>]*)>", re.IGNORECASE)
_RCPT = re.compile(r"RCPT\s+TO:\s*<([^>]*)>", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Transaction:
    """What one MAIL command began: the envelope that was offered, accepted or not (RFC 5321 section 3.3)."""

    reverse_path: str
    forward_paths: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Connection:
    """One connection to a server of the fake world.

    Attributes:
        accepted: How it began.
        events: Everything noted on it, in order; the first is its acceptance.
    """

    accepted: TcpAccepted
    events: tuple[Event, ...]

    @property
    def number(self) -> int:
        """Its number, by which events name it."""
        return self.accepted.connection

    @property
    def server(self) -> str:
        """The address of the server, as journal events name it."""
        return self.accepted.server

    @property
    def opened(self) -> float:
        """When it was accepted."""
        return self.accepted.at

    @cached_property
    def closed(self) -> TcpClosed | None:
        """How it ended: when, by whom, by FIN or RST; None while it is open."""
        return self._first(TcpClosed)

    def is_closed(self, at: float) -> bool:
        """Tell whether it had ended by a time of the journal."""
        return self.closed is not None and self.closed.at <= at

    def is_open(self, at: float) -> bool:
        """Tell whether it was open at a time of the journal."""
        return self.opened <= at and not self.is_closed(at)

    @cached_property
    def commands(self) -> tuple[SmtpReceived, ...]:
        """What the relay said, content apart."""
        return self._all(SmtpReceived)

    @property
    def greetings(self) -> frozenset[str]:
        """With which commands the relay greeted the server: EHLO, HELO."""
        said = {command.line.partition(" ")[0].upper() for command in self.commands}
        return frozenset(said & {"EHLO", "HELO"})

    @cached_property
    def transactions(self) -> tuple[Transaction, ...]:
        """The envelopes that the relay offered on it, in order; none if it never came as far as MAIL."""
        found: list[tuple[str, list[str]]] = []
        for command in self.commands:
            if (path := reverse_path(command)) is not None:
                found.append((path, []))
            elif found and (named := forward_path(command)) is not None:
                found[-1][1].append(named)
        return tuple(Transaction(reverse_path=path, forward_paths=tuple(paths)) for path, paths in found)

    @cached_property
    def replies(self) -> tuple[SmtpSent, ...]:
        """What the server said."""
        return self._all(SmtpSent)

    @cached_property
    def faults(self) -> tuple[SmtpFault, ...]:
        """The scripted faults that were played."""
        return self._all(SmtpFault)

    @cached_property
    def heard(self) -> SmtpHeard | None:
        """The first that the relay said into a stall."""
        return self._first(SmtpHeard)

    @cached_property
    def messages(self) -> tuple[SmtpMessage, ...]:
        """The messages that were accepted."""
        return self._all(SmtpMessage)

    @cached_property
    def offered(self) -> TlsOffered | None:
        """The certificate that was presented."""
        return self._first(TlsOffered)

    @cached_property
    def established(self) -> TlsEstablished | None:
        """The TLS that was negotiated; None: all was said in clear."""
        return self._first(TlsEstablished)

    @cached_property
    def failed(self) -> TlsFailed | None:
        """How TLS came to grief."""
        return self._first(TlsFailed)

    @cached_property
    def in_clear(self) -> tuple[Event, ...]:
        """What happened before TLS was negotiated: everything, if it never was."""
        return self.events[: self._secured_from]

    @cached_property
    def under_tls(self) -> tuple[Event, ...]:
        """What happened after that."""
        return self.events[self._secured_from :]

    @cached_property
    def _secured_from(self) -> int:
        return len(self.events) if self.established is None else self.events.index(self.established)

    def _all(self, kind: type[E]) -> tuple[E, ...]:
        return tuple(event for event in self.events if isinstance(event, kind))

    def _first(self, kind: type[E]) -> E | None:
        return next(iter(self._all(kind)), None)


def reverse_path(command: SmtpReceived) -> str | None:
    """Return the reverse-path that a command offers, empty for the null one; None if it is no MAIL."""
    begun = _MAIL.match(command.line)
    return None if begun is None else begun[1]


def forward_path(command: SmtpReceived) -> str | None:
    """Return the forward-path that a command offers; None if it is no RCPT."""
    named = _RCPT.match(command.line)
    return None if named is None else named[1]


def connections_of(events: Iterable[Event]) -> tuple[Connection, ...]:
    """Return the connections that were accepted, in that order; they may be open still.

    Args:
        events: In the order in which they were noted.
    """
    found: dict[int, tuple[TcpAccepted, list[Event]]] = {}
    for event in events:
        if isinstance(event, TcpAccepted):
            found[event.connection] = event, []
        if event.connection in found:
            found[event.connection][1].append(event)
    return tuple(Connection(accepted, tuple(noted)) for accepted, noted in found.values())
