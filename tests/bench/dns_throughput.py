"""Answers per second and CPU second of the fake name server, beside a plain responder made with dnspython."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import cast

import dns.flags
import dns.message
import dns.rrset

from fake_servers import DnsServer, Journal, Records, Zone

QUESTIONS = 20_000
_NAMES = 400  # each asked for MX and A, as relays do
_AT_ONCE = 32


def _zone() -> Zone:
    zone = Zone()
    for number in range(_NAMES):
        zone.set(f"d{number}.bench.test", "MX", Records(f"10 mx.d{number}.bench.test."))
        zone.set(f"mx.d{number}.bench.test", "A", Records("127.1.0.5"))
    return zone


async def _ours(told: Connection) -> None:
    server = DnsServer(Journal(), _zone())
    await server.start("127.0.0.1")
    told.send(server.address)
    await asyncio.get_running_loop().run_in_executor(None, told.recv)
    await server.stop()


class _Plain(asyncio.DatagramProtocol):
    """Parses a question, looks the records up, and makes a reply of them: nothing else."""

    def __init__(self) -> None:
        self._records: dict[tuple[str, str], str] = {}
        for number in range(_NAMES):
            self._records[f"d{number}.bench.test.", "MX"] = f"10 mx.d{number}.bench.test."
            self._records[f"mx.d{number}.bench.test.", "A"] = "127.1.0.5"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        [question] = query.question
        kind = question.rdtype.name
        response = dns.message.make_response(query, recursion_available=True)
        text = self._records[question.name.to_text().lower(), kind]
        response.answer.append(dns.rrset.from_text(question.name, 0, "IN", kind, text))
        self._transport.sendto(response.to_wire(), addr)


async def _plain(told: Connection) -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(_Plain, ("127.0.0.1", 0))
    told.send(transport.get_extra_info("sockname"))
    await loop.run_in_executor(None, told.recv)
    transport.close()


def _serve(told: Connection, ours: bool) -> None:
    before = _cpu()
    asyncio.run(_ours(told) if ours else _plain(told))
    told.send(_cpu() - before)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _questions() -> Iterator[bytes]:
    """Yield questions, each with an identifier of its own."""
    made = []
    for number in range(_NAMES):
        for name, kind in ((f"d{number}.bench.test", "MX"), (f"mx.d{number}.bench.test", "A")):
            made.append(dns.message.make_query(name, kind, use_edns=True, flags=dns.flags.RD).to_wire()[2:])
    for nth in range(QUESTIONS):
        yield (nth % 65536).to_bytes(2, "big") + made[nth % len(made)]


def per_cpu_second(*, ours: bool) -> float:
    """Return how many answers a server gives in one second of a processor, its start included."""
    told, child = get_context("fork").Pipe()
    process = get_context("fork").Process(target=_serve, args=(child, ours))
    process.start()
    address = told.recv()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(tuple(address[:2]))
        client.settimeout(30)
        waiting = 0
        for question in _questions():
            client.send(question)
            waiting += 1
            if waiting == _AT_ONCE:
                for _ in range(_AT_ONCE):
                    client.recv(4096)
                waiting = 0
        for _ in range(waiting):
            client.recv(4096)
    told.send(None)
    used = cast(float, told.recv())
    process.join()
    return QUESTIONS / used
