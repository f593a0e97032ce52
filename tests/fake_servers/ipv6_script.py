"""Run by test_ipv6.py, in a network namespace if need be: both kinds of SMTP server, and DNS, on ::1."""

from __future__ import annotations

import asyncio
import sys

import dns.asyncquery
import dns.message
from packet_watch_script import configure
from smtp_client import SCRIPTS

from fake_servers import (
    DnsServer,
    Hanging,
    Journal,
    Records,
    Refusing,
    SmtpServer,
    Zone,
    endpoint,
    probe,
)
from fake_servers.events import DnsQuery, TcpAccepted

HOST = "::1"


async def deliver(address: tuple[str, int]) -> str:
    """Deliver a message octet by octet, as any client does; return the client's own address."""
    reader, writer = await asyncio.open_connection(*address)
    own = writer.get_extra_info("sockname")
    for command in ("", "EHLO c", "MAIL FROM:<a@[IPv6:::1]>", "RCPT TO:<r@b.test>", "DATA", "x\r\n."):
        if command:
            writer.write(command.encode() + b"\r\n")
        line = b"250-"
        while line[3:4] == b"-":
            line = await reader.readline()
        assert line[:1] in b"23", (command, line)
    writer.close()
    await writer.wait_closed()
    return endpoint(own[0], own[1])


async def smtp(kind: str) -> None:
    journal = Journal()
    server = SmtpServer(journal, hostname="mx.test", script=SCRIPTS[kind])
    await server.start(HOST)
    assert server.address[0] == HOST
    peer = await deliver(server.address)
    await server.stop()
    [accepted] = journal.of(TcpAccepted)
    assert accepted.server == f"[::1]:{server.address[1]}"
    assert accepted.peer == peer
    assert peer.startswith("[::1]:")
    assert [event.kind for event in journal].count("message") == 1


async def name_server() -> None:
    journal, zone = Journal(), Zone()
    zone.set("mx.a.test", "AAAA", Records("::1", "fd00::5"))
    server = DnsServer(journal, zone)
    await server.start(HOST)
    host, port = server.address
    query = dns.message.make_query("mx.a.test", "AAAA")
    for ask in (dns.asyncquery.udp, dns.asyncquery.tcp):
        response = await ask(query, host, port=port, timeout=30)
        assert [record.to_text() for record in response.answer[0]] == ["::1", "fd00::5"]
    await server.stop()
    queries = list(journal.of(DnsQuery))
    assert [(event.server, event.transport) for event in queries] == [
        (f"[::1]:{port}", "udp"),
        (f"[::1]:{port}", "tcp"),
    ]
    assert all(event.client.startswith("[::1]:") for event in queries)


async def faults() -> None:
    """Each fault lasts until a healthy server takes over at the same address."""
    journal = Journal()
    for fault, outcome in ((Refusing(journal, HOST, 0), "refused"), (Hanging(journal, HOST, 0), "timeout")):
        fault.start()
        assert await probe(journal, *fault.address, 0.2) == outcome
        server = SmtpServer(journal, hostname="mx.test")
        await server.start(*fault.address, sock=fault.hand_over())
        await deliver(server.address)
        await server.stop()


async def main() -> None:
    if "--bring-lo-up" in sys.argv:
        configure("lo", "127.0.0.1")  # ::1 comes with it
    for kind in SCRIPTS:
        await smtp(kind)
    await name_server()
    await faults()
    print("done")


if __name__ == "__main__":
    asyncio.run(main())
