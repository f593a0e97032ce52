from __future__ import annotations

from types import SimpleNamespace

import pytest

from conformance.report.results import Outcome
from conformance.session.outcomes import outcome_of


@pytest.mark.parametrize(
    ("when", "outcome", "expected", "means"),
    [
        ("setup", "passed", False, None),
        ("setup", "failed", False, Outcome.ERROR),
        ("setup", "skipped", False, Outcome.SKIPPED),
        ("setup", "skipped", True, Outcome.XFAILED),
        ("setup", "rerun", False, None),
        ("call", "passed", False, Outcome.PASSED),
        ("call", "passed", True, Outcome.XPASSED),
        ("call", "failed", False, Outcome.FAILED),
        ("call", "failed", True, Outcome.FAILED),
        ("call", "skipped", False, Outcome.SKIPPED),
        ("call", "skipped", True, Outcome.XFAILED),
        ("call", "rerun", False, None),
        ("call", "retried", False, None),
        ("teardown", "passed", False, None),
        ("teardown", "failed", False, Outcome.ERROR),
    ],
)
def test_a_report_of_one_phase(when: str, outcome: str, expected: bool, means: Outcome | None) -> None:
    report = SimpleNamespace(when=when, outcome=outcome, **({"wasxfail": "known"} if expected else {}))
    assert outcome_of(report) is means
