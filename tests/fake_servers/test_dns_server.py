import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import pytest

from fake_servers.dns import (
    Answer,
    Cname,
    Delayed,
    DnsServer,
    Lame,
    Malformed,
    NoData,
    NxDomain,
    Records,
    Refused,
    ServFail,
    Silence,
    Truncated,
    WrongId,
    Zone,
)
from fake_servers.journal import Event, Journal, Value

HOST = "127.1.53.1"
DEADLINE = 5.0  # seconds, for what should take milliseconds
MANY = Records(*(f"127.2.{nth // 250}.{nth % 250}" for nth in range(120)))  # 16 octets each


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

    def events(self, kind: str) -> list[Event]:
        return [event for event in self.journal if event.kind == kind]

    def seen(self, kind: str, field: str) -> list[Value]:
        return [event[field] for event in self.events(kind)]

    async def until(self, kind: str, count: int = 1) -> None:
        """Wait until that many events of the kind have been noted."""
        enough = asyncio.Event()

        def look(_: Event | None = None) -> None:
            if len(self.events(kind)) >= count:
                enough.set()

        look()
        self.journal.subscribe(look)
        async with asyncio.timeout(DEADLINE):
            await enough.wait()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    await world.server.start(HOST)
    yield world
    await world.server.stop()


def prefixed(wire: bytes) -> bytes:
    return struct.pack("!H", len(wire)) + wire


async def read_message(reader: asyncio.StreamReader) -> bytes:
    return await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))


def texts(message: dns.message.Message) -> list[str]:
    return [rdata.to_text() for rrset in message.answer for rdata in rrset]


async def test_records_come_in_the_planned_order_with_their_ttl(world: World) -> None:
    addresses = [f"127.1.0.{last}" for last in (9, 1, 5, 3, 7, 2, 8)]
    world.zone.set("mx.a.test", "A", Records(*addresses, ttl=7))
    for _ in range(5):
        response = await world.ask("mx.a.test", "A")
        assert texts(response) == addresses
        assert response.answer[0].ttl == 7
        assert response.rcode() == dns.rcode.NOERROR


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
    assert world.seen("query", "name") == ["mx.a.test"]


async def test_names_in_records_need_no_final_dot(world: World) -> None:
    world.zone.set("a.test", "MX", Records("10 mx.a.test", "0 ."))
    assert texts(await world.ask("a.test", "MX")) == ["10 mx.a.test.", "0 ."]


@pytest.mark.parametrize("answer", [NxDomain(soa_minimum=30), NoData(soa_minimum=30)])
@pytest.mark.parametrize("tcp", [False, True])
async def test_a_negative_answer_carries_the_soa_that_limits_its_caching(
    world: World, answer: Answer, tcp: bool
) -> None:
    world.zone.set_all("a.test", answer)
    response = await world.ask("a.test", "MX", tcp=tcp)
    expected = dns.rcode.NXDOMAIN if isinstance(answer, NxDomain) else dns.rcode.NOERROR
    assert response.rcode() == expected
    assert response.answer == []
    [soa] = response.authority
    assert (soa.name.to_text(), soa.rdtype, soa.ttl, soa[0].minimum) == ("test.", dns.rdatatype.SOA, 30, 30)
    assert world.seen("answer", "answer") == [answer.name]


@pytest.mark.parametrize(
    ("answer", "rcode"), [(ServFail(), dns.rcode.SERVFAIL), (Refused(), dns.rcode.REFUSED)]
)
@pytest.mark.parametrize("tcp", [False, True])
async def test_an_error_has_its_rcode_and_nothing_else(
    world: World, answer: Answer, rcode: dns.rcode.Rcode, tcp: bool
) -> None:
    world.zone.set_all("a.test", answer)
    response = await world.ask("a.test", "MX", tcp=tcp)
    assert response.rcode() == rcode
    assert response.answer == response.authority == response.additional == []


