from __future__ import annotations

from types import SimpleNamespace

import pytest
from stories.saved import Named
from stories.story import ASPECT, good, waiting

from conformance.catalogue.profile import load
from conformance.report.results import PytestOutcome
from conformance.session.outcomes import outcome_of
from conformance.session.run import Run


@pytest.mark.parametrize(
    ("when", "outcome", "expected", "means"),
    [
        ("setup", "passed", False, None),
        ("setup", "failed", False, PytestOutcome.ERROR),
        ("setup", "skipped", False, PytestOutcome.SKIPPED),
        ("setup", "skipped", True, PytestOutcome.XFAILED),
        ("setup", "rerun", False, None),
        ("call", "passed", False, PytestOutcome.PASSED),
        ("call", "passed", True, PytestOutcome.XPASSED),
        ("call", "failed", False, PytestOutcome.FAILED),
        ("call", "failed", True, PytestOutcome.FAILED),
        ("call", "skipped", False, PytestOutcome.SKIPPED),
        ("call", "skipped", True, PytestOutcome.XFAILED),
        ("call", "rerun", False, None),
        ("call", "retried", False, None),
        ("teardown", "passed", False, None),
        ("teardown", "failed", False, PytestOutcome.ERROR),
    ],
)
def test_a_report_of_one_phase(when: str, outcome: str, expected: bool, means: PytestOutcome | None) -> None:
    report = SimpleNamespace(when=when, outcome=outcome, **({"wasxfail": "known"} if expected else {}))
    assert outcome_of(report) is means


def _run() -> Run:
    story = waiting("greeting_421").says(2.0, "451 4.4.317 oops")
    return Run("x", load("eop"), False, None, records=[story.record()])  # type: ignore[arg-type]


def test_of_a_test_that_is_run_again_the_last_time_counts() -> None:
    run, story = _run(), good("greeting_421")
    test = Named(ASPECT["retried"], story.scenario)
    run.note(test, story.judge("retried"), PytestOutcome.XFAILED, "known")
    assert run.xfailed == {test.nodeid: "known"}
    run.note(test, story.judge("retried"), PytestOutcome.PASSED)
    assert [each for each, _ in run.judged] == [test]
    assert run.outcomes == {test.nodeid: PytestOutcome.PASSED}
    assert run.xfailed == {}


def test_what_is_red_does_not_depend_on_what_was_run_before() -> None:
    """Before, it was read from the verdicts so far: in another order a schedule failed beside its single fault."""
    run, scenario = _run(), good("greeting_421").scenario
    run.wanted = [(ASPECT[name], scenario) for name in ("retried", "error_code", "error_detail")]
    run.decide()
    assert run.judged == []
    assert run.red() == {"greeting_421": "test_error_code[greeting_421]"}
