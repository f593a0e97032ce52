import asyncio
import time
from collections.abc import AsyncIterator

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import pytest
from dns_world import DEADLINE, HOST, World, prefixed, read_message, texts

from fake_servers.dns import (
    Answer,
    Cname,
    Delayed,
    DnsServer,
    NoData,
    Records,
    ServFail,
)
from fake_servers.events import DnsAnswer, DnsQuery, FakeBroke

MANY = Records(*(f"127.2.{nth // 250}.{nth % 250}" for nth in range(120)))  # 16 octets each


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    await world.server.start(HOST)
    yield world
    await world.server.stop()


async def test_a_resolver_sets_ra_echoes_rd_and_is_not_authoritative(world: World) -> None:
    world.zone.set("mx.a.test", "A", Records("127.1.0.5"))
    query = dns.message.make_query("mx.a.test", "A")
    assert (await world.ask("mx.a.test", "A")).flags == dns.flags.QR | dns.flags.RD | dns.flags.RA
    query.flags = dns.flags.CD
    [wire] = await world.udp(query.to_wire())
    assert dns.message.from_wire(wire).flags == dns.flags.QR | dns.flags.RA | dns.flags.CD


async def test_the_question_is_echoed_octet_by_octet(world: World) -> None:
    world.zone.set("mx.a.test", "A", Records("127.1.0.5"))
    query = dns.message.make_query("mX.A.tEsT", "A").to_wire()
    [wire] = await world.udp(query)
    assert wire[12 : len(query)] == query[12:]
    assert wire[len(query) : len(query) + 2] == b"\xc0\x0c", "the owner points at the question"
    assert [each.name for each in world.queries] == ["mx.a.test"]


async def test_who_asks_the_same_gets_what_the_zone_has_now_with_his_own_identifier_and_letters(
    world: World,
) -> None:
    """Replies are kept by what was asked and answered: a changed plan, EDNS and a count of queries still count."""
    world.zone.set("mx.a.test", "A", Records("127.1.0.5"), Records("127.1.0.6"))
    answers = []
    for identifier, name in ((1, "mx.a.test"), (2, "MX.a.TEST"), (65535, "mx.A.test")):
        query = dns.message.make_query(name, "A", id=identifier).to_wire()
        [wire] = await world.udp(query)
        assert wire[:2] == query[:2]
        assert wire[12 : len(query)] == query[12:]
        answers += texts(dns.message.from_wire(wire))
    world.zone.set("mx.a.test", "A", Records("127.1.0.7"))
    [wire] = await world.udp(dns.message.make_query("mx.a.test", "A", id=3).to_wire())
    answers += texts(dns.message.from_wire(wire))
    assert answers == ["127.1.0.5", "127.1.0.6", "127.1.0.6", "127.1.0.7"]
    with_opt = dns.message.make_query("mx.a.test", "A", use_edns=0)
    [wire] = await world.udp(with_opt.to_wire())
    assert dns.message.from_wire(wire).edns == 0


async def test_an_alias_is_looked_up_each_time(world: World) -> None:
    world.zone.set_all("alias.test", Cname("mx.a.test"))
    world.zone.set("mx.a.test", "A", Records("127.1.0.5"), Records("127.1.0.6"))
    answers = [texts(await world.ask("alias.test", "A"))[-1] for _ in range(2)]
    assert answers == ["127.1.0.5", "127.1.0.6"]


@pytest.mark.parametrize(("payload", "fits"), [(None, 30), (512, 29), (1232, 74), (4096, 74)])
async def test_a_long_answer_is_truncated_exactly_when_it_does_not_fit(
    world: World, payload: int | None, fits: int
) -> None:
    # Header 12, question 11 + 4, each address 16, OPT 11: 27 + 30 * 16 = 507, 38 + 74 * 16 = 1222.
    for count in (fits, fits + 1):
        world.zone.set("many.test", "A", Records(*MANY.texts[:count]))
        query = dns.message.make_query("many.test", "A", use_edns=payload is not None, payload=payload)
        [wire] = await world.udp(query.to_wire())
        response = dns.message.from_wire(wire)
        assert bool(response.flags & dns.flags.TC) == (count > fits)
        assert len(texts(response)) == (count if count <= fits else 0)
        assert len(texts(await world.ask("many.test", "A", tcp=True))) == count