async def test_unplanned_names_do_not_exist_and_are_reported(world: World) -> None:
    world.zone.set("a.test", "MX", Records("10 mx.a.test."))
    assert (await world.ask("other.example", "A")).rcode() == dns.rcode.NXDOMAIN
    await world.ask("a.test", "MX")
    assert world.seen("query", "planned") == [False, True]


async def test_silence_is_no_datagram_at_all(world: World) -> None:
    world.zone.set("a.test", "MX", Silence())
    world.zone.set("b.test", "MX", Records("10 mx.b.test."))
    silent, answered = (
        dns.message.make_query(name, "MX", id=nth) for nth, name in ((1, "a.test"), (2, "b.test"))
    )
    [wire] = await world.udp(silent.to_wire(), answered.to_wire())
    assert dns.message.from_wire(wire).id == 2
    assert world.seen("answer", "answer") == ["silence", "records"]


async def test_silence_over_tcp_leaves_the_connection_open(world: World) -> None:
    world.zone.set("a.test", "MX", Silence(), Records("10 mx.a.test."))
    async with world.tcp() as (reader, writer):
        for query_id in (1, 2):
            writer.write(prefixed(dns.message.make_query("a.test", "MX", id=query_id).to_wire()))
        assert dns.message.from_wire(await read_message(reader)).id == 2


async def test_a_truncated_answer_is_empty_over_udp_and_complete_over_tcp(world: World) -> None:
    world.zone.set("mx.a.test", "A", Truncated(Records("127.1.0.5")))
    [wire] = await world.udp(dns.message.make_query("mx.a.test", "A").to_wire())
    response = dns.message.from_wire(wire)
    assert response.flags & dns.flags.TC
    assert response.answer == response.authority == []
    response = await world.ask("mx.a.test", "A", tcp=True)
    assert not response.flags & dns.flags.TC
    assert texts(response) == ["127.1.0.5"]
    assert world.seen("answer", "answer") == ["truncated", "records"]
    assert world.seen("answer", "records") == [[], ["127.1.0.5"]]


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


async def test_a_malformed_answer_has_the_right_id_and_no_parser_takes_it(world: World) -> None:
    world.zone.set("a.test", "MX", Malformed())
    [wire] = await world.udp(dns.message.make_query("a.test", "MX", id=4711).to_wire())
    assert wire[:2] == struct.pack("!H", 4711)
    with pytest.raises(dns.exception.DNSException):
        dns.message.from_wire(wire)


async def test_a_wrong_id_is_the_only_thing_wrong(world: World) -> None:
    world.zone.set("mx.a.test", "A", WrongId(Records("127.1.0.5")), Records("127.1.0.5"))
    query = dns.message.make_query("mx.a.test", "A", id=4711).to_wire()
    [wrong] = await world.udp(query)
    [right] = await world.udp(query)
    assert wrong[:2] != right[:2] == struct.pack("!H", 4711)
    assert wrong[2:] == right[2:]


async def test_a_lame_answer_refers_upward(world: World) -> None:
    world.zone.set_all("a.test", Lame())
    response = await world.ask("a.test", "MX")
    assert response.rcode() == dns.rcode.NOERROR
    assert not response.flags & (dns.flags.AA | dns.flags.RA)
    assert response.answer == []
    assert [(ns.name.to_text(), ns.rdtype) for ns in response.authority] == [(".", dns.rdatatype.NS)]


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
    for asked, answered in zip(world.events("query")[::2], world.events("answer")[1::2], strict=True):
        assert 0.3 <= answered.at - asked.at < 0.3 + DEADLINE


