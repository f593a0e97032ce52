"""A relay says what a server has offered to understand, and waits where it must."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from conformance.catalogue.section import Section
from conformance.evidence.connections import Connection
from conformance.judging.aspect import Case, Course, FailureMode, Finding, Kind, aspect, on_first_course
from conformance.judging.offers import asked_for_no_offer, keywords_of
from conformance.judging.verdict import NotApplicable
from fake_servers import Slow, Stage
from fake_servers.events import (
    Event,
    SmtpBody,
    SmtpFault,
    SmtpReceived,
    SmtpSent,
    SmtpUnoffered,
    TcpClosed,
    TlsEstablished,
)

# Nothing may follow these in a group (RFC 2920 section 3.1, RFC 3207 section 4).
_LAST_OF_GROUP = (Stage.EHLO, Stage.EHLO_TLS, Stage.STARTTLS)
_CHUNKS = (Stage.BDAT, Stage.BDAT_LAST)
_SECTIONS = (Section.OFFERS, Section.OFFERS_MANY, Section.HELO)
_UTF8 = "SMTPUTF8"


def _about_offers(mode: FailureMode, course: Course) -> bool:
    offers = mode.section in _SECTIONS or _for_nobody(mode)
    return offers and on_first_course(mode, course)


def _for_nobody(mode: FailureMode) -> bool:
    return any(rule.for_nobody for host in mode.hosts for rule in host.rules)


@dataclass
class _Said:
    """What is wrong with what was said, by the slot that judges it."""

    waits: list[str] = field(default_factory=list)
    offered: list[str] = field(default_factory=list)
    chunks: list[str] = field(default_factory=list)
    nobody: list[str] = field(default_factory=list)
    utf8: list[str] = field(default_factory=list)


@aspect(
    Course.PERSISTS,
    Course.HEALED,
    Course.REJECTED,
    kinds=(Kind.HARMLESS, Kind.TRANSIENT, Kind.PERMANENT, Kind.PASSING),
    where=_about_offers,
    place=235,
    by_itself=True,
    requirements={
        "waits": "offers/waits",
        "ehlo": "offers/ehlo",
        "offered": "offers/parameters",
        "chunks": "offers/chunks",
        "nobody": "offers/nobody",
        "utf8": "offers/smtputf8-if-needed",
    },
)
def test_keeps_to_offer(case: Case) -> list[Finding]:
    """Commands go one by one unless PIPELINING is offered; no parameter and no BDAT that was not offered.

    A server of which nothing says that it knows no EHLO is greeted with that. Nothing here is beyond ASCII, so
    SMTPUTF8 has no place. Where all recipients were refused and DATA was accepted all the same, the final dot follows,
    and nothing else.
    """
    repaired = case.evidence.staged.repaired
    end = math.inf if repaired is None else repaired
    said = _Said()
    spoken = [connection for connection in case.evidence.connections if connection.commands]
    for connection in spoken:
        _listen(case, connection, end, said)
    if not spoken:
        raise NotApplicable("the relay said nothing")
    judged = [
        ("waits", said.waits, "each command after the reply to the one before, unless PIPELINING is offered"),
        ("offered", said.offered, "no parameter that EHLO does not offer"),
        ("chunks", said.chunks, "BDAT where CHUNKING is offered, and no DATA behind it"),
        ("utf8", said.utf8, "no SMTPUTF8 for a message that is ASCII"),
    ]
    if not any(host.rules for host in case.mode.hosts):
        helo = ["HELO"] if asked_for_no_offer(case.evidence) else []
        judged.append(("ehlo", helo, "EHLO"))
    if _for_nobody(case.mode):
        judged.append(("nobody", said.nobody, "no content for nobody: a lone dot"))
    return [
        case.finding(
            f"keeps_to_offer.{slot}",
            holds=not wrong,
            expected=expected,
            observed="; ".join(wrong) or "so it was",
        )
        for slot, wrong, expected in judged
    ]


def _listen(case: Case, connection: Connection, end: float, said: _Said) -> None:
    """Note what is wrong on a connection."""
    offered: frozenset[str] = frozenset()
    previous: Stage | None = None
    accepted, chunked, faults = 0, False, False
    asked_for_content = False  # for nobody
    for event in _before(connection, end):
        match event:
            case SmtpSent(stage=Stage.EHLO | Stage.EHLO_TLS) if event.text.startswith("2"):
                offered = keywords_of(event.text)
            case SmtpSent(stage=Stage.RCPT) if event.text.startswith("2"):
                accepted += 1
            case SmtpSent(stage=Stage.DATA) if event.text.startswith("354") and not accepted:
                asked_for_content = True
            case SmtpSent(stage=Stage.DOT):
                asked_for_content = False
            case TcpClosed() if asked_for_content:
                asked_for_content = False
                if event.by == "peer":
                    said.nobody.append(f"left at {case.evidence.when(event.at)}, without the final dot")
            case TlsEstablished():
                offered = frozenset()
            case SmtpFault() if event.action != Slow.name:  # who is late only changes nothing
                faults = True
            case SmtpUnoffered():
                said.offered.append(f"{' '.join(event.parameters)} at {case.evidence.when(event.at)}")
            case SmtpBody() if event.octets and not accepted:
                said.nobody.append(f"{event.octets} octets at {case.evidence.when(event.at)}")
            case SmtpReceived():
                told = f"{event.line.partition(' ')[0].upper()} at {case.evidence.when(event.at)}"
                if event.ahead and not faults and _must_wait(event.stage, previous, offered):
                    said.waits.append(f"{told}, before the reply to {_name(previous)}")
                if event.stage in _CHUNKS and "CHUNKING" not in offered:
                    said.chunks.append(f"{told}, which was not offered")
                    return  # what follows is the chunk, whatever a server takes it for
                if event.stage is Stage.DATA and chunked:
                    said.chunks.append(f"{told}, behind BDAT")
                if event.stage is Stage.MAIL:
                    accepted, chunked = 0, False
                    if _UTF8 in event.line.upper().split()[2:]:
                        said.utf8.append(told)
                chunked = chunked or event.stage in _CHUNKS
                previous = event.stage


def _before(connection: Connection, end: float) -> Iterator[Event]:
    return (event for event in connection.events if event.at < end)


def _must_wait(stage: Stage, previous: Stage | None, offered: frozenset[str]) -> bool:
    """Tell whether a command may not come ahead of the reply to the one before it.

    Before the greeting a client only should wait; and QUIT may come at any time, when time is up for instance.
    """
    if stage is Stage.QUIT or previous is None:
        return False
    return previous in _LAST_OF_GROUP or "PIPELINING" not in offered


def _name(stage: Stage | None) -> str:
    return "the one before" if stage in (None, Stage.OTHER) else str(stage).partition("_")[0].upper()