async def test_an_opt_is_answered_by_an_opt_and_only_then(world: World) -> None:
    world.zone.set("mx.a.test", "A", Records("127.1.0.5"), ServFail())
    for edns in (True, False, True):
        [wire] = await world.udp(dns.message.make_query("mx.a.test", "A", use_edns=edns).to_wire())
        assert (dns.message.from_wire(wire).edns == 0) == edns


async def test_a_delayed_answer_says_how_late_it_was(world: World) -> None:
    world.zone.set("slow.test", "A", Delayed(0.1, Records("127.1.0.5")))
    asyncio.get_running_loop().call_later(0.05, time.sleep, 0.3)  # somebody holds the loop when it is due
    await world.udp(dns.message.make_query("slow.test", "A").to_wire())
    [answered] = world.answers
    assert 0.2 <= answered.lag < 0.25 + DEADLINE


async def test_a_delayed_answer_does_not_delay_others(world: World) -> None:
    world.zone.set("slow.test", "A", Delayed(0.3, Records("127.1.0.5")))
    world.zone.set("fast.test", "A", Records("127.1.0.6"))
    queries = [
        dns.message.make_query(name, "A", id=query_id).to_wire()
        for query_id, name in ((1, "slow.test"), (2, "fast.test"))
    ]
    udp = await world.udp(*queries, replies=2)
    async with world.tcp() as (reader, writer):
        writer.write(b"".join(map(prefixed, queries)))
        writer.write_eof()
        tcp = [await read_message(reader) for _ in queries]
        assert await reader.read() == b"", "the server follows the client's end of file"
    assert [[dns.message.from_wire(wire).id for wire in wires] for wires in (udp, tcp)] == [[2, 1], [2, 1]]
    for asked, answered in zip(world.queries[::2], world.answers[1::2], strict=True):
        assert 0.3 <= answered.at - asked.at < 0.3 + DEADLINE


async def test_one_tcp_connection_carries_many_queries_in_any_pieces(world: World) -> None:
    world.zone.set("mx.a.test", "A", Records("127.1.0.5"))
    stream = b"".join(
        prefixed(dns.message.make_query("mx.a.test", "A", id=query_id).to_wire()) for query_id in (1, 2, 3)
    )
    async with world.tcp() as (reader, writer):
        for cut in range(0, len(stream), 5):
            writer.write(stream[cut : cut + 5])
            await writer.drain()
            await asyncio.sleep(0)
        ids = [dns.message.from_wire(await read_message(reader)).id for _ in range(3)]
    assert ids == [1, 2, 3]
    assert len({event.connection for event in world.queries}) == 1
    assert {each.transport for each in world.queries} == {"tcp"}


async def test_every_query_and_answer_is_noted_with_its_particulars(world: World) -> None:
    world.zone.set("a.test", "MX", Records("10 mx.a.test."))
    await world.udp(dns.message.make_query("A.test", "MX", id=7).to_wire())
    query, answer = world.journal
    assert isinstance(query, DnsQuery)
    server = f"{HOST}:{world.server.address[1]}"
    assert answer == DnsAnswer(
        at=answer.at, server=server, name="a.test", type="MX", id=7, transport="udp", answer="records",
        records=("10 mx.a.test.",),
    )  # fmt: skip
    assert query == DnsQuery(
        at=query.at, server=server, name="a.test", type="MX", id=7, transport="udp", client=query.client,
        planned=True, lag=query.lag,
    )  # fmt: skip
    assert query.client.startswith("127.")


