"""Serves a healthy connection by aiosmtpd, so that "healthy" does not mean "as we understood the RFC".

aiosmtpd is changed only where a fake needs it: the dialogue is noted; a defect resets the connection
instead of becoming a reply; a client that half-closes is still served to the end of what it sent; the
parameters of DSN (RFC 3461), AUTH (RFC 4954) and DELIVERBY (RFC 2852) are taken if the script offers that
extension; replies have enhanced status codes (RFC 2034), and commands that came in one segment are answered
in one (RFC 2920). What is done faster than it does it comes to the same.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import struct
import time
from collections import defaultdict
from typing import Any, AnyStr, Literal, cast

from aiosmtpd.smtp import SMTP, Envelope, TLSSetupException

from fake_servers.events import SmtpUnoffered, TlsFailed, TlsOffered
from fake_servers.limits import TooMuch
from fake_servers.punctuality import Backlog, notable
from fake_servers.smtp.blocks import Blocks
from fake_servers.smtp.channel import presents_certificate
from fake_servers.smtp.commands import (
    FOREIGN,
    NOT_IMPLEMENTED,
    Path,
    parse_path,
    plainer,
    with_status,
)
from fake_servers.smtp.connection import Connection, peer_ending
from fake_servers.smtp.content import MAX_CONTENT_LINE, MAX_MESSAGE_OCTETS
from fake_servers.smtp.dialogue import Dialogue
from fake_servers.smtp.envelope import NEEDS_SMTPUTF8
from fake_servers.smtp.hooks import Hooks, KeptEnvelope
from fake_servers.smtp.lines import MAX_LINE, Thinning
from fake_servers.smtp.plain import plain_address
from fake_servers.smtp.script import Script
from fake_servers.stages import Stage

# The journal says it all; without a handler Python would print aiosmtpd's warnings to standard error.
logging.getLogger("mail.log").addHandler(logging.NullHandler())

# Octets read at a time. asyncio's 256 KiB are mapped anew by the C library, and unmapped, for each command.
_READ_SIZE = 64 * 1024
# ... and where there was as much: a turn of the loop for each 64 KiB of megabytes takes long among hundreds of others.
_OF_MEGABYTES = 1024 * 1024

# After these replies the client does not go on with what it may have sent already.
_AT_ONCE = ("220", "221", "354")


class HealthyProtocol(SMTP):
    """aiosmtpd's server side of one connection.

    Args:
        connection: Its identity in the journal.
        script: For what EHLO offers.
        hostname: The name in the greeting and in the reply to EHLO.
        tls: For STARTTLS.
        certificate: The label of the certificate in the journal.
    """

    command_size_limit = MAX_LINE
    line_length_limit = MAX_CONTENT_LINE

    def __init__(
        self,
        connection: Connection,
        script: Script,
        *,
        hostname: str,
        tls: ssl.SSLContext | None,
        certificate: str,
    ) -> None:
        # aiosmtpd shares this table between all connections, and each new one clears it.
        self.command_size_limits = defaultdict(lambda: MAX_LINE)
        super().__init__(
            Hooks(connection, script),
            data_size_limit=MAX_MESSAGE_OCTETS,
            hostname=hostname,
            ident="ESMTP",
            tls_context=tls if script.starttls else None,
            enable_SMTPUTF8=any(
                "SMTPUTF8" in script.keywords(connection.nth, secured=secured) for secured in (False, True)
            ),
            loop=asyncio.get_running_loop(),
        )
        self._replies: list[str] = []  # to commands of one group
        self.finished = asyncio.Event()
        self._connection = connection
        self._certificate = certificate
        self._dialogue = Dialogue(connection)
        self._thinning = Thinning(2 * MAX_CONTENT_LINE)
        self._script = script
        self._socket_transport: asyncio.Transport | None = None
        self._backlog = Backlog()
        self._abandoned = False
        self._lost = False
        self._handled = False

    def __dir__(self) -> list[str]:
        """Return what aiosmtpd looks for at each connection: commands, and mechanisms of AUTH."""
        return _COMMANDS

    def reset(self, *, by: Literal["peer", "server"] = "server") -> None:
        """Send RST."""
        self._abandoned = True
        self._connection.ended(by, "rst")
        transport = self._socket_transport
        if transport is not None and not transport.is_closing():
            sock = transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if transport is not None:
            transport.abort()

    # Events of the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet; or go on, when TLS was negotiated."""
        first = self._socket_transport is None
        super().connection_made(transport)
        if first:
            self._socket_transport = cast(asyncio.Transport, transport)
            cast(Any, transport).max_size = _READ_SIZE
            assert self._handler_coroutine is not None
            self._handler_coroutine.add_done_callback(self._done)
        else:
            self._dialogue.secured()
            self._connection.established(transport.get_extra_info("ssl_object"))

    def data_received(self, data: bytes) -> None:
        """Show the octets to the journal, then to aiosmtpd."""
        assert self._socket_transport is not None
        now = time.monotonic()
        self._backlog.read(now, self._socket_transport.get_extra_info("socket"), len(data))
        self._tell_of_lateness(now)
        if len(data) == _READ_SIZE:
            cast(Any, self._socket_transport).max_size = _OF_MEGABYTES
        try:
            self._dialogue.received(data)
        except TooMuch:
            self.reset()
            return
        except Exception as error:  # noqa: BLE001 - asyncio would log it and close tidily
            self._connection.broke(error)
            self.reset()
            return
        super().data_received(self._thinning.pass_on(data))

    def eof_received(self) -> bool | None:
        """Let the client's last commands be served: aiosmtpd itself would drop them here."""
        self._connection.ended("peer", "fin")
        return asyncio.StreamReaderProtocol.eof_received(self) if self._tls_protocol is None else False

    def connection_lost(self, error: Exception | None) -> None:
        """Note the end, unless its cause was noted before."""
        self._dialogue.cut_off()
        if isinstance(error, ConnectionError):
            self._connection.ended("peer", peer_ending(error))
        else:
            self._connection.ended("server", "fin")
        super().connection_lost(error)
        self._lost = True
        self._finish()

    def _done(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, ConnectionError):
            self._connection.broke(error)
            self.reset()
        self._handled = True
        self._finish()

    def _finish(self) -> None:
        if self._lost and self._handled:
            self.finished.set()

    # The dialogue

    async def push(self, status: AnyStr) -> None:
        """Send a reply."""
        now = time.monotonic()
        self._tell_of_lateness(now, self._backlog.seconds(now))
        self._backlog.answered()
        cast(Any, self._socket_transport).max_size = _READ_SIZE
        if self._abandoned:
            # aiosmtpd wants to reply to its own exception.
            raise asyncio.CancelledError
        text = status if isinstance(status, str) else status.decode("ascii")
        self._replies.append(with_status(text, self._dialogue.answering(len(self._replies))))
        if text[:3] in _AT_ONCE or not self._has_command():
            replies, self._replies = self._replies, []
            await super().push("\r\n".join(replies))
            try:
                for reply in replies:
                    self._dialogue.sent(reply.replace("\r\n", "\n"))
            except TooMuch:  # among what came behind DATA
                self.reset()

    def _has_command(self) -> bool:
        """Whether another command has come as a whole: its reply goes out with this one."""
        reader: Any = self._reader
        return b"\n" in reader._buffer

    async def handle_exception(self, error: Exception) -> str:
        """Keep an exception from becoming a reply."""
        if isinstance(error, TLSSetupException):
            self._connection.note(TlsFailed(error=_reason(error.__cause__)))
            if isinstance(error.__cause__, ConnectionError):
                self._connection.ended("peer", _handshake_ending(error.__cause__))
        elif isinstance(
            error, asyncio.IncompleteReadError
        ):  # all commands before the client's FIN are served
            self._abandoned = True
            assert self._socket_transport is not None
            self._socket_transport.close()
        else:
            self._connection.broke(error)
            self.reset()
        return ""

    async def smtp_MAIL(self, arg: str | None) -> None:
        """Keep the parameters as sent, and DSN's from aiosmtpd, which does not know them."""
        assert self.envelope is not None
        nested = self.envelope.mail_from is not None
        path = parse_path(arg or "", "FROM")
        if not nested and await self._refuse_unoffered(Stage.MAIL, path, "FROM"):
            return
        if not nested and not _is_plain(arg) and not _asks_for_utf8(arg, path):
            await self.push(NEEDS_SMTPUTF8.text)
            return
        await super().smtp_MAIL(self._plainer(arg, path, "FROM"))
        self._keep_parameters(path, accepted=not nested and self.envelope.mail_from is not None)

    async def smtp_RCPT(self, arg: str | None) -> None:
        """Keep the parameters as sent, and DSN's from aiosmtpd, which does not know them."""
        assert self.envelope is not None
        before = len(self.envelope.rcpt_tos)
        path = parse_path(arg or "", "TO")
        if self.envelope.mail_from and await self._refuse_unoffered(Stage.RCPT, path, "TO"):
            return
        if self.envelope.mail_from and not _is_plain(arg) and not self.envelope.smtp_utf8:
            await self.push(NEEDS_SMTPUTF8.text)
            return
        await super().smtp_RCPT(self._plainer(arg, path, "TO"))
        self._keep_parameters(path, accepted=len(self.envelope.rcpt_tos) > before)

    async def smtp_DATA(self, arg: str) -> None:
        """Have content read in blocks."""
        reader = self._reader
        self._reader = cast(asyncio.StreamReader, Blocks(reader))
        try:
            await super().smtp_DATA(arg)
        finally:
            self._reader = reader

    async def smtp_STARTTLS(self, arg: str) -> None:
        """Watch the handshake for the flight with the certificate."""
        if self._tls_protocol is not None:
            await self.push("503 5.5.1 TLS is already in use")
            return
        if not arg and not self.tls_context:
            await self.push("{} {}".format(*NOT_IMPLEMENTED))
            return
        if not arg:
            self.transport = cast(asyncio.Transport, _Watched(cast(asyncio.Transport, self.transport), self))
        await super().smtp_STARTTLS(arg)

    async def smtp_QUIT(self, arg: str) -> None:
        """Say goodbye."""
        await super().smtp_QUIT(arg)
        if not arg:
            self._connection.ended("server", "fin")

    def _tell_of_lateness(self, now: float, behind: float = 0.0) -> None:
        """Note for how long what is read or answered now had waited for us."""
        transport = self._socket_transport
        assert transport is not None
        if not transport.is_closing():
            waited = self._backlog.since_last_data(now, transport.get_extra_info("socket"))
            if late := notable(max(waited, behind)):
                self._connection.late(late)

    def note_flight(self, flight: bytes) -> None:
        """Take octets that the TLS layer has written."""
        tls: Any = self._tls_protocol
        if presents_certificate(flight) and not tls._sslobj.session_reused:
            self._connection.note(TlsOffered(certificate=self._certificate))

    def _create_envelope(self) -> Envelope:
        return KeptEnvelope()

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """Read an address as aiosmtpd does, but at once what is plain: aiosmtpd has it parsed as of a header field."""
        return plain_address(arg) or super()._getaddr(arg)

    async def _refuse_unoffered(
        self, stage: Stage, path: Path | None, keyword: Literal["FROM", "TO"]
    ) -> bool:
        """Refuse parameters that the last EHLO did not offer: aiosmtpd itself would take SIZE and BODY."""
        assert self.session is not None
        if path is None or not path.parameters or not self.session.host_name:
            return False
        unoffered = path.unoffered(keyword, self._offered())
        if unoffered:
            self._connection.note(SmtpUnoffered(stage=stage, parameters=tuple(unoffered)))
            await self.push("555 5.5.4 Parameter not recognized")
        return bool(unoffered)

    def _offered(self) -> frozenset[str]:
        """The keywords in the reply to the last EHLO; none after HELO."""
        assert self.session is not None
        if not self.session.extended_smtp:
            return frozenset()
        return self._script.keywords(self._connection.nth, secured=self._tls_protocol is not None)

    def _plainer(self, arg: str | None, path: Path | None, keyword: Literal["FROM", "TO"]) -> str | None:
        """Leave out of the argument what was offered and aiosmtpd does not know."""
        if path is None or not path.parameters or self._offered().isdisjoint(FOREIGN):
            return arg
        return plainer(path, keyword)

    def _keep_parameters(self, path: Path | None, *, accepted: bool) -> None:
        if accepted and path is not None:
            assert isinstance(self.envelope, KeptEnvelope)
            self.envelope.parameters += path.parameters


_COMMANDS = [name for name in dir(HealthyProtocol) if name.startswith(("smtp_", "auth_"))]


def _is_plain(arg: str | None) -> bool:
    return (arg or "").isascii()


def _asks_for_utf8(arg: str | None, path: Path | None) -> bool:
    """Whether MAIL announces addresses beyond ASCII, and has none that are not UTF-8 (RFC 6531, section 3.4)."""
    return path is not None and path.value("SMTPUTF8") == "" and (arg or "").isprintable()


class _Watched:
    """A transport that shows what is written through it, once it was written."""

    def __init__(self, transport: asyncio.Transport, protocol: HealthyProtocol) -> None:
        self._transport = transport
        self._protocol = protocol

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        self._transport.write(data)
        self._protocol.note_flight(bytes(data))


def _reason(error: BaseException | None) -> str:
    return str(error) or "the peer closed the connection during the handshake"


def _handshake_ending(error: ConnectionError) -> Literal["fin", "rst"]:
    # asyncio makes up a ConnectionResetError, without a number, when it meets FIN amid a handshake.
    return "fin" if error.errno is None else "rst"
