"""Stages changes, and the unchanged relay where it has to be green, and keeps what was seen."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

from mutants.waves import Given, judge_all, scenario_of, stage, was_crowded, was_late

from conformance.catalogue import profile as profiles
from conformance.catalogue.scenario import Scenario
from conformance.evidence.record import Record
from conformance.judging.judge import RED
from conformance.judging.verdict import Finding
from conformance.suite import ASPECTS

from .change import Change, Fault, Oddity
from .choice import exists, is_marked, judged_by, lots, lots_of, marks_below
from .outcome import Outcome, Seen, clear, decide, hits

_UNCHANGED = "reference"
_GREENS = "unchanged.json"
_ODDITIES_PROFILES = ("eop", "rfc")
_MOST_PROOFS = 3  # scenarios of one fault in which the unchanged relay must be green; one is enough


@dataclass
class Bench:
    """A run of the bench.

    Attributes:
        folder: Where everything is put. What is kept there of a change is not staged again.
        quick: Whether only what a change names itself is staged, if it names anything.
        green: Whether the unchanged relay is green, by scenario and requirement.
    """

    folder: Path
    quick: bool = False
    green: dict[tuple[str, str], bool] = field(default_factory=dict)
    _writing: threading.Lock = field(default_factory=threading.Lock)

    def run(self, changes: Sequence[Change], jobs: int) -> Iterator[Outcome]:
        """Yield what became of each change, in their order.

        Args:
            changes: Faults and oddities.
            jobs: So many are staged side by side.
        """
        self._read_greens()
        with ThreadPoolExecutor(jobs) as pool:
            yield from pool.map(self._outcome, changes)

    def _outcome(self, change: Change) -> Outcome:
        seen = self._seen(change)
        if not isinstance(change, Fault):
            return clear(change, seen)
        # in the thread of the change: a wave of the main thread's would be taken for somebody's orphan
        self._prove(hits(seen), change.name)
        return decide(change, seen, self.green, filter(exists, change.requirements))

    def _seen(self, change: Change) -> list[Seen]:
        kept = self.folder / f"{change.name}.json"
        if kept.exists():
            return [Seen(**each) for each in json.loads(kept.read_text(encoding="utf-8"))]
        if isinstance(change, Fault) and not any(map(exists, change.requirements)):
            return []
        seen = self._staged(change)
        _write(kept, [asdict(each) for each in seen])
        return seen

    def _staged(self, change: Change) -> list[Seen]:
        """Return what was seen in one lot after the other; a fault is done with when something counts."""
        seen: list[Seen] = []
        for number, lot in enumerate(lots_of(change, quick=self.quick)):
            seen += self._once_more_if_late(change, lot, f"{change.name}-{number}")
            if isinstance(change, Fault) and hits(seen):
                break
        return seen

    def _once_more_if_late(self, change: Change, lot: Sequence[Scenario], name: str) -> list[Seen]:
        """Stage a lot, and once more where a busy machine may be the reason for what is not as it should be."""
        found: list[Seen] = []
        for round_, pace in enumerate((1.0, 2.0)):
            folder = self.folder / f"{name}-{round_}"
            records = stage(f"foreign.target:{change.name}", lot, folder, pace=pace)
            found = looked_at(change, records, marks_below(folder))
            shutil.rmtree(folder)
            bad = any(each.red for each in found) if isinstance(change, Oddity) else not hits(found)
            if not bad or not (was_late(records) or was_crowded(records)):
                break
        return found

    def _prove(self, found: Sequence[Seen], name: str) -> None:
        """Find out whether the unchanged relay is green where a fault of this name was red."""
        some = list(dict.fromkeys((each.scenario, each.requirement) for each in found))[:_MOST_PROOFS]
        missing = [each for each in some if each not in self.green]
        if not missing:
            return
        names = dict.fromkeys(scenario for scenario, _ in missing)
        for lot in lots(map(scenario_of, names)):
            proved = self._greens([each for each in missing if scenario_of(each[0]) in lot], name)
            with self._writing:
                self.green |= proved
                rows = [[*key, value] for key, value in self.green.items()]
                _write(self.folder / _GREENS, rows)

    def _greens(self, wanted: Sequence[tuple[str, str]], name: str) -> dict[tuple[str, str], bool]:
        found: dict[tuple[str, str], bool] = {}
        for pace in (1.0, 2.0):
            folder = self.folder / f"unchanged-{name}-{pace}"
            scenarios = [scenario_of(name) for name in dict.fromkeys(name for name, _ in wanted)]
            records = stage(_UNCHANGED, scenarios, folder, pace=pace)
            shutil.rmtree(folder)
            by_profile = {requirement: judged_by(requirement)[0] for _, requirement in wanted}
            found = dict.fromkeys(wanted, False)
            for profile in dict.fromkeys(by_profile.values()):
                mine = [key for key in wanted if by_profile[key[1]] == profile]
                found |= is_green(list(judge_all(records, profile)), mine)
            if all(found.values()) or not (was_late(records) or was_crowded(records)):
                break
        return found

    def _read_greens(self) -> None:
        kept = self.folder / _GREENS
        if kept.exists():
            rows = json.loads(kept.read_text(encoding="utf-8"))
            self.green = {(scenario, requirement): value for scenario, requirement, value in rows}


def looked_at(change: Change, records: Sequence[Record], marks: Sequence[str]) -> list[Seen]:
    """Return what a change's records say: of a fault about its requirements, of an oddity about all."""
    marked = {name: is_marked(staged, marks) for record in records for name, staged in record.staged.items()}
    if isinstance(change, Oddity):
        return [
            each
            for profile in _ODDITIES_PROFILES
            for given in judge_all(records, profile)
            for each in seen_in(given, {finding.requirement for finding in given.judged.findings}, marked)
        ]
    seen: list[Seen] = []
    for requirement in filter(exists, change.requirements):
        profile = judged_by(requirement)[0]
        for given in judge_all(records, profile):
            seen += seen_in(given, {requirement}, marked)
    return seen


