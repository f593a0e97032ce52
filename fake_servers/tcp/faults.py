"""Addresses on which no connection comes about.

Each is started and stopped without waiting, and `hand_over` gives the bound socket up, so that a healthy
server can listen on the very same address with no gap in which somebody else could bind it.
"""

from __future__ import annotations

import errno
import os
import select
import socket
from typing import Final

from fake_servers.events import TcpHanging, TcpRefusing, TcpUnreachable
from fake_servers.journal import Journal
from fake_servers.tcp.sockets import (
    SYN_SENT,
    accept_queue_length,
    bound_alone,
    handed_over,
    new_socket,
    reset,
    state,
    text,
)

_FILL_SECONDS: Final = 2.0  # for one connection from this machine to itself, which takes microseconds
_BACKLOG: Final = 1  # with 0 the kernel would need SYN cookies to accept even the first connection


class _Fault:
    """What all faults share: an address, and a socket bound to it while they run."""

    def __init__(self, journal: Journal, host: str, port: int) -> None:
        self._journal = journal
        self._host = host
        self._port = port
        self._socket: socket.socket | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port; once started, the real port in place of 0."""
        return self._host, self._port

    def _bind(self) -> socket.socket:
        if self._socket is not None:
            raise RuntimeError(f"{text(self.address)}: started already")
        self._socket = bound_alone(self._host, self._port)
        self._port = self._socket.getsockname()[1]
        return self._socket

    def _release(self) -> socket.socket:
        if self._socket is None:
            raise RuntimeError(f"{text(self.address)}: there is no socket to hand over")
        bound, self._socket = self._socket, None
        return handed_over(bound)


class Refusing(_Fault):
    """A port that is bound, but on which nobody listens: the kernel answers each SYN with RST.

    Example::

        refusing = Refusing(journal, "127.1.0.5", 2525)
        refusing.start()
        healthy = refusing.hand_over()  # call listen() on it, or give it to asyncio
    """

    def start(self) -> None:
        """Take the port.

        Raises:
            OSError: If it is taken, or the address is not of this machine.
        """
        self._bind()
        self._journal.note(TcpRefusing(server=text(self.address)))

    def hand_over(self) -> socket.socket:
        """Give up the bound, not yet listening socket."""
        return self._release()

    def stop(self) -> None:
        """Give the port free, unless it was handed over."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class Hanging(_Fault):
    """A port whose accept queue is full: Linux drops every further SYN, and the client waits.

    Linux accepts `backlog` + 1 connections into the queue; as many fillers of our own occupy it.
    """

    def __init__(self, journal: Journal, host: str, port: int) -> None:
        super().__init__(journal, host, port)
        self._fillers: list[socket.socket] = []

    def start(self) -> None:
        """Take the port, fill the queue, and see that a further SYN stays unanswered.

        Raises:
            OSError: If the port is taken, or the address is not of this machine.
            RuntimeError: If the queue cannot be filled by us alone.
        """
        listening = self._bind()
        try:
            listening.listen(_BACKLOG)
            for _ in range(_BACKLOG + 1):
                self._fillers.append(self._filler())
            self._verify(listening)
        except (OSError, RuntimeError):
            self.stop()
            raise
        self._journal.note(
            TcpHanging(server=text(self.address), backlog=_BACKLOG, fillers=len(self._fillers))
        )

    def hand_over(self) -> socket.socket:
        """Reset the fillers and give up the listening socket; SYNs are answered from now on."""
        listening = self._release()
        for filler in self._fillers:
            # The queue is first in, first out and the fillers came first: these are theirs, nobody else's.
            accepted, _ = listening.accept()
            reset(accepted)
            reset(filler)
        self._fillers.clear()
        return listening

    def stop(self) -> None:
        """Give the port free and drop the fillers, unless it was handed over."""
        for filler in self._fillers:
            reset(filler)
        self._fillers.clear()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _filler(self) -> socket.socket:
        """Return one connection that is established as far as the client can see."""
        filler = new_socket(self._host)
        try:
            filler.connect_ex(self.address)
            waiter = select.poll()
            waiter.register(filler, select.POLLOUT)
            if not waiter.poll(_FILL_SECONDS * 1000):
                raise RuntimeError(f"{text(self.address)}: the accept queue is full before we have filled it")
            if failed := filler.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise OSError(failed, os.strerror(failed))
        except (OSError, RuntimeError):
            filler.close()
            raise
        return filler

    def _verify(self, listening: socket.socket) -> None:
        """Look at the kernel's own count, then send one SYN more."""
        queued = accept_queue_length(listening)
        if queued != len(self._fillers):
            raise RuntimeError(
                f"{text(self.address)}: {queued} connections wait, {len(self._fillers)} of ours"
            )
        further = new_socket(self._host)
        try:
            further.connect_ex(self.address)
            if state(further) != SYN_SENT:
                raise RuntimeError(f"{text(self.address)}: a SYN beyond the full accept queue was answered")
        finally:
            further.close()


class Unreachable(_Fault):
    """An address to which the kernel sends nothing: connecting fails at once (ENETUNREACH or EHOSTUNREACH).

    Multicast (239.77.x.y) and broadcast (127.255.255.255) addresses are such for TCP: RFC 9293 section
    3.9.2.3.
    """

    def start(self) -> None:
        """See that the address is unreachable.

        Raises:
            RuntimeError: If a connection attempt does anything else than fail at once.
        """
        with new_socket(self._host) as attempt:
            result = attempt.connect_ex(self.address)
        if result not in (errno.ENETUNREACH, errno.EHOSTUNREACH):
            outcome = errno.errorcode.get(result, "a connection")
            raise RuntimeError(f"{text(self.address)} is not unreachable: connecting gives {outcome}")
        self._journal.note(TcpUnreachable(server=text(self.address)))

    def hand_over(self) -> socket.socket:
        """Refuse: no server can listen there.

        Raises:
            TypeError: Always.
        """
        raise TypeError("an unreachable address cannot be healed; let DNS name another one")

    def stop(self) -> None:
        """There is nothing to give free."""
