"""The exit status of a run: pytest's own, but for what only we know."""

from __future__ import annotations

import pytest

from conformance.judging.survival import SURVIVES, speaker
from conformance.judging.verdict import Verdict
from conformance.report.results import PytestOutcome, Results

# Something could not be judged: the relay, its adapter, the suite or the machine broke, or a fault was not provoked.
# What could be judged all the same is in order.
NOT_JUDGED = int(pytest.ExitCode.INTERNAL_ERROR)

# What fails and says nothing against the relay.
_UNJUDGED = (Verdict.ERROR, Verdict.INCONCLUSIVE)
_FAILED = (PytestOutcome.FAILED, PytestOutcome.ERROR)


def exit_status(given: int, run: Results, *, failed: int, others: bool) -> int:
    """Return the exit status.

    Args:
        given: Pytest's: 0 or 1 by the tests; any other is left as it is.
        run: What was judged.
        failed: How many tests failed, by pytest's count, which has those that are not ours as well.
        others: Whether there were any that are not ours.
    """
    if given not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        return given
    if run.misfits:
        return pytest.ExitCode.TESTS_FAILED
    ours = [judged.verdict for test, judged in run.judged if run.outcomes[test.nodeid] in _FAILED]
    blamed = failed > len(ours) or any(verdict not in _UNJUDGED for verdict in ours)
    if _is_brought_down(run) or (given == pytest.ExitCode.TESTS_FAILED and blamed):
        return pytest.ExitCode.TESTS_FAILED
    if run.troubles or ours:
        return NOT_JUDGED
    nothing = all(judged.verdict is Verdict.NOT_APPLICABLE for _, judged in run.judged)
    return (
        pytest.ExitCode.NO_TESTS_COLLECTED
        if given == pytest.ExitCode.OK and nothing and not others
        else given
    )


def _is_brought_down(run: Results) -> bool:
    """Tell whether a relay was brought down by a destination, but for scenarios of which a waiver lets that pass.

    Of one that ends because its disk is full the verdict tells what that is worth.
    """
    waived = {
        test.scenario.id
        for test, judged in run.judged
        if any(finding.waived and finding.requirement == SURVIVES for finding in judged.findings)
    }
    return any(
        not names or any(name not in waived and speaker(name) == "survives" for name in names)
        for _, names in run.stopped
    )
