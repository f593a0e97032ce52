"""The report of a message that expired says what its last attempt died of."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.evidence import codes, reports
from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.explained import says, without_names
from conformance.judging.fate import TOLD
from conformance.judging.final_report import only_report
from conformance.judging.lifetime import FULL_DAY
from conformance.judging.needs import real_day
from conformance.judging.verdict import NotApplicable
from conformance.witness.kills import kills

# RFC 3463: nothing further is known, or delivery time expired; and the words of the live service for the second.
_SAYS_NOTHING = (".0.0", ".4.0", ".4.7", ".4.300")


@aspect(
    Course.EXPIRES,
    Course.RESTARTED,
    only={Course.RESTARTED: FULL_DAY},
    place=662,
    fates={Course.EXPIRES: TOLD},
    needs=(real_day,),
    requirements={"cause": "ndr/tells-why"},
)
def test_tells_why(case: Case) -> list[Finding]:
    """Its words, Diagnostic-Code or Status name the cause, if the relay itself did while the message waited.

    After a restart that counts which the relay has shown since then: what died with it nobody can ask for.
    """
    if case.evidence.staged.course == Course.RESTARTED and not case.evidence.ndrs:
        raise NotApplicable("no report of the end came back to the sender", see="survives_restart")
    content = only_report(case)
    known = [text for text in _shown(case) if _named(case, text)]
    if not known:
        raise NotApplicable("while the message waited the relay showed no cause that a report could tell")
    _, report = case.evidence.ndrs[0]
    diagnostics = [each.diagnostic for each in report.recipients]
    told = " ".join([reports.words(content, case.evidence.staged.content), *diagnostics])
    kept = {codes.read(text).status[1:] for text in known} - {"", *_SAYS_NOTHING}
    statuses = [each.status for each in report.recipients]
    said = ", ".join((*statuses, *diagnostics)) or " ".join(told.split())
    holds = bool(_named(case, told)) or any(status[1:] in kept for status in statuses)
    return [
        case.finding(
            "tells_why.cause",
            holds=holds,
            expected="the cause, which the relay knew while the message waited",
            observed=f"{'it is told' if holds else 'no word of it'}; the relay says {said!r}, and said {known[-1]!r}",
        )
    ]


def _shown(case: Case) -> Iterator[str]:
    """Yield what the relay showed of the message while it waited, in its queue or its log."""
    dead = max((kill.dead for kill in kills(case.evidence)), default=0.0)
    for listing in case.evidence.queue.during(after=dead).listings:
        yield from (message.error for message in listing.messages)
    yield from (error.text for error in case.errors if not error.is_report and error.at > dead)


def _named(case: Case, text: str) -> list[str]:
    told = without_names(case, text)
    return [word for word in case.mode.explained_by if says(told, word)]
