"""Exit statuses: 1 says something against the relay, 3 that something could not be judged."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from conformance.judging.verdict import Verdict
from conformance.report.results import PytestOutcome
from conformance.session.ending import exit_status

OK, FAILED, INTERRUPTED, BROKE, USAGE, NOTHING = range(6)
PASSED, FAILS, ERRS, XFAILED = (
    PytestOutcome.PASSED,
    PytestOutcome.FAILED,
    PytestOutcome.ERROR,
    PytestOutcome.XFAILED,
)


def _status(given: int, *tests: tuple[Verdict, PytestOutcome], others: int = 0, **broken: Any) -> int:
    judged = [
        (SimpleNamespace(nodeid=str(n)), SimpleNamespace(verdict=v, findings=()))
        for n, (v, _) in enumerate(tests)
    ]
    run: Any = SimpleNamespace(
        judged=judged,
        outcomes={str(n): o for n, (_, o) in enumerate(tests)},
        troubles=[],
        stopped=[],
        misfits=[],
    )
    vars(run).update(broken)
    failed = sum(outcome in (FAILS, ERRS) for _, outcome in tests) + others
    return exit_status(given, run, failed=failed, others=bool(others))


PASS, ERROR = (Verdict.PASS, PASSED), (Verdict.ERROR, ERRS)


@pytest.mark.parametrize(("given", "tests", "expected"), [
    (OK, [PASS], OK),
    (OK, [(Verdict.NOT_APPLICABLE, PytestOutcome.SKIPPED)], NOTHING),
    (OK, [(Verdict.DEVIATION, PASSED)], OK),
    (FAILED, [PASS, (Verdict.FAIL, FAILS)], FAILED),
    (FAILED, [PASS, (Verdict.DEVIATION, FAILS)], FAILED),
    (FAILED, [PASS, (Verdict.INCONCLUSIVE, ERRS)], BROKE),
    (FAILED, [(Verdict.INCONCLUSIVE, ERRS), (Verdict.FAIL, FAILS)], FAILED),
    (FAILED, [PASS, (Verdict.PASS, FAILS)], FAILED),  # a strict xfail
    (FAILED, [ERROR, ERROR], BROKE),
    (FAILED, [PASS, ERROR], BROKE),
    (FAILED, [(Verdict.ERROR, FAILS)], BROKE),
    (FAILED, [ERROR, (Verdict.INCONCLUSIVE, ERRS)], BROKE),
    (FAILED, [ERROR, (Verdict.FAIL, FAILS)], FAILED),
    (INTERRUPTED, [ERROR], INTERRUPTED),
    (USAGE, [], USAGE),
    (NOTHING, [], NOTHING),
])  # fmt: skip
def test_by_the_verdicts(given: int, tests: list[tuple[Verdict, PytestOutcome]], expected: int) -> None:
    assert _status(given, *tests) == expected


def test_what_broke_without_a_test_that_shows_it() -> None:
    assert _status(OK, PASS, troubles=["stopping the relay raised"]) == BROKE
    assert _status(OK, (Verdict.ERROR, XFAILED), troubles=["it did not start"]) == BROKE
    assert _status(OK, PASS, stopped=[(None, ["reset_at_mail.healed"])]) == FAILED
    assert _status(FAILED, ERROR, troubles=["x"], stopped=[(None, ["reset_at_mail.healed"])]) == FAILED


def test_a_relay_that_a_full_disk_ends_is_told_by_the_verdict() -> None:
    gone = [(None, ["disk_full_in_attempt.amid"])]
    assert _status(OK, (Verdict.DEVIATION, PASSED), stopped=gone) == OK
    assert _status(FAILED, (Verdict.DEVIATION, FAILS), stopped=gone) == FAILED
    assert (
        _status(OK, PASS, stopped=[(None, ["disk_full_in_attempt.amid", "reset_at_mail.healed"])]) == FAILED
    )
    assert _status(OK, PASS, stopped=[(None, [])]) == FAILED


def test_tests_that_are_not_ours_count() -> None:
    assert _status(FAILED, ERROR, others=1) == FAILED
    assert _status(OK, (Verdict.NOT_APPLICABLE, PytestOutcome.SKIPPED), others=0) == NOTHING


def test_a_waiver_that_does_not_fit_fails_the_run() -> None:
    assert _status(OK, PASS, misfits=["not needed"]) == FAILED
    assert _status(FAILED, ERROR, misfits=["not needed"]) == FAILED
    assert _status(INTERRUPTED, PASS, misfits=["not needed"]) == INTERRUPTED


def test_a_relay_that_is_brought_down_may_be_waived() -> None:
    """But for whom nobody knows, or who is not among those that are waived."""
    scenario = SimpleNamespace(id="reset_at_mail.healed")
    finding = SimpleNamespace(waived="row 1", requirement="relay/survives")
    judged = [
        (
            SimpleNamespace(nodeid="0", scenario=scenario),
            SimpleNamespace(verdict=Verdict.WAIVED, findings=(finding,)),
        )
    ]
    ended: dict[str, Any] = {"judged": judged, "outcomes": {"0": PASSED}}
    assert _status(OK, stopped=[(None, [scenario.id])], **ended) == OK
    assert _status(OK, stopped=[(None, [])], **ended) == FAILED
    assert _status(OK, stopped=[(None, [scenario.id, "other.healed"])], **ended) == FAILED
