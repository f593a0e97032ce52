"""`--conformance-shard=K/N`: one run on several machines, each of which stages and judges its part of the suite.

What is divided are failure modes: all that is judged of a mode stays together, because verdicts of a mode refer to
each other, and every part stages the controls that its own modes rely on. Parts have about as much to compute. Which
part a mode is in depends on what is selected and on nothing else, so that no test is missed and none is run twice.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median

from conformance.catalogue.course import Course
from conformance.catalogue.scenario import Scenario

OPTION = "--conformance-shard"

# Events of a scenario staged against the reference relay: its DNS, TCP, TLS, SMTP and reports, to which the time that
# computers spend is in proportion.
COSTS = Path(__file__).with_name("costs.toml")

# What a scenario costs that nothing happens to, in the same unit: its servers, its message, looks at the queue.
_EACH = 20

_FORM = re.compile(r"([1-9][0-9]{0,3})/([1-9][0-9]{0,3})")


@dataclass(frozen=True)
class Shard:
    """One part of a run.

    Attributes:
        number: Which part, from 1.
        count: How many there are.
    """

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read `K/N`.

        Raises:
            ValueError: It is something else; the text says what it may be.
        """
        form = _FORM.fullmatch(text)
        if form is None or int(form[1]) > int(form[2]):
            raise ValueError(f"{OPTION}={text}: K/N, the Kth of N parts, such as 2/4")
        return cls(int(form[1]), int(form[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def modes(self, staged: Iterable[Scenario], others: Iterable[str] = ()) -> set[str]:
        """Return the names of the failure modes that are this part's.

        Args:
            staged: What is to be staged of what is selected, in any order.
            others: Modes of which nothing is staged, but something is to be said.
        """
        costs: Counter[str] = Counter(dict.fromkeys(others, 0))
        for scenario in {each.id: each for each in staged}.values():
            costs[scenario.failure_mode.name] += cost_of(scenario)
        parts: list[list[str]] = [[] for _ in range(self.count)]
        sums = [0] * self.count
        # the dearest first, each to whoever has least
        for name, cost in sorted(costs.items(), key=lambda each: (-each[1], each[0])):
            least = min(range(self.count), key=lambda part: (sums[part], len(parts[part]), part))
            parts[least].append(name)
            sums[least] += cost
        return set(parts[self.number - 1])


def cost_of(scenario: Scenario) -> int:
    """Return what a scenario costs in comparison with others; of one that was never measured what its course does."""
    known = measured()
    return _EACH + known.get(scenario.id, _usual(scenario.course))


@cache
def measured() -> dict[str, int]:
    """Return what was measured, by scenario."""
    return tomllib.loads(COSTS.read_text(encoding="utf-8"))


@cache
def _usual(course: Course) -> int:
    of_course = [cost for name, cost in measured().items() if name.rpartition(".")[2] == course]
    return round(median(of_course or measured().values()))
