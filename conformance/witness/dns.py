"""Witnesses of what a name server said, right or wrong; see `witness` for the others."""

from __future__ import annotations

from collections.abc import Callable

from conformance.evidence.view import Evidence
from conformance.witness.attempts import QUERIES_PER_ATTEMPT, Contact, Witness, asked, before_repair, useless
from fake_servers import Cname, Delayed, Malformed, NoData, OtherName, Silence, Truncated, WrongId
from fake_servers.events import DnsAnswer

_FAMILIES = ("A", "AAAA")


def _answers(evidence: Evidence, told: Callable[[DnsAnswer], bool], *, lasting: float = 0.0) -> list[Contact]:
    """Return one contact for each answer that tells; `lasting` is how long a client may go on waiting after it."""
    contacts = [
        Contact(
            at=event.at,
            end=event.at,
            latest_end=event.at + lasting,
            host=event.name.rstrip("."),
            mark=f"{event.id}",
            what=asked(event),
        )
        for event in evidence.of(DnsAnswer)
        if told(event)
    ]
    return before_repair(evidence, contacts)


def _patience(evidence: Evidence) -> float:
    return evidence.staged.granted.dns_timeout or evidence.record.header.asked.dns_timeout or 0.0


def _about_mx(evidence: Evidence, event: DnsAnswer) -> bool:
    return event.host == evidence.staged.domain.lower() and event.type == "MX"


def _given(*ways: str) -> Callable[[Evidence], list[Contact]]:
    """Return what sees the answers about addresses that were given in one of these ways."""

    def see(evidence: Evidence) -> list[Contact]:
        return _answers(evidence, lambda event: event.answer in ways and event.type in _FAMILIES)

    return see


def _spoilt(evidence: Evidence) -> list[Contact]:
    ways = (WrongId.name, OtherName.name, Malformed.name)
    return _answers(
        evidence,
        lambda event: event.answer in ways and event.type in _FAMILIES,
        lasting=_patience(evidence),
    )


def _failed_family(evidence: Evidence) -> list[Contact]:
    def told(event: DnsAnswer) -> bool:
        return event.type in _FAMILIES and useless(event) and event.answer not in (NoData.name, Silence.name)

    def silent(event: DnsAnswer) -> bool:
        return event.type in _FAMILIES and event.answer == Silence.name

    waited = _answers(evidence, silent, lasting=_patience(evidence))
    return sorted([*_answers(evidence, told), *waited], key=lambda contact: contact.at)


def _unanswered_mx(evidence: Evidence) -> list[Contact]:
    return _answers(
        evidence,
        lambda event: _about_mx(evidence, event) and useless(event),
        lasting=_patience(evidence),
    )


def _mx_elsewhere(evidence: Evidence) -> list[Contact]:
    ours = {site.name.lower() for site in evidence.staged.sites}

    def told(event: DnsAnswer) -> bool:
        if not _about_mx(evidence, event):
            return False
        return any(record.split()[-1].rstrip(".").lower() not in ours for record in event.records)

    return _answers(evidence, told)


def _witness(sentence: str, see: Callable[[Evidence], list[Contact]], *, either_end: bool = False) -> Witness:
    return Witness(sentence=sentence, see=see, per_attempt=QUERIES_PER_ATTEMPT, either_end=either_end)


alias_told = _witness(
    "the fake name server was asked for the host's address and answered with an alias",
    _given(Cname.name),
)
truncated = _witness(
    "the fake name server was asked for the host's address and sent a truncated answer (TC)",
    _given(Truncated.name),
)
delayed = _witness(
    "the fake name server was asked for the host's address and took its time",
    _given(Delayed.name),
)
query_spoilt = _witness(
    "the fake name server was asked for the host's address and gave an answer that must not be believed",
    _spoilt,
    either_end=True,
)
other_family_failed = _witness(
    "the fake name server was asked for the host's addresses of the other family and gave the failing answer",
    _failed_family,
)
mx_unanswered = _witness(
    "the fake name server was asked for the MX records of the recipient domain and stayed silent",
    _unanswered_mx,
)
mx_elsewhere = _witness(
    "the fake name server was asked for the MX records of the recipient domain and gave one that names the relay, "
    "or nobody",
    _mx_elsewhere,
)
