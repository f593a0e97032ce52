"""Which fault schedules a run judges: drawn by its options, named by the command line, or found in a record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from conformance.catalogue.course import Course
from conformance.catalogue.scenario import Scenario
from conformance.catalogue.versions import is_in, newest
from conformance.evidence.record import Record
from conformance.schedules.scenarios import scenario_of
from conformance.schedules.sequence import FaultSequence, failure_mode_of

# Above, a wave would have more scenarios than addresses, and one that is never delivered would wait for minutes.
_MOST = 5_000
_DEEPEST = 20


@dataclass(frozen=True, kw_only=True)
class SequenceChoice:
    """The choice.

    Attributes:
        count: How many to draw.
        seed: What to draw.
        depth: The most faults in a row.
        version: The version of the catalogue that is asked; empty: the newest.
        staged: Those of a record, which are judged again instead of drawing any.
    """

    count: int
    seed: int = 0
    depth: int = 3
    version: str = ""
    staged: tuple[FaultSequence, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.count <= _MOST:
            raise ValueError(f"--conformance-schedules={self.count}: a number from 0 to {_MOST}")
        if not 1 <= self.depth <= _DEEPEST:
            raise ValueError(f"--conformance-depth={self.depth}: a number from 1 to {_DEEPEST}")

    def about(self) -> list[str]:
        """Describe the choice in one line; none if nothing is drawn."""
        if not self.count:
            return []
        by = self.drawn_by()
        return [
            f"conformance: {self.count} fault schedules of at most {self.depth} faults, drawn by hypothesis "
            f"{by['hypothesis']} from seed {self.seed}"
        ]

    def drawn_by(self) -> dict[str, int | str]:
        """Return all that the draws depend on; nothing if nothing is drawn."""
        if not self.count:
            return {}
        return {
            "count": self.count,
            "seed": self.seed,
            "depth": self.depth,
            "hypothesis": version("hypothesis"),
        }

    def scenarios(self, named: Sequence[str], *, drawn: bool) -> Iterator[Scenario]:
        """Yield the scenarios to judge.

        Args:
            named: Texts of schedules that are wanted, drawn or not; a text that is none is left out.
            drawn: Whether those drawn, or found in a record, are wanted at all.
        """
        known = (each for each in self.staged if is_in(each.since, self.version or newest()))
        chosen = [*known, *self._draw()] if drawn else []
        for schedule in dict.fromkeys([*chosen, *_read(named)]):
            yield Scenario(failure_mode=failure_mode_of(schedule), course=Course.SCHEDULE)

    def _draw(self) -> list[FaultSequence]:
        if not self.count:
            return []
        from conformance.schedules.drawing import draw  # hypothesis takes a while to import

        return draw(self.count, seed_=self.seed, depth=self.depth, version=self.version)


def staged_in(records: Iterable[Record], judged: Iterable[FaultSequence] = ()) -> tuple[FaultSequence, ...]:
    """Return the schedules of some records, without those that were staged to reduce them.

    Args:
        records: The records.
        judged: What else was judged, as reports have it: what nobody could stage is in no record.
    """
    found = [
        FaultSequence.parse(scenario_of(staged.scenario).failure_mode.name)
        for record in records
        for staged in record.staged.values()
        if staged.course == Course.SCHEDULE
    ]
    return tuple(dict.fromkeys([*found, *judged]))


def _read(texts: Iterable[str]) -> Iterator[FaultSequence]:
    for text in texts:
        try:
            yield FaultSequence.parse(text)
        except ValueError:
            continue  # the command line's check says that it was not found