async def test_what_is_no_standard_query_gets_an_error_as_from_any_server(world: World) -> None:
    world.zone.set_all("a.test", NoData())
    status = dns.message.make_query("a.test", "MX")
    status.set_opcode(dns.opcode.STATUS)
    chaos = dns.message.make_query("a.test", "TXT", rdclass=dns.rdataclass.CH)
    future = dns.message.make_query("a.test", "MX", use_edns=1)
    rcodes = []
    for query in (status, chaos, future):
        [wire] = await world.udp(query.to_wire())
        rcodes.append(dns.message.from_wire(wire).rcode())
    assert rcodes == [dns.rcode.NOTIMP, dns.rcode.REFUSED, dns.rcode.BADVERS]
    [wire] = await world.udp(b"\x12\x34\x01\x00\x00\x01" + b"\x00" * 6 + b"\x3f")
    assert (dns.message.from_wire(wire).id, dns.message.from_wire(wire).rcode()) == (
        0x1234,
        dns.rcode.FORMERR,
    )
    assert [each.planned for each in world.queries] == [False] * 4


async def test_a_response_or_a_fragment_of_a_header_is_never_answered(world: World) -> None:
    world.zone.set("a.test", "MX", Records("10 mx.a.test."))
    query = dns.message.make_query("a.test", "MX", id=7)
    response = dns.message.make_response(query)
    [wire] = await world.udp(response.to_wire(), b"\x00", query.to_wire())
    assert texts(dns.message.from_wire(wire)) == ["10 mx.a.test."]


class Defect(Answer):
    """An answer the server does not know."""


@pytest.mark.parametrize("answer", [Defect(), Delayed(0.01, Records("127.1.0.5"))])
async def test_a_defect_becomes_an_event_and_a_reset(
    world: World, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    if isinstance(answer, Delayed):  # breaks only when it is sent

        def broken(*_: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr("fake_servers.dns.transports.Tcp.send", broken)
    world.zone.set_all("broken.test", NoData())
    world.zone._plan("broken.test", dns.rdatatype.A, (answer,))
    async with world.tcp() as (reader, writer):
        writer.write(prefixed(dns.message.make_query("broken.test", "A").to_wire()))
        with pytest.raises(ConnectionResetError):
            await reader.read()
    [broke] = world.journal.of(FakeBroke)
    assert ("ZeroDivisionError" if isinstance(answer, Delayed) else "Defect") in broke.error


async def test_a_defect_over_udp_is_no_reply(world: World) -> None:
    world.zone._plan("broken.test", dns.rdatatype.A, (Defect(),))
    world.zone.set("b.test", "A", NoData())
    wires = [
        dns.message.make_query(name, "A", id=nth).to_wire()
        for nth, name in ((1, "broken.test"), (2, "b.test"))
    ]
    [wire] = await world.udp(*wires)
    assert dns.message.from_wire(wire).id == 2
    assert len(list(world.journal.of(FakeBroke))) == 1


async def test_stopping_cancels_delayed_answers_and_resets_connections(world: World) -> None:
    world.zone.set("slow.test", "A", Delayed(0.05, Records("127.1.0.5")))
    address = world.server.address
    async with world.tcp() as (reader, writer):
        writer.write(prefixed(dns.message.make_query("slow.test", "A").to_wire()))
        await world.until_asked()
        await world.server.stop()
        with pytest.raises(ConnectionResetError):
            await reader.read()
    await world.server.stop()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(*address)
    with pytest.raises(RuntimeError):
        _ = world.server.address
    again = DnsServer(world.journal, world.zone)
    await again.start(*address)
    assert again.address == address
    await again.stop()
    assert world.answers == []


async def test_two_servers_on_different_addresses_share_a_port(world: World) -> None:
    other = DnsServer(world.journal, world.zone)
    await other.start("127.1.53.2", world.server.address[1])
    assert other.address[1] == world.server.address[1]
    await other.stop()


async def test_a_taken_port_is_an_error(world: World) -> None:
    other = DnsServer(world.journal, world.zone)
    with pytest.raises(OSError, match="in use"):
        await other.start(*world.server.address)
