"""Serves one connection by the script: carries out the effects of a `Session`."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterable

from fake_servers.events import SmtpHeard, TlsFailed, TlsOffered
from fake_servers.limits import TooMuch
from fake_servers.smtp.channel import Channel
from fake_servers.smtp.commands import shortened
from fake_servers.smtp.connection import Connection, peer_ending
from fake_servers.smtp.effects import (
    Abort,
    Effect,
    HalfClose,
    Hold,
    Note,
    Repeat,
    Send,
    StartTls,
    Wait,
    in_segments,
)
from fake_servers.smtp.session import Session

# Seconds after the beginning of a stall in which octets may still come that the peer sent before it could know, such
# as the rest of a pipelined group (RFC 2920): nobody has given up waiting so soon.
_ON_THEIR_WAY = 0.5


async def serve(
    sock: socket.socket,
    connection: Connection,
    session: Session,
    *,
    tls: ssl.SSLContext | None,
    certificate: str,
    linger: float,
) -> None:
    """Play `session` over `sock`, and close it.

    Args:
        sock: The accepted socket.
        connection: Its identity in the journal.
        session: The dialogue.
        tls: For STARTTLS.
        certificate: The label of the certificate in the journal.
        linger: Seconds to keep a connection that only one side has closed.
    """
    await _Performance(sock, connection, session, tls, certificate, linger).play()


class _Performance:
    def __init__(
        self,
        sock: socket.socket,
        connection: Connection,
        session: Session,
        tls: ssl.SSLContext | None,
        certificate: str,
        linger: float,
    ) -> None:
        self._channel = Channel(sock, connection.late)
        self._connection = connection
        self._session = session
        self._tls = tls
        self._certificate = certificate
        self._linger = linger

    async def play(self) -> None:
        try:
            await self._dialogue()
        except ConnectionError as error:
            await self._perform(self._session.cut_off())
            self._connection.ended("peer", peer_ending(error))
        except ssl.SSLError as error:
            self._connection.note(TlsFailed(error=str(error)))
            await self._perform(self._session.cut_off())
            await self._half_close(tidy=False)
        except asyncio.CancelledError:
            self._connection.ended("server", "rst")
            self._channel.reset()
            raise
        except TooMuch:
            self._connection.ended("server", "rst")
            self._channel.reset()
        except Exception as error:  # noqa: BLE001 - a defect of ours must look like nothing SMTP would say
            self._connection.broke(error)
            self._channel.reset()
        finally:
            self._channel.close()

    async def _dialogue(self) -> None:
        await self._perform(self._session.connected())
        while not self._session.over:
            data = await self._channel.read(self._session.wanted)
            if not data:
                await self._perform(self._session.cut_off())
                self._connection.ended("peer", "fin")
                return
            await self._perform(self._session.received(data, early=self._channel.early))

    async def _perform(self, effects: Iterable[Effect]) -> None:
        for effect in in_segments(effects):
            match effect:
                case Note():
                    self._connection.note(effect.event)
                case Send():
                    await self._send(effect)
                case Wait():
                    async with self._channel.leaving() as left:
                        await self._pause(effect.seconds, left)
                case StartTls():
                    await self._start_tls(effect.received)
                case HalfClose():
                    await self._half_close(tidy=effect.tidy)
                case Abort():
                    self._connection.ended("server", "rst")
                    self._channel.reset()
                case Hold():
                    await self._hold(reading=effect.reading, heard=self._ear())
                case Repeat():
                    await self._repeat(effect)

    async def _send(self, effect: Send) -> None:
        if not effect.interval:
            self._channel.answers()
            await self._channel.write(effect.data)
            return
        async with self._channel.leaving() as left:
            for octet in effect.data:
                await self._channel.write(bytes([octet]))
                await self._pause(effect.interval, left)

    async def _pause(self, seconds: float, left: asyncio.Event) -> None:
        """Let time pass; that the peer leaves meanwhile is noted when it happens, and not when we would speak again.

        Who has only half-closed still waits for what is to come.

        Raises:
            ConnectionError: The peer has reset the connection.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        if not left.is_set():
            try:
                await asyncio.wait_for(left.wait(), seconds)
            except TimeoutError:
                return
            self._channel.look_for_reset()
            self._connection.ended("peer", "fin")
        await asyncio.sleep(end - loop.time())

    async def _start_tls(self, received: bytes) -> None:
        assert self._tls is not None  # the session offers STARTTLS only with a context
        try:
            tls = await self._channel.start_tls(
                self._tls,
                received,
                lambda: self._connection.note(TlsOffered(certificate=self._certificate)),
            )
        except ConnectionError as error:
            self._connection.note(TlsFailed(error=str(error)))
            raise
        self._connection.established(tls)
        await self._perform(self._session.secured())

    async def _half_close(self, *, tidy: bool) -> None:
        await self._channel.half_close(tidy=tidy)
        self._connection.ended("server", "fin")
        await self._drain()

    def _ear(self) -> Callable[[bytes], None]:
        """Return what notes, once, that the peer says something into a stall that begins now."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        noted = False

        def hear(data: bytes) -> None:
            nonlocal noted
            if not noted and loop.time() - begun >= _ON_THEIR_WAY:
                noted = True
                in_clear = not self._channel.secured and data[:4].isalpha()
                line = shortened(data.partition(b"\r\n")[0]) if in_clear else ""
                self._connection.note(SmtpHeard(octets=len(data), line=line))

        return hear

    async def _hold(self, *, reading: bool, heard: Callable[[bytes], None] = lambda _: None) -> None:
        """Wait for the peer to leave; a peer that has only half-closed still waits for its reply."""
        if reading:
            await self._channel.drain(heard)
        else:
            await self._channel.departure()
        self._connection.ended("peer", "fin")
        await asyncio.sleep(self._linger)

    async def _repeat(self, effect: Repeat) -> None:
        """Write until the peer has left; one that has only half-closed still gets its lines for a while."""
        writing = asyncio.create_task(self._write_without_end(effect))
        holding = asyncio.create_task(self._hold(reading=True))
        try:
            await asyncio.wait((writing, holding), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (writing, holding):
                task.cancel()
            endings = await asyncio.gather(holding, writing, return_exceptions=True)
        for error in endings:
            if isinstance(error, Exception):
                raise error

    async def _write_without_end(self, effect: Repeat) -> None:
        while True:
            try:
                await self._channel.write(effect.data)
            except ConnectionResetError:
                # told once: whoever reads after this sees the end of the file
                self._connection.ended("peer", "rst")
                raise
            await asyncio.sleep(effect.interval)

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(self._linger):
                await self._channel.drain()
        except (TimeoutError, ConnectionError):
            return  # in either case nothing is left that a close could turn into a reset unnoticed
