"""What pytest makes of the suite's tests: each counts once, by its node id, however often another plugin has it run.

Our verdict is one thing, what pytest makes of it another: a failure that somebody expects (`xfail`) fails nothing,
and of a test that is run again only the last time counts. The words are pytest's own.
"""

from __future__ import annotations

from typing import Any

from conformance.report.results import PytestOutcome

_PLAIN = {"passed": PytestOutcome.PASSED, "failed": PytestOutcome.FAILED, "skipped": PytestOutcome.SKIPPED}
_EXPECTED = {"passed": PytestOutcome.XPASSED, "skipped": PytestOutcome.XFAILED}


def outcome_of(report: Any) -> PytestOutcome | None:
    """Return what a report of pytest's means for its test; None: nothing, or the test is run again.

    Args:
        report: One phase of a test (`pytest.TestReport`).
    """
    if report.outcome not in _PLAIN:
        return None  # `rerun`, or whatever else such a plugin calls it
    if report.when != "call":
        if report.outcome == "passed":
            return None
        if report.outcome == "failed":
            return PytestOutcome.ERROR
    if hasattr(report, "wasxfail"):
        return _EXPECTED.get(report.outcome, _PLAIN[report.outcome])
    return _PLAIN[report.outcome]
