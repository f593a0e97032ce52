"""What a hostile client can do to a fake that has limits: it is told once, and nobody else is held up or blamed.

Before, a client that opened connections until there were no descriptors left made the fake say that it was itself
broken; commands without end, and questions for names that are none, were noted without end.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct

import dns.message
import dns.rcode
import pytest
from dns_world import World, prefixed

from conformance.wave.world import QUESTIONS_A_SECOND, QUESTIONS_AT_ONCE
from fake_servers import Event, Journal, SmtpServer
from fake_servers.dns import DnsServer, Records, ServFail, Zone
from fake_servers.dns.quick import quick_name, quick_nxdomain
from fake_servers.dns.responder import Responder
from fake_servers.events import DnsDropped, DnsQuery, FakeBroke, FakeExcess, SmtpReceived, TcpAccepted
from fake_servers.limits import Bucket, Limits, Open
from fake_servers.smtp import Reply, Rule, Script, Stage
from fake_servers.smtp.script import OFFER

_DEADLINE = 30.0  # seconds


def _excesses(journal: Journal) -> list[tuple[str, int]]:
    return [(event.what, event.most) for event in journal.of(FakeExcess)]


async def _served(journal: Journal, limits: Limits, script: Script | None = None) -> SmtpServer:
    server = SmtpServer(journal, hostname="mx.test", script=script, limits=limits)
    await server.start("127.0.0.1")
    return server


async def _greeting(server: SmtpServer, kept: list[asyncio.StreamWriter]) -> bytes:
    """Connect, say nothing, stay; return the greeting, or nothing if the connection was reset."""
    try:
        async with asyncio.timeout(_DEADLINE):
            reader, writer = await asyncio.open_connection(*server.address)
            kept.append(writer)
            return (await reader.readline())[:3]
    except ConnectionResetError:
        return b""


@pytest.mark.parametrize(("limits", "served", "told"), [
    (Limits(at_once=3, connections=99, commands=9), 3, ("open connections", 3)),
    (Limits(at_once=99, connections=4, commands=9), 4, ("connections", 4)),
    (
        Limits(at_once=99, connections=99, commands=9, shared=Open(10**9)),
        8,
        ("open connections at all servers together", None),
    ),
])  # fmt: skip
async def test_connections_beyond_the_limit_are_reset_and_told_once(
    limits: Limits, served: int, told: tuple[str, int | None]
) -> None:
    journal = Journal()
    server = await _served(journal, limits)
    kept: list[asyncio.StreamWriter] = []
    greetings = [await _greeting(server, kept) for _ in range(12)]
    assert greetings == [b"220"] * served + [b""] * (12 - served)
    [(what, most)] = _excesses(journal)
    assert (what, told[1] or most) == (told[0], most)
    assert len([*journal.of(TcpAccepted)]) == served
    assert not [*journal.of(FakeBroke)]
    await server.stop()
    assert limits.shared.count in (0, 10**9)
    for writer in kept:
        writer.close()


@pytest.mark.parametrize("script", [None, Script(Rule(Stage.GREETING, Reply(554, "5.3.2 no")))])
async def test_commands_beyond_the_limit_end_the_connection(script: Script | None) -> None:
    journal = Journal()
    server = await _served(journal, Limits(at_once=9, connections=9, commands=50), script)
    reader, writer = await asyncio.open_connection(*server.address)
    writer.write(b"EHLO client.test\r\n" + b"NOOP\r\n" * 500)
    with contextlib.suppress(ConnectionResetError):
        async with asyncio.timeout(_DEADLINE):
            await reader.read()
    assert _excesses(journal) == [("commands on one connection", 50)]
    assert len([*journal.of(SmtpReceived)]) == 50
    assert not [*journal.of(FakeBroke)]
    kept = [writer]
    assert await _greeting(server, kept) in (b"220", b"554")
    await server.stop()
    for each in kept:
        each.close()


@pytest.mark.parametrize(("size", "served"), [(512, True), (511, False), (0, False)])
async def test_chunks_are_content_unless_they_are_tiny(size: int, *, served: bool) -> None:
    """A relay may send megabytes in chunks of its own size (RFC 3030)."""
    journal = Journal()
    script = Script(extensions=(*OFFER, "CHUNKING"))
    server = await _served(journal, Limits(at_once=9, connections=9, commands=20), script)
    reader, writer = await asyncio.open_connection(*server.address)
    writer.write(b"EHLO client.test\r\nMAIL FROM:<a@client.test>\r\nRCPT TO:<b@server.test>\r\n")
    writer.write((b"BDAT %d\r\n" % size + b"a" * size) * 50 + b"BDAT 0 LAST\r\nQUIT\r\n")
    with contextlib.suppress(ConnectionResetError):
        async with asyncio.timeout(_DEADLINE):
            await reader.read()
    assert bool(_excesses(journal)) is not served
    await server.stop()
    writer.close()


async def test_a_flood_of_questions_leaves_no_trace_and_planned_names_all_theirs() -> None:
    world = World()
    world.zone.set("mx.a.test", "A", Records("127.0.0.5"))
    world.zone.set("bad.a.test", "A", ServFail())
    world.server = DnsServer(world.journal, world.zone, unplanned=Bucket(5, 0.0), connections=3)
    await world.server.start("127.0.0.1")
    flood = [dns.message.make_query(f"random{number}.example.test", "A").to_wire() for number in range(60)]
    codes = [dns.message.from_wire(reply).rcode() for wire in flood for reply in await world.udp(wire)]
    assert codes == [dns.rcode.NXDOMAIN] * 60  # the same before and after the limit
    assert len(world.queries) == 5
    assert _excesses(world.journal) == [("questions at once for names that are none, or none of ours", 5)]
    for name, rcode in (
        ("mx.a.test", dns.rcode.NOERROR),
        ("MX.a.test", dns.rcode.NOERROR),
        ("a.test", dns.rcode.NOERROR),  # something lies below it
        ("bad.a.test", dns.rcode.SERVFAIL),
        ("bad.a.test.search.list", dns.rcode.SERVFAIL),  # what fails for the name fails with a suffix
    ):
        assert (await world.ask(name, "A")).rcode() == rcode, name
    assert len([*world.journal.of(DnsQuery)]) == 10
    await world.server.stop()


async def test_questions_beyond_the_limit_have_no_answer_and_are_counted() -> None:
    world = World()
    world.zone.set("mx.a.test", "A", Records("127.0.0.5"))
    world.server = DnsServer(world.journal, world.zone, datagrams=Bucket(5, 0.0))
    await world.server.start("127.0.0.1")
    question = dns.message.make_query("mx.a.test", "A").to_wire()
    assert len(await world.udp(*[question] * 20, replies=5)) == 5
    told = asyncio.Event()

    def note(event: Event) -> None:
        if sum(dropped.queries for dropped in world.journal.of(DnsDropped)) == 15:
            told.set()

    world.journal.subscribe(note)
    note(world.queries[0])
    async with asyncio.timeout(_DEADLINE):
        await told.wait()
    dropped = [*world.journal.of(DnsDropped)]
    assert sum(each.queries for each in dropped) == 15
    assert all(each.excess for each in dropped)
    assert len(dropped) <= 3  # one at once, one for what else comes within a moment
    assert _excesses(world.journal) == [("questions at once", 5)]
    assert len(world.queries) == 5
    await world.server.stop()


@pytest.mark.parametrize(
    ("limit", "excess"), [(None, False), (Bucket(100, 0.0), False), (Bucket(99, 0.0), True)]
)
def test_what_the_kernel_had_no_room_for_came_all_the_same(limit: Bucket | None, *, excess: bool) -> None:
    journal = Journal()
    Responder(journal, Zone(), datagrams=limit).lost(100, 0.0)
    [dropped] = journal.of(DnsDropped)
    assert (dropped.queries, dropped.excess, bool(_excesses(journal))) == (100, excess, excess)


def test_hundreds_of_messages_that_are_tried_at_once_are_no_flood() -> None:
    """Three hundred, each attempt with six questions, all of them within each tenth of the retry interval."""
    limit = Bucket(QUESTIONS_AT_ONCE, QUESTIONS_A_SECOND)
    for attempt in range(400):
        assert all(limit.passes(2.0 * attempt) for _ in range(300 * 6))
    assert not all(limit.passes(800.0 + number / 20_000) for number in range(40_000))


async def test_junk_over_tcp_and_in_datagrams_is_no_trouble() -> None:
    world = World()
    world.zone.set("mx.a.test", "A", Records("127.0.0.5"))
    world.server = DnsServer(world.journal, world.zone, unplanned=Bucket(5, 0.0), connections=3)
    await world.server.start("127.0.0.1")
    loop = struct.pack("!6H", 1, 0x0100, 1, 0, 0, 0) + b"\xc0\x0c\x00\x01\x00\x01"
    await world.udp(*[b"", b"\0", loop, b"\xff" * 300] * 20, replies=0)
    kept = [await asyncio.open_connection(*world.server.address) for _ in range(5)]
    for _, writer in kept:
        writer.write(prefixed(b"\xff" * 65_535) + b"EHLO client.test\r\n")
    assert (await world.ask("mx.a.test", "A")).answer
    async with asyncio.timeout(_DEADLINE):
        for reader, _ in kept[3:]:
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
    assert ("open connections", 3) in _excesses(world.journal)
    assert not [*world.journal.of(FakeBroke)]
    await world.server.stop()
    for _, writer in kept:
        writer.close()


def test_a_name_is_read_in_passing_as_it_is_otherwise() -> None:
    wire = dns.message.make_query("A.b.Test", "MX").to_wire()
    assert quick_name(wire) == (b"A", b"b", b"Test")
    reply = quick_nxdomain(wire)
    assert reply is not None
    read = dns.message.from_wire(reply)
    assert dns.message.from_wire(wire).is_response(read)
    for cut in range(len(wire) - 5):
        assert quick_nxdomain(wire[:cut]) is None