def seen_in(given: Given, wanted: Iterable[str], marked: Mapping[str, bool]) -> Iterator[Seen]:
    """Yield what a verdict says of some requirements."""
    asked = set(wanted)
    findings: dict[str, list[Finding]] = {}
    for finding in given.judged.findings:
        if finding.requirement in asked:
            findings.setdefault(finding.requirement, []).append(finding)
    judged = given.judged
    for requirement, several in findings.items():
        broken = [finding for finding in several if finding.verdict in RED]
        yield Seen(
            scenario=given.scenario.id,
            requirement=requirement,
            profile=given.profile,
            red=bool(broken) and judged.verdict in RED,
            marked=marked.get(given.scenario.id, False),
            told=broken[0].observed if broken else "",
        )
    if not findings and _may_judge(given, asked):
        yield Seen(
            scenario=given.scenario.id,
            requirement=next(iter(asked), ""),
            profile=given.profile,
            red=False,
            marked=marked.get(given.scenario.id, False),
        )


def is_green(verdicts: Sequence[Given], wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], bool]:
    """Tell for scenarios and requirements whether they were judged, and nothing broke them.

    Some requirements are named only where they are broken: it is what could have named them that must have compared
    something.
    """
    found = {}
    for scenario, requirement in wanted:
        compared = [
            finding
            for given in verdicts
            if given.scenario.id == scenario and _may_judge(given, {requirement})
            for finding in given.judged.findings
        ]
        broken = any(each.verdict in RED for each in compared if each.requirement == requirement)
        found[scenario, requirement] = bool(compared) and not broken
    return found


def _may_judge(given: Given, requirements: set[str]) -> bool:
    """Tell whether the aspect of a verdict without findings could have said something of a requirement."""
    if not requirements:
        return True
    aspect = next(each for each in ASPECTS if each.name == given.aspect)
    judges = aspect.judges(given.scenario.failure_mode, profiles.load(given.profile))
    return not requirements.isdisjoint(judges)


def _write(file: Path, rows: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    fresh.replace(file)  # what is there is complete
