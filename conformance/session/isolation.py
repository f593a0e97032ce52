"""After a wave whose relay was brought down, or went round in circles at its end: which scenario does that to it?

A relay that serves many takes all of them with it. Those with traffic shortly before are its suspects. The most suspect
of them are staged once more, each alone on a relay of its own, all in one wave; and beside it everything else in
another one, on a relay that is started again: at once, whatever other waves still run (`second.py`). Should that relay
be brought down as well, the same is done once more, for so many rounds; what was not judged by then is inconclusive.
Where none of the most suspect does it, and in the last round, so are all other suspects: a hundred relays that cannot
run beside each other take an hour. Of a relay that only used a processor nothing has to be staged again but the
suspects.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence, Set
from dataclasses import replace

from conformance.catalogue.scenario import controls_of
from conformance.evidence.record import Record
from conformance.judging.survival import all_stopped, culprits, is_named
from conformance.schedules.scenarios import scenario_of
from conformance.wave.plan import Plan

# How often a relay that was brought down is started again for those who did not do it.
ROUNDS = 3

# So many of those who can have brought a relay down are staged alone at first.
NEAREST = 12

_Wave = tuple[Plan, Record]


class Isolation:
    """What is staged after one wave until it is known who brought its relay down, round by round.

    Args:
        plan: The plan of the wave.
        record: Its record.

    Attributes:
        plans: What is staged in this round; nothing: it is over.
    """

    def __init__(self, plan: Plan, record: Record) -> None:
        self._rounds = _rounds(plan, record)
        self._records: dict[int, Record] = {}
        self.plans = next(self._rounds, [])

    def ended(self, number: int, record: Record) -> list[Plan]:
        """Take the record of a plan of this round, and return those of the next one once all have ended.

        Args:
            number: Its place among the plans of the round.
            record: Its record.
        """
        self._records[number] = record
        if len(self._records) < len(self.plans):
            return []
        records = [self._records.pop(place) for place in range(len(self.plans))]
        try:
            self.plans = self._rounds.send(records)
        except StopIteration:
            self.plans = []
        return self.plans


def _rounds(plan: Plan, record: Record) -> Generator[list[Plan], Sequence[Record], None]:
    """Yield what is staged in each round, and take the records of that."""
    found: list[Record] = []
    waves = [(plan, record)]
    before: list[_Wave] = []
    asked: set[str] = set()  # who was staged alone
    for left in reversed(range(ROUNDS)):
        further = [each for wave in waves for each in _further(*wave, NEAREST if left else None)]
        if not further or not left:
            further += _kept_back(
                before, found, asked.union(*(each.scenarios for each in further if each.alone))
            )
        if not further:
            break
        asked.update(*(each.scenarios for each in further if each.alone))
        before += waves
        staged = yield further
        found += staged
        waves = list(zip(further, staged, strict=True))


def is_open(record: Record) -> bool:
    """Tell whether something is staged again before it is known who did what to a relay of a wave."""
    return any(_concerned(record))


def killers(records: Sequence[Record]) -> set[str]:
    """Return the scenarios that bring a relay down which serves others as well; never stage them with others again."""
    return {name for stopped, names in all_stopped(records) if not is_named(stopped) for name in names}


def _further(plan: Plan, record: Record, at_most: int | None) -> Iterator[Plan]:
    """Yield what is to be staged after a wave: the most suspect alone, and the others together."""
    if plan.alone:
        return
    suspects, others = _concerned(record, at_most)
    if suspects:
        yield replace(plan, scenarios=_with_controls(suspects), alone=True)
    if others:
        yield replace(plan, scenarios=_with_controls(others))


def _kept_back(before: Iterable[_Wave], found: Iterable[Record], asked: Set[str]) -> Iterator[Plan]:
    """Yield what is to be staged of waves whose relay was brought down by none of those who were asked alone."""
    later = list(found)
    for plan, record in before:
        mine = [each for each in later if each.header.timing == record.header.timing]
        unnamed = [each for each in record.stopped if not culprits(each, mine)]
        names = [name for each in unnamed for name in each.suspects if name not in asked]
        if names:
            yield replace(plan, scenarios=_with_controls(dict.fromkeys(names)), alone=True)


def _concerned(record: Record, at_most: int | None = None) -> tuple[list[str], list[str]]:
    """Return who is suspected of what was done to a relay, and who else was on one that was brought down."""
    stopped = [each for each in record.stopped if not is_named(each)]
    idling = [each for each in record.idling if len(each.scenarios) > 1]
    lists = [*(each.suspects[:at_most] for each in stopped), *(each.suspects for each in idling)]
    suspects = list(dict.fromkeys(name for names in lists for name in names))
    return suspects, [name for each in stopped for name in each.scenarios if name not in suspects]


def _with_controls(names: Iterable[str]) -> list[str]:
    """Return scenarios and the controls that they rely on, which come first."""
    mine = list(names)
    controls = [control.id for name in mine for control in controls_of(scenario_of(name))]
    return list(dict.fromkeys((*controls, *mine)))
