"""Which parts of a failure mode cannot go together: what would be declared in vain, or cannot be staged.

Each pair is one sentence that names the two fields and says why. A declaration with one of them is refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from conformance.catalogue.connector import MxRouting, SmartHosts, TlsRule
from conformance.catalogue.contradictions_beside import of_servers_beside
from conformance.catalogue.destination import DnsName, EachAttempt, Host, Tcp, Timeout, with_names
from conformance.catalogue.failing_attempts import MOST_ATTEMPTS, failing_attempts, first_gap
from conformance.catalogue.host_contradictions import of_further, of_host, waits_for, waits_for_answer
from conformance.catalogue.message import RECIPIENT, Kind, Message, Refusal
from conformance.catalogue.section import Section
from conformance.target import TlsPolicy
from fake_servers import Close, Reset, Rule, Stall

if TYPE_CHECKING:
    from conformance.catalogue.failure_mode import FailureMode

# Kinds under which something is put right while the message waits, the relay has an error of its own to show, the
# message must arrive without any repair.
_REPAIRED = (Kind.TRANSIENT, Kind.MIXED, Kind.KILLED, Kind.AMID)
_WITH_ERROR = (Kind.TRANSIENT, Kind.PERMANENT)
_MAY_BE_REFUSED = (Kind.CONTENT, Kind.REPORTED, Kind.SCHEDULE)
_DELIVERED = (Kind.CONTROL, Kind.HARMLESS, Kind.PASSING, Kind.CONTENT)

# Sections of which all members are of one kind.
_OF_ONE_KIND = {
    Section.CONTROL: Kind.CONTROL,
    Section.KILLED: Kind.KILLED,
    Section.AMID: Kind.AMID,
    Section.SCHEDULE: Kind.SCHEDULE,
    Section.CONTENT_SIZE: Kind.CONTENT,
    Section.CONTENT: Kind.CONTENT,
    Section.ADDRESS_LITERAL: Kind.CONTENT,
    Section.BARE: Kind.CONTENT,
    Section.SMUGGLING: Kind.CONTENT,
    Section.HOPS: Kind.CONTENT,
    Section.UTF8: Kind.CONTENT,
    Section.WAY_BACK: Kind.REPORTED,
    Section.REPORT: Kind.REPORTED,
    Section.BATCH: Kind.BATCH,
    Section.REUSED: Kind.BATCH,
    Section.REUSED_GONE: Kind.BATCH,
    Section.REUSED_RSET: Kind.BATCH,
    Section.BACKLOG: Kind.BATCH,
}


def contradictions(mode: FailureMode) -> Iterator[str]:
    """Yield a sentence for each two parts of a failure mode that cannot go together."""
    yield from _of_kind(mode)
    yield from _of_error(mode)
    yield from _of_routing(mode)
    yield from _of_tls(mode)
    yield from _of_message(mode)
    yield from of_servers_beside(mode)
    yield from _of_attempt(mode)
    yield from _of_passing(mode)
    for number, host in enumerate(mode.hosts):
        yield from (f"hosts[{number}] has {sentence}" for sentence in of_host(host))
        before = mode.hosts[:number] if host.further else None
        yield from (f"hosts[{number}] is {sentence}" for sentence in of_further(host, before))


def _of_kind(mode: FailureMode) -> Iterator[str]:
    kind = mode.kind
    if kind is Kind.KILLED and mode.killed is None:
        yield "kind killed without killed: nothing says when"
    if kind is not Kind.KILLED and mode.killed is not None:
        yield f"killed with kind {kind}, under which no relay is killed"
    if (kind is Kind.AMID) is not (mode.amid is not None):
        yield f"kind {kind} and amid {mode.amid}: what falls into an attempt is of kind amid, and says what it is"
    if kind is Kind.SCHEDULE and not mode.steps:
        yield "kind schedule without steps: nothing is staged"
    if mode.killed_amid_steps and len(mode.steps) < 2:
        yield "killed_amid_steps without two steps: nothing is left to be met once the first was"
    if kind is not Kind.SCHEDULE and mode.steps:
        yield f"steps with kind {kind}, under which none is staged"
    if kind is not _OF_ONE_KIND.get(mode.section, kind):
        yield f"section {mode.section} with kind {kind}, of which it has none"
    if mode.brief and kind is not Kind.TRANSIENT:
        yield f"brief with kind {kind}, which is never staged until it expires"
    if mode.avoidable_because and kind is Kind.CONTROL:
        yield "avoidable_because with kind control: there is nothing to avoid"
    if not mode.hosts:
        yield "hosts without a host"
    if mode.steps and not _goes_with_steps(mode):
        yield (
            "hosts with steps, which say what the first does: beside it there may be a second address and a second "
            "host, each in order or refusing, and rules that are about one recipient and the same everywhere"
        )
    if 0 < sum(bool(host.like) for host in mode.hosts) < len(mode.hosts):
        yield "like for one of the hosts and not for another"


def _goes_with_steps(mode: FailureMode) -> bool:
    first, *beside = mode.hosts
    served = [host for host in (first, *beside) if host.tcp is Tcp.SERVE]
    plain = all(
        host == Host(tcp=host.tcp, rules=host.rules, dns=DnsName(ipv6=host.dns.ipv6), further=host.further)
        and host.tcp in (Tcp.SERVE, Tcp.REFUSE)
        for host in mode.hosts
    )
    return (
        plain
        and first == Host(rules=first.rules)
        and [host.further for host in beside] in ([], [True], [False], [True, False])
        and {host.rules for host in served} == {first.rules}
        and all(rule.recipient is not None for rule in first.rules)
    )


def _of_error(mode: FailureMode) -> Iterator[str]:
    kind, reply = mode.kind, mode.refusal.reply
    if kind is Kind.TRANSIENT and not mode.explained_by:
        yield "kind transient without explained_by: no error detail could explain it"
    if isinstance(mode.explained_by, str):
        yield "explained_by is one text, and must be a tuple of words: a comma is missing"
    if mode.explained_by and kind not in _WITH_ERROR:
        yield f"explained_by with kind {kind}, under which no error is read"
    if mode.refusal != Refusal() and kind not in _WITH_ERROR:
        yield f"refusal with kind {kind}, under which no error is read"
    if reply is not None and reply.text not in mode.refusals:
        yield f"refusal.reply, and no rule of the hosts by which one says {reply.text!r}"


def _of_routing(mode: FailureMode) -> Iterator[str]:
    moves = any(host.dns.moves for host in mode.hosts)
    if moves and mode.kind not in _REPAIRED:
        yield f"dns.moves with kind {mode.kind}, under which nothing is repaired"
    match mode.routing:
        case SmartHosts(literal=True):
            if any(host.dns != DnsName(ipv6=host.dns.ipv6) for host in mode.hosts):
                yield "routing.literal with dns of a host: nobody asks for its name"
            if any(host.further for host in mode.hosts):
                yield "routing.literal with a further address of a host: no name leads to both"
        case MxRouting() as mx:
            yield from _of_mx(mode, mx, moves=moves)


def _of_mx(mode: FailureMode, mx: MxRouting, *, moves: bool) -> Iterator[str]:
    if mode.steps and not mx.stands_in:
        yield "steps with MX routing: their one host is a smart host"
    if mode.tls.required and len(mode.hosts) > 1:
        yield "tls.policy with MX routing to several hosts: a certificate is asked for the first one's name"
    named = len(with_names(mode.hosts))
    if named - len(mx.preferences) not in (0, int(mx.apex)):
        yield f"routing.preferences of {len(mx.preferences)} hosts, and hosts of {named}"
    if mx.apex and mode.hosts[-1].further:
        yield "routing.apex with a further address: the domain has one"
    if mx.apex and mx.aliases:
        yield "routing.apex with routing.aliases: an alias has no address of its own"
    if any(number >= len(mode.hosts) for number in mx.forbidden):
        yield f"routing.forbidden beyond the hosts, of which there are {len(mode.hosts)}"
    if mx.relay is not None and mx.answer is not None:
        yield "routing.relay with routing.answer, which is told instead of the records"
    if mx.relay is not None and not mx.preferences:
        yield "routing.relay without routing.preferences: no record is told"
    if (mx.more or mx.served) and (mx.answer is not None or not mx.preferences):
        yield "routing.more or routing.served, and no record is told"
    if mx.ttl and not mx.preferences:
        yield "routing.ttl without routing.preferences: no record is told"
    if mx.moves and not moves:
        yield "routing.moves without dns.moves of a host: there is no other host"


def _of_tls(mode: FailureMode) -> Iterator[str]:
    tls = mode.tls
    if tls.name != TlsRule.name and tls.policy is not TlsPolicy.DOMAIN_VALIDATION:
        yield f"tls.name with tls.policy {tls.policy}, which asks for no name"
    if tls.proper is not TlsRule.proper and not tls.required:
        yield f"tls.proper with tls.policy {tls.policy}, which asks for no certificate"
    if tls.proper is not TlsRule.proper and mode.kind not in _REPAIRED:
        yield f"tls.proper with kind {mode.kind}, under which nothing is repaired"
    if tls.required and mode.steps:
        yield "tls.policy with steps, whose server offers no STARTTLS"
    if tls.required and mode.kind in _DELIVERED and not any(host.tls for host in mode.hosts):
        yield f"tls.policy {tls.policy} with kind {mode.kind}, and no host has tls"


def _of_message(mode: FailureMode) -> Iterator[str]:
    message, recipients = mode.message, mode.message.recipients
    rules = [rule for host in mode.hosts for rule in host.rules]
    if (mode.kind is Kind.BATCH) is not (message.batch is not None):
        yield f"message.batch {message.batch} with kind {mode.kind}: several messages are of kind batch, and only these"
    if message.batch is not None and message != Message(octets=message.octets, batch=message.batch):
        yield "message.batch with a message that has more than one recipient, a backlog, or something special"
    if len(set(recipients)) < len(recipients):
        yield f"message.also_to names somebody twice, or {RECIPIENT}, who is there anyway"
    if mode.kind is Kind.CONTENT and message.special is None:
        yield "kind content without message.special: nothing is special about it"
    if mode.kind not in _MAY_BE_REFUSED and message.special is not None:
        yield f"message.special with kind {mode.kind}: only kinds content, reported and schedule may be refused"
    if mode.kind is Kind.MIXED and not (message.also_to or message.elsewhere):
        yield "kind mixed without a further recipient in message.also_to or message.elsewhere"
    told = any(rule.recipient or message.elsewhere for rule in rules)
    apart = any(each.host.rules for each in message.elsewhere)
    if mode.kind is Kind.MIXED and not told and not apart:
        yield "kind mixed without a rule for one of the recipients"
    if message.special is not None and message.special.literal and mode.mx is None:
        yield "message.special.literal without MX routing: a connector for the domain says nothing of an address"
    for rule in rules:
        if rule.recipient is not None and rule.recipient not in message.everybody:
            yield f"a rule for {rule.recipient}, whom message.also_to does not name"
        if rule.beyond is not None and rule.beyond >= len(recipients):
            yield f"a rule beyond {rule.beyond} recipients, and with message.also_to there are {len(recipients)}"
        if _read_first(rule) >= message.octets:
            yield f"a rule after {_read_first(rule)} octets, and message.octets are {message.octets}"


def _of_attempt(mode: FailureMode) -> Iterator[str]:
    timeout, answer = mode.attempt.timeout, mode.mx.answer if mode.mx else None
    may = waits_for_answer(answer).union(*(waits_for(host) for host in mode.hosts))
    may |= {Timeout.DNS} if mode.mx and mode.mx.served else set()
    must = waits_for_answer(answer, surely=True).union(*(waits_for(host, surely=True) for host in mode.hosts))
    if timeout is not None and timeout not in may:
        yield f"attempt.timeout {timeout}, and hosts of which none lets the relay wait for it"
    if must and timeout not in must and mode.kind is not Kind.KILLED:
        yield f"attempt.timeout {timeout}, and hosts that let the relay wait for {' or '.join(sorted(must))}"
    if mode.steps and mode.attempt != EachAttempt():
        yield "attempt with steps, which have time-outs of their own"


def _of_passing(mode: FailureMode) -> Iterator[str]:
    limited = any(rule.connections is not None for host in mode.hosts for rule in host.rules)
    if mode.kind in (Kind.TRANSIENT, Kind.PERMANENT, Kind.MIXED) and limited:
        yield f"kind {mode.kind} with a rule for some connections: what is over by itself is of kind passing"
    if mode.kind is not Kind.PASSING:
        return
    failing = failing_attempts(mode.hosts, len(mode.message.recipients))
    if mode.mx is not None and mode.mx.answer is not None:
        yield "kind passing with routing.answer, which is never over by itself"
    if not failing:
        yield "kind passing without a rule of the hosts that lets an attempt fail"
    elif math.isinf(failing):
        yield "kind passing with hosts of which one is never well by itself: no rule says for which connections"
    elif failing > MOST_ATTEMPTS:
        yield f"kind passing with rules that let {failing} attempts fail: at most {MOST_ATTEMPTS} are waited for"
    for number, host in enumerate(mode.hosts):
        if gap := first_gap(host):
            yield f"kind passing with rules of hosts[{number}] that leave out connection {gap}, which would deliver"


def _read_first(rule: Rule) -> int:
    """Return after how many octets of content a rule is played."""
    return rule.action.after if isinstance(rule.action, Close | Reset | Stall) else 0
