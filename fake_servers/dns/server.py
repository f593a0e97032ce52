"""UDP and TCP on one port, answering from a `Zone` and noting every query and every answer.

Theory of operation: a transport (`transports`) hands each message to `Responder.receive`, with a `Channel` to
reply by. A reply is sent at once or, if delayed, by a timer of its own, so no query waits for another one;
over TCP replies may therefore overtake each other, as RFC 7766 section 6.2.1.1 allows.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Final

from fake_servers.dns.responder import Responder
from fake_servers.dns.transports import Tcp, Udp
from fake_servers.dns.zone import Zone
from fake_servers.endpoint import endpoint, family
from fake_servers.journal import Journal
from fake_servers.limits import Bucket

_PORTS_TO_TRY: Final = 100  # a free TCP port is hardly ever taken in UDP
_BACKLOG: Final = 1024  # connections that may wait to be accepted


class DnsServer:
    """A resolver under control.

    Journal: `dns/query` and `dns/answer`, with names in lower case and without the trailing dot. What is no
    standard query of class IN gets FORMERR, NOTIMP, REFUSED or BADVERS, as from any server, and is never
    `planned`. How late a query was read is told by the query itself.

    Args:
        journal: Where everything is noted.
        zone: What is known.
        unplanned: How many questions are noted for names with which the zone has nothing to do; None: any number.
        connections: TCP connections that may be open at once, further ones are reset; None: any number.
        datagrams: How many questions are taken over UDP, whatever for; further ones have no answer and are told of
            (`dns/dropped`). None: any number.

    Example::

        server = DnsServer(journal, zone)
        await server.start("127.1.0.53")
        host, port = server.address
        await server.stop()
    """

    def __init__(
        self,
        journal: Journal,
        zone: Zone,
        *,
        unplanned: Bucket | None = None,
        connections: int | None = None,
        datagrams: Bucket | None = None,
    ) -> None:
        self._responder = Responder(journal, zone, unplanned, datagrams)
        self._most = connections
        self._address: tuple[str, int] | None = None
        self._tcp: asyncio.Server | None = None
        self._udp: Udp | None = None
        self._connections: set[Tcp] = set()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, of UDP and TCP alike; only while the server runs.

        Raises:
            RuntimeError: If the server does not run.
        """
        if self._address is None:
            raise RuntimeError("the server does not run")
        return self._address

    async def start(self, host: str, port: int = 0) -> None:
        """Start to answer.

        Args:
            host: An IPv4 or IPv6 address of this machine.
            port: The port; 0: one that is free in both transports.

        Raises:
            OSError: If the port is taken.
        """
        if self._address is not None:
            raise RuntimeError("the server runs already")
        tcp, udp = _bind_both(host, port)
        own = udp.getsockname()
        self._address = (own[0], own[1])
        self._responder.server = endpoint(host, own[1])
        loop = asyncio.get_running_loop()
        self._udp = Udp(self._responder, udp)
        self._tcp = await loop.create_server(
            lambda: Tcp(self._responder, self._connections, self._most), sock=tcp, backlog=_BACKLOG
        )

    async def stop(self) -> None:
        """Close everything; answers still delayed are never sent. Stopping twice is harmless."""
        if self._tcp is None or self._udp is None:
            return
        self._tcp.close()
        self._udp.close()
        self._responder.close()
        closed = [connection.closed for connection in self._connections]
        for connection in tuple(self._connections):
            connection.break_off()
        await asyncio.gather(*closed)
        await self._tcp.wait_closed()
        self._tcp = self._udp = self._address = None


def _bind_both(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """Return a TCP and a UDP socket, both bound to the same port."""
    for attempt in range(_PORTS_TO_TRY):
        tcp = socket.socket(family(host), socket.SOCK_STREAM)
        udp = socket.socket(family(host), socket.SOCK_DGRAM)
        try:
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tcp.bind((host, port))
            udp.bind((host, tcp.getsockname()[1]))
            tcp.listen(_BACKLOG)
        except OSError:
            tcp.close()
            udp.close()
            if port or attempt == _PORTS_TO_TRY - 1:
                raise
        else:
            return tcp, udp
    raise AssertionError("unreachable: the last attempt raises")
