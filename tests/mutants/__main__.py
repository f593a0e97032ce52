"""`python -m mutants`: runs every mutant, prints who was caught and by what, and the kill rate."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from conformance.catalogue.course import Timing
from conformance.evidence.record import Record

from . import reds, whole
from .catalogue import MUTANTS, Mutant
from .mx_only import as_mx_only
from .verdicts import Result, compare
from .waves import scenario_of, stage, was_crowded, was_late

# Waves side by side: each mostly waits. Those with a compressed day are hurt by any crowd, and so are few and go first;
# the others are niced and have what processor is left.
_SIDE_BY_SIDE = 10
_DAYS_SIDE_BY_SIDE = 6
_IN_PEACE = 3
_NICENESS = 10
_MUTANTS = "mutants.target"
MX_ONLY = "mutants.mx_only"
_SHOWN = 4  # verdicts of one mutant; the catalogue has all
_SAMPLED = 60  # mutants against which everything is staged
_WHOLE_SIDE_BY_SIDE = max(1, min(2, (os.cpu_count() or 1) // 2))  # each keeps more than a processor busy


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the mutants and return the exit status: 0 if every verdict is as the catalogue says."""
    parser = argparse.ArgumentParser(prog="python -m mutants", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="mutants whose names contain this")
    parser.add_argument("--list", action="store_true", help="list them and run none")
    parser.add_argument(
        "--jobs",
        type=int,
        help=f"side by side: waves ({_SIDE_BY_SIDE}), or whole suites ({_WHOLE_SIDE_BY_SIDE})",
    )
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="keep all records here; of whole suites what is counted"
    )
    parser.add_argument(
        "--whole",
        action="store_true",
        help="stage the whole suite against a sample of those that are wrong, and count what is red; "
        "what is kept is not staged again",
    )
    parser.add_argument("--sample", type=int, default=_SAMPLED, help="so many, 0: all (%(default)s)")
    parser.add_argument(
        "--mx-only",
        action="store_true",
        help="those that are caught at smart hosts, as relays that find their way by MX records alone",
    )
    parser.add_argument("--seed", type=int, default=0, help="which decides of which ones (%(default)s)")
    parser.add_argument(
        "--part", type=_part, default=(1, 1), metavar="K/N", help="only the Kth of N parts, each of all kinds"
    )
    options = parser.parse_args(arguments)
    chosen = [
        mutant
        for name, mutant in MUTANTS.items()
        if not options.names or any(part in name for part in options.names)
    ]
    number, count = options.part
    chosen = chosen[number - 1 :: count]
    if options.mx_only:
        chosen = [mutant for each in chosen if (mutant := as_mx_only(each)) is not None]
    if not chosen:
        parser.error("no mutant has such a name; see --list")
    if options.list:
        for mutant in chosen:
            print(f"{mutant.name:36} {mutant.summary}")
        return 0
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutants-") as temporary:
        folder = options.keep or Path(temporary)
        if options.whole:
            sampled = reds.sample(chosen, options.sample, options.seed)
            print(f"the whole suite against {len(sampled)} of {len(chosen)} mutants, seed {options.seed}")
            return _count(sampled, folder, options.jobs or _WHOLE_SIDE_BY_SIDE)
        results = []
        module = MX_ONLY if options.mx_only else _MUTANTS
        for result in run(chosen, folder, options.jobs or _SIDE_BY_SIDE, module):
            results.append(result)
            _show(result)
    return _sum_up(results, time.monotonic() - started)


def _part(text: str) -> tuple[int, int]:
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise argparse.ArgumentTypeError(f"{text}: K/N, the Kth of N parts, such as 1/2")
    return int(number), int(count)


