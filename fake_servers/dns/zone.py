"""What the fake world's resolver knows: plain data, changed at any moment."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from fake_servers.dns.answers import (
    Answer,
    Cname,
    NoData,
    NxDomain,
    OtherName,
    Records,
    WrongId,
    innermost,
    layers,
)

_Labels = tuple[bytes, ...]
_ANY_TYPE = dns.rdatatype.NONE
_KEPT: Final = 4096  # names that were read: the same are asked for again and again


@dataclass(slots=True)
class _Plan:
    """The answers of one name and type, and how many queries of each type have been answered from it."""

    answers: tuple[Answer, ...]
    asked: dict[dns.rdatatype.RdataType, int] = field(default_factory=dict)

    def next(self, rdtype: dns.rdatatype.RdataType) -> Answer:
        nth = self.asked.get(rdtype, 0)
        self.asked[rdtype] = nth + 1
        return self.answers[min(nth, len(self.answers) - 1)]

    def latest(self, rdtype: dns.rdatatype.RdataType) -> Answer:
        """Return the answer that was given last, or the first one; it does not count."""
        nth = self.asked.get(rdtype, 0) - 1
        return self.answers[max(0, min(nth, len(self.answers) - 1))]


class Zone:
    """Answers by name and type. Names are case-insensitive and absolute, with or without the trailing dot.

    Example::

        zone = Zone()
        zone.set("a.test", "MX", Records("10 mx.a.test."))
        zone.set("mx.a.test", "A", ServFail(), Records("127.1.0.5"))  # healed at the second query
        zone.answer("MX.A.TEST.", "A")  # (ServFail(), True)
    """

    def __init__(self) -> None:
        self._plans: dict[dns.name.Name, dict[dns.rdatatype.RdataType, _Plan]] = {}
        self._planned: set[_Labels] = set()
        self._ancestors: Counter[_Labels] = Counter()  # how many planned names lie below each

    def set(self, name: str, rdtype: str, *answers: Answer) -> None:
        """Plan the answers for one name and type.

        The first answer is for the first query, the second for the second, and so on; the last one repeats.
        Every query counts, also a repetition, also the same over TCP. Setting again replaces the answers
        and restarts the count.

        Args:
            name: The owner name.
            rdtype: The type in presentation format, e.g. `MX`.
            answers: At least one.

        Raises:
            ValueError: If a name, a type, or the text of a record is not well-formed.
        """
        kind = _rdtype(rdtype)
        if kind in (dns.rdatatype.NONE, dns.rdatatype.CNAME):
            raise ValueError(
                f"no answers can be set for type {rdtype}; an alias is set_all(name, Cname(target))"
            )
        for answer in answers:
            _check(answer, kind)
        self._plan(name, kind, answers)

    def set_all(self, name: str, *answers: Answer) -> None:
        """Plan the answers for all types of a name without answers of their own; each type counts for itself.

        Raises:
            ValueError: If the name is not well-formed, or an answer holds records (they are of one type).
        """
        for answer in answers:
            if isinstance(innermost(answer), Records):
                raise ValueError("records belong to one type: use set()")
            _check(answer, _ANY_TYPE)
        self._plan(name, _ANY_TYPE, answers)

    def clear(self, name: str) -> None:
        """Forget all that was planned for a name."""
        owner = _name(name)
        if self._plans.pop(owner, None) is not None:
            labels = _labels(owner)
            self._planned.discard(labels)
            self._ancestors.subtract(_above(labels))

    def become(self, other: Zone) -> None:
        """Forget everything, and know from now on what another zone knows, which is of no use any more."""
        self._plans, self._planned, self._ancestors = other._plans, other._planned, other._ancestors

    def concerns(self, labels: tuple[bytes, ...]) -> bool:
        """Tell whether a name is planned, or has to do with one that is: lies above it, or has a suffix to it.

        Of any other name nothing is known but that there is none.
        """
        name = tuple(label.lower() for label in labels)
        if name in self._planned or self._ancestors[name]:
            return True
        return any(name[:end] in self._planned for end in range(1, len(name)))

    def answer(self, name: str, rdtype: str) -> tuple[Answer, bool]:
        """Count a query and return its answer, and whether the name was planned.

        A planned name has no data of unplanned types. An unplanned name does not exist, unless planned names
        lie below it: then it is an empty non-terminal and has no data (RFC 8020 section 2).

        A planned name with anything behind it is what a resolver with a search list asks (resolv.conf(5)), before the
        name itself or when that has failed. What fails for the name fails for it in the same way: else the failure
        would be hidden by an answer that it has nothing to do with. What the name has is not there under a suffix,
        as in the world. Such a question is not planned, and counts for nothing.
        """
        owner, kind = _name(name), _rdtype(rdtype)
        types = self._plans.get(owner)
        if types is None:
            return (NoData() if self._ancestors[_labels(owner)] else self._with_suffix(owner, kind)), False
        plan = types.get(kind) or types.get(_ANY_TYPE)
        return (plan.next(kind) if plan else NoData()), True

    def _with_suffix(self, owner: dns.name.Name, kind: dns.rdatatype.RdataType) -> Answer:
        """Return the answer for the longest planned name behind which only a suffix stands, as far as that fails."""
        for length in range(len(owner.labels) - 2, 0, -1):
            name = dns.name.Name((*owner.labels[:length], b""))
            if name in self._plans:
                answer = self._latest(name, kind)
                return answer if self._fails(answer, kind, [name]) else NxDomain()
        return NxDomain()

    def _latest(self, owner: dns.name.Name, kind: dns.rdatatype.RdataType) -> Answer:
        types = self._plans.get(owner, {})
        plan = types.get(kind) or types.get(_ANY_TYPE)
        return plan.latest(kind) if plan else NxDomain()

    def _fails(self, answer: Answer, kind: dns.rdatatype.RdataType, seen: list[dns.name.Name]) -> bool:
        """Tell whether no client finds anything by an answer; `seen` are the aliases that lead to it."""
        if any(isinstance(layer, WrongId | OtherName) for layer in layers(answer)):
            return True
        match innermost(answer):
            case Records():
                return False
            case Cname(target=target):
                owner = _name(target)
                return owner in seen or self._fails(self._latest(owner, kind), kind, [*seen, owner])
        return True

    def _plan(self, name: str, kind: dns.rdatatype.RdataType, answers: tuple[Answer, ...]) -> None:
        if not answers:
            raise ValueError(f"{name}: at least one answer is needed")
        owner = _name(name)
        if owner not in self._plans:
            self._plans[owner] = {}
            labels = _labels(owner)
            self._planned.add(labels)
            self._ancestors.update(_above(labels))
        self._plans[owner][kind] = _Plan(answers)


@lru_cache(_KEPT)
def _name(text: str) -> dns.name.Name:
    try:
        return dns.name.from_text(text)
    except dns.exception.DNSException as error:
        raise ValueError(f"{text!r} is no domain name: {error}") from error


@lru_cache(_KEPT)
def _rdtype(text: str) -> dns.rdatatype.RdataType:
    try:
        return dns.rdatatype.from_text(text)
    except (dns.exception.DNSException, ValueError) as error:
        raise ValueError(f"{text!r} is no record type") from error


def _labels(name: dns.name.Name) -> _Labels:
    """Return the labels of a name in lower case, without that of the root."""
    return tuple(label.lower() for label in name.labels[:-1])


def _above(labels: _Labels) -> list[_Labels]:
    """Return the ancestors of a name, up to the top-level domain."""
    return [labels[depth:] for depth in range(1, len(labels))]


def _check(answer: Answer, kind: dns.rdatatype.RdataType) -> None:
    """Reject at once what could not be put on the wire."""
    for layer in layers(answer):
        if isinstance(layer, OtherName):
            _name(layer.owner)
    match innermost(answer):
        case Records(texts=texts):
            for text in texts:
                try:
                    dns.rdata.from_text(dns.rdataclass.IN, kind, text, origin=dns.name.root)
                except (dns.exception.DNSException, ValueError) as error:
                    raise ValueError(f"{text!r} is no {kind.name} record: {error}") from error
        case Cname(target=target):
            _name(target)
