"""A mail server that is healthy, or misbehaves by a script."""

from __future__ import annotations

import asyncio
import socket
import ssl
from functools import partial
from types import EllipsisType
from typing import NamedTuple

from fake_servers.endpoint import endpoint, family
from fake_servers.events import FakeBroke, FakeExcess
from fake_servers.journal import Journal
from fake_servers.limits import Limits
from fake_servers.room import enlarge
from fake_servers.smtp import scripted
from fake_servers.smtp.channel import abort
from fake_servers.smtp.connection import Connection
from fake_servers.smtp.healthy import HealthyProtocol
from fake_servers.smtp.script import Script
from fake_servers.smtp.session import Session
from fake_servers.tcp.acceptor import Acceptor

_BACKLOG = 1024
# Octets: from a size that was set there is no way back to one that grows as the system sees fit.
_LARGE_BUFFER = 2 * 1024 * 1024


class _Conduct(NamedTuple):
    """How a connection is served; fixed when it is accepted."""

    script: Script
    tls: ssl.SSLContext | None
    certificate: str


class SmtpServer:
    """Accepts connections, counts them, and serves each by aiosmtpd or by the script.

    A connection at which no rule can fire is served by aiosmtpd, every other by our own session, and so is
    every one of a server that speaks no TLS newer than 1.1.

    Example::

        server = SmtpServer(journal, hostname="mx.a.test", script=Script(Rule(Stage.DOT, Reset())))
        await server.start("127.1.0.5")
        ...
        server.repair()
        ...
        await server.stop()

    Args:
        journal: Where all events go.
        hostname: The name in the greeting and in the reply to EHLO.
        script: What to do.
        tls: With the certificate to present; None: no STARTTLS. Session tickets are switched off in it, as
            a resumed session presents no certificate.
        certificate: The label of that certificate in the journal.
        receive_buffer: SO_RCVBUF of each connection in octets (the kernel doubles it), so that a peer
            notices early that nobody reads; None: the system's.
        segment: Octets of the largest segment that a peer may send (TCP_MAXSEG), since its own buffer is many times as
            large: megabytes within one machine, some ten thousand octets on the networks that others have. None: the
            system's.
        linger: Seconds to keep a connection that only one side has closed.
        limits: What to bear of clients; None: anything. What goes beyond is reset.

    Attributes:
        address: Host and port, once started.
    """

    address: tuple[str, int]

    def __init__(
        self,
        journal: Journal,
        *,
        hostname: str,
        script: Script | None = None,
        tls: ssl.SSLContext | None = None,
        certificate: str = "",
        receive_buffer: int | None = None,
        segment: int | None = None,
        linger: float = 30.0,
        limits: Limits | None = None,
    ) -> None:
        self._journal = journal
        self._hostname = hostname
        self._receive_buffer = receive_buffer
        self._segment = segment
        self._linger = linger
        self._limits = limits
        self._exceeded = False
        self._accepted = 0
        self._listener: socket.socket | None = None
        self._acceptor: Acceptor | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._conduct = _Conduct(Script(), None, "")
        self.repair(script, tls=tls, certificate=certificate)

    def repair(
        self,
        script: Script | None = None,
        *,
        tls: ssl.SSLContext | EllipsisType | None = ...,
        certificate: str | EllipsisType = ...,
        receive_buffer: int | EllipsisType | None = ...,
    ) -> None:
        """Go by another script from the next connection on; connections already accepted keep theirs.

        Args:
            script: None: healthy.
            tls: The new TLS context, or None for none; if left out, what there was.
            certificate: The new label; if left out, what there was.
            receive_buffer: The new SO_RCVBUF, or None for a large one; if left out, what there was.
        """
        if receive_buffer is not ... and receive_buffer != self._receive_buffer:
            self._receive_buffer = receive_buffer
            if self._listener is not None:
                if receive_buffer is None:
                    enlarge(self._listener, _LARGE_BUFFER)
                else:
                    self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        context = self._conduct.tls if isinstance(tls, EllipsisType) else tls
        label = self._conduct.certificate if isinstance(certificate, EllipsisType) else certificate
        if context is not None:
            context.options |= ssl.OP_NO_TICKET
            context.num_tickets = 0
        self._conduct = _Conduct(Script() if script is None else script, context, label)

    async def start(self, host: str = "", port: int = 0, *, sock: socket.socket | None = None) -> None:
        """Listen.

        Args:
            host: An IPv4 or IPv6 address.
            port: 0: any free port.
            sock: A bound socket to take over instead, listening already or not; then `host` and `port`
                are ignored.

        Raises:
            OSError: The address cannot be had.
        """
        listener = _bound(host, port) if sock is None else sock
        listener.setblocking(False)
        if self._receive_buffer is not None:  # before listen: accepted sockets inherit it
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_buffer)
        if self._segment is not None:  # what is announced to whoever connects
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, self._segment)
        listener.listen(_BACKLOG)
        self._listener = listener
        own = listener.getsockname()
        self.address = (own[0], own[1])
        self._acceptor = Acceptor(listener, self._accepted_one, self._failed)

    async def stop(self) -> None:
        """Close the listener, reset what connections there are, and wait until all is over."""
        if self._acceptor is not None:
            self._acceptor.close()
            self._acceptor = None
        tasks = [*self._serving]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def _accepted_one(self, sock: socket.socket, peer: tuple[str, int], lag: float) -> None:
        self._accepted += 1
        if self._limits is not None and not self._bears(sock, self._limits):
            return
        conduct = self._conduct  # before anybody who listens to the journal can repair the server
        connection = Connection(
            self._journal,
            server=self._name,
            peer=endpoint(peer[0], peer[1]),
            nth=self._accepted,
            lag=lag,
            commands=None if self._limits is None else self._limits.commands,
        )
        task = asyncio.create_task(self._serve(sock, connection, conduct, len(self._serving) + 1))
        self._serving.add(task)
        if self._limits is not None:
            self._limits.shared.count += 1
        task.add_done_callback(partial(self._served, sock, connection))

    def _bears(self, sock: socket.socket, limits: Limits) -> bool:
        """Tell whether a connection is to be served; else it is reset, and the first time that is told."""
        exceeded = limits.exceeded(len(self._serving), self._accepted)
        if exceeded is None:
            return True
        abort(sock)
        if not self._exceeded:
            self._exceeded = True
            what, most = exceeded
            self._journal.note(FakeExcess(server=self._name, what=what, most=most))
        return False

    def _failed(self, error: OSError) -> None:
        self._journal.note(FakeBroke(server=self._name, error=f"accept: {error}"))

    async def _serve(
        self, sock: socket.socket, connection: Connection, conduct: _Conduct, at_once: int
    ) -> None:
        if conduct.script.healthy(connection.nth) and not _outdated(conduct.tls):
            await self._serve_healthy(sock, connection, conduct)
            return
        session = Session(
            conduct.script,
            connection.nth,
            hostname=self._hostname,
            tls=conduct.tls is not None,
            at_once=at_once,
        )
        await scripted.serve(
            sock,
            connection,
            session,
            tls=conduct.tls,
            certificate=conduct.certificate,
            linger=self._linger,
        )

    async def _serve_healthy(self, sock: socket.socket, connection: Connection, conduct: _Conduct) -> None:
        def protocol() -> HealthyProtocol:
            return HealthyProtocol(
                connection,
                conduct.script,
                hostname=self._hostname,
                tls=conduct.tls,
                certificate=conduct.certificate,
            )

        _, healthy = await asyncio.get_running_loop().connect_accepted_socket(protocol, sock)
        try:
            await healthy.finished.wait()
        except asyncio.CancelledError:
            healthy.reset()
            await healthy.finished.wait()
            raise

    def _served(self, sock: socket.socket, connection: Connection, task: asyncio.Task[None]) -> None:
        self._serving.discard(task)
        if self._limits is not None:
            self._limits.shared.count -= 1
        error = None if task.cancelled() else task.exception()
        if error is not None:
            connection.broke(error)
        # Both do nothing, unless the task was cancelled before it could take charge, or is broken.
        connection.ended("server", "rst")
        abort(sock)

    @property
    def _name(self) -> str:
        return endpoint(*self.address)


def _outdated(tls: ssl.SSLContext | None) -> bool:
    """Whether most clients will refuse the handshake: asyncio would then drop the alert that says why."""
    return tls is not None and tls.maximum_version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)


def _bound(host: str, port: int) -> socket.socket:
    sock = socket.socket(family(host), socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock
