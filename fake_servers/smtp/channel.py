"""One accepted TCP connection: exact reads, TLS by memory buffers, FIN and RST at will.

asyncio's transports read ahead as much as they can and turn a close with unread input into a reset;
here every `recv` and every `shutdown` is our own decision.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable

from fake_servers.punctuality import Backlog, notable
from fake_servers.tcp.peer_watch import PeerWatch

_RECORD_SIZE = 16 * 1024
# How many octets to take from the socket when fewer are wanted: a TLS record must be complete to be read.
_TLS_READ_SIZE = 512
# Seconds between two looks at the socket of a peer whose FIN may never come.
_LOOK_AGAIN = 0.1

# RFC 8446, section 4.1.3: a ServerHello with this random is a HelloRetryRequest, so no certificate follows.
_RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
_HANDSHAKE, _SERVER_HELLO = 22, 2


def presents_certificate(flight: bytes) -> bool:
    """Whether a server's TLS flight is the one with the certificate, given that no session was resumed.

    The flight is a record of type handshake that begins with a ServerHello (RFC 8446, section 4): the
    certificate follows in the same flight in TLS 1.2 and TLS 1.3.
    """
    if len(flight) < 43 or flight[0] != _HANDSHAKE or flight[5] != _SERVER_HELLO:  # 43: up to the random
        return False
    return flight[11:43] != _RETRY


def abort(sock: socket.socket) -> None:
    """Send RST and close; does nothing on a closed socket."""
    if sock.fileno() >= 0:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()


class Channel:
    """A non-blocking socket, in clear or under TLS.

    Args:
        sock: The socket.
        late: Called before octets are handed out that had waited for us, or are answered late, with the seconds.

    Attributes:
        early: Whether the octets read last had begun to come before what was written last.
    """

    def __init__(self, sock: socket.socket, late: Callable[[float], object] = lambda _: None) -> None:
        self._sock = sock
        self._late = late
        self._loop = asyncio.get_running_loop()
        # since when nothing but our own slowness keeps us from reading
        self._ready = self._loop.time()
        self._backlog = Backlog()
        self._waiting = False  # whether something had come already when we wrote last
        self.early = False
        self._tls: ssl.SSLObject | None = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()

    async def read(self, limit: int) -> bytes:
        """Return 1 to `limit` octets, or none at the end of the stream.

        Raises:
            ConnectionError: The peer has reset the connection.
            ssl.SSLError: The peer sent a TLS alert or something that is not TLS.
        """
        self.early = False
        if self._tls is None:
            return await self._receive(limit)
        while True:
            try:
                return self._tls.read(limit)
            except ssl.SSLWantReadError:
                await self._flush()
                data = await self._receive(min(max(limit, _TLS_READ_SIZE), _RECORD_SIZE))
                if not data:
                    return b""
                self._incoming.write(data)
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""

    async def write(self, data: bytes) -> None:
        """Write all of `data`.

        Raises:
            ConnectionError: The peer has left.
        """
        if self._tls is None:
            await self._send(data)
        else:
            self._tls.write(data)
            await self._flush()

    def answers(self) -> None:
        """Say for how long the peer has waited for the answer that is written next, if it is late by our own fault."""
        now = self._loop.time()
        self._tell_of_lateness(now, self._backlog.seconds(now))

    @property
    def secured(self) -> bool:
        """Whether what is on the wire is TLS."""
        return self._tls is not None

    async def start_tls(
        self, context: ssl.SSLContext, received: bytes, offered: Callable[[], object]
    ) -> ssl.SSLObject:
        """Negotiate TLS as the server.

        Args:
            context: With the certificate to present.
            received: Octets that came already.
            offered: Called when the flight with the certificate has been written.

        Raises:
            ssl.SSLError: It failed; the text says why, an alert of the peer's included.
            ConnectionError: The peer has left.
        """
        tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._incoming.write(received)
        while True:
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                with contextlib.suppress(ConnectionError):  # our alert is a courtesy
                    await self._flush()
                raise
            else:
                await self._flush()
                self._tls = tls
                return tls
            flight = await self._flush()
            if presents_certificate(flight) and not tls.session_reused:
                offered()
            data = await self._receive(_RECORD_SIZE)
            if not data:
                raise BrokenPipeError("the peer closed the connection during the handshake")
            self._incoming.write(data)

    async def half_close(self, *, tidy: bool) -> None:
        """Send FIN; when `tidy`, preceded by TLS's close_notify (RFC 8446, section 6.1)."""
        if tidy and self._tls is not None:
            # Raised always but at the second call: the peer's own close_notify has not come yet.
            with contextlib.suppress(ssl.SSLWantReadError):
                self._tls.unwrap()
            await self._flush()
        with contextlib.suppress(OSError):  # ENOTCONN: the peer has reset the connection
            self._sock.shutdown(socket.SHUT_WR)

    async def drain(self, heard: Callable[[bytes], object] = lambda _: None) -> None:
        """Read and forget everything, as it is on the wire, until the peer has sent FIN or RST.

        Args:
            heard: Called for each read with the octets.

        Raises:
            ConnectionError: It was RST.
        """
        while data := await self._loop.sock_recv(self._sock, _RECORD_SIZE):
            heard(data)

    async def departure(self) -> None:
        """Wait for the peer's FIN or RST without reading anything.

        A FIN behind octets that do not fit into the receive buffer never comes; a peer on this machine is seen to
        have left by the state of its socket.

        Raises:
            ConnectionError: It was RST.
        """
        watch = PeerWatch(self._sock)
        async with _hang_up(self._sock) as left:
            while not left.is_set() and not watch.left():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(left.wait(), _LOOK_AGAIN)
        self.look_for_reset()

    @contextlib.asynccontextmanager
    async def leaving(self) -> AsyncIterator[asyncio.Event]:
        """Yield an event that is set once the peer has sent FIN or RST; what else comes waits on purpose."""
        async with _hang_up(self._sock) as left:
            try:
                yield left
            finally:
                self._ready = self._loop.time()
                self._backlog.answered()

    def look_for_reset(self) -> None:
        """See whether the peer has sent RST.

        Raises:
            ConnectionError: It has.
        """
        error = self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, "the peer has reset the connection")

    def reset(self) -> None:
        """Send RST and close; does nothing on a closed channel."""
        abort(self._sock)

    def close(self) -> None:
        """Close; does nothing on a closed channel."""
        self._sock.close()

    async def _receive(self, limit: int) -> bytes:
        """Return what comes, and say how long it had waited since we were ready for it."""
        data = await self._loop.sock_recv(self._sock, limit)
        self.early, self._waiting = self._waiting, False
        if data:
            now = self._loop.time()
            self._backlog.read(now, self._sock, len(data))
            self._tell_of_lateness(now)
        return data

    def _tell_of_lateness(self, now: float, behind: float = 0.0) -> None:
        waited = max(self._backlog.since_last_data(now, self._sock), behind)
        # a server that is slow on purpose reads late as well: what waited then is no lateness
        if late := notable(min(now - self._ready, waited)):
            self._late(late)

    async def _send(self, data: bytes) -> None:
        self._waiting = self._waiting or self._has_input()
        self._ready = self._loop.time()  # the answer to it may come from now on
        self._backlog.answered()
        await self._loop.sock_sendall(self._sock, data)

    def _has_input(self) -> bool:
        """Tell whether something has come.

        Raises:
            ConnectionError: A reset, of which the kernel tells once only.
        """
        with contextlib.suppress(BlockingIOError):
            return bool(self._sock.recv(1, socket.MSG_PEEK))
        return False

    async def _flush(self) -> bytes:
        data = self._outgoing.read()
        if data:
            await self._send(data)
        return data


@contextlib.asynccontextmanager
async def _hang_up(sock: socket.socket) -> AsyncIterator[asyncio.Event]:
    """Yield an event that is set once the peer has sent FIN or RST.

    asyncio watches for input only, and unread input would wake it all the time; an epoll set of our own
    that asks for hang-ups alone is itself something asyncio can watch.
    """
    loop = asyncio.get_running_loop()
    left = asyncio.Event()
    with select.epoll() as hang_ups:
        hang_ups.register(sock, select.EPOLLRDHUP)
        loop.add_reader(hang_ups.fileno(), left.set)
        try:
            yield left
        finally:
            loop.remove_reader(hang_ups.fileno())
