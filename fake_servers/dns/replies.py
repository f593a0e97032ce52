"""From a query and an answer to octets: the reply as a resolver would send it, or deliberately not."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import Final

import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from fake_servers.dns.answers import (
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
)
from fake_servers.dns.zone import Zone

PLAIN_UDP_LIMIT: Final = 512  # octets of a UDP message without EDNS (RFC 1035 section 2.3.4)
EDNS_UDP_LIMIT: Final = 1232  # what we send at most: 1280 (smallest IPv6 MTU) - 40 (IPv6) - 8 (UDP)
_NOT_A_NAME: Final = b"\x3fthis label claims 63 octets"


@dataclass(frozen=True, slots=True)
class DnsReply:
    """What to put on the wire.

    Attributes:
        answer: The name of the way this answers, for the journal.
        wire: The octets, without TCP's length; None: nothing is sent.
        records: The records of the type asked for, in presentation format.
        delay: Seconds to wait before sending.
        ahead: Octets of another datagram, which is sent in front of it.
        elsewhere: Whether that one is sent from another port.
        hang_up: Whether a TCP connection is reset instead.
    """

    answer: str
    wire: bytes | None
    records: tuple[str, ...] = ()
    delay: float = 0.0
    hang_up: bool = False
    ahead: bytes | None = None
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class _Question:
    """One query on its way through the zone: `owner` moves along the chain of `aliases`."""

    query: dns.message.Message
    zone: Zone
    udp: bool
    owner: dns.name.Name
    aliases: tuple[dns.rrset.RRset, ...] = ()

    @property
    def rdtype(self) -> dns.rdatatype.RdataType:
        return self.query.question[0].rdtype


def reply_to(query: dns.message.Message, answer: Answer, zone: Zone, *, udp: bool) -> DnsReply:
    """Return the reply to a query with exactly one question.

    Args:
        query: A standard query.
        answer: How to answer it.
        zone: Where the target of an alias is looked up.
        udp: Whether the reply is limited to the size of a UDP message.
    """
    return _reply(_Question(query, zone, udp, query.question[0].name), answer)


def error_reply(query: dns.message.Message, rcode: dns.rcode.Rcode) -> DnsReply:
    """Return the reply to a query that no zone can answer; the answer is named after the RCODE."""
    response = _response(query)
    response.set_rcode(rcode)
    return DnsReply(dns.rcode.to_text(rcode).lower(), response.to_wire())


def format_error(wire: bytes) -> DnsReply:
    """Return FORMERR for octets that could not be parsed, or nothing if not even a header is there."""
    if len(wire) < 12 or wire[2] & 0x80:
        return DnsReply("formerr", None)
    flags = dns.flags.QR | dns.flags.RA | (wire[2] & 0x79) << 8 | dns.rcode.FORMERR
    return DnsReply("formerr", struct.pack("!2s5H", wire[:2], flags, 0, 0, 0, 0))


def _reply(question: _Question, answer: Answer) -> DnsReply:
    match answer:
        case Delayed(seconds=seconds, then=then):
            inner = _reply(question, then)
            return replace(inner, answer=answer.name, delay=inner.delay + seconds)
        case WrongId(then=then):
            inner = _reply(question, then)
            wire = inner.wire and struct.pack("!H", question.query.id ^ 0xFFFF) + inner.wire[2:]
            return replace(inner, answer=answer.name, wire=wire)
        case ForgedFirst(then=then):
            if not question.udp:
                return _reply(question, then)
            forged = _reply(question, WrongId(NxDomain())).wire
            return replace(_reply(question, then), answer=answer.name, ahead=forged)
        case ForgedElsewhere(then=then):
            if not question.udp:
                return _reply(question, then)
            forged = _reply(question, NxDomain()).wire
            return replace(_reply(question, then), answer=answer.name, ahead=forged, elsewhere=True)
        case Truncated(then=then):
            return _truncated(question) if question.udp else _reply(question, then)
        case OtherName(then=then, owner=owner):
            inner = _reply(replace(question, owner=dns.name.from_text(owner)), then)
            return replace(inner, answer=answer.name)
        case HangUp():
            return DnsReply(answer.name, None, hang_up=True)
        case Silence():
            return DnsReply(answer.name, None)
        case Malformed():
            header = struct.pack("!6H", question.query.id, dns.flags.QR | dns.flags.RA, 1, 1, 0, 0)
            return DnsReply(answer.name, header + _NOT_A_NAME)
        case Cname():
            return replace(_follow(question, answer), answer=answer.name)
        case _:
            return _message(question, answer)


def _follow(question: _Question, link: Cname) -> DnsReply:
    """Look the target of an alias up; RFC 6604: the RCODE is that of the last name in the chain."""
    alias = _rrset(question.owner, link.ttl, dns.rdatatype.CNAME, link.target)
    further = replace(question, owner=dns.name.from_text(link.target), aliases=(*question.aliases, alias))
    if question.rdtype == dns.rdatatype.CNAME:
        return _sized(further, _answered(further), (link.target,))
    if further.owner in [seen.name for seen in further.aliases]:
        return _sized(further, _answered(further), ()) if link.loop_shown else _message(question, ServFail())
    then, _ = question.zone.answer(link.target, dns.rdatatype.to_text(question.rdtype))
    return _reply(further, then)


def _message(question: _Question, answer: Answer) -> DnsReply:
    """Return a well-formed reply."""
    response = _answered(question)
    records: tuple[str, ...] = ()
    match answer:
        case Records(texts=texts, ttl=ttl):
            response.answer.append(_rrset(question.owner, ttl, question.rdtype, *texts))
            records = texts
        case NoData(soa_minimum=minimum):
            response.authority.append(_soa(question.owner, minimum))
        case NxDomain(soa_minimum=minimum):
            response.set_rcode(dns.rcode.NXDOMAIN)
            response.authority.append(_soa(question.owner, minimum))
        case ServFail():
            response = _response(question.query)
            response.set_rcode(dns.rcode.SERVFAIL)
        case Refused():
            response = _response(question.query)
            response.set_rcode(dns.rcode.REFUSED)
        case Lame():
            response = _response(question.query)
            response.flags &= ~dns.flags.RA
            response.authority.append(_rrset(dns.name.root, 0, dns.rdatatype.NS, "a.root-servers.net."))
        case _:
            raise TypeError(f"no wire form for {answer!r}")
    return _sized(question, response, records, answer.name)


def _sized(
    question: _Question, response: dns.message.Message, records: tuple[str, ...], name: str = Cname.name
) -> DnsReply:
    """Return the reply, or over UDP a truncated one in its place if it is too long."""
    # dnspython shuffles the records of a set unless told not to.
    wire = response.to_wire(max_size=65535, want_shuffle=False)
    if question.udp and len(wire) > _udp_limit(question.query):
        return _truncated(question)
    return DnsReply(name, wire, records)


def _truncated(question: _Question) -> DnsReply:
    response = _response(question.query)
    response.flags |= dns.flags.TC
    return DnsReply(Truncated.name, response.to_wire())


def _answered(question: _Question) -> dns.message.Message:
    response = _response(question.query)
    response.answer.extend(question.aliases)
    return response


def _response(query: dns.message.Message) -> dns.message.Message:
    """Return an empty response: question and RD echoed, RA set, OPT answered (RFC 6891 section 7)."""
    response = dns.message.make_response(query, recursion_available=True, our_payload=EDNS_UDP_LIMIT)
    response.flags |= query.flags & dns.flags.CD  # RFC 4035 section 3.2.2
    return response


def _udp_limit(query: dns.message.Message) -> int:
    if query.edns < 0:
        return PLAIN_UDP_LIMIT
    return min(max(query.payload, PLAIN_UDP_LIMIT), EDNS_UDP_LIMIT)


def _soa(owner: dns.name.Name, minimum: int) -> dns.rrset.RRset:
    """Return the SOA of the zone (the top-level domain); TTL and MINIMUM both count (RFC 2308 section 3)."""
    apex = dns.name.Name(owner.labels[-2:])
    return _rrset(apex, minimum, dns.rdatatype.SOA, f"ns {apex} 1 3600 600 86400 {minimum}")


def _rrset(owner: dns.name.Name, ttl: int, rdtype: dns.rdatatype.RdataType, *texts: str) -> dns.rrset.RRset:
    """Return a record set; all names in `texts` are absolute, with or without the trailing dot."""
    return dns.rrset.from_text_list(
        owner, ttl, dns.rdataclass.IN, rdtype, texts, origin=dns.name.root, relativize=False
    )
