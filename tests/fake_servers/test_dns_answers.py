import asyncio
import socket
import struct
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
    ForgedElsewhere,
    ForgedFirst,
    HangUp,
    Lame,
    Malformed,
    NoData,
    NxDomain,
    OtherName,
    Records,
    Refused,
    ServFail,
    Silence,
    Truncated,
    WrongId,
    Zone,
)
from fake_servers.events import FakeBroke


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    await world.server.start(HOST)
    yield world
    await world.server.stop()


async def test_records_come_in_the_planned_order_with_their_ttl(world: World) -> None:
    addresses = [f"127.1.0.{last}" for last in (9, 1, 5, 3, 7, 2, 8)]
    world.zone.set("mx.a.test", "A", Records(*addresses, ttl=7))
    for _ in range(5):
        response = await world.ask("mx.a.test", "A")
        assert texts(response) == addresses
        assert response.answer[0].ttl == 7
        assert response.rcode() == dns.rcode.NOERROR


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
    assert [each.answer for each in world.answers] == [answer.name]


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
    assert [each.planned for each in world.queries] == [False, True]


async def test_silence_is_no_datagram_at_all(world: World) -> None:
    world.zone.set("a.test", "MX", Silence())
    world.zone.set("b.test", "MX", Records("10 mx.b.test."))
    silent, answered = (
        dns.message.make_query(name, "MX", id=nth) for nth, name in ((1, "a.test"), (2, "b.test"))
    )
    [wire] = await world.udp(silent.to_wire(), answered.to_wire())
    assert dns.message.from_wire(wire).id == 2
    assert [each.answer for each in world.answers] == ["silence", "records"]


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
    assert [each.answer for each in world.answers] == ["truncated", "records"]
    assert [each.records for each in world.answers] == [(), ("127.1.0.5",)]


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


async def test_a_forgery_comes_in_front_of_the_answer_and_by_tcp_none(world: World) -> None:
    world.zone.set("mx.a.test", "A", ForgedFirst(Records("127.1.0.5")))
    query = dns.message.make_query("mx.A.test", "A", id=4711).to_wire()
    forged, right = await world.udp(query, replies=2)
    assert forged[:2] != right[:2] == struct.pack("!H", 4711)
    assert dns.message.from_wire(forged).rcode() == dns.rcode.NXDOMAIN
    assert texts(dns.message.from_wire(right)) == ["127.1.0.5"]
    assert [each.answer for each in world.answers] == ["forged_first"]
    assert texts(await world.ask("mx.a.test", "A", tcp=True)) == ["127.1.0.5"]
    assert [each.answer for each in world.answers] == ["forged_first", "records"]


async def test_a_forgery_from_another_port_bears_the_right_identifier_and_reaches_who_listens_to_all(
    world: World,
) -> None:
    world.zone.set("mx.a.test", "A", ForgedElsewhere(Records("127.1.0.5")))
    query = dns.message.make_query("mx.A.test", "A", id=4711).to_wire()
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setblocking(False)
        await loop.sock_sendto(client, query, world.server.address)
        async with asyncio.timeout(DEADLINE):
            forged, stranger = await loop.sock_recvfrom(client, 65535)
            right, asked = await loop.sock_recvfrom(client, 65535)
    assert stranger != asked == world.server.address
    assert forged[:2] == right[:2] == struct.pack("!H", 4711)
    assert dns.message.from_wire(forged).rcode() == dns.rcode.NXDOMAIN
    # who asks over a connected socket never sees it, nor over TCP
    [alone] = await world.udp(query)
    assert texts(dns.message.from_wire(alone)) == ["127.1.0.5"]
    assert texts(await world.ask("mx.a.test", "A", tcp=True)) == ["127.1.0.5"]
    assert [each.answer for each in world.answers] == ["forged_elsewhere", "forged_elsewhere", "records"]


async def test_a_lame_answer_refers_upward(world: World) -> None:
    world.zone.set_all("a.test", Lame())
    response = await world.ask("a.test", "MX")
    assert response.rcode() == dns.rcode.NOERROR
    assert not response.flags & (dns.flags.AA | dns.flags.RA)
    assert response.answer == []
    assert [(ns.name.to_text(), ns.rdtype) for ns in response.authority] == [(".", dns.rdatatype.NS)]


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
    assert [(each.answer, each.records) for each in world.answers] == [("cname", ("127.1.0.5",))]


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


