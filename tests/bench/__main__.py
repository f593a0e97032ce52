"""Measures what must stay small: `python -m bench` in the folder tests, or `nox -s bench`. Judges nothing."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.cost import SIZES, Cost, cost_of, some
from bench.dns_throughput import answers_per_cpu_second
from bench.throughput import LOADS
from bench.throughput import cost_of as smtp_cost_of


def whole_suite(folder: Path) -> None:
    report = folder / "report"
    command = [sys.executable, "-m", "pytest", "--target=reference", "-q", f"--conformance-report={report}"]
    began = time.monotonic()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    wall = time.monotonic() - began
    if done.returncode != 0:
        raise SystemExit(done.stdout[-4000:])
    header, *_, footer = map(json.loads, (report / "report.jsonl").read_text().splitlines())
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu, cores = used.ru_utime + used.ru_stime, os.cpu_count() or 1
    longest = header["longest_window_of"]
    window, took = longest["seconds"], footer["seconds"]
    print(f"whole suite on reference: {footer['verdicts']} verdicts, {footer['counts']}")
    print(
        f"  wall time {wall:.1f} s: {wall / window:.2f} of the longest window ({window:.1f} s, {longest['scenario']}, "
        f"{longest['clock']}), {wall / (cpu / cores):.2f} of what its processes used ({cpu:.1f} s) on {cores} cores"
    )
    rest = wall - sum(took.values())
    parts = [f"{part} {seconds:.1f} s" for part, seconds in took.items()]
    print(f"  {', '.join(parts)}, interpreter and the rest {rest:.1f} s")
    for wave in header["waves"]:
        print(
            f"    {wave['clock']:<12} {wave['scenarios']:4} scenarios: {wave['seconds']:5.1f} s, longest window "
            f"{wave['longest_window']:5.1f} s{', staged again' if wave['again'] else ''}"
        )


def cost_of_scenarios(folder: Path) -> None:
    before: Cost | None = None
    print("cost of the fixed set (CPU of wave and relay, then of reading and judging its record):")
    for size in SIZES:
        work = folder / f"wave-{size}"
        work.mkdir()
        cost = cost_of(some(size), work)
        each = 1000 * cost.staged / cost.scenarios
        print(
            f"  {cost.scenarios:4} scenarios: {cost.staged:5.2f} s, {each:5.1f} ms each; "
            f"{cost.aspects} verdicts, {1000 * cost.judged / cost.aspects:.2f} ms each; "
            f"{cost.memory / 2**20:.0f} MiB at most; wall time {cost.seconds / cost.longest_window:.2f} of the "
            "longest window"
        )
        if before is not None:
            more = cost.scenarios - before.scenarios
            print(
                f"       each added one: {1000 * (cost.staged - before.staged) / more:.1f} ms and "
                f"{(cost.memory - before.memory) / 2**20 / more:.2f} MiB"
            )
        before = cost


def throughput() -> None:
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


def main() -> None:
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}")
    with tempfile.TemporaryDirectory() as folder:
        whole_suite(Path(folder))
        cost_of_scenarios(Path(folder))
    throughput()


if __name__ == "__main__":
    main()
