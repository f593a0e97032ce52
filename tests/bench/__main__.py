"""Measures what must stay small: `python -m bench` in the folder tests, or `nox -s bench`. Judges nothing."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.dns_throughput import per_cpu_second
from bench.throughput import ours, stock
from conformance.catalogue.course import Timing
from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.message import Kind
from conformance.catalogue.scenario import Course, Scenario
from conformance.evidence.record import load
from conformance.session.launch import launch
from conformance.wave.plan import Plan, schedule

SIZES = (25, 50, 100, 200)


class Silent:
    def advance(self, done: int, total: int) -> None:
        """Measure only."""


def whole_suite(folder: Path) -> None:
    report = folder / "report"
    command = [sys.executable, "-m", "pytest", "--target=reference", "-q", f"--conformance-report={report}"]
    began = time.monotonic()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    wall = time.monotonic() - began
    if done.returncode != 0:
        raise SystemExit(done.stdout[-4000:])
    header, *_, footer = map(json.loads, (report / "report.jsonl").read_text().splitlines())
    longest = header["longest_window"]
    print(f"whole suite on reference: {footer['verdicts']} verdicts, {footer['counts']}")
    print(f"  wall time {wall:.1f} s, longest window {longest:.1f} s, ratio {wall / longest:.2f}")


def cost_of_scenarios(folder: Path) -> None:
    modes = [mode for mode in ALL.values() if mode.kind is Kind.TRANSIENT and not mode.lab]
    print("cost of scenarios (wave and relay together):")
    before: tuple[int, float, float] | None = None
    for size in SIZES:
        scenarios = [
            Scenario(failure_mode=modes[n % len(modes)], course=Course.HEALED, copy=n // len(modes)).id
            for n in range(size)
        ]
        work = folder / f"wave-{size}"
        work.mkdir()
        plan = Plan(
            target="reference",
            import_path=[],
            lab="loopback",
            timing=Timing.STEADY,
            scenarios=scenarios,
            asked=schedule(),
        )
        footer = load(launch(plan, work, Silent())).footer
        assert footer is not None
        memory = footer.peak_memory / 2**20
        added = ""
        if before:
            per = (footer.cpu_seconds - before[1]) / (size - before[0])
            more = (memory - before[2]) / (size - before[0])
            added = f"; {per:.3f} s CPU and {more:.2f} MiB for each added scenario"
        print(
            f"  {size:4} scenarios: {footer.cpu_seconds:5.2f} s CPU, {memory:4.0f} MiB at most, "
            f"{footer.seconds:5.1f} s wall{added}"
        )
        before = size, footer.cpu_seconds, memory


def throughput() -> None:
    ours_answers, plain_answers = (per_cpu_second(ours=ours) for ours in (True, False))
    print(
        f"fake name server: {ours_answers:.0f} answers for each CPU second, "
        f"{ours_answers / plain_answers:.2f} of a plain dnspython responder"
    )
    for name, serve in (("fake SMTP server", ours), ("stock aiosmtpd", stock)):
        print(f"throughput, {name}: {asyncio.run(serve()):.0f} messages/s")


def main() -> None:
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}")
    with tempfile.TemporaryDirectory() as folder:
        whole_suite(Path(folder))
        cost_of_scenarios(Path(folder))
    throughput()


if __name__ == "__main__":
    main()
