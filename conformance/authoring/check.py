"""`mailflow-conformance check TARGET`: tries an adapter on three messages, and shows what it reads, in seconds."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from conformance.authoring.raw import written_about
from conformance.authoring.steps import Step, steps_of
from conformance.catalogue.course import Course, Timing
from conformance.catalogue.failure_modes import ALL, control_of
from conformance.catalogue.message import Kind
from conformance.catalogue.scenario import Scenario, unsuitable
from conformance.evidence.record import RecordError, load
from conformance.lab import addresses
from conformance.report.results import Windows
from conformance.report.writing import line_of
from conformance.session.ahead import record_in
from conformance.session.early_end import Unreached
from conformance.session.launch import WaveFailed, launch_all
from conformance.session.plans import Plans
from conformance.target import Capability, Target
from conformance.targets.resolve import UnknownTarget, resolve
from conformance.wave.plan import COMPRESSED_DAY

_WRONG = 4  # the exit status for a target that cannot be used at all, as pytest's

_STATUS = """exit status: 0: every step shows what it should; 1: something is missing; 2: the command line is wrong;
4: there is no such target, its file has mistakes, or it cannot be run on this machine"""

# The ones that are easiest to understand, if the relay can be asked for them; else the first of the catalogue.
_PREFERRED = {
    Course.HEALED: ("connection_refused",),
    Course.REJECTED: ("rejected_at_rcpt",),
}
_KINDS = {Course.HEALED: Kind.TRANSIENT, Course.REJECTED: Kind.PERMANENT}


def main(arguments: Sequence[str], prog: str = "mailflow-conformance check") -> int:
    """Try an adapter; return the exit status."""
    parser = argparse.ArgumentParser(prog=prog, description=__doc__.partition(": ")[2], epilog=_STATUS)
    parser.add_argument(
        "target", help="myrelay.toml, package.module:Class, or the name of a built-in or installed target"
    )
    parser.add_argument("--lab", choices=("auto", *addresses.NAMES), default="auto", help="default: auto")
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="FOLDER",
        help="keep configuration, spool and logs there; it must be new or empty",
    )
    options = parser.parse_args(arguments)
    here = str(Path.cwd())
    try:
        target = resolve(options.target, [*filter(None, sys.path), here])
    except UnknownTarget as error:
        _say(Step(name="adapter", missing=str(error)), 1)
        return _WRONG
    lab = addresses.choose(options.lab, target.capabilities)
    if why := addresses.unsuitable(lab, target.name, target.capabilities):
        _say(Step(name="adapter", missing=why), 1)
        return _WRONG
    _say(_adapter(target, lab), 1)
    keep: Path | None = options.keep
    if keep is not None and keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
        parser.error(f"--keep={keep}: it must be a new or an empty folder")
    folder = keep or Path(tempfile.mkdtemp(prefix="mailflow-check-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return _tried(options.target, target, lab, folder.resolve())
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"configuration, spool and logs: {folder}/work")


def _adapter(target: Target, lab: str) -> Step:
    version = str(getattr(target, "version", "") or "")
    lacking = sorted(set(Capability) - target.capabilities)
    return Step(
        name="adapter",
        seen=(
            f"{target.name} {version}".strip() + f", in the {lab} lab",
            f"offers {', '.join(sorted(target.capabilities))}",
            f"does not offer {', '.join(lacking) or 'nothing'}",
        ),
    )


def _tried(name: str, target: Target, lab: str, folder: Path) -> int:
    """Run the wave and show its steps; return the exit status."""
    plans = Plans(
        target=name,
        import_path=[*filter(None, sys.path), str(Path.cwd())],
        capabilities=target.capabilities,
        lab=lab,
        day=COMPRESSED_DAY,
    )
    scenarios = list(dict.fromkeys(each.id for each in _scenarios(target.capabilities, lab)))
    plan = plans.one(scenarios, Timing.STEADY, 1.0)
    broken_off: Step | None = None
    try:
        launch_all([(plan, folder)], _Quiet(), early=True)
    except Unreached as error:
        seen = error.symptoms
        broken_off = Step(name="delivery", missing=seen.message, remedy=f"{seen.hint}\n{seen.log}".strip())
    except WaveFailed as error:
        if error.installation or not record_in(folder).exists():
            _say(Step(name="start", missing=str(error), remedy=error.log), 2)
            return _WRONG if error.installation else 1
        broken_off = Step(name="end", missing=str(error), remedy=error.log)
    try:
        steps = list(steps_of(load(record_in(folder))))
    except RecordError as error:
        steps = [Step(name="start", missing=str(error))]
    if broken_off is not None:  # what its record lacks is no step that failed
        steps = [*(step for step in steps if not step.missing), broken_off]
    for number, step in enumerate(steps, start=2):
        _say(step, number)
        if step.about:
            for line in written_about(step.about, folder / "work", listed=step.name == "queue"):
                print(f"   | {line_of(line)}")
    print()
    if missing := [step.name for step in steps if step.missing]:
        print(f"missing: {', '.join(missing)}")
        return 1
    print(f"everything is read; judge it: pytest --target={name}")
    return 0


def _scenarios(capabilities: frozenset[Capability], lab: str) -> Iterator[Scenario]:
    """Yield one that is delivered, one that waits and is delivered then, and one that is returned."""
    chosen = [_one(course, capabilities, lab) for course in _KINDS]
    found = [each for each in chosen if each is not None]
    for each in found[:1]:
        yield Scenario(failure_mode=control_of(each.failure_mode), course=Course.HEALTHY)
    yield from found


def _one(course: Course, capabilities: frozenset[Capability], lab: str) -> Scenario | None:
    of_kind = [name for name, mode in ALL.items() if mode.kind is _KINDS[course]]
    for name in (*_PREFERRED[course], *of_kind):
        scenario = Scenario(failure_mode=ALL[name], course=course)
        if not unsuitable(scenario, capabilities, lab):
            return scenario
    return None


class _Quiet:
    """Shows no progress: it takes seconds."""

    def advance(self, waves: Sequence[Windows]) -> None:
        """Show nothing."""


def _say(step: Step, number: int) -> None:
    print(f"{number}. {step.name}: {'MISSING' if step.missing else 'ok'}")
    for line in step.seen:
        print(f"     {line_of(line)}")
    for text, lead in ((step.missing, "   ! "), (step.remedy, "   > ")):
        for each in text.splitlines():
            print(f"{lead}{line_of(each)}")
    sys.stdout.flush()
