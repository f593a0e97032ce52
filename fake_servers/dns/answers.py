"""The ways to answer a DNS question, right and wrong, as plain data.

An answer says nothing about the question: the same `ServFail()` serves any name. Some answers wrap another
one (`then`), so that faults combine: `Delayed(3.0, Truncated(Records("127.1.0.5")))`.

`name` is what the journal records in the field `answer`; of nested answers it is the outermost one's, as far
as it came into play: over TCP a `Truncated` answer is journalled as what it wraps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Answer:
    """One way to answer; the base of all others."""

    name: ClassVar[str] = ""


@dataclass(frozen=True, slots=True, init=False)
class Records(Answer):
    """Resource records of the type that was asked for, in this order on the wire.

    Example::

        zone.set("mx.a.test", "A", Records("127.1.0.5", "127.1.0.6"))
        zone.set("a.test", "MX", Records("10 mx.a.test."))

    Attributes:
        texts: The data of each record in presentation format (RFC 1035 section 5.1); names are absolute.
        ttl: Seconds for which the records may be cached.
    """

    name: ClassVar[str] = "records"
    texts: tuple[str, ...]
    ttl: int

    def __init__(self, *texts: str, ttl: int = 0) -> None:
        if not texts:
            raise ValueError("Records needs at least one record; an empty answer is NoData()")
        object.__setattr__(self, "texts", texts)
        object.__setattr__(self, "ttl", ttl)


@dataclass(frozen=True, slots=True)
class NxDomain(Answer):
    """The name does not exist (RFC 2308 section 2.1). It may be cached for `soa_minimum` seconds."""

    name: ClassVar[str] = "nxdomain"
    soa_minimum: int = 0


@dataclass(frozen=True, slots=True)
class NoData(Answer):
    """The name lacks that type (RFC 2308 section 2.2). It may be cached for `soa_minimum` seconds."""

    name: ClassVar[str] = "nodata"
    soa_minimum: int = 0


@dataclass(frozen=True, slots=True)
class ServFail(Answer):
    """RCODE 2: the resolver could not find out (RFC 1035 section 4.1.1)."""

    name: ClassVar[str] = "servfail"


@dataclass(frozen=True, slots=True)
class Refused(Answer):
    """RCODE 5: the resolver does not serve this client (RFC 1035 section 4.1.1)."""

    name: ClassVar[str] = "refused"


@dataclass(frozen=True, slots=True)
class Silence(Answer):
    """No reply at all; a TCP connection stays open."""

    name: ClassVar[str] = "silence"


@dataclass(frozen=True, slots=True)
class HangUp(Answer):
    """Over TCP the connection is reset when the question has come; over UDP it is silence.

    `Truncated(HangUp())` is a reply with TC set whose repetition over TCP fails.
    """

    name: ClassVar[str] = "hang_up"


@dataclass(frozen=True, slots=True)
class Truncated(Answer):
    """Over UDP a reply with TC set and nothing in it, over TCP `then` (RFC 7766 section 5).

    Each query counts, and the one over TCP is the second: best make this the last answer of its list.
    """

    name: ClassVar[str] = "truncated"
    then: Answer


@dataclass(frozen=True, slots=True)
class Malformed(Answer):
    """Octets with the identifier of the query that cannot be parsed as a DNS message."""

    name: ClassVar[str] = "malformed"


@dataclass(frozen=True, slots=True)
class WrongId(Answer):
    """`then`, under an identifier nobody used; a client must not believe it (RFC 5452 section 9.1)."""

    name: ClassVar[str] = "wrong_id"
    then: Answer


@dataclass(frozen=True, slots=True)
class ForgedFirst(Answer):
    """`then`, and over UDP in front of it NXDOMAIN under an identifier nobody used.

    A client does not believe that, and waits on (RFC 5452 section 9.1).
    """

    name: ClassVar[str] = "forged_first"
    then: Answer


@dataclass(frozen=True, slots=True)
class ForgedElsewhere(Answer):
    """`then`, and over UDP in front of it NXDOMAIN under the right identifier, from a port that was not asked.

    A client does not believe that, and waits on (RFC 5452 section 9.1).
    """

    name: ClassVar[str] = "forged_elsewhere"
    then: Answer


@dataclass(frozen=True, slots=True)
class OtherName(Answer):
    """`then`, but its records belong to another name than the one asked for, which the question still echoes.

    A client must not take them for an answer (RFC 5452 section 6).

    Attributes:
        then: The answer.
        owner: The name that the records belong to.
    """

    name: ClassVar[str] = "other_name"
    then: Answer
    owner: str = "other.invalid"


@dataclass(frozen=True, slots=True)
class Delayed(Answer):
    """`then`, `seconds` late."""

    name: ClassVar[str] = "delayed"
    seconds: float
    then: Answer


@dataclass(frozen=True, slots=True)
class Lame(Answer):
    """An upward referral: no answer, only the name servers of the root, without AA and RA."""

    name: ClassVar[str] = "lame"


@dataclass(frozen=True, slots=True)
class Cname(Answer):
    """The name is an alias of `target` (RFC 1034 section 3.6.2), which is looked up in the same zone.

    The reply holds the alias and whatever the zone answers for the target. An owner of a CNAME has nothing
    else, so the usual form is::

        zone.set_all("alias.test", Cname("mx.a.test"))

    Attributes:
        target: The other name.
        ttl: Seconds for which the alias may be cached.
        loop_shown: What to do if this alias closes a loop. False: SERVFAIL. True: NOERROR and the aliases of the
            loop, each once, as some resolvers answer.
    """

    name: ClassVar[str] = "cname"
    target: str
    ttl: int = 0
    loop_shown: bool = False


def layers(answer: Answer) -> Iterator[Answer]:
    """Yield the answer and, layer by layer, what it wraps."""
    yield answer
    while isinstance(answer, Truncated | WrongId | ForgedFirst | ForgedElsewhere | OtherName | Delayed):
        answer = answer.then
        yield answer


def innermost(answer: Answer) -> Answer:
    """Return what is left of `answer` without the wrappers around it."""
    *_, last = layers(answer)
    return last
