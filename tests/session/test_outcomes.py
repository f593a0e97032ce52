from __future__ import annotations

from types import SimpleNamespace

import pytest

from conformance.report.results import PytestOutcome
from conformance.session.outcomes import outcome_of


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
