"""Verdicts on scenarios that shared a relay with others: what is not known of each where they did it together."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace

from conformance.catalogue.scenario import Scenario
from conformance.evidence.record import Record
from conformance.judging.aspect import Aspect
from conformance.judging.judge import Judged
from conformance.judging.survival import PROCESSOR, group, unexplained, why_busy
from conformance.judging.verdict import Verdict
from conformance.schedules.scenarios import scenario_of

# Nothing wrong was found, by itself.
_INNOCENT = (Verdict.PASS, Verdict.NOT_APPLICABLE)


def in_company(
    aspect: Aspect, scenario: Scenario, judged: Judged, records: Sequence[Record], selected: Set[str]
) -> Judged:
    """Return a verdict; inconclusive for those who may have done something to a relay together and not alone.

    Args:
        aspect: The aspect.
        scenario: The scenario.
        judged: What is said of it by itself.
        records: The records of the run.
        selected: The names of the tests of the run.
    """
    reason = ""
    if aspect.outlives_relay and judged.verdict is Verdict.PASS:
        groups = (each for each in unexplained(records) if scenario.id in each.suspects)
        reason = next(
            (f"the relay was gone, and alone none of them does it: {group(each)}" for each in groups), ""
        )
    if PROCESSOR in aspect.requirements.values() and judged.verdict in _INNOCENT and _is_measured(judged):

        def is_judged(name: str) -> bool:
            return aspect.test_name(scenario_of(name)) in selected

        reason = reason or why_busy(records, scenario.id, is_judged)
    return replace(judged, verdict=Verdict.INCONCLUSIVE, findings=(), reason=reason) if reason else judged


def _is_measured(judged: Judged) -> bool:
    """Tell whether it is known what the relay used when a scenario was over."""
    return judged.evidence is not None and judged.evidence.idling is not None
