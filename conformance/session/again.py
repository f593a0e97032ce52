"""What is staged a second time: scenarios that we, or a machine in which everybody had to wait, may have spoilt.

What happens twice is the relay's, and what does not was ours or the machine's. Three kinds:

* *We were late.* The wave's loop or a fake server was later in the window than is allowed. Nothing can be judged of
  such a scenario; nor of one that relies on it, if it was a control that failed for that reason.
* *The relay was late*, and nothing else is wrong. A busy machine does that as well.
* *Something is wrong or unclear, and there is a reason to doubt it*: we were late by less than that, but by half
  as much; or the window was crowded; or a control that it relies on arrived, though not at the first attempt.

What was seen in a way that no busy machine brings about is not staged again for its own sake, nor what waivers know:
that looks as it always does. Nothing is staged a
third time but that for which we were late twice, and what was not seen in peace because waves still ran.

What is staged again on a clock is read off the records of that clock alone, and so never depends on which wave has
ended first. A control that was late on another clock than its own makes nobody stage it on its own again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from conformance.catalogue.profile import Profile
from conformance.catalogue.scenario import Scenario, controls_of
from conformance.evidence.record import Record
from conformance.evidence.view import Evidence, view_of
from conformance.judging import control_proofs
from conformance.judging.aspect import Aspect
from conformance.judging.judge import Judged, judge
from conformance.judging.masks import judge_among
from conformance.judging.verdict import Verdict
from conformance.judging.waived import with_waivers
from conformance.schedules.scenarios import scenario_of
from conformance.waivers import Waivers

# Share of a second in which somebody waited for a processor, from which on a window is crowded.
CROWDED = 0.5

# Such a part of the lag that is allowed may do harm already, together with what else is slow.
_FELT = 0.5

# Hundreds of scenarios at once are a crowd by themselves; so many are not.
BATCH = 100
# Where a greater part of a batch is late all the same, the machine is too slow, and is not made faster by asking again.
_MOST = 0.5

_DOUBTFUL = (Verdict.FAIL, Verdict.DEVIATION, Verdict.INCONCLUSIVE)


def again(
    wanted: Sequence[tuple[Aspect, Scenario]],
    records: Iterable[Record],
    record_of: Callable[[Scenario], Record],
    profile: Profile,
    waivers: Waivers | None = None,
) -> list[Scenario]:
    """Return the scenarios that are to be staged again, each once.

    Args:
        wanted: What is judged.
        records: What was staged so far.
        record_of: Finds the record that tells of a scenario.
        profile: What is accepted.
        waivers: What of it is tolerated for now; None: nothing.
    """
    late = [
        scenario
        for record in records
        for name, staged in record.staged.items()
        if not staged.not_played and _was_spoilt_by_us(view_of(record, staged))
        if (scenario := scenario_of(name)).timing == record.header.timing
    ]
    selected = {aspect.test_name(scenario) for aspect, scenario in wanted}
    doubted = [
        scenario
        for aspect, scenario in wanted
        if _is_doubted(
            scenario,
            record_of(scenario),
            profile,
            with_waivers(
                judge_among(selected, aspect, scenario, record_of(scenario), profile),
                aspect,
                scenario,
                waivers,
            ),
        )
    ]
    return list({scenario.id: scenario for scenario in (*late, *doubted)}.values())


def late_once_more(staged: Sequence[Scenario], record_of: Callable[[Scenario], Record]) -> list[Scenario]:
    """Return those of a further staging for which we were late again."""
    records = [(scenario, record_of(scenario)) for scenario in staged]
    return [
        scenario
        for scenario, record in records
        if scenario.id in record.staged and _was_spoilt_by_us(view_of(record, record.staged[scenario.id]))
    ]


def batches(scenarios: Sequence[Scenario]) -> Iterator[list[Scenario]]:
    """Yield scenarios in parts that are no crowd by themselves."""
    for begin in range(0, len(scenarios), BATCH):
        yield list(scenarios[begin : begin + BATCH])


def is_hopeless(batch: Sequence[Scenario], record_of: Callable[[Scenario], Record]) -> bool:
    """Tell whether we were late for most of a batch again: the next one would fare no better."""
    return len(late_once_more(batch, record_of)) > _MOST * len(batch)


def _was_spoilt_by_us(evidence: Evidence) -> bool:
    """Tell whether we were too late, and not for what the relay did."""
    return evidence.harness_was_late and not evidence.unanswered


def _is_doubted(scenario: Scenario, record: Record, profile: Profile, judged: Judged) -> bool:
    """Tell whether a verdict may be the machine's fault, or ours."""
    if judged.conclusive or judged.verdict is Verdict.WAIVED:
        return False
    if judged.only_late:
        return True
    if judged.verdict not in _DOUBTFUL:
        return False
    concerned = [scenario]
    if judged.verdict is Verdict.INCONCLUSIVE:
        controls = [control for control in controls_of(scenario) if control.id in record.staged]
        concerned += controls  # what they cannot prove is never the relay's fault
        if any(judge(control_proofs.ARRIVAL, control, record, profile).only_late for control in controls):
            return True  # one that took a second attempt is no proof yet, and no reason to judge nothing
    return any(may_be_spoilt(evidence) for evidence in _staged(concerned, record))


def never_in_peace(judged: Judged, stagings: Sequence[Evidence]) -> Judged:
    """Return a verdict; inconclusive where all that is wrong is lateness, and no staging saw a machine at rest.

    What happens twice is the relay's, but not if the same crowd was there twice.
    """
    if not judged.only_late or not stagings or not all(map(may_be_spoilt, stagings)):
        return judged
    often = "in every staging" if len(stagings) > 1 else "meanwhile"
    reason = f"too late, and the machine was crowded {often}: {judged.observed}"
    return replace(judged, verdict=Verdict.INCONCLUSIVE, findings=(), reason=reason, doubted=judged.findings)


def _staged(scenarios: Iterable[Scenario], record: Record) -> Iterator[Evidence]:
    for scenario in scenarios:
        if scenario.id in record.staged:
            yield view_of(record, record.staged[scenario.id])


def may_be_spoilt(evidence: Evidence) -> bool:
    """Tell whether a relay's time-outs may have passed before it, or we, had done anything."""
    late = evidence.lateness
    return late.lag > _FELT * late.allowed or evidence.staged.pressure > CROWDED
