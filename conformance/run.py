"""One run: target, profile, the wave or waves that were needed, and the verdicts."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from conformance import plan as planning
from conformance import profile as profiles
from conformance.judging import Judged, missing_capabilities
from conformance.lab import plan as labs
from conformance.launch import WaveFailed, launch
from conformance.plan import Plan
from conformance.profile import Profile
from conformance.record import Record, RecordError, Trouble, load
from conformance.scenario import Scenario, of_control
from conformance.target import Capability, Target
from conformance.targets.resolve import UnknownTarget, resolve

if TYPE_CHECKING:
    from conformance.collection import AspectItem


class Progress(Protocol):
    """Shows how far a wave is."""

    def begin(self, text: str) -> None:
        """A wave begins."""

    def advance(self, done: int, total: int) -> None:
        """So many windows of so many are closed."""

    def end(self, text: str) -> None:
        """It has ended."""


@dataclass
class Run:
    """What a run of pytest with a target is about.

    Attributes:
        name: The target as named on the command line, or as named in a record that is judged again.
        profile: What is accepted.
        strict: Whether deviations fail.
        config: Pytest's.
        target: The target; None when a record is judged again.
        lab: Which lab was asked for.
        records: The evidence: one record for each wave, none before the first.
        paths: Their files.
        judged: Every verdict so far.
    """

    name: str
    profile: Profile
    strict: bool
    config: pytest.Config
    target: Target | None = None
    lab: str = "auto"
    records: list[Record] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    judged: list[tuple[AspectItem, Judged]] = field(default_factory=list)

    def about(self) -> list[str]:
        """Describe the run in two lines."""
        if self.target is None:
            where = f"record {', '.join(map(str, self.paths))}"
        else:
            where = f"lab {labs.choose(self.lab, frozenset(self.target.capabilities))}"
        return [
            f"conformance: target {self.name}, {where}",
            f"conformance: profile {self.profile.name} ({self.profile.about})",
        ]

    def knows(self, scenario: Scenario) -> bool:
        """Tell whether a scenario can have evidence: always, unless an old record is judged."""
        return self.target is not None or any(scenario.id in record.staged for record in self.records)

    def evidence_for(self, scenario: Scenario) -> Record:
        """Return the record in which to look for a scenario: the last one in which it was staged."""
        staged = [record for record in self.records if scenario.id in record.staged]
        return staged[-1] if staged else self.records[0]

    @property
    def troubles(self) -> list[Trouble]:
        """Everything that broke, in whatever wave."""
        return [trouble for record in self.records for trouble in record.troubles]

    def provoke(self, scenarios: Sequence[Scenario], progress: Progress) -> None:
        """Stage these scenarios and the controls they rely on; a wave that was late is repeated for those concerned.

        Raises:
            pytest.UsageError: The target cannot be judged on this machine.
        """
        if self.target is None:
            return
        capabilities = frozenset(map(Capability, self.target.capabilities))
        lab = labs.choose(self.lab, capabilities)
        unsuitable = labs.unsuitable(lab, self.name, capabilities)
        if unsuitable:
            raise pytest.UsageError(
                f"target {self.name} cannot be judged in the {lab} lab here: {unsuitable}"
            )
        wanted = _staged(scenarios, capabilities)
        record = self._launch(self._plan(wanted, lab), progress, "")
        late = [name for name, staged in record.staged.items() if staged.lag > record.header.slack]
        if late and not self.troubles:
            again = _staged([Scenario.from_id(name) for name in late], capabilities)
            second = replace(self._plan(again, lab), stretch=2.0)
            self._launch(second, progress, f"we were late in {len(late)} scenarios, staging them again")

    def _plan(self, scenarios: list[str], lab: str) -> Plan:
        stretch = planning.stretch_for(len(scenarios), os.cpu_count() or 1)
        return Plan(
            target=self.name,
            import_path=_import_path(self.config),
            lab=lab,
            scenarios=scenarios,
            asked=planning.schedule(retry_interval=planning.RETRY_INTERVAL * stretch),
        )

    def _launch(self, plan: Plan, progress: Progress, why: str) -> Record:
        # pytest has no public name for this outside of fixtures
        folder: Path = self.config._tmp_path_factory.mktemp("conformance")  # type: ignore[attr-defined]
        progress.begin(
            f"{why or 'staging'}: {len(plan.scenarios)} scenarios, one wave, {plan.lab} lab, "
            f"retry interval {plan.asked.retry_interval:.1f} s"
        )
        try:
            path = launch(plan, folder, progress)
        except WaveFailed as error:
            if error.installation:
                raise pytest.UsageError(f"target {self.name} cannot be judged here: {error}") from error
            raise pytest.exit.Exception(
                f"at fault: this suite or this machine. The wave did not come to its end: {error}",
                returncode=3,
            ) from error
        record = load(path)
        self.paths.append(path)
        self.records.append(record)
        footer = record.footer
        progress.end(
            f"{footer.seconds:.1f} s, longest window {footer.longest_window:.1f} s"
            if footer
            else "the record is incomplete"
        )
        return record


def _import_path(config: pytest.Config) -> list[str]:
    """Return where to look for an adapter: pytest's own path (which ini files and conftest.py may extend) and here."""
    return list(dict.fromkeys([*filter(None, sys.path), str(config.invocation_params.dir)]))


