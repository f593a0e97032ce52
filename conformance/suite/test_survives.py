"""Nothing that a destination does brings the relay down, and it comes back after it was killed."""

from conformance.catalogue.scenario import CLOCK_CONTROLS
from conformance.judging.aspect import Case, Course, FailureMode, Finding, Kind, aspect, on_first_course
from conformance.judging.lifetime import FULL_DAY
from conformance.judging.survival import is_named, told, why_unjudged
from conformance.judging.verdict import Inconclusive
from conformance.witness.amid import Amid


def _is_asked(mode: FailureMode, course: Course) -> bool:
    if course is Course.KILLED:
        return mode.kind is Kind.KILLED
    if course is Course.RESTARTED:
        return mode.name in FULL_DAY
    # what a moved clock is the control of has other courses, and a disk that is full is no destination
    return on_first_course(mode, course) and mode.name not in CLOCK_CONTROLS and mode.amid is not Amid.FULL


@aspect(
    Course.HEALTHY,
    Course.PERSISTS,
    Course.HEALED,
    Course.REJECTED,
    Course.MIXED,
    Course.REPORTED,
    Course.BATCH,
    Course.AMID,
    Course.RESTARTED,
    Course.KILLED,
    Course.ALERTED_AMID,
    Course.EDITED_AMID,
    Course.FIXED_NOW_AMID,
    kinds=(
        Kind.CONTROL,
        Kind.HARMLESS,
        Kind.PASSING,
        Kind.TRANSIENT,
        Kind.PERMANENT,
        Kind.MIXED,
        Kind.REPORTED,
        Kind.BATCH,
        Kind.AMID,
        Kind.KILLED,
    ),
    where=_is_asked,
    place=290,
    outlives_relay=True,
    by_itself=True,
    requirements={"there": "relay/survives"},
)
def test_survives(case: Case) -> list[Finding]:
    """The relay is there until the window closes; gone is one whose queue fails and whose submission is refused.

    A worker that its master replaces, or a relay that is started again within seconds, is not gone. Of a relay that
    many scenarios shared nobody can say which of them it was, until each has been staged alone.
    """
    gone = case.evidence.stopped
    if gone is not None and not is_named(gone):
        raise why_unjudged(gone)
    killed = case.evidence.staged.course in (Course.KILLED, Course.RESTARTED)
    if gone is None and not case.attempts and not killed:
        raise Inconclusive("the relay went nowhere, so nothing could bring it down")
    return [
        case.finding(
            "survives.there",
            holds=gone is None,
            expected="the relay is there until the window closes",
            observed="it was there" if gone is None else told(gone, case.evidence),
            # it happened twice: in the company of others, and alone
            conclusive=case.evidence.record.header.alone,
        )
    ]
