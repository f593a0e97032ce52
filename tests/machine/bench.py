"""Stages changes, those scenarios first that can see them, and the unchanged relay where it has to be green."""

from __future__ import annotations

import itertools
import json
import shutil
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from mutants.waves import Given, everything, judge_all, scenario_of, stage

from conformance.catalogue import profile as profiles
from conformance.catalogue.requirements import Level
from conformance.catalogue.scenario import Scenario
from conformance.evidence.record import Record
from conformance.judging.judge import RED
from conformance.judging.survival import SURVIVES, all_stopped
from conformance.judging.verdict import Verdict
from conformance.session.again import CROWDED
from conformance.session.launch import WaveFailed
from conformance.suite import ASPECTS

from .draw import is_born, write
from .executed import Executed
from .outcome import Fate, Outcome, Red, killed_by
from .places import Change, lines_that_use
from .sentences import Key, Sentence, said_of

PROFILES = ("eop", "rfc")

_UNCHANGED = "reference"
_GREENS = "unchanged.json"
_LOTS = (12, 60)  # scenarios that are staged first, and then
_REST = 180  # so many of the rest at once, of all clocks together: most of a wave is waiting
_MOST_PROOFS = (
    3  # reds that are looked at once more, and where the unchanged relay must be green; one is enough
)
_DOUBTED = 2.0  # pace at which what is doubtful is staged once more

Greens = dict[tuple[str, str, str], bool]


class NeverStarted(Exception):
    """The relay with a change does not come to the point at which it takes mail."""


@dataclass
class Kept:
    """What is known of a change.

    Attributes:
        reds: What was red.
        staged: The scenarios that were staged, by id.
        broken: Why its waves did not come to their end.
        unborn: Whether the relay does not start with it.
    """

    reds: list[Red] = field(default_factory=list)
    staged: list[str] = field(default_factory=list)
    broken: str = ""
    unborn: bool = False


@dataclass
class Bench:
    """A run of the bench.

    Attributes:
        folder: Where everything is put. What is kept there of a change is not staged again.
        executed: Which scenarios could see what.
        sentences: What readers have said.
        most: How many scenarios are staged of a change at most; 0: all that could see it.
        named: The scenarios that are staged, by id, whatever could see a change; none: those that could.
        green: Whether the unchanged relay is green, by scenario, requirement and profile.
    """

    folder: Path
    executed: Executed
    sentences: Mapping[Key, Sentence]
    most: int = 0
    named: Sequence[str] = ()
    green: Greens = field(default_factory=dict)
    _proving: threading.Lock = field(default_factory=threading.Lock)

    @property
    def files(self) -> Path:
        """Where the changed files are."""
        return self.folder / "files"

    def run(self, changes: Iterator[Change], number: int, jobs: int) -> Iterator[Outcome]:
        """Yield what became of so many changes that start; of those too that do not."""
        self._find_greens()
        with ThreadPoolExecutor(jobs) as pool:
            left = number
            while left:
                some = list(itertools.islice(changes, left))
                if not some:
                    return
                for outcome in pool.map(self.outcome, some):
                    left -= outcome.fate is not Fate.UNBORN
                    yield outcome

    def outcome(self, change: Change) -> Outcome:
        """Return what became of a change."""
        kept = self._read(change)
        sentence = said_of(change, self.sentences)
        if sentence is None and not kept.unborn:
            self._stage(change, kept)
        if kept.unborn:
            return Outcome(change=change, fate=Fate.UNBORN)
        kills = killed_by(kept.reds, self.green)
        if kills:
            why = f"{kills[0].requirement} in {kills[0].scenario}: {kills[0].told}"
            return Outcome(change=change, fate=Fate.KILLED, why=why, level=kills[0].level)
        if sentence is not None:
            return Outcome(change=change, fate=sentence.fate, why=sentence.why)
        if kept.broken:
            return Outcome(change=change, fate=Fate.BROKEN_OFF, why=kept.broken)
        could = len(self._candidates(change))
        return Outcome(
            change=change, fate=Fate.ALIVE, why=f"after {len(kept.staged)} of {could} that could see it"
        )

    def _stage(self, change: Change, kept: Kept) -> None:
        """Stage what could see a change until something kills it; what was staged before is not staged again."""
        if killed_by(kept.reds, self.green):
            return
        write(change, self.files)
        if not kept.staged and not is_born(change, self.files):
            kept.unborn = True
            self._write(change, kept)
            return
        for lot in self._lots(change, set(kept.staged)):
            try:
                found = self._reds(change, lot)
            except WaveFailed as error:
                kept.broken = f"{error} {error.log}".strip()
                self._write(change, kept)
                return
            except NeverStarted:
                kept.unborn = True
                self._write(change, kept)
                return
            kept.staged += [each.id for each in lot]
            kept.reds += found
            self._write(change, kept)
            if killed_by(kept.reds, self.green):
                return

    def _candidates(self, change: Change) -> list[Scenario]:
        if self.named:
            return [scenario_of(name) for name in self.named]
        return self.executed.could_see(change, lines_that_use(change.constant) if change.constant else ())

    def _lots(self, change: Change, staged: set[str]) -> Iterator[list[Scenario]]:
        waiting = [each for each in self._candidates(change) if each.id not in staged]
        waiting = waiting[: max(0, self.most - len(staged))] if self.most else waiting
        for size in itertools.chain(_LOTS, itertools.repeat(_REST)):
            if not waiting:
                return
            yield waiting[:size]
            waiting = waiting[size:]

    def _reds(self, change: Change, lot: Sequence[Scenario]) -> list[Red]:
        """Stage a lot and return what is red for certain, and where the unchanged relay is known to be green."""
        target = f"machine.target:{change.name}"
        found = self._seen(target, lot, change.name)
        certain = [red for red in found if red.certain]
        doubtful = [red for red in found if not red.certain][:_MOST_PROOFS]
        if not certain and doubtful:
            some = [scenario_of(name) for name in dict.fromkeys(red.scenario for red in doubtful)]
            before = {red.key for red in doubtful}
            again = self._seen(target, some, f"{change.name}-again", pace=_DOUBTED)
            certain = [replace(red, certain=True) for red in again if red.key in before]
        certain = certain[:_MOST_PROOFS]
        # in the thread of the change: a wave of the main thread's would be taken for somebody's orphan
        with self._proving:
            self._prove(certain)
        return certain

    def _seen(self, target: str, lot: Sequence[Scenario], name: str, pace: float = 1.0) -> list[Red]:
        folder = self.folder / "waves" / name
        shutil.rmtree(folder, ignore_errors=True)
        try:
            records = stage(target, lot, folder, pace=pace)
            for profile in PROFILES:
                verdicts = list(judge_all(records, profile))
                if never_started(verdicts):
                    raise NeverStarted
                if found := [*brought_down(records, profile), *reds_in(verdicts)]:
                    return found
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return []

    def _prove(self, reds: Sequence[Red]) -> None:
        """Find out whether the unchanged relay is green where a change is red."""
        missing = [red for red in reds if red.key not in self.green]
        if not missing:
            return
        for pace in (1.0, _DOUBTED):
            folder = self.folder / "waves" / f"unchanged-{len(self.green)}"
            some = [scenario_of(name) for name in dict.fromkeys(red.scenario for red in missing)]
            records = stage(_UNCHANGED, some, folder, pace=pace)
            shutil.rmtree(folder)
            for profile in dict.fromkeys(red.profile for red in missing):
                asked = [red for red in missing if red.profile == profile]
                seen = greens_in(list(judge_all(records, profile)))
                self.green |= {red.key: red.key in seen for red in asked}
            missing = [red for red in missing if not self.green[red.key]]
            if not missing:
                break
        self._write_greens()

    def _find_greens(self) -> None:
        """Find out where the unchanged relay is green, by staging everything once; what is not is looked at again."""
        kept = self.folder / _GREENS
        if kept.exists():
            rows = json.loads(kept.read_text(encoding="utf-8"))
            self.green = {(scenario, row, profile): value for scenario, row, profile, value in rows}
            return
        folder = self.folder / "waves" / _UNCHANGED
        shutil.rmtree(folder, ignore_errors=True)
        records = stage(_UNCHANGED, everything(), folder)
        shutil.rmtree(folder)
        self.green = {
            key: True for profile in PROFILES for key in greens_in(list(judge_all(records, profile)))
        }
        self._write_greens()

    def _write_greens(self) -> None:
        _write(self.folder / _GREENS, [[*key, value] for key, value in self.green.items()])

    def _read(self, change: Change) -> Kept:
        path = self._path(change)
        if not path.exists():
            return Kept()
        kept = json.loads(path.read_text(encoding="utf-8"))
        return Kept(**{**kept, "reds": [Red(**red) for red in kept["reds"]], "broken": ""})

    def _write(self, change: Change, kept: Kept) -> None:
        _write(self._path(change), asdict(kept))

    def _path(self, change: Change) -> Path:
        return self.folder / "changes" / f"{change.name}.json"


