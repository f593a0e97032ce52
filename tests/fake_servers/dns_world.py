"""A running name server and a client that looks at raw messages, for the tests of the server."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator

import dns.message

from fake_servers.dns import DnsServer, Zone
from fake_servers.events import DnsAnswer, DnsQuery, Event
from fake_servers.journal import Journal

HOST = "127.1.53.1"
DEADLINE = 60.0  # seconds, for what should take milliseconds


class World:
    """A running server and clients that look at raw messages."""

    def __init__(self) -> None:
        self.journal = Journal()
        self.zone = Zone()
        self.server = DnsServer(self.journal, self.zone)

    async def udp(self, *wires: bytes, replies: int = 1) -> list[bytes]:
        """Send datagrams and return that many replies, in the order of their arrival."""
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.setblocking(False)
            client.connect(self.server.address)
            for wire in wires:
                await loop.sock_sendall(client, wire)
            async with asyncio.timeout(DEADLINE):
                return [await loop.sock_recv(client, 65535) for _ in range(replies)]

    async def ask(self, name: str, rdtype: str, *, tcp: bool = False) -> dns.message.Message:
        query = dns.message.make_query(name, rdtype)
        if not tcp:
            return dns.message.from_wire((await self.udp(query.to_wire()))[0])
        async with self.tcp() as (reader, writer):
            writer.write(prefixed(query.to_wire()))
            return dns.message.from_wire(await read_message(reader))

    @contextlib.asynccontextmanager
    async def tcp(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection(*self.server.address)
        try:
            async with asyncio.timeout(DEADLINE):
                yield reader, writer
        finally:
            writer.close()
            with contextlib.suppress(ConnectionResetError):
                await writer.wait_closed()

    @property
    def queries(self) -> list[DnsQuery]:
        return list(self.journal.of(DnsQuery))

    @property
    def answers(self) -> list[DnsAnswer]:
        return list(self.journal.of(DnsAnswer))

    async def until_asked(self) -> None:
        enough = asyncio.Event()

        def look(_: Event | None = None) -> None:
            if self.queries:
                enough.set()

        look()
        self.journal.subscribe(look)
        async with asyncio.timeout(DEADLINE):
            await enough.wait()


def prefixed(wire: bytes) -> bytes:
    return struct.pack("!H", len(wire)) + wire


async def read_message(reader: asyncio.StreamReader) -> bytes:
    return await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))


def texts(message: dns.message.Message) -> list[str]:
    return [rdata.to_text() for rrset in message.answer for rdata in rrset]
