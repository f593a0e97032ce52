"""How much is red when one thing is wrong: requirements, aspects and rows, by what the whole suite says of a mutant."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from .mutant import Mutant
from .whole import Kept, profile_of

# One fault may break the requirement that it is about and another one.
MOST_REQUIREMENTS = 2

_RED = ("fail", "deviation")

# These tell of what was seen, and are judged whatever became of the message.
_SEEN = ("never_in_clear", "avoids", "fit_host", "forgets_clear", "quotes_safely")

# A row of what to mend: its letter, the level, the requirement.
ROW = re.compile(r"(?m)^[FD] [A-Z]+ +[a-z0-9-]+/[a-z0-9-]+ ")


@dataclass(frozen=True, kw_only=True)
class Reds:
    """What is red for one mutant.

    Attributes:
        mutant: The mutant.
        requirements: The requirements that are broken, each with the tests that say so.
        aspects: Red aspects by scenario, but for those that tell of what was seen.
        undecided: How many verdicts are neither red nor green.
        rows: How many rows the reader sees of what to mend.
        lines: How many lines of terminal.
    """

    mutant: Mutant
    requirements: dict[str, list[str]]
    aspects: dict[str, list[str]]
    undecided: int = 0
    rows: int = 0
    lines: int = 0

    @property
    def worst(self) -> tuple[str, list[str]]:
        """The scenario in which most aspects are red, and these."""
        return max(self.aspects.items(), key=lambda each: len(each[1]), default=("", []))

    @property
    def figures(self) -> tuple[int, ...]:
        """What the table has of it."""
        return len(self.requirements), len(self.worst[1]), self.rows, self.undecided

    @property
    def unexplained(self) -> list[str]:
        """What nobody has explained, if there is more red than one fault may bring about."""
        many = len(self.requirements) > MOST_REQUIREMENTS
        scenario, aspects = self.worst
        beside = [each for each in aspects if not self.explains(each)] if len(aspects) > 1 else []
        return [
            *(name for name in self.requirements if many and not self.why(name)),
            *(f"{aspect}[{scenario}]" for aspect in beside),
        ]

    def explains(self, aspect: str) -> bool:
        """Tell whether the catalogue knows why an aspect is red in the worst scenario: it, or its requirement."""
        if aspect in {each.aspect for each in (*self.mutant.caught, *self.mutant.also)}:
            return True
        test = f"{aspect}[{self.worst[0]}]"
        return any(self.why(name) for name, tests in self.requirements.items() if test in tests)

    def why(self, requirement: str) -> str:
        """Say why a requirement is broken, if the catalogue knows: the mutant is about it, or it has a reason."""
        own = any(requirement in each.proves for each in self.mutant.caught)
        return "its own" if own else self.mutant.brings.get(requirement, "")


def count(kept: Kept) -> Reds:
    """Count what is red for a mutant."""
    requirements: dict[str, list[str]] = {}
    aspects: dict[str, list[str]] = {}
    verdicts = Counter(row["verdict"] in _RED for row in kept.rows)
    for row in kept.rows:
        if row["verdict"] not in _RED:
            continue
        scenario = f"{row['failure_mode']}.{row['course']}"
        for broken in row.get("broken", [row["requirement"]]):
            requirements.setdefault(broken, []).append(f"{row['aspect']}[{scenario}]")
        if row["aspect"] not in _SEEN:
            aspects.setdefault(scenario, []).append(row["aspect"])
    return Reds(
        mutant=kept.mutant,
        requirements=requirements,
        aspects=aspects,
        undecided=verdicts[False],
        rows=len(ROW.findall(kept.terminal)),
        lines=len(kept.terminal.splitlines()),
    )


def sample(mutants: Sequence[Mutant], size: int, seed: int) -> list[Mutant]:
    """Choose so many guilty mutants, the same ones for the same seed; all of them if there are no more, or for 0."""
    guilty = [mutant for mutant in mutants if not mutant.innocent]
    return random.Random(seed).sample(guilty, size) if 0 < size < len(guilty) else guilty


def table(reds: Sequence[Reds]) -> Iterator[str]:
    """Return the lines of a table, those with most red first, and of medians and maxima at its end."""
    heads = ("requirements red", "red aspects in one scenario", "rows of what to mend", "undecided")
    yield "  ".join((f"{'mutant':44}", *heads))
    widths = [len(head) for head in heads]

    def line(name: str, figures: Iterable[float]) -> str:
        cells = (f"{figure:{width}g}" for figure, width in zip(figures, widths, strict=True))
        return "  ".join((f"{name:44}", *cells))

    for each in sorted(reds, key=lambda each: ([-figure for figure in each.figures], each.mutant.name)):
        yield line(each.mutant.name, each.figures)
    columns = list(zip(*(each.figures for each in reds), strict=True))
    yield line(f"median of {len(reds)}", map(median, columns))
    yield line(f"most of {len(reds)}", map(max, columns))


def explanations(reds: Iterable[Reds]) -> Iterator[str]:
    """Say of each mutant with more red than one fault should bring about what it is, and why."""
    for each in reds:
        scenario, aspects = each.worst
        many = len(each.requirements) > MOST_REQUIREMENTS
        if not many and len(aspects) <= 1:
            continue
        yield f"{each.mutant.name} ({profile_of(each.mutant)}): {each.mutant.summary}"
        for requirement, tests in each.requirements.items() if many else ():
            why = each.why(requirement) or "NOT EXPLAINED"
            yield f"    {requirement:36} {len(tests):4} red, as {tests[0]}: {why}"
        if len(aspects) > 1:
            told = (name if each.explains(name) else f"{name} (NOT EXPLAINED)" for name in aspects)
            yield f"    {scenario}: {', '.join(told)}"


def beside(mutants: Iterable[Mutant]) -> str:
    """Say how much of the catalogue is there for what a mutant brings about besides what it is about."""
    all_of_them = list(mutants)
    also = [each for mutant in all_of_them for each in mutant.also]
    verdicts = Counter(each.verdict for each in also)
    shares = ", ".join(f"{number} {verdict.replace('_', ' ')}" for verdict, number in verdicts.most_common())
    return (
        f"catalogue: {sum(bool(mutant.also) for mutant in all_of_them)} of {len(all_of_them)} mutants have `also=`, "
        f"{len(also)} expectations in all ({shares}), each with its reason; "
        f"{sum(bool(mutant.brings) for mutant in all_of_them)} have `brings=`"
    )