def reds_in(verdicts: Iterable[Given]) -> Iterator[Red]:
    """Yield what is broken by some verdicts; what only came late never is for certain."""
    for given in verdicts:
        if given.judged.verdict in RED:
            for finding in given.judged.findings:
                if finding.verdict in RED:
                    yield Red(
                        scenario=given.scenario.id,
                        requirement=finding.requirement,
                        profile=given.profile,
                        level=finding.level,
                        told=finding.observed,
                        certain=finding.conclusive or (_in_peace(given) and not finding.only_late),
                    )


def greens_in(verdicts: Sequence[Given]) -> set[tuple[str, str, str]]:
    """Return by scenario, requirement and profile what was judged and broken by nothing."""
    judged = set()
    for given in verdicts:
        if given.judged.findings:
            aspect = next(each for each in ASPECTS if each.name == given.aspect)
            rows = aspect.judges(given.scenario.failure_mode, profiles.load(given.profile))
            judged |= {(given.scenario.id, row, given.profile) for row in rows}
    broken = {red.key for red in reds_in(verdicts)}
    whole = {(given.scenario.id, SURVIVES, given.profile) for given in verdicts if not _was_stopped(given)}
    return (judged | whole) - broken


def brought_down(records: Sequence[Record], profile: str) -> Iterator[Red]:
    """Yield of each relay that was brought down who did it: whatever else is judged, such a run fails."""
    for stopped, names in all_stopped(records):
        for name in names:
            yield Red(
                scenario=name,
                requirement=SURVIVES,
                profile=profile,
                level=Level.MUST,
                told=stopped.message,
                certain=True,  # in the company of others, and alone
            )


def never_started(verdicts: Iterable[Given]) -> bool:
    """Tell whether the relay was never there: nothing is said of it but that it broke."""
    said = {given.judged.verdict for given in verdicts}
    return Verdict.ERROR in said and said <= {Verdict.ERROR, Verdict.NOT_APPLICABLE}


def _was_stopped(given: Given) -> bool:
    evidence = given.judged.evidence
    return evidence is None or evidence.stopped is not None


def _in_peace(given: Given) -> bool:
    evidence = given.judged.evidence
    return evidence is not None and not evidence.harness_was_late and evidence.staged.pressure <= CROWDED


def _write(path: Path, rows: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    fresh.replace(path)  # what is there is complete
