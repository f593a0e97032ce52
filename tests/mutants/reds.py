"""How much is red when one thing is wrong: requirements and aspects, by the kept records of mutants."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from conformance.evidence.record import load
from conformance.judging.verdict import Verdict

from .mutant import Mutant
from .waves import Given, judge_all

_RED = (Verdict.FAIL, Verdict.DEVIATION)

# These tell of what was seen, and are judged whatever became of the message.
_SEEN = ("never_in_clear", "avoids", "fit_host", "forgets_clear", "quotes_safely")


@dataclass(frozen=True, kw_only=True)
class Reds:
    """What is red for one mutant.

    Attributes:
        name: The mutant.
        requirements: How many requirements are broken.
        aspects: How many aspects are red in the scenario where most are, but for those that tell of what was seen.
    """

    name: str
    requirements: int
    aspects: int


def count(name: str, given: Iterable[Given]) -> Reds:
    """Count what is red among the verdicts on a mutant."""
    broken: set[str] = set()
    red: Counter[str] = Counter()
    for each in given:
        if each.judged.verdict not in _RED:
            continue
        broken |= {finding.requirement for finding in each.judged.findings if finding.verdict in _RED}
        red[each.scenario.id] += each.aspect not in _SEEN
    return Reds(name=name, requirements=len(broken), aspects=max(red.values(), default=0))


def count_kept(mutants: Iterable[Mutant], folder: Path) -> Iterator[Reds]:
    """Count for each mutant of which `--keep` has left records; of two stagings the second one is read."""
    for mutant in mutants:
        kept = (folder / f"{mutant.name}-again", folder / mutant.name)
        paths = next(filter(None, (sorted(each.rglob("record.jsonl")) for each in kept)), None)
        if paths:
            yield count(mutant.name, judge_all([load(path) for path in paths], "eop"))


def sample(mutants: Sequence[Mutant], size: int, seed: int) -> list[Mutant]:
    """Choose so many guilty mutants, the same ones for the same seed; all of them if there are no more."""
    guilty = [mutant for mutant in mutants if not mutant.innocent]
    return guilty if size >= len(guilty) else random.Random(seed).sample(guilty, size)


def table(reds: Sequence[Reds]) -> Iterator[str]:
    """Return the lines of a table, those with most red first, and of medians and maxima at its end."""
    yield f"{'mutant':44} requirements red   most red aspects in one scenario"
    for each in sorted(reds, key=lambda each: (-each.aspects, -each.requirements, each.name)):
        yield f"{each.name:44} {each.requirements:16}   {each.aspects:32}"
    for what, figure in (("median", median), ("most", max)):
        requirements, aspects = (
            figure([getattr(each, name) for each in reds]) for name in ("requirements", "aspects")
        )
        yield f"{f'{what} of {len(reds)}':44} {requirements:16g}   {aspects:32g}"
