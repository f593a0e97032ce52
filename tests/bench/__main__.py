"""Measures what must stay small: `python -m bench` in the folder tests, or `nox -s bench`. Judges nothing.

`python -m bench suite costs instances fakes` measures only what is named.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import tables
from bench.cost import INSTANCES, SET, SIZES, cost_of, some
from bench.dns_throughput import answers_per_cpu_second
from bench.throughput import LOADS
from bench.throughput import cost_of as smtp_cost_of


def suite(folder: Path) -> None:
    """Print the wall time of a whole run, beside its longest window."""
    report = folder / "report"
    command = [sys.executable, "-m", "pytest", "--target=reference", "-q", f"--conformance-report={report}"]
    began, used = time.monotonic(), _children()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    wall, cpu = time.monotonic() - began, _children() - used
    if done.returncode != 0:
        raise SystemExit(done.stdout[-4000:])
    header, *_, footer = map(json.loads, (report / "report.jsonl").read_text().splitlines())
    longest, verdicts = header["longest_window_of"], footer["verdicts"]
    window = longest["seconds"]
    print(f"whole suite on reference: {verdicts} verdicts, {footer['counts']}")
    print(
        f"  wall time {wall:.1f} s, longest window {window:.1f} s ({longest['scenario']}, {longest['clock']}), "
        f"ratio {wall / window:.2f}"
    )
    print(
        f"  {cpu:.1f} CPU s, {1000 * cpu / verdicts:.1f} ms a verdict; wall time beside CPU time on all cores "
        f"{wall * (os.cpu_count() or 1) / cpu:.2f}"
    )
    for line in tables.time_of(header, footer, wall):
        print(line)


def costs(folder: Path) -> None:
    """Print what the fixed set costs, and whether a scenario costs the same however many there are."""
    measured = [cost_of(some(size), _new(folder, f"wave-{size}")) for size in SIZES]
    print(f"the fixed set of {SET} scenarios, in milliseconds of a processor:")
    for line in tables.set_of(next(cost for cost in measured if cost.scenarios == SET)):
        print(line)
    print("the same for fewer, and for copies of it:")
    for line in tables.costs(measured):
        print(line)


def instances(folder: Path) -> None:
    """Print the same for a relay that needs an instance for each scenario."""
    print("an instance of the relay for each scenario:")
    for line in tables.costs(
        [cost_of(some(size), _new(folder, f"one-{size}"), alone=True) for size in INSTANCES]
    ):
        print(line)


def fakes(_folder: Path) -> None:
    """Print what the fake servers bear, beside others."""
    ours, plain = answers_per_cpu_second()
    print(
        f"fake name server: {ours:.0f} answers for each CPU second, {ours / plain:.2f} of a plain dnspython responder"
    )
    for load in LOADS:
        cost = smtp_cost_of(load)
        print(
            f"fake SMTP server, {load.name}: {1e6 * cost.ours:.0f} us CPU for each, "
            f"throughput {cost.stock / cost.ours:.2f} of an aiosmtpd that keeps the messages"
        )


PARTS = {part.__name__: part for part in (suite, costs, instances, fakes)}


def _new(folder: Path, name: str) -> Path:
    made = folder / name
    made.mkdir()
    return made


def _children() -> float:
    used = os.times()
    return used.children_user + used.children_system


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    named = parser.parse_args().parts or [*PARTS]
    if unknown := set(named) - PARTS.keys():
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}")
    with tempfile.TemporaryDirectory() as folder:
        for name in named:
            PARTS[name](Path(folder))


if __name__ == "__main__":
    main()