@pytest.mark.parametrize("target", ["alias.test", "further.test"])
@pytest.mark.parametrize("tcp", [False, True])
async def test_a_cname_loop_can_show_itself(world: World, target: str, tcp: bool) -> None:
    world.zone.set_all("alias.test", Cname(target, loop_shown=True))
    world.zone.set_all("further.test", Cname("ALIAS.test", loop_shown=True))
    response = await world.ask("alias.test", "A", tcp=tcp)
    assert response.rcode() == dns.rcode.NOERROR
    aliases = {rrset.name.to_text().lower(): rrset[0].to_text().lower() for rrset in response.answer}
    assert all(rrset.rdtype == dns.rdatatype.CNAME for rrset in response.answer)
    expected = {"alias.test.": f"{target}."}
    assert aliases == expected | ({"further.test.": "alias.test."} if target == "further.test" else {})
    assert [(each.answer, each.records) for each in world.answers] == [("cname", ())]


async def test_truncated_and_tcp_fails(world: World) -> None:
    world.zone.set("mx.a.test", "A", Truncated(HangUp()))
    assert (await world.ask("mx.a.test", "A")).flags & dns.flags.TC
    with pytest.raises(ConnectionResetError):
        await world.ask("mx.a.test", "A", tcp=True)
    assert [each.transport for each in world.queries] == ["udp", "tcp"]
    assert [each.answer for each in world.answers] == ["truncated", "hang_up"]


async def test_a_late_hang_up_is_a_reset_too(world: World) -> None:
    world.zone.set("mx.a.test", "A", Delayed(0.05, HangUp()))
    async with world.tcp() as (reader, writer):
        writer.write(prefixed(dns.message.make_query("mx.a.test", "A").to_wire()))
        with pytest.raises(ConnectionResetError):
            await reader.read()
    [query], [answer] = world.queries, world.answers
    assert answer.at - query.at >= 0.05
    assert list(world.journal.of(FakeBroke)) == []


async def test_a_hang_up_over_udp_is_silence(world: World) -> None:
    world.zone.set("a.test", "MX", HangUp())
    world.zone.set("b.test", "MX", Records("10 mx.b.test."))
    silent, answered = (
        dns.message.make_query(name, "MX", id=nth) for nth, name in ((1, "a.test"), (2, "b.test"))
    )
    [wire] = await world.udp(silent.to_wire(), answered.to_wire())
    assert dns.message.from_wire(wire).id == 2
    assert [each.answer for each in world.answers] == ["hang_up", "records"]


@pytest.mark.parametrize("tcp", [False, True])
async def test_records_can_belong_to_another_name(world: World, tcp: bool) -> None:
    world.zone.set("mx.a.test", "A", OtherName(Records("127.1.0.5"), owner="mx.b.test"))
    response = await world.ask("mx.a.test", "A", tcp=tcp)
    assert [question.name.to_text() for question in response.question] == ["mx.a.test."]
    assert [(rrset.name.to_text(), rrset[0].to_text()) for rrset in response.answer] == [
        ("mx.b.test.", "127.1.0.5")
    ]
    assert response.rcode() == dns.rcode.NOERROR
    assert [(each.answer, each.name) for each in world.answers] == [("other_name", "mx.a.test")]


def test_another_name_must_be_a_name() -> None:
    with pytest.raises(ValueError, match="no domain name"):
        Zone().set("mx.a.test", "A", Delayed(1, OtherName(Records("127.1.0.5"), owner="a..b")))
    with pytest.raises(ValueError, match="belong to one type"):
        Zone().set_all("mx.a.test", OtherName(Records("127.1.0.5")))


async def test_aaaa_records_are_served(world: World) -> None:
    world.zone.set("mx.a.test", "AAAA", Records("::1", "fd00::1:2"))
    assert texts(await world.ask("mx.a.test", "AAAA")) == ["::1", "fd00::1:2"]
    assert (await world.ask("mx.a.test", "A")).answer == []
