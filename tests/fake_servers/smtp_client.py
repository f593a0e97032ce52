"""A raw SMTP client for tests on the wire: sees octets, FIN and RST, and never waits without a deadline."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from functools import cache
from types import TracebackType

import trustme

from fake_servers.events import E, SmtpFault
from fake_servers.journal import Journal
from fake_servers.smtp import Rule, Script, SmtpServer, Stage, Stall

DEADLINE = 60.0  # seconds for anything that must happen
SILENCE = 0.3  # seconds in which something that must not happen is given the chance to

CONTENT = b"Subject: test\r\n\r\n..a line with a dot\r\n"

# The command of each stage, in the order of the dialogue. CONNECT and GREETING have none.
COMMANDS = {
    Stage.CONNECT: b"",
    Stage.GREETING: b"",
    Stage.EHLO: b"EHLO client.test\r\n",
    Stage.STARTTLS: b"STARTTLS\r\n",
    Stage.HANDSHAKE: b"",  # a ClientHello
    Stage.EHLO_TLS: b"EHLO client.test\r\n",
    Stage.MAIL: b"MAIL FROM:<sender@a.test>\r\n",
    Stage.RCPT: b"RCPT TO:<recipient@b.test>\r\n",
    Stage.DATA: b"DATA\r\n",
    Stage.BODY: CONTENT,
    Stage.DOT: b".\r\n",
    Stage.QUIT: b"QUIT\r\n",
}
_UNDER_TLS = (Stage.STARTTLS, Stage.HANDSHAKE, Stage.EHLO_TLS)
_UNANSWERED = (Stage.CONNECT, Stage.BODY)


_TRUSTING = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_TRUSTING.check_hostname = False
_TRUSTING.verify_mode = ssl.CERT_NONE


class Client:
    """One connection; use as an asynchronous context manager."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._tls: ssl.SSLObject | None = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._unread = b""
        self.notified = False  # whether TLS's close_notify has come

    async def __aenter__(self) -> Client:
        self.sock = socket.socket()
        self.sock.setblocking(False)
        self._loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(DEADLINE):
                await self._loop.sock_connect(self.sock, self._address)
        except OSError:
            self.sock.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.sock.close()

    async def send(self, data: bytes, *, timeout: float = DEADLINE) -> None:
        async with asyncio.timeout(timeout):
            if self._tls is not None:
                self._tls.write(data)
                data = self._outgoing.read()
            await self._loop.sock_sendall(self.sock, data)

    async def receive(self) -> bytes:
        """Return some octets, or none after FIN; raise ConnectionResetError after RST."""
        async with asyncio.timeout(DEADLINE):
            return await self._receive()

    async def _receive(self) -> bytes:
        if self._tls is None:
            return await self._loop.sock_recv(self.sock, 65536)
        while True:
            try:
                data = self._tls.read(65536)
                self.notified = self.notified or not data
                return data
            except ssl.SSLWantReadError:
                data = await self._loop.sock_recv(self.sock, 65536)
                if not data:
                    return b""
                self._incoming.write(data)

    async def reply(self) -> bytes:
        """Return one whole reply."""
        reply = b""
        while True:
            line, end, rest = self._unread.partition(b"\r\n")
            if end:
                self._unread = rest
                reply += line + end
                if line[3:4] != b"-":
                    return reply
                continue
            data = await self.receive()
            assert data, f"FIN instead of a reply, after {reply + self._unread!r}"
            self._unread += data

    async def ask(self, command: bytes) -> bytes:
        await self.send(command)
        return await self.reply()

    async def everything(self) -> tuple[bytes, str]:
        """Return all octets until the server leaves, and how it left: "fin" or "rst"."""
        received, self._unread = self._unread, b""
        while True:
            try:
                data = await self.receive()
            except ConnectionResetError:
                return received, "rst"
            if not data:
                return received, "fin"
            received += data

    async def is_silent(self) -> bool:
        """Whether nothing comes, neither octets nor FIN nor RST."""
        try:
            async with asyncio.timeout(SILENCE):
                await self._receive()
        except TimeoutError:
            return True
        return False

    def reset(self) -> None:
        """Leave by RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def half_close(self) -> None:
        self.sock.shutdown(socket.SHUT_WR)

    async def hello_tls(
        self, session: ssl.SSLSession | None = None, context: ssl.SSLContext | None = None
    ) -> None:
        """Send a ClientHello; with a `session` try to resume it; without a `context` trust anybody."""
        self._pending = (context or _TRUSTING).wrap_bio(
            self._incoming, self._outgoing, server_hostname="mx.test", session=session
        )
        try:
            self._pending.do_handshake()
        except ssl.SSLWantReadError:
            await self.send(self._outgoing.read())

    async def finish_tls(self) -> ssl.SSLObject:
        """Negotiate TLS to the end."""
        async with asyncio.timeout(DEADLINE):
            while True:
                data = await self._loop.sock_recv(self.sock, 65536)
                assert data, "FIN instead of the rest of a handshake"
                self._incoming.write(data)
                try:
                    self._pending.do_handshake()
                except ssl.SSLWantReadError:
                    continue
                finally:  # an alert, too
                    await self._loop.sock_sendall(self.sock, self._outgoing.read())
                self._tls = self._pending
                return self._tls

    async def walk_to(self, stage: Stage) -> None:
        """Play the dialogue up to a stage and send its command; what the server says then is unread."""
        stages = [s for s in COMMANDS if stage in _UNDER_TLS or s not in _UNDER_TLS]
        for past in stages[: stages.index(stage)]:
            await self._pass(past)
        if stage is Stage.HANDSHAKE:
            await self.hello_tls()
        elif COMMANDS[stage]:
            await self.send(COMMANDS[stage])

    async def _pass(self, stage: Stage) -> None:
        if stage is Stage.HANDSHAKE:
            await self.hello_tls()
            await self.finish_tls()
            return
        if COMMANDS[stage]:
            await self.send(COMMANDS[stage])
        if stage not in _UNANSWERED:
            reply = await self.reply()
            assert reply[:1] in b"23", reply


async def noted(journal: Journal, kind: type[E], count: int = 1) -> list[E]:
    """Return all events of a kind, as soon as there are `count` of them."""
    changed = asyncio.Event()
    journal.subscribe(lambda _event: changed.set())
    async with asyncio.timeout(DEADLINE):
        while len(found := list(journal.of(kind))) < count:
            changed.clear()
            await changed.wait()
    return found


@cache
def tls_context(name: str = "mx.test") -> ssl.SSLContext:
    """Return a server's context with a certificate of an authority that nobody knows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert(name).configure_cert(context)
    return context


ALL_EXTENSIONS = ("SIZE", "8BITMIME", "DSN", "PIPELINING")

# Nothing but the rule for another recipient tells the two apart: all that is healthy must look the same.
SCRIPTS = {
    "aiosmtpd": Script(extensions=ALL_EXTENSIONS),
    "session": Script(Rule(Stage.RCPT, Stall(), recipient="nobody@else.test"), extensions=ALL_EXTENSIONS),
}

Start = Callable[..., Awaitable[SmtpServer]]
Serve = Callable[[Script], Awaitable[Client]]


def kinds(journal: Journal, layer: str) -> list[str]:
    return [event.kind for event in journal if event.layer == layer]


def told(journal: Journal) -> list[tuple[object, object]]:
    return [(event.stage, event.action) for event in journal.of(SmtpFault)]
