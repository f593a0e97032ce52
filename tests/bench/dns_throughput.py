"""Answers per second and CPU second of the fake name server, beside a plain responder made with dnspython."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import cast

import dns.flags
import dns.message
import dns.rrset

from bench.served import ROUNDS, Serve, Told, in_turn, served
from fake_servers import DnsServer, Journal, Records, Zone

QUESTIONS = 10_000  # in each round
_NAMES = 400  # each asked for MX and A, as relays do
_AT_ONCE = 32


def _zone() -> Zone:
    zone = Zone()
    for number in range(_NAMES):
        zone.set(f"d{number}.bench.test", "MX", Records(f"10 mx.d{number}.bench.test."))
        zone.set(f"mx.d{number}.bench.test", "A", Records("127.1.0.5"))
    return zone


async def _ours(told: Told) -> None:
    server = DnsServer(Journal(), _zone())
    await server.start("127.0.0.1")
    await told(*server.address[:2])
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


async def _plain(told: Told) -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(_Plain, ("127.0.0.1", 0))
    await told(*transport.get_extra_info("sockname"))
    transport.close()


def _questions() -> Iterator[bytes]:
    """Yield questions, each with an identifier of its own."""
    made = []
    for number in range(_NAMES):
        for name, kind in ((f"d{number}.bench.test", "MX"), (f"mx.d{number}.bench.test", "A")):
            made.append(dns.message.make_query(name, kind, use_edns=True, flags=dns.flags.RD).to_wire()[2:])
    for nth in range(QUESTIONS):
        yield (nth % 65536).to_bytes(2, "big") + made[nth % len(made)]


def answers_per_cpu_second() -> tuple[float, float]:
    """Return how many answers our server gives in one second of a processor, and how many the plain one."""
    ours, plain = in_turn(lambda: _cpu_of(_ours), lambda: _cpu_of(_plain))
    return ROUNDS * QUESTIONS / ours, ROUNDS * QUESTIONS / plain


def _cpu_of(serve: Serve) -> float:
    with served(serve) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(server.address)
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
    return server.cpu
