"""Connectors, MX records and addresses."""

from __future__ import annotations

import asyncio

import dns.message
import dns.rdatatype
import dns.rrset
from dns.rcode import NXDOMAIN, REFUSED, SERVFAIL
from reference_world import HOST, MailServer, NameServer, RelayProcess, eventually

from conformance.reference.config import Connector
from conformance.reference.hosts import is_null_mx, order_exchangers
from conformance.reference.resolver import MailExchanger
from conformance.reference.routing import choose_connector, choose_route


def chosen(domain: str, *patterns: str) -> str | None:
    connector = choose_connector(domain, [Connector(domain=pattern) for pattern in patterns])
    return None if connector is None else connector.domain


def test_the_exact_connector_wins_then_the_longest_wildcard() -> None:
    patterns = ("*.test", "*.a.test", "b.a.test")
    assert chosen("b.a.test", *patterns) == "b.a.test"
    assert chosen("c.a.test", *patterns) == "*.a.test"
    assert chosen("d.c.a.test", *patterns) == "*.a.test"
    assert chosen("a.test", *patterns) == "*.test"
    assert chosen("a.example", *patterns) is None
    assert chosen("xa.test", "*.a.test") is None


def test_an_address_literal_is_its_own_host() -> None:
    assert choose_route("[10.1.2.3]", []).smart_hosts == ("10.1.2.3",)
    assert choose_route("[ipv6:::1]", []).smart_hosts == ("::1",)


def test_exchangers_are_ordered_and_this_relay_ends_the_list() -> None:
    records = [MailExchanger(20, "b"), MailExchanger(10, "a"), MailExchanger(30, "c"), MailExchanger(5, "")]
    assert order_exchangers(records, "relay.test") == ["a", "b", "c"]
    assert order_exchangers([*records, MailExchanger(20, "Relay.test")], "relay.test") == ["a"]
    assert is_null_mx([MailExchanger(0, "")])
    assert not is_null_mx(records)


async def test_mx_routing(relay: RelayProcess, name_server: NameServer, mail_server: MailServer) -> None:
    good = [HOST]
    name_server.records |= {
        ("mx.test", "MX"): ["20 good.host.test.", "10 bad.host.test."],
        ("good.host.test", "A"): good,
        ("good.host.test", "AAAA"): SERVFAIL,
        ("bad.host.test", "A"): ["127.1.2.1"],
        ("implicit.test", "A"): good,
        ("null.test", "MX"): ["0 ."],
        ("null.test", "A"): good,
        ("unusable.test", "MX"): ["10 missing.host.test."],
        ("unusable.test", "A"): good,
        ("empty.test", "TXT"): [],
        ("servfail.test", "MX"): SERVFAIL,
        ("servfail.test", "A"): good,
        ("refused.test", "MX"): REFUSED,
        ("gone.test", "MX"): NXDOMAIN,
    }
    domains = ["mx", "implicit", "null", "unusable", "empty", "servfail", "refused", "gone"]
    await relay.start()
    await relay.submit(*(f"bob@{domain}.test" for domain in domains))
    await eventually(lambda: len(relay.events()) >= len(domains))
    first = {event["recipient"][4:-5]: event for event in reversed(relay.events()) if event["sender"]}
    texts = {domain: event["text"].partition(" [Last")[0] for domain, event in first.items()}
    assert texts == {
        "mx": "250 2.0.0 taken",
        "implicit": "250 2.0.0 taken",
        "null": "556 5.1.10 Recipient domain does not accept mail(NullMX)",
        "unusable": "450 4.4.312 DNS query failed [Message=InfoDomainNonexistent]",
        "empty": "450 4.4.312 DNS query failed [Message=InfoNoRecords]",
        "servfail": "450 4.4.312 DNS query failed [Message=ErrorRetry]",
        "refused": "450 4.4.312 DNS query failed [Message=ErrorRefused]",
        "gone": "450 4.4.312 DNS query failed [Message=InfoDomainNonexistent]",
    }
    assert first["gone"]["event"] == "deferred"
    assert first["null"]["event"] == "permanent"
    assert first["unusable"]["destination"] == "unusable.test"
    assert first["mx"]["destination"] == "good.host.test"


async def test_names_are_looked_up_anew_at_each_attempt(
    relay: RelayProcess, name_server: NameServer, mail_server: MailServer
) -> None:
    relay.connectors.append({"domain": "late.test", "smart_hosts": ["late.host.test"]})
    await relay.start()
    await relay.submit("bob@late.test")
    await relay.event("deferred")
    name_server.records["late.host.test", "A"] = [HOST]
    await relay.ask("flush")
    await relay.event("delivered")
    assert name_server.asked.count(("late.host.test", "A")) == 2


async def test_a_truncated_answer_is_asked_for_again_by_tcp(
    relay: RelayProcess, name_server: NameServer, mail_server: MailServer
) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = int.from_bytes(await reader.readexactly(2), "big")
        query = dns.message.from_wire(await reader.readexactly(length))
        reply = dns.message.make_response(query)
        if query.question[0].rdtype == dns.rdatatype.A:
            reply.answer.append(dns.rrset.from_text(query.question[0].name, 0, "IN", "A", HOST))
        wire = reply.to_wire()
        writer.write(len(wire).to_bytes(2, "big") + wire)
        writer.close()

    relay.connectors.append({"domain": "big.test", "smart_hosts": ["big.host.test"]})
    name_server.records["big.host.test", "A"] = name_server.records["big.host.test", "AAAA"] = "truncated"
    async with await asyncio.start_server(answer, *name_server.address):
        await relay.start()
        await relay.submit("bob@big.test")
        await relay.event("delivered")
