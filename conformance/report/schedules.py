"""What the terminal says of fault schedules: counts, and what the failing ones come down to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from conformance.catalogue.message import Kind
from conformance.judging.verdict import Verdict
from conformance.report.results import Results
from conformance.schedules.sequence import FaultSequence


def schedule_lines(run: Results) -> Iterator[str]:
    """Yield a line with the counts, and one for each schedule that failing ones come down to."""
    counts: Counter[Verdict] = Counter()
    causes: Counter[str] = Counter()
    for item, judged in run.judged:
        mode = item.scenario.failure_mode
        if mode.kind is Kind.SCHEDULE:
            counts[judged.verdict] += 1
            if judged.verdict is Verdict.FAIL:
                causes[str(run.minimiser.minimal(FaultSequence.parse(mode.name)))] += 1
    if counts:
        told = ", ".join(f"{counts[v]} {v.replace('_', ' ')}" for v in Verdict if counts[v])
        yield f"fault schedules: {told}"
    for cause, number in causes.most_common():
        yield f"    {number} failing: {cause}"
