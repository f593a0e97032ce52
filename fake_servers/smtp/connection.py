"""What both kinds of connection share: an identity in the journal, and one ending."""

from __future__ import annotations

import ssl
from typing import Literal

from fake_servers.events import (
    Event,
    FakeBroke,
    FakeExcess,
    SmtpReceived,
    TcpAccepted,
    TcpClosed,
    TcpLate,
    TlsEstablished,
)
from fake_servers.journal import Journal
from fake_servers.limits import TooMuch
from fake_servers.stages import Stage
from fake_servers.tls import ASKED_FOR

_CHUNK = 512  # octets


class Connection:
    """Notes the events of one connection.

    Args:
        journal: Where to.
        server: The server's own address as `host:port`.
        peer: The client's address as `host:port`.
        nth: The number of the connection at its server, counted from 1.
        lag: For how many seconds it had waited to be accepted.
        commands: How many commands it may have; None: any number. A chunk of content is none, unless it is tiny.
    """

    def __init__(
        self,
        journal: Journal,
        *,
        server: str,
        peer: str,
        nth: int,
        lag: float,
        commands: int | None = None,
    ) -> None:
        self._journal = journal
        self._server = server
        self._number = journal.new_connection()
        self._ended = False
        self._most = self._left = commands
        self.nth = nth
        self.note(TcpAccepted(peer=peer, attempt=nth, lag=lag))

    def note(self, event: Event) -> None:
        """Append an event of this connection.

        Raises:
            TooMuch: It is a command, and one too many.
        """
        if isinstance(event, SmtpReceived) and self._most is not None and self._left is not None:
            self._left -= not _is_chunk(event)
            if self._left < 0:
                if self._left == -1:
                    self.note(FakeExcess(what="commands on one connection", most=self._most))
                raise TooMuch
        self._journal.note(event, server=self._server, connection=self._number)

    def late(self, lag: float) -> None:
        """Note that what is read or answered now had waited for us for so many seconds."""
        self.note(TcpLate(lag=lag))

    def ended(self, by: Literal["peer", "server"], how: Literal["fin", "rst"]) -> None:
        """Note the end of the connection; the first cause counts, later ones are its consequences."""
        if not self._ended:
            self._ended = True
            self.note(TcpClosed(by=by, how=how))

    def broke(self, error: BaseException) -> None:
        """Note a defect of the fake itself; the caller resets the connection."""
        self.note(FakeBroke(error=f"{type(error).__name__}: {error}"))
        self.ended("server", "rst")

    def established(self, tls: ssl.SSLObject) -> None:
        """Note that TLS was negotiated."""
        cipher = tls.cipher()
        self.note(
            TlsEstablished(
                version=tls.version() or "",
                cipher=cipher[0] if cipher else "",
                server_name=getattr(tls, ASKED_FOR, ""),
            )
        )


def peer_ending(error: OSError) -> Literal["fin", "rst"]:
    """Tell how the peer left from the error it caused.

    Linux answers a write after the peer's FIN by EPIPE, and everything after an RST by ECONNRESET.
    """
    return "fin" if isinstance(error, BrokenPipeError) else "rst"


def _is_chunk(event: SmtpReceived) -> bool:
    """Tell whether a command brings content, of which there may be much: some send it in chunks of 512 octets."""
    size = event.line.split()[1:2] if event.stage is Stage.BDAT else []
    return bool(size) and size[0].isdigit() and int(size[0][:9]) >= _CHUNK
