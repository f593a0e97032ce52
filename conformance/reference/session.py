"""One SMTP session as its client: the seam to aiosmtplib.

aiosmtplib's protocol object reads and writes the wire; this module gives every way in which a session can end
its stage and cause, which the library's own exceptions do not tell.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections import deque
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

from aiosmtplib.errors import SMTPException, SMTPResponseException, SMTPServerDisconnected, SMTPTimeoutError
from aiosmtplib.esmtp import parse_esmtp_extensions
from aiosmtplib.response import SMTPResponse

from .classify import Cause, Stage
from .config import Timeouts
from .connect import open_socket
from .errors import SessionFailed, safe_text
from .groups import GroupProtocol

log = logging.getLogger(__name__)

_DATA = "DATA"
_UNKNOWN_COMMAND = (500, 502)
_LEAVE_WITHIN = 10.0  # seconds to wait for the reply to QUIT; nothing depends on it
_WATCH_EVERY = 0.25  # seconds between looks at how much of a message is still unsent

_leaving: set[asyncio.Task[None]] = set()


@dataclass(frozen=True)
class Reply:
    """A reply; `text` keeps the line breaks of a multi-line one."""

    code: int
    text: str

    @property
    def positive(self) -> bool:
        """Whether the command was done (2yz)."""
        return 200 <= self.code < 300

    @property
    def line(self) -> str:
        """The reply as one safe line."""
        return safe_text(f"{self.code} {self.text}")


class Session:
    """A connection to an SMTP server. All waits end within the time-outs given.

    Attributes:
        extensions: What the last EHLO offered, keywords in lower case.
        certificate: The peer's certificate in DER form once TLS is up, else empty.
    """

    def __init__(self, transport: asyncio.Transport, protocol: GroupProtocol, timeouts: Timeouts) -> None:
        self._transport = transport
        self._protocol = protocol
        self._timeouts = timeouts
        # commands that go out together, as far as no reply to them was read
        self._group: deque[str] = deque()
        # of these the recipients that no reply has refused
        self._wanted: set[str] = set()
        self.extensions: dict[str, str] = {}
        self.certificate = b""

    @classmethod
    async def open(cls, address: str, port: int, timeouts: Timeouts) -> Session:
        """Connect to an IP address.

        Raises:
            SessionFailed: At stage CONNECT, or GREETING if the connection was reset at once.
        """
        connection = await open_socket(address, port, timeouts.connect)
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.create_connection(GroupProtocol, sock=connection)
        return cls(transport, protocol, timeouts)

    async def greet(self) -> None:
        """Wait for the greeting; anything but 220 ends the session.

        Raises:
            SessionFailed: At stage GREETING.
        """
        reply = await self._read(Stage.GREETING, self._protocol.read_response(self._timeouts.command))
        if reply.code != 220:
            raise SessionFailed(Stage.GREETING, Cause.REJECTED, reply.line)

    async def ehlo(self, hostname: str) -> None:
        """Say EHLO and learn what the server offers.

        A server that does not know EHLO is greeted as one was before there were extensions (RFC 5321 3.2).

        Raises:
            SessionFailed: At stage EHLO.
        """
        reply = await self.command(Stage.EHLO, f"EHLO {hostname}")
        if reply.code in _UNKNOWN_COMMAND:
            reply = await self.command(Stage.EHLO, f"HELO {hostname}")
        if not reply.positive:
            raise SessionFailed(Stage.EHLO, Cause.REJECTED, reply.line)
        self.extensions, _ = parse_esmtp_extensions(reply.text)

    async def starttls(self, context: ssl.SSLContext, server_hostname: str | None) -> None:
        """Put the session into TLS; EHLO must follow (RFC 3207 4.2).

        A new protocol object takes over, so nothing that came in clear can be read as part of the secured
        session.

        Raises:
            ssl.SSLCertVerificationError: OpenSSL did not pass the certificate.
            SessionFailed: At stage STARTTLS or HANDSHAKE.
        """
        reply = await self.command(Stage.STARTTLS, "STARTTLS")
        if reply.code != 220:
            raise SessionFailed(Stage.STARTTLS, Cause.REJECTED, reply.line)
        protocol = GroupProtocol()
        try:
            async with asyncio.timeout(self._timeouts.command):
                transport = await asyncio.get_running_loop().start_tls(
                    self._transport,
                    protocol,
                    context,
                    server_hostname=server_hostname,
                    ssl_handshake_timeout=self._timeouts.command,
                    ssl_shutdown_timeout=1.0,
                )
        except ssl.SSLCertVerificationError:
            raise
        except ssl.SSLError as error:
            raise _handshake_failure(Cause.TLS_FAILED, error.reason or "ProtocolError") from error
        except (TimeoutError, ConnectionAbortedError) as error:  # asyncio's own time-out is the latter
            raise _handshake_failure(Cause.SILENT, "TimedOut") from error
        except OSError as error:
            raise _handshake_failure(Cause.RESET, "ConnectionReset") from error
        if transport is None:
            raise _handshake_failure(Cause.CLOSED, "ConnectionClosed")
        protocol.connection_made(transport)
        self._transport, self._protocol = transport, protocol
        self.certificate = transport.get_extra_info("ssl_object").getpeercert(binary_form=True)

    async def command(self, stage: Stage, line: str) -> Reply:
        """Send a command and return the reply, whatever its code.

        Raises:
            SessionFailed: At `stage`, if no proper reply came.
        """
        octets = line.encode()  # beyond ASCII only where SMTPUTF8 is offered
        if self._group:
            reply = await self._read(stage, self._grouped(line))
            self._refuse(line, reply.code)
            return reply
        return await self._read(stage, self._protocol.execute_command(octets, timeout=self._timeouts.command))

    def group(self, lines: Sequence[str]) -> None:
        """Say which commands come next: with the first of them all are sent, if the server offers that (RFC 2920)."""
        if "pipelining" in self.extensions:
            self._group.extend(lines)
            self._wanted = {line for line in lines if line.startswith("RCPT ")}

    def _refuse(self, line: str, code: int) -> None:
        if code >= 400:
            self._wanted.discard(line)

    async def _grouped(self, line: str) -> SMTPResponse:
        """Return the reply to the next command of the group."""
        if not self._protocol.due:
            self._protocol.write_group([*self._group])
        due = self._group.popleft()
        assert due == line, f"{line!r} in the place of {due!r}, which was sent"
        return await self._protocol.read_response(self._timeouts.command)

    async def send_body(self, content: bytes) -> Reply:
        """Send a message after 354, and the final dot, and return the reply.

        The time-out counts from the last octet that the network took.

        Raises:
            SessionFailed: At stage BODY; the server may or may not have the message.
        """
        reply = asyncio.ensure_future(self._protocol.read_response())
        try:
            self._transport.write(stuff_dots(content) + b".\r\n")
            await self._watch_sending(reply)
            answer = await self._read(Stage.BODY, reply)
            if self._protocol.unsent and answer.positive:  # nobody has the message yet
                raise SessionFailed(
                    Stage.BODY, Cause.MALFORMED, f"451 4.4.0 Reply amid the message: {answer.line}"
                )
            return answer
        finally:
            reply.cancel()

    async def _watch_sending(self, reply: asyncio.Future[SMTPResponse]) -> None:
        loop = asyncio.get_running_loop()
        unsent = self._transport.get_write_buffer_size()
        deadline = loop.time() + self._timeouts.data_done
        while True:
            patience = deadline - loop.time()
            await asyncio.wait({reply}, timeout=min(patience, _WATCH_EVERY) if unsent else patience)
            if reply.done():
                return
            still_unsent = self._transport.get_write_buffer_size()
            if still_unsent < unsent:
                unsent, deadline = still_unsent, loop.time() + self._timeouts.data_done
            elif loop.time() >= deadline:
                raise _lost(Stage.BODY, Cause.SILENT)

    async def _read(self, stage: Stage, reading: Awaitable[SMTPResponse]) -> Reply:
        try:
            response = await reading
        except SMTPTimeoutError as error:
            raise _lost(stage, Cause.SILENT) from error
        except SMTPServerDisconnected as error:
            reset = isinstance(error.__cause__, OSError)
            raise _lost(stage, Cause.RESET if reset else Cause.CLOSED) from error
        except SMTPResponseException as error:
            detail = f"451 4.4.0 {safe_text(error.message)}"
            raise SessionFailed(stage, Cause.MALFORMED, detail) from error
        if not 200 <= response.code < 600:
            raise SessionFailed(stage, Cause.MALFORMED, f"451 4.4.0 Reply code {response.code} is not valid")
        return Reply(response.code, response.message)

    def leave(self) -> None:
        """Say QUIT and close, in the background: how the server takes it changes nothing."""
        task = asyncio.create_task(self._leave())
        _leaving.add(task)
        task.add_done_callback(_leaving.discard)

    async def _leave(self) -> None:
        try:
            timeout = min(self._timeouts.command, _LEAVE_WITHIN)
            await self._settle(timeout)
            await self._protocol.execute_command(b"QUIT", timeout=timeout)
        except (SMTPException, OSError) as error:
            log.debug("no reply to QUIT: %s", error)
            self.abort()
        finally:
            self._transport.close()

    async def _settle(self, timeout: float) -> None:
        """Read the replies that are due; who is asked for a message that is for nobody sends none (RFC 2920 3.1).

        Raises:
            SMTPException: Content is asked for, and somebody would get an empty message.
        """
        while self._protocol.due:
            line = self._group.popleft()
            reply = await self._protocol.read_response(timeout)
            self._refuse(line, reply.code)
            if line == _DATA and reply.code == 354:
                if self._wanted:
                    raise SMTPException("the server waits for content that some recipient would get")
                await self._protocol.execute_command(b".", timeout=timeout)

    def abort(self) -> None:
        """Drop the connection at once."""
        self._transport.abort()


def stuff_dots(content: bytes) -> bytes:
    """Double every dot that begins a line (RFC 5321 4.5.2); nothing else changes."""
    stuffed = content.replace(b"\r\n.", b"\r\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed


def _lost(stage: Stage, cause: Cause) -> SessionFailed:
    what = {
        Cause.SILENT: "Timed out",
        Cause.RESET: "Connection reset by the remote server",
        Cause.CLOSED: "Connection closed by the remote server",
    }[cause]
    return SessionFailed(stage, cause, f"{what} while waiting for {_awaited(stage)}")


def _awaited(stage: Stage) -> str:
    return stage.value if stage is Stage.GREETING else f"the reply to {stage.value}"


def _handshake_failure(cause: Cause, error: str) -> SessionFailed:
    return SessionFailed(
        Stage.HANDSHAKE, cause, safe_text(f"451 4.4.0 TLS negotiation failed with error {error}")
    )
