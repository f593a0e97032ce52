"""What cannot go together is refused when it is declared, with a sentence that names the declaration and its fields."""

from __future__ import annotations

import re
from typing import Any

import pytest

from conformance.catalogue.connector import MxRouting, SmartHosts, TlsRule
from conformance.catalogue.destination import DnsName, EachAttempt, Host, ServerTls, Tcp, Timeout
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import RECIPIENT, Batch, Kind, Message, Refusal
from conformance.catalogue.section import Section
from conformance.catalogue.special import Special
from conformance.catalogue.step import Step
from conformance.target import TlsPolicy
from conformance.witness.connections import fault_played
from conformance.witness.kills import KillPoint
from fake_servers import Certificate, Close, NxDomain, Reply, Rule, ServFail, Silence, Stage, Stall, Truncated

PLAIN: dict[str, Any] = {
    "name": "mine",
    "section": Section.CANNOT_CONNECT,
    "staged": "The server is odd.",
    "witness": fault_played,
}
TRANSIENT = {**PLAIN, "explained_by": ("odd",)}
CONTROL = {**PLAIN, "section": Section.CONTROL, "kind": Kind.CONTROL}
HARMLESS = {**PLAIN, "kind": Kind.HARMLESS}
PERMANENT = {**PLAIN, "kind": Kind.PERMANENT}
KILLED = {**PLAIN, "section": Section.KILLED, "kind": Kind.KILLED, "killed": KillPoint.ACCEPTED}
STEP = Step(name="healthy", about="serves", host=Host())
SCHEDULE = {**PLAIN, "section": Section.SCHEDULE, "kind": Kind.SCHEDULE, "steps": (STEP,)}

BUSY = Reply(450, "4.2.1 Mailbox busy")
ONE_REFUSED = Host(rules=(Rule(Stage.RCPT, BUSY, recipient=RECIPIENT),))
MIXED = {**PLAIN, "kind": Kind.MIXED, "hosts": (ONE_REFUSED,), "message": Message(also_to=("other",))}
BATCH = {**PLAIN, "section": Section.BATCH, "kind": Kind.BATCH, "message": Message(batch=Batch(count=2))}
STRICT = TlsRule(policy=TlsPolicy.DOMAIN_VALIDATION)


def _host(**fields: Any) -> dict[str, Any]:
    return {**TRANSIENT, "hosts": (Host(**fields),)}


def _dns(**fields: Any) -> dict[str, Any]:
    return _host(dns=DnsName(**fields))


def _mx(**fields: Any) -> dict[str, Any]:
    return {**TRANSIENT, "routing": MxRouting(**fields)}


def _two(first: DnsName | None = None, **fields: Any) -> dict[str, Any]:
    """Return a host with two addresses."""
    return {**TRANSIENT, "hosts": (Host(dns=first or DnsName()), Host(further=True, **fields))}


def _passing(*lasting: int) -> dict[str, Any]:
    """Return a fault that is over after so many connections."""
    rules = tuple(Rule(Stage.RCPT, BUSY, connections=range(1, number + 1)) for number in lasting)
    return {**PLAIN, "kind": Kind.PASSING, "hosts": (Host(rules=rules),)}


GREYLISTING = _passing(1)["hosts"][0]


