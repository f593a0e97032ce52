"""Which lines of the relay each scenario has run: where a change can be seen, and where it cannot."""

from __future__ import annotations

import json
import os
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from foreign.choice import is_marked
from mutants.waves import everything, stage

from conformance.catalogue.course import Timing
from conformance.catalogue.scenario import Scenario
from conformance.evidence.record import Record

from .follow import LINES, NOBODY
from .places import REFERENCE, Change
from .target import FOLLOWED

_PACE = 2.0  # it is slower, being followed
_KEPT = "executed.json"
_STEADY = 12  # so many on the steady clock come before all others
_OF_EACH_CLOCK = 4
_SORTED = 60  # so many are put in order; whoever stages more stages nearly all

Line = tuple[str, int]


@dataclass
class Executed:
    """What was run.

    Attributes:
        by_scenario: The lines that were run for the messages of a scenario, by its id.
        by_clock: Those that were run for nobody, by clock.
    """

    by_scenario: dict[str, set[Line]] = field(default_factory=dict)
    by_clock: dict[str, set[Line]] = field(default_factory=dict)

    def all(self) -> set[Line]:
        """Return every line that was run."""
        return set().union(*self.by_scenario.values(), *self.by_clock.values())

    def could_see(self, change: Change, users: Iterable[Line] = ()) -> list[Scenario]:
        """Return the scenarios that ran a changed line, or one of those that use what is changed, best ones first.

        Args:
            change: The change.
            users: Of what is run as the file is imported, the lines that use it; none: nobody knows.
        """
        lines = {(change.file, number) for number in change.runs} or set(users)
        all_ = {scenario.id: scenario for scenario in everything()}
        near = {(change.file, number) for number in range(change.around[0], change.around[1] + 1)}
        if not lines & self.all():  # a constant that others are made of, or one that nobody names
            return in_order(all_.values(), self.by_scenario, near)
        clocks = {clock for clock, run in self.by_clock.items() if run & lines}
        seeing = [
            scenario
            for name, scenario in all_.items()
            if scenario.timing in clocks or name not in self.by_scenario or self.by_scenario[name] & lines
        ]
        return in_order(seeing, self.by_scenario, near)


def in_order(
    scenarios: Iterable[Scenario], run: Mapping[str, set[Line]], near: Iterable[Line] = ()
) -> list[Scenario]:
    """Return scenarios in such an order that the first few run as different lines as may be, near a change above all.

    A few on the steady clock come first, since a wave of any other takes longer, and then some of each clock: what is
    for a restart or an edit alone no steady scenario sees.
    """
    waiting = sorted(scenarios, key=lambda scenario: (scenario.timing is not Timing.STEADY, scenario.id))
    numbers = {line: number for number, line in enumerate(sorted(set().union(*run.values())))}
    close = sum(1 << numbers[line] for line in set(near) & numbers.keys())
    # a bit for each line
    bits = {each.id: sum(1 << numbers[line] for line in run.get(each.id, ())) for each in waiting}
    ordered: dict[Timing, list[Scenario]] = {}
    for timing in dict.fromkeys((Timing.STEADY, *(each.timing for each in waiting))):
        left = [each for each in waiting if each.timing is timing]
        found = ordered.setdefault(timing, [])
        known = 0
        for _ in range(min(_SORTED, len(left))):
            news = {each.id: bits[each.id] & ~known for each in left}
            best = max(
                left, key=lambda each: ((news[each.id] & close).bit_count(), news[each.id].bit_count())
            )
            # when all lines are known, another round begins
            known = known | bits[best.id] if news[best.id] else bits[best.id]
            left.remove(best)
            found.append(best)
        found += left
    steady = ordered.pop(Timing.STEADY)
    some = [each for found in ordered.values() for each in found[:_OF_EACH_CLOCK]]
    rest = [each for found in ordered.values() for each in found[_OF_EACH_CLOCK:]]
    return [*steady[:_STEADY], *some, *steady[_STEADY:], *rest]


def find_executed(folder: Path) -> Executed:
    """Return what was run, staging what the folder does not know yet with a relay that is followed.

    Args:
        folder: Where it is kept, for this very relay.
    """
    kept = folder / f"{digest()}-{_KEPT}"
    executed = _read(kept) if kept.exists() else Executed()
    missing = [each for each in everything() if each.id not in executed.by_scenario]
    if missing:
        waves = folder / f"followed-{os.getpid()}"
        records = stage(f"machine.target:{FOLLOWED}", missing, waves, pace=_PACE)
        _add(executed, records, list(_lines_below(waves)))
        for each in missing:
            executed.by_scenario.setdefault(each.id, set())
        shutil.rmtree(waves)
        _write(kept, executed)
    return executed


def digest() -> str:
    """Return what stands for the relay as it is."""
    files = sorted(REFERENCE.glob("*.py"))
    return sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]


def _lines_below(folder: Path) -> Iterator[tuple[str, str, Line]]:
    for path in folder.rglob(LINES):
        wave = path.relative_to(folder).parts[0]
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.endswith("]"):  # else a full disk has cut it
                whose, file, number = json.loads(line)
                yield wave, whose, (file, number)


def _add(executed: Executed, records: Sequence[Record], lines: Sequence[tuple[str, str, Line]]) -> None:
    people: defaultdict[str, set[Line]] = defaultdict(set)
    for wave, whose, line in lines:
        if whose == NOBODY:
            executed.by_clock.setdefault(wave.split("-")[1], set()).add(line)
        else:
            people[whose].add(line)
    for record in records:
        for name, staged in record.staged.items():
            mine = [run for address, run in people.items() if is_marked(staged, [address])]
            executed.by_scenario.setdefault(name, set()).update(*mine)


def _read(path: Path) -> Executed:
    kept = json.loads(path.read_text(encoding="utf-8"))
    return Executed(
        *({key: {(file, line) for file, line in lines} for key, lines in part.items()} for part in kept)
    )


def _write(path: Path, executed: Executed) -> None:
    parts = (executed.by_scenario, executed.by_clock)
    fresh = path.with_suffix(".new")
    fresh.write_text(
        json.dumps([{key: sorted(lines) for key, lines in part.items()} for part in parts]), encoding="utf-8"
    )
    fresh.replace(path)