def _staged(scenarios: Sequence[Scenario], capabilities: frozenset[Capability]) -> list[str]:
    """Return the identifiers of what must be staged: controls first, each once, nothing the target cannot do."""
    controls = [of_control(s.failure_mode) for s in scenarios]
    possible = [s for s in (*controls, *scenarios) if not missing_capabilities(s.failure_mode, capabilities)]
    return list(dict.fromkeys(scenario.id for scenario in possible))


def open_run(config: pytest.Config) -> Run:
    """Return the run that the options ask for.

    Raises:
        pytest.UsageError: An option is wrong; the text names it and the valid values.
    """
    name: str | None = config.getoption("conformance_target")
    replayed: list[str] = config.getoption("conformance_replay")
    lab = config.getoption("conformance_lab") or "auto"
    if lab not in ("auto", *labs.NAMES):
        raise pytest.UsageError(f"--conformance-lab={lab}: there are auto, {', '.join(labs.NAMES)}")
    try:
        profile = profiles.load(config.getoption("conformance_profile") or profiles.DEFAULT)
    except profiles.ProfileError as error:
        raise pytest.UsageError(f"--conformance-profile: {error}") from error
    strict = bool(config.getoption("conformance_strict"))
    if replayed:
        if name:
            raise pytest.UsageError(
                "--conformance-replay judges a record without the target: leave --target out"
            )
        return _replay(config, [Path(path) for path in replayed], profile, strict)
    assert name is not None
    try:
        target = resolve(name, _import_path(config))
    except UnknownTarget as error:
        raise pytest.UsageError(f"--target: {error}") from error
    return Run(name, profile, strict, config, target=target, lab=lab)


def _replay(config: pytest.Config, paths: list[Path], profile: Profile, strict: bool) -> Run:
    try:
        records = [load(path) for path in paths]
    except RecordError as error:
        raise pytest.UsageError(f"--conformance-replay: {error}") from error
    for path, record in zip(paths, records, strict=True):
        if record.footer is None:
            raise pytest.UsageError(
                f"--conformance-replay: {path} has no footer: the wave that wrote it was broken off, or the file "
                "was cut; run pytest with the target again"
            )
    targets = sorted({record.header.target for record in records})
    if len(targets) > 1:
        raise pytest.UsageError(f"--conformance-replay: records of several targets: {', '.join(targets)}")
    return Run(targets[0], profile, strict, config, records=records, paths=paths)
