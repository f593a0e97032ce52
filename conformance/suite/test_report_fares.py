"""A report that fares badly waits like any mail and arrives once; refused for good it ends, without a loop."""

from __future__ import annotations

from itertools import pairwise

from conformance.evidence.view import Evidence
from conformance.judging.aspect import Case, Course, Finding, Kind, aspect
from conformance.judging.twice import surely_again
from conformance.judging.words import counted
from conformance.witness.attempts import Attempt
from fake_servers import NxDomain

# A part of the interval that no wait is below, whatever a relay's ticks.
_HASTE = 0.25


@aspect(
    Course.REPORTED,
    kinds=(Kind.REPORTED,),
    where=lambda mode, _: mode.way_back is not None,
    place=526,
    requirements={
        "arrives": "report/arrives",
        "once": "report/once",
        "waits": "report/waits",
        "about": "ndr/none-for-null-sender",
        "returned": "permanent/returned",
        "ends": "report/refused-ends",
        "rests": "permanent/not-retried",
    },
)
def test_report_fares(case: Case) -> list[Finding]:
    """The report arrives once after what was wrong is mended, or ends; the message it is about is left alone.

    Where the name of the sender's server does not exist a relay may give its report up at once, or wait.
    """
    report, mode = case.evidence.of_report, case.mode.as_report
    assert report is not None
    assert mode is not None
    assert case.mode.way_back is not None
    attempts = _at_a_report(case, mode.witness.all_attempts(report, connections=mode.attempt.connections))
    back, arrived = case.mode.way_back, case.evidence.returned
    findings = [_rests(case)]
    if back.refuses:
        findings += [_about(case, attempts), _ends(case, attempts)]
    elif back.is_whole:
        findings.insert(0, _returned(case))
    else:
        findings.append(_waits(case, attempts))
        if not isinstance(back.host.dns.answer, NxDomain):
            findings.insert(0, _arrives(case, report, attempts))
    findings.append(
        case.finding(
            "report_fares.once",
            holds=len(arrived) <= 1,
            expected="one report at most",
            observed=counted(len(arrived), "report"),
            conclusive=surely_again(case, arrived),
        )
    )
    return findings


def _at_a_report(case: Case, attempts: list[Attempt]) -> list[Attempt]:
    """Return those that may have been at a report: none began before the message itself was tried.

    Some relays ask the sender's server, before they accept a message, whether it would take a report.
    """
    return [each for each in attempts if not case.attempts or each.at >= case.attempts[0].at]


def _arrives(case: Case, report: Evidence, attempts: list[Attempt]) -> Finding:
    mended = case.evidence.staged.way_back_mended
    met = [each for each in attempts if each.met]
    where = "" if mended is None else f", mended at {case.evidence.when(mended)}"
    listed = any(each.messages for each in report.queue.listings)
    return case.finding(
        "report_fares.arrives",
        holds=bool(case.evidence.returned),
        expected="tried again, and delivered to the sender",
        observed=f"delivered after {counted(len(met), 'attempt')} in vain"
        if case.evidence.returned
        else f"{counted(len(attempts), 'attempt')} at a report{where}, and none arrived"
        + (", though the queue listed one" if listed else ""),
    )


def _rests(case: Case) -> Finding:
    return case.finding(
        "report_fares.rests",
        holds=len(case.attempts) == 1 and not case.evidence.messages,
        expected="one attempt at the message",
        observed=counted(len(case.attempts), "attempt"),
    )


def _returned(case: Case) -> Finding:
    came = bool(case.evidence.returned)
    return case.finding(
        "report_fares.returned",
        holds=came,
        expected="one report",
        observed="it came" if came else "0 reports (nothing is wrong with the sender's server)",
    )


def _hasty(case: Case, attempts: list[Attempt]) -> list[float]:
    """Return the waits between attempts that are none, whatever the ticks of the relay."""
    granted = case.evidence.staged.granted
    least = max(_HASTE * granted.retry_interval, granted.retry_interval / 2 - granted.granularity)
    waits = [later.at - earlier.end for earlier, later in pairwise(attempts) if earlier.met and later.met]
    return [each for each in waits if each < least]


def _waits(case: Case, attempts: list[Attempt]) -> Finding:
    hasty = _hasty(case, attempts)
    return case.finding(
        "report_fares.waits",
        holds=not hasty,
        expected="a wait between two attempts",
        observed=f"{counted(len(hasty), 'attempt')} after {min(hasty):.1f} s or little more"
        if hasty
        else f"{counted(len(attempts), 'attempt')} and no haste",
    )


def _about(case: Case, attempts: list[Attempt]) -> Finding:
    """Compare: what follows a refusal at once is no retry, but one more report."""
    hasty = _hasty(case, attempts)
    return case.finding(
        "report_fares.about",
        holds=not hasty,
        expected="no report about the report",
        observed=f"one more {min(hasty):.1f} s after the refusal" if hasty else "none",
    )


def _ends(case: Case, attempts: list[Attempt]) -> Finding:
    return case.finding(
        "report_fares.ends",
        holds=len(attempts) <= 1,
        expected="one attempt at the report at most",
        observed=counted(len(attempts), "attempt"),
    )
