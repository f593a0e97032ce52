"""Witnesses of look-ups: what the name server said, or did not say."""

from __future__ import annotations

from collections.abc import Callable

from conformance.evidence.view import Evidence
from conformance.witness.attempts import Witness, before_repair
from conformance.witness.contact import Contact
from conformance.witness.traces import dns_patience
from fake_servers import (
    Cname,
    Delayed,
    ForgedElsewhere,
    ForgedFirst,
    Malformed,
    NoData,
    OtherName,
    Silence,
    Truncated,
    WrongId,
)
from fake_servers.events import DnsAnswer

# Look-ups of one name, type and transport within one attempt: some relays ask more than once (aliases, DNSSEC).
# RFC 9520 section 3.1 allows three tries.
QUERIES_PER_ATTEMPT = 3

_FAMILIES = ("A", "AAAA")

# Answers that hold records and that a client must not believe (RFC 5452 section 9.1).
_INCREDIBLE = (WrongId.name, OtherName.name)

_See = Callable[[Evidence], list[Contact]]


def look_ups(evidence: Evidence, *, failed: bool = False, lasting: float = 0.0) -> list[Contact]:
    """Return one contact for each look-up of a smart host's address, failed or not.

    Some relays ask for IPv6 addresses too, first, or only: our names have none, so these look-ups count where
    the name itself fails, and never where it has an address.

    Args:
        evidence: Where to see them.
        failed: Whether those that failed are meant, or those that did not.
        lasting: How long a client may go on waiting after the answer, in seconds.
    """
    names = {site.name.lower(): site.name for site in evidence.staged.sites}
    sound = _resolved(evidence)
    return [
        _contact(answer, names[answer.host], lasting)
        for answer in evidence.of(DnsAnswer)
        if answer.host in names
        # where the name itself fails, whatever is asked about it belongs to the attempt (MX, TLSA)
        and (answer.type == "A" or (failed and answer.host not in sound))
        and _is_useless(answer) is failed
    ]


def _contact(answer: DnsAnswer, host: str, lasting: float) -> Contact:
    return Contact(
        at=answer.at,
        end=answer.at,
        latest_end=answer.at + lasting,
        host=host,
        mark=f"{answer.id}",
        what=f"{answer.type} {answer.transport}",
        shown_by=answer,
    )


def _is_useless(answer: DnsAnswer) -> bool:
    """Tell whether an answer leaves the client without what it asked for."""
    return not answer.records or answer.answer in _INCREDIBLE


def _resolved(evidence: Evidence) -> set[str]:
    """Return the names that gave an IPv4 address before the repair: a missing IPv6 address is no fault of theirs."""
    repaired = evidence.staged.fault_ended
    return {
        answer.host
        for answer in evidence.of(DnsAnswer)
        if answer.type == "A" and not _is_useless(answer) and (repaired is None or answer.at < repaired)
    }


def _failed(evidence: Evidence) -> list[Contact]:
    return before_repair(evidence, look_ups(evidence, failed=True))


def _unanswered(evidence: Evidence) -> list[Contact]:
    return before_repair(evidence, look_ups(evidence, failed=True, lasting=dns_patience(evidence)))


def _answers(evidence: Evidence, told: Callable[[DnsAnswer], bool], *, lasting: float = 0.0) -> list[Contact]:
    """Return one contact for each answer that tells, whatever it is about.

    Of a name with the suffix of the relay's search list nothing is told: what is asked so may fail where the name does
    not.
    """
    domain = evidence.staged.domain.lower()
    contacts = [
        _contact(answer, answer.name.rstrip("."), lasting)
        for answer in evidence.of(DnsAnswer)
        if (answer.host == domain or answer.host.endswith(f".{domain}")) and told(answer)
    ]
    return before_repair(evidence, contacts)


def _given(*ways: str) -> _See:
    """Return what sees the answers that were given in one of these ways, whatever was asked.

    Some relays ask for MX records of a smart host's name before they ask for its addresses.
    """

    def see(evidence: Evidence) -> list[Contact]:
        return _answers(evidence, lambda answer: answer.answer in ways)

    return see


def _spoilt(evidence: Evidence) -> list[Contact]:
    ways = (WrongId.name, OtherName.name, Malformed.name)
    return _answers(
        evidence,
        lambda answer: answer.answer in ways,
        lasting=dns_patience(evidence),
    )


def _failed_family(evidence: Evidence) -> list[Contact]:
    def told(answer: DnsAnswer) -> bool:
        failed = _is_useless(answer) and answer.answer not in (NoData.name, Silence.name)
        return failed and answer.type in _FAMILIES

    def silent(answer: DnsAnswer) -> bool:
        return answer.type in _FAMILIES and answer.answer == Silence.name

    waited = _answers(evidence, silent, lasting=dns_patience(evidence))
    return sorted([*_answers(evidence, told), *waited], key=lambda contact: contact.at)


def _asks_for_mx(evidence: Evidence, answer: DnsAnswer) -> bool:
    return answer.host == evidence.staged.domain.lower() and answer.type == "MX"


def _failed_mx(evidence: Evidence) -> list[Contact]:
    return _answers(evidence, lambda answer: _asks_for_mx(evidence, answer) and _is_useless(answer))


def _unanswered_mx(evidence: Evidence) -> list[Contact]:
    return _answers(
        evidence,
        lambda answer: _asks_for_mx(evidence, answer) and _is_useless(answer),
        lasting=dns_patience(evidence),
    )


def _mx_elsewhere(evidence: Evidence) -> list[Contact]:
    ours = {site.name.lower() for site in evidence.staged.sites}

    def told(answer: DnsAnswer) -> bool:
        named = {record.split()[-1].rstrip(".").lower() for record in answer.records}
        return _asks_for_mx(evidence, answer) and not named <= ours

    return _answers(evidence, told)


def _witness(sentence: str, see: _See, *, either_end: bool = False) -> Witness:
    return Witness(
        sentence=f"the fake name server was asked for {sentence}",
        see=see,
        per_attempt=QUERIES_PER_ATTEMPT,
        either_end=either_end,
    )


query_failed = _witness("the smart host's address and gave the failing answer", _failed)
query_unanswered = _witness("the smart host's address and stayed silent", _unanswered)
alias_told = _witness("the host's address and answered with an alias", _given(Cname.name))
truncated = _witness("the host's address and sent a truncated answer (TC)", _given(Truncated.name))
delayed = _witness("the host's address and took its time", _given(Delayed.name))
forged_first = _witness(
    "the host's address, and something forged came in front of the answer", _given(ForgedFirst.name)
)
forged_elsewhere = _witness(
    "the host's address, and something came in front of the answer from where nobody was asked",
    _given(ForgedElsewhere.name),
)
query_spoilt = _witness(
    "the host's address and gave an answer that must not be believed", _spoilt, either_end=True
)
other_family_failed = _witness(
    "the host's addresses of the other family and gave the failing answer", _failed_family
)
mx_query_failed = _witness("the MX records of the recipient domain and gave the failing answer", _failed_mx)
mx_unanswered = _witness("the MX records of the recipient domain and stayed silent", _unanswered_mx)
mx_elsewhere = _witness(
    "the MX records of the recipient domain and gave one that names the relay, or nobody", _mx_elsewhere
)