async def test_a_cname_is_followed_within_the_zone(world: World) -> None:
    world.zone.set_all("alias.test", Cname("further.test", ttl=5))
    world.zone.set_all("further.test", Cname("mx.a.test."))
    world.zone.set("mx.a.test", "A", Records("127.1.0.5"))
    response = await world.ask("Alias.test", "A")
    chain = [(rrset.name.to_text(), rrset.ttl, rrset[0].to_text()) for rrset in response.answer]
    assert chain == [
        ("Alias.test.", 5, "further.test."),
        ("further.test.", 0, "mx.a.test."),
        ("mx.a.test.", 0, "127.1.0.5"),
    ]
    assert (world.seen("answer", "answer"), world.seen("answer", "records")) == (["cname"], [["127.1.0.5"]])


async def test_a_query_for_the_alias_itself_is_not_followed(world: World) -> None:
    world.zone.set_all("alias.test", Cname("mx.a.test"))
    assert texts(await world.ask("alias.test", "CNAME")) == ["mx.a.test."]


async def test_a_dangling_cname_has_the_rcode_of_its_target(world: World) -> None:
    world.zone.set_all("alias.test", Cname("gone.example"))
    response = await world.ask("alias.test", "A")
    assert response.rcode() == dns.rcode.NXDOMAIN
    assert texts(response) == ["gone.example."]
    assert [soa.name.to_text() for soa in response.authority] == ["example."]


@pytest.mark.parametrize("target", ["alias.test", "further.test"])
async def test_a_cname_loop_is_a_servfail(world: World, target: str) -> None:
    world.zone.set_all("alias.test", Cname(target))
    world.zone.set_all("further.test", Cname("ALIAS.test"))
    assert (await world.ask("alias.test", "A")).rcode() == dns.rcode.SERVFAIL


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
    assert len({event.connection for event in world.events("query")}) == 1
    assert set(world.seen("query", "transport")) == {"tcp"}


async def test_every_query_and_answer_is_noted_with_its_particulars(world: World) -> None:
    world.zone.set("a.test", "MX", Records("10 mx.a.test."))
    await world.udp(dns.message.make_query("A.test", "MX", id=7).to_wire())
    query, answer = world.journal
    assert query.server == answer.server == f"{HOST}:{world.server.address[1]}"
    common = {"name": "a.test", "type": "MX", "id": 7, "transport": "udp"}
    assert dict(answer.fields) == common | {"answer": "records", "records": ["10 mx.a.test."]}
    assert dict(query.fields) == common | {"client": query["client"], "planned": True}
    assert str(query["client"]).startswith("127.")


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
    assert world.seen("query", "planned") == [False] * 4


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
    [broke] = world.events("broke")
    assert broke.layer == "fake"
    assert ("ZeroDivisionError" if isinstance(answer, Delayed) else "Defect") in str(broke["error"])


async def test_a_defect_over_udp_is_no_reply(world: World) -> None:
    world.zone._plan("broken.test", dns.rdatatype.A, (Defect(),))
    world.zone.set("b.test", "A", NoData())
    wires = [
        dns.message.make_query(name, "A", id=nth).to_wire()
        for nth, name in ((1, "broken.test"), (2, "b.test"))
    ]
    [wire] = await world.udp(*wires)
    assert dns.message.from_wire(wire).id == 2
    assert len(world.events("broke")) == 1


async def test_stopping_cancels_delayed_answers_and_resets_connections(world: World) -> None:
    world.zone.set("slow.test", "A", Delayed(0.05, Records("127.1.0.5")))
    address = world.server.address
    async with world.tcp() as (reader, writer):
        writer.write(prefixed(dns.message.make_query("slow.test", "A").to_wire()))
        await world.until("query")
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
    assert world.events("answer") == []


async def test_two_servers_on_different_addresses_share_a_port(world: World) -> None:
    other = DnsServer(world.journal, world.zone)
    await other.start("127.1.53.2", world.server.address[1])
    assert other.address[1] == world.server.address[1]
    await other.stop()


async def test_a_taken_port_is_an_error(world: World) -> None:
    other = DnsServer(world.journal, world.zone)
    with pytest.raises(OSError, match="in use"):
        await other.start(*world.server.address)
