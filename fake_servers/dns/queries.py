"""Queries as they are read, and the replies to them: made once for all that ask the same.

A relay asks the same again and again, and each time only the identifier differs, or which letters are capitals. So a
query is read in *normal form*, and its reply is made for that; then the identifier and the letters of the query itself
are put in. What is kept depends on nothing else: a zone may change at any time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype

from fake_servers.dns.answers import Answer, Cname, innermost
from fake_servers.dns.replies import PLAIN_UDP_LIMIT, DnsReply, error_reply, format_error, reply_to
from fake_servers.dns.zone import Zone

_HEADER: Final = 12  # octets (RFC 1035 section 4.1.1)
_LONGEST_LABEL: Final = 63  # octets (RFC 1035 section 2.3.4)
_KEPT: Final = 2048  # queries and replies over UDP, of less than 2 KB together


@dataclass(frozen=True, slots=True)
class Query:
    """A query in normal form, as far as it could be read.

    Attributes:
        wire: Its octets.
        name: The name asked for, in lower case and without the final dot.
        type: The type of records.
        message: All of it; None if it is refused.
        refused: The reply, whatever the zone has.
    """

    wire: bytes
    name: str = ""
    type: str = ""
    message: dns.message.Message | None = None
    refused: DnsReply | None = None


def read(wire: bytes) -> Query:
    """Read a query."""
    normal = _normal(wire)
    return _read_once(normal) if len(normal) <= PLAIN_UDP_LIMIT else _read(normal)


def reply(query: Query, answer: Answer, zone: Zone, *, udp: bool) -> DnsReply:
    """Return the reply to a query that is not refused, in normal form as well; see `reply_to` for the arguments."""
    assert query.message is not None
    # an alias is answered from the zone as it is, and what it leads to counts as asked for
    if udp and len(query.wire) <= PLAIN_UDP_LIMIT and not isinstance(innermost(answer), Cname):
        return _reply_once(query.wire, answer)
    return reply_to(query.message, answer, zone, udp=udp)


def addressed(made: DnsReply, wire: bytes) -> DnsReply:
    """Return a reply to a query in normal form as the reply to the query itself."""
    if made.wire is None:
        return made
    ahead = made.ahead and _addressed(made.ahead, wire)
    return replace(made, wire=_addressed(made.wire, wire), ahead=ahead)


def _addressed(octets: bytes, wire: bytes) -> bytes:
    # by difference: a reply with a wrong identifier has a wrong one still
    identifier = int.from_bytes(octets[:2]) ^ int.from_bytes(wire[:2])
    name, rest = wire[_HEADER : _end_of_name(wire)], octets[_HEADER:]
    if rest.startswith(name.lower()):
        rest = name + rest[len(name) :]
    return identifier.to_bytes(2) + octets[2:_HEADER] + rest


def _normal(wire: bytes) -> bytes:
    """Return a query with the identifier 0 and its name in lower case; the length of a label is no letter."""
    end = _end_of_name(wire)
    return bytes(2) + wire[2:_HEADER] + wire[_HEADER:end].lower() + wire[end:]


def _end_of_name(wire: bytes) -> int:
    """Return where the name in the first question ends, or the header if no name is there."""
    at = _HEADER
    while at < len(wire) and wire[at] <= _LONGEST_LABEL:
        if not wire[at]:
            return at + 1
        at += 1 + wire[at]
    return _HEADER


def _read(wire: bytes) -> Query:
    try:
        message = dns.message.from_wire(wire)
    except dns.exception.DNSException:
        return Query(wire, refused=format_error(wire))
    if message.flags & dns.flags.QR:
        return Query(wire, refused=format_error(wire))
    if message.opcode() != dns.opcode.QUERY:
        return Query(wire, refused=error_reply(message, dns.rcode.NOTIMP))
    if len(message.question) != 1:
        return Query(wire, refused=error_reply(message, dns.rcode.FORMERR))
    [question] = message.question
    query = Query(
        wire,
        name=question.name.to_text(omit_final_dot=True).lower(),
        type=dns.rdatatype.to_text(question.rdtype),
        message=message,
    )
    if message.edns > 0:
        return replace(query, refused=error_reply(message, dns.rcode.BADVERS))
    if question.rdclass != dns.rdataclass.IN:
        return replace(query, refused=error_reply(message, dns.rcode.REFUSED))
    return query


_read_once = lru_cache(_KEPT)(_read)


@lru_cache(_KEPT)
def _reply_once(wire: bytes, answer: Answer) -> DnsReply:
    message = _read_once(wire).message
    assert message is not None
    return reply_to(message, answer, Zone(), udp=True)