@pytest.mark.parametrize(
    "declared",
    [
        _passing(10),
        TRANSIENT,
        CONTROL,
        HARMLESS,
        PERMANENT,
        KILLED,
        SCHEDULE,
        MIXED,
        BATCH,
        {**BATCH, "hosts": (Host(rules=(Rule(Stage.RCPT, BUSY, recipient="recipient-2"),)),)},
        {**TRANSIENT, "tls": STRICT},
        _mx(),
        _host(tls=ServerTls(), rules=(Rule(Stage.STARTTLS, BUSY),)),
        _dns(aliases=1, loops=True),
        _dns(ipv6=True, other_family=ServFail()),
        {**_host(tcp=Tcp.HANG), "attempt": EachAttempt(timeout=Timeout.CONNECT)},
    ],
)
def test_what_goes_together_is_accepted(declared: dict[str, Any]) -> None:
    assert FailureMode(**declared).name == "mine"


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        # kind
        ({**HARMLESS, "message": Message(batch=Batch(count=2))}, "message.batch "),
        ({**BATCH, "message": Message()}, "message.batch None with kind batch: "),
        (
            {**BATCH, "message": Message(batch=Batch(count=2), also_to=("other",))},
            "message.batch with a message that ",
        ),
        ({**BATCH, "section": Section.QUIT, "message": Message()}, "message.batch None with kind batch: "),
        ({**HARMLESS, "section": Section.BATCH}, "section batch with kind harmless, "),
        ({**KILLED, "killed": None}, "kind killed without killed: "),
        ({**TRANSIENT, "killed": KillPoint.ACCEPTED}, "killed with kind transient, "),
        ({**SCHEDULE, "steps": ()}, "kind schedule without steps: "),
        ({**TRANSIENT, "steps": (STEP,)}, "steps with kind transient, "),
        ({**TRANSIENT, "section": Section.CONTROL}, "section control with kind transient, "),
        ({**HARMLESS, "brief": True}, "brief with kind harmless, "),
        ({**CONTROL, "avoidable_because": "it is in order"}, "avoidable_because with kind control: "),
        ({**TRANSIENT, "hosts": ()}, "hosts without a host"),
        ({**SCHEDULE, "hosts": (Host(tcp=Tcp.REFUSE),)}, "hosts with steps, "),
        ({**SCHEDULE, "hosts": (Host(), Host(tcp=Tcp.UNREACHABLE))}, "hosts with steps, "),
        ({**SCHEDULE, "hosts": (Host(), Host(), Host())}, "hosts with steps, "),
        ({**TRANSIENT, "hosts": (Host(like="greeting_421"), Host())}, "like for one of the hosts and not "),
        # error
        (PLAIN, "kind transient without explained_by: "),
        ({**PLAIN, "explained_by": "odd"}, "explained_by is one text, "),
        ({**HARMLESS, "explained_by": ("odd",)}, "explained_by with kind harmless, "),
        ({**HARMLESS, "refusal": Refusal(hostile=True)}, "refusal with kind harmless, "),
        ({**TRANSIENT, "refusal": Refusal(reply=BUSY)}, "refusal.reply, and no rule of the hosts "),
        # routing
        ({**HARMLESS, "hosts": (Host(dns=DnsName(moves=True)),)}, "dns.moves with kind harmless, "),
        ({**_dns(ttl=3), "routing": SmartHosts(literal=True)}, "routing.literal with dns of a host: "),
        ({**_two(), "routing": SmartHosts(literal=True)}, "routing.literal with a further address of a host"),
        (_host(further=True), "hosts[0] is further, and there is no host before it"),
        (_two(dns=DnsName(ttl=3)), "hosts[1] is further with dns"),
        (
            _two(first=DnsName(answer=NxDomain())),
            "hosts[1] is further, and the name of the host before it leads to no address",
        ),
        (
            _two(first=DnsName(other_family=ServFail())),
            "hosts[1] is further, and the name of the host before it",
        ),
        (
            {**_two(), "routing": MxRouting(preferences=(10, 20))},
            "routing.preferences of 2 hosts, and hosts of 1",
        ),
        ({**_two(), "routing": MxRouting(preferences=(), apex=True)}, "routing.apex with a further address"),
        (_mx(preferences=(), apex=True, aliases=1), "routing.apex with routing.aliases"),
        (_mx(answer=ServFail(), more=("10 {relay}.",)), "routing.more or routing.served, and no record"),
        (_mx(answer=ServFail(), served=Truncated), "routing.more or routing.served, and no record"),
        (
            {**PLAIN, "kind": Kind.CONTENT, "message": Message(special=Special(literal=True))},
            "message.special.literal without MX routing",
        ),
        ({**SCHEDULE, "routing": MxRouting()}, "steps with MX routing: "),
        (
            {**_mx(preferences=(10, 20)), "tls": STRICT, "hosts": (Host(), Host())},
            "tls.policy with MX routing to several hosts: ",
        ),
        (_mx(preferences=(10, 20)), "routing.preferences of 2 hosts, and hosts of 1"),
        (_mx(preferences=()), "routing.preferences of 0 hosts, and hosts of 1"),
        (_mx(forbidden=(1,)), "routing.forbidden beyond the hosts, "),
        (_mx(relay=20, answer=ServFail()), "routing.relay with routing.answer, "),
        (_mx(relay=20, preferences=(), apex=True), "routing.relay without routing.preferences: "),
        (_mx(ttl=3, preferences=(), apex=True), "routing.ttl without routing.preferences: "),
        (_mx(moves=True), "routing.moves without dns.moves of a host: "),
        # tls
        (
            {**TRANSIENT, "tls": TlsRule(policy=TlsPolicy.ENCRYPTION_ONLY, name="*.{domain}")},
            "tls.name with tls.policy encryption_only, ",
        ),
        (
            {**TRANSIENT, "tls": TlsRule(proper=Certificate.WILDCARD)},
            "tls.proper with tls.policy opportunistic, ",
        ),
        (
            {**PERMANENT, "tls": TlsRule(policy=TlsPolicy.DOMAIN_VALIDATION, proper=Certificate.WILDCARD)},
            "tls.proper with kind permanent, ",
        ),
        ({**SCHEDULE, "tls": STRICT}, "tls.policy with steps, "),
        ({**HARMLESS, "tls": STRICT}, "tls.policy domain_validation with kind harmless, and no host has tls"),
        # message
        ({**TRANSIENT, "message": Message(also_to=(RECIPIENT,))}, "message.also_to names somebody twice, "),
        ({**MIXED, "message": Message()}, "kind mixed without a further recipient in message.also_to"),
        ({**MIXED, "hosts": (Host(),)}, "kind mixed without a rule for one of the recipients"),
        (
            _host(rules=(Rule(Stage.RCPT, BUSY, recipient="other"),)),
            "a rule for other, whom message.also_to does not name",
        ),
        (
            _host(rules=(Rule(Stage.RCPT, BUSY, beyond=1),)),
            "a rule beyond 1 recipients, and with message.also_to there are 1",
        ),
        (
            _host(rules=(Rule(Stage.BODY, Close(after=2_000)),)),
            "a rule after 2000 octets, and message.octets are 1500",
        ),
        # attempt
        (
            {**TRANSIENT, "attempt": EachAttempt(timeout=Timeout.DNS)},
            "attempt.timeout dns, and hosts of which none ",
        ),
        (_host(tcp=Tcp.HANG), "attempt.timeout None, and hosts that let the relay wait for connect"),
        (_dns(other_family=Silence()), "attempt.timeout None, and hosts that let the relay wait for dns"),
        (_mx(answer=Silence()), "attempt.timeout None, and hosts that let the relay wait for dns"),
        (
            {
                **_host(rules=(Rule(Stage.MAIL, Stall()),), dns=DnsName(served=Truncated)),
                "attempt": EachAttempt(timeout=Timeout.DNS),
            },
            "attempt.timeout dns, and hosts that let the relay wait for command",
        ),
        ({**SCHEDULE, "attempt": EachAttempt(connections=2)}, "attempt with steps, "),
        # what is over by itself
        (_host(rules=(Rule(Stage.RCPT, BUSY, connections=range(1, 9)),)), "kind transient with a rule for "),
        ({**_passing(8), "routing": MxRouting(answer=ServFail())}, "kind passing with routing.answer, "),
        (_passing(), "kind passing without a rule of the hosts that lets an attempt fail"),
        (
            {**_passing(1), "hosts": (GREYLISTING, Host(tcp=Tcp.REFUSE))},
            "kind passing with hosts of which one is never well by itself: ",
        ),
        (
            {**_passing(), "hosts": (Host(rules=(Rule(Stage.RCPT, BUSY),)),)},
            "kind passing with hosts of which one is never well by itself: ",
        ),
        (_passing(11), "kind passing with rules that let 11 attempts fail: at most 10 are waited for"),
        (
            {**_passing(10), "hosts": (*_passing(10)["hosts"], GREYLISTING)},
            "kind passing with rules that let 11 attempts fail: ",
        ),
        (
            {**_passing(), "hosts": (Host(rules=(Rule(Stage.RCPT, BUSY, connections=range(2, 4)),)),)},
            "kind passing with rules of hosts[0] that leave out connection 1, ",
        ),
        # one host
        (_dns(loops=True), "hosts[0] has dns.loops without dns.aliases: "),
        (_dns(loops=True, aliases=1, served=Truncated), "hosts[0] has dns.loops with dns.served or "),
        (_dns(answer=NxDomain(), ttl=3), "hosts[0] has dns.answer with more in dns about the address, "),
        (
            _host(dns=DnsName(answer=NxDomain()), tcp=Tcp.REFUSE),
            "hosts[0] has dns without an address with tcp refuse, ",
        ),
        (
            _host(dns=DnsName(aliases=1, loops=True), tls=ServerTls()),
            "hosts[0] has dns without an address with a server ",
        ),
        (_host(tcp=Tcp.REFUSE, extensions=("DSN",)), "hosts[0] has tcp refuse with a server "),
        (_host(tcp=Tcp.REFUSE, dns=DnsName(moves=True)), "hosts[0] has tcp refuse with dns.moves: "),
        (_host(rules=(Rule(Stage.STARTTLS, Close()),)), "hosts[0] has a rule around STARTTLS without tls: "),
        (_host(rules=(Rule(Stage.HANDSHAKE, Close()),)), "hosts[0] has a rule around STARTTLS without tls: "),
    ],
)
def test_what_contradicts_itself_is_refused(declared: dict[str, Any], sentence: str) -> None:
    told = f"^the failure mode mine contradicts itself: {re.escape(sentence)}[^;]*$"
    with pytest.raises(ValueError, match=told):
        FailureMode(**declared)


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        ({"host": Host(dns=DnsName(loops=True))}, "host has dns.loops without dns.aliases: "),
        (
            {"host": Host(tls=ServerTls())},
            "host differs in more than rules, tcp, dns.answer and extensions, ",
        ),
        ({"host": Host(), "timeout": Timeout.DNS}, "timeout dns, and host lets no relay wait for it"),
        ({"host": Host(tcp=Tcp.HANG)}, "timeout None, and host lets the relay wait for connect"),
    ],
)
def test_so_is_a_step(declared: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^the step mine contradicts itself: {re.escape(sentence)}"):
        Step(name="mine", about="is odd", **declared)


@pytest.mark.parametrize(
    ("declared", "failing"),
    [
        (_passing(1), 1),
        (_passing(3, 8), 8),
        ({**_passing(3), "hosts": _passing(3)["hosts"] * 2}, 6),
        ({**_passing(3), "hosts": (*_passing(3)["hosts"], Host())}, 3),
        (
            {
                **_passing(),
                "hosts": (Host(rules=(Rule(Stage.RCPT, BUSY, beyond=2),)),),
                "message": Message(also_to=("b", "c", "d", "e")),
            },
            2,
        ),
        (TRANSIENT, 0),
    ],
)
def test_how_many_attempts_fail_before_it_is_over_by_itself(declared: dict[str, Any], failing: int) -> None:
    assert FailureMode(**declared).failing_attempts == failing


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(
        ValueError, match=r"killed with kind transient, .*; routing.forbidden beyond the hosts, "
    ):
        FailureMode(**_mx(forbidden=(3,)), killed=KillPoint.ACCEPTED)