def run(
    mutants: Sequence[Mutant], folder: Path, jobs: int = _SIDE_BY_SIDE, module: str = _MUTANTS
) -> Iterator[Result]:
    """Run mutants side by side and yield what became of each; what was late is staged once more.

    Args:
        mutants: Whom.
        folder: Where to put everything.
        jobs: How many at a time.
        module: Where they are found as targets.
    """
    late = []
    with (
        ThreadPoolExecutor(min(jobs, _DAYS_SIDE_BY_SIDE)) as days,
        ThreadPoolExecutor(jobs, initializer=_yield_the_processor) as others,
    ):
        futures = {
            (days if _has_a_day(mutant) else others).submit(_staged, mutant, folder, module): mutant
            for mutant in mutants
        }
        for future in as_completed(futures):
            mutant, records = futures[future], future.result()
            result = compare(mutant, records)
            # as the suite does itself: what a crowded machine may have spoilt is staged once more
            if was_late(records) or result.late or (not result.as_expected and was_crowded(records)):
                late.append(mutant)
            else:
                yield result
    with ThreadPoolExecutor(_IN_PEACE) as pool:
        for mutant, records in zip(
            late, pool.map(lambda each: _staged(each, folder, module, again=True), late), strict=True
        ):
            print(
                f"{mutant.name}: late, or not as expected on a crowded machine: once more, in peace",
                flush=True,
            )
            yield compare(mutant, records)


def _yield_the_processor() -> None:
    """Make this thread, and every process that it starts, stand back behind the others."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


def _count(mutants: Sequence[Mutant], folder: Path, jobs: int) -> int:
    """Stage everything for each, print what is red; return 1 if there is more of it than is explained, or nothing."""
    counted, broken = [], []
    for mutant, kept in whole.stage_all(mutants, folder, jobs):
        if isinstance(kept, whole.NotStaged):
            broken.append(mutant.name)
            print(f"{mutant.name:44}  did not come to its end:\n{kept}", flush=True)
            continue
        counted.append(reds.count(kept))
        red, lines = len(counted[-1].requirements), counted[-1].lines
        print(f"{mutant.name:44}  {red} requirements red, {lines} lines of terminal", flush=True)
    if counted:
        print(
            "", *reds.table(counted), "", *reds.explanations(counted), reds.beside(MUTANTS.values()), sep="\n"
        )
    for what, names in (
        ("not explained", [each.mutant.name for each in counted if each.unexplained]),
        ("not red at all", [each.mutant.name for each in counted if not each.requirements]),
        ("not staged", broken),
    ):
        if names:
            print(f"{what}: {', '.join(names)}")
    return int(bool(broken) or any(each.unexplained or not each.requirements for each in counted))


def _has_a_day(mutant: Mutant) -> bool:
    """Tell whether a mutant needs a compressed day, the longest of all waves."""
    return any(scenario_of(name).timing is Timing.COMPRESSED for name in mutant.scenarios)


def _staged(mutant: Mutant, folder: Path, module: str, *, again: bool = False) -> list[Record]:
    scenarios = [scenario_of(name) for name in mutant.scenarios]
    return stage(f"{module}:{mutant.name}", scenarios, folder / (mutant.name + "-again" * again))


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN} others" if len(names) > _SHOWN else shown


def _show(result: Result) -> None:
    if result.survived:
        told = "SURVIVED"
    elif result.as_expected and result.mutant.innocent:
        told = "innocent, and passes everything"
    elif result.as_expected:
        told = f"caught by {_few(list(dict.fromkeys(result.caught)))}"
    else:
        told = "NOT AS EXPECTED"
    print(f"{result.mutant.name:36} {told}", flush=True)
    if not result.as_expected:
        for line in (*result.missed, *(f"collateral: {line}" for line in result.collateral)):
            print(f"    {line}", flush=True)


def _sum_up(results: Sequence[Result], seconds: float) -> int:
    survivors = [result.mutant.name for result in results if result.survived]
    surprising = [result.mutant.name for result in results if not result.survived and not result.as_expected]
    guilty = sum(not result.mutant.innocent for result in results)
    killed = guilty - len(survivors)
    rate = f" ({killed / guilty:.0%})" if guilty else ""
    innocent = len(results) - guilty
    print(f"killed {killed} of {guilty}{rate}, {innocent} innocent relays beside them, in {seconds:.0f} s")
    for what, names in (("survivors", survivors), ("not as expected", surprising)):
        if names:
            print(f"{what}: {', '.join(names)}")
    return 1 if survivors or surprising else 0


if __name__ == "__main__":
    sys.exit(main())
