"""Each of several messages for one destination has a fate of its own, whatever befalls the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from conformance.catalogue.message import members
from conformance.catalogue.recipients import due
from conformance.evidence.queue import Presence
from conformance.judging.aspect import Case, Course, FailureMode, Finding, Kind, Outcome, aspect
from conformance.judging.content import changes
from conformance.judging.habits import unaccustomed
from conformance.judging.twice import surely_again
from conformance.judging.verdict import Inconclusive
from conformance.judging.whereabouts import Whereabouts, reports_on, whereabouts
from conformance.judging.words import counted

_SHOWN = 3  # messages that are told of one by one


def _in_time(mode: FailureMode, _: Course) -> bool:
    """Tell whether all of the messages are to arrive while the window is open; where many go slowly, some will not."""
    batch = mode.message.batch
    return batch is not None and not batch.most and batch.rule is None


@aspect(
    Course.BATCH,
    kinds=(Kind.BATCH,),
    where=_in_time,
    place=550,
    requirements={
        "delivered": "batch/delivered",
        "in_time": "batch/in-time",
        "own": "batch/own-reply",
        "once": "batch/once",
        "returned": "batch/returned",
        "intact": "batch/intact",
        "meanwhile": "batch/not-held-up",
    },
)
def test_each_message(case: Case) -> list[Finding]:
    """Delivered once, with its own envelope and content; or, if it was refused for good itself, returned once.

    A relay that opens a connection for each message does nothing wrong, nor does one that uses one again.
    """
    everybody = whereabouts(case.evidence)
    fates = dict(zip(members(len(due(case.mode))), due(case.mode).values(), strict=True))
    refused = [each for each in everybody if _local(each) in _of(fates, Outcome.PERMANENT)]
    others = [each for each in everybody if each not in refused]
    if others and all(each.is_unknown for each in others):
        raise Inconclusive("nothing arrived, and the queue was never seen")
    missing = [each for each in others if not each.copies and not each.returned]
    findings = [
        _delivered(case, others, missing),
        _own(case, [each for each in others if each.returned and not each.copies]),
        _once(case, [each for each in others if each.copies]),
        _intact(case, others),
    ]
    if refused:
        findings.append(_returned(case, refused))
    waiting = _of(fates, Outcome.DEFERRED)
    if waiting and len(waiting) < len(fates):
        findings += _meanwhile(case, [each for each in others if _local(each) not in waiting])
    return findings


def _of(fates: dict[str, Outcome], outcome: Outcome) -> set[str]:
    return {local for local, each in fates.items() if each is outcome}


def _local(each: Whereabouts) -> str:
    return each.offer.recipient.rpartition("@")[0].lower()


def _told(some: Sequence[Whereabouts]) -> str:
    more = f"; and {len(some) - _SHOWN} more" if len(some) > _SHOWN else ""
    return "; ".join(map(str, some[:_SHOWN])) + more


def _delivered(case: Case, others: list[Whereabouts], missing: list[Whereabouts]) -> Finding:
    """Compare: all arrive. Where some do and the rest waits, it is slow; where none does, it has come to a stand."""
    repaired = case.evidence.staged.repaired or 0.0
    waiting = all(each.queued is Presence.PRESENT for each in missing)
    moves = any(copy.at >= repaired for each in others for copy in each.copies)
    return case.finding(
        "each_message.in_time" if missing and waiting and moves else "each_message.delivered",
        holds=not missing,
        expected=f"{counted(len(others), 'message')} delivered in the end",
        observed=_told(missing) or f"{counted(len(others), 'message')} delivered",
        only_late=waiting,
    )


def _own(case: Case, wrong: list[Whereabouts]) -> Finding:
    return case.finding(
        "each_message.own",
        holds=not wrong,
        expected="no message returned that no server refused for good",
        observed=_told(wrong) or "none was",
    )


def _once(case: Case, arrived: list[Whereabouts]) -> Finding:
    wrong = [each for each in arrived if len(each.copies) > 1 or each.returned]
    return case.finding(
        "each_message.once",
        holds=not wrong,
        expected="each delivered once, and not returned as well",
        observed=_told(wrong) or "each once",
        conclusive=any(
            surely_again(case, [*each.copies, *reports_on(case.evidence, each.offer)]) for each in wrong
        ),
    )


def _intact(case: Case, others: list[Whereabouts]) -> Finding:
    damage = next(filter(None, (_damage(case, each) for each in others)), "")
    expected = "each with its own envelope and content"
    return case.finding(
        "each_message.intact",
        holds=not damage,
        expected=expected,
        observed=damage or expected,
        conclusive=True,
    )


def _damage(case: Case, each: Whereabouts) -> str:
    """Say what was altered of one message, by what is said of this scenario; empty if nothing was."""
    evidence, offer = case.evidence, each.offer
    # one message for several recipients may go to them in one transaction
    same = [one.recipient for one in evidence.staged.offers if one != offer and one.content == offer.content]
    its_own = replace(evidence.staged, recipient=offer.recipient, others=same, content=offer.content)
    found = (unaccustomed(changes(its_own, copy), case.mode, evidence.record) for copy in each.copies)
    text = next((change.text for some in found for change in some), "")
    return text and f"<{offer.recipient}>: {text}"


def _returned(case: Case, refused: list[Whereabouts]) -> Finding:
    wrong = [each for each in refused if each.returned != 1 or each.copies]
    return case.finding(
        "each_message.returned",
        holds=not wrong,
        expected=f"{counted(len(refused), 'message')} refused for good, returned in one report each",
        observed=_told(wrong) or "so it was",
        only_late=bool(wrong) and all(each.queued is Presence.PRESENT for each in wrong),
        conclusive=any(surely_again(case, reports_on(case.evidence, each.offer)) for each in wrong),
    )


def _meanwhile(case: Case, others: list[Whereabouts]) -> list[Finding]:
    """Compare: while one is refused for the moment the others arrive."""
    repaired = case.evidence.staged.repaired
    if repaired is None:
        return []
    late = [each for each in others if each.copies and each.copies[0].at >= repaired]
    finding = case.finding(
        "each_message.meanwhile",
        holds=not late,
        expected=f"{counted(len(others), 'message')} delivered while another one is refused for the moment",
        observed=f"<{late[0].offer.recipient}> only after the repair, at {case.evidence.when(late[0].copies[0].at)}"
        if late
        else "so they were",
        only_late=True,
    )
    return [finding]
