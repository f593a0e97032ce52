"""The tables that the bench prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bench.cost import Cost

_HEAD = (
    "scenarios",
    "ms each",
    "ms each added",
    "of it the relay",
    "MiB",
    "KiB each added",
    "wall/window",
    "late",
)


def time_of(header: Mapping[str, Any], footer: Mapping[str, Any], wall: float) -> Iterator[str]:
    """Yield where the wall time of a run went, by the header and the footer of its report."""
    parts = [f"{part} {seconds:.1f} s" for part, seconds in footer["seconds"].items()]
    yield f"  {', '.join(parts)}, interpreter and the rest {wall - sum(footer['seconds'].values()):.1f} s"
    for wave in header["waves"]:
        yield (
            f"    {wave['clock']:<12}{wave['scenarios']:4} scenarios: {wave['seconds']:5.1f} s, longest window "
            f"{wave['longest_window']:5.1f} s{', staged again' if wave['again'] else ''}"
        )


def costs(measured: Sequence[Cost]) -> Iterator[str]:
    """Yield the rows of a table: what each scenario costs, and each that comes to the smaller number before."""
    yield _row(_HEAD)
    before: Cost | None = None
    for cost in measured:
        added, memory = ("", "")
        if before is not None:
            more = cost.scenarios - before.scenarios
            added = f"{1000 * (cost.staged - before.staged) / more:.1f}"
            memory = f"{(cost.memory - before.memory) / 1024 / more:.0f}"
        yield _row(
            (
                str(cost.scenarios),
                f"{1000 * cost.staged / cost.scenarios:.1f}",
                added,
                f"{1000 * cost.relays / cost.scenarios:.1f}",
                f"{cost.memory / 2**20:.0f}",
                memory,
                f"{cost.seconds / cost.longest_window:.2f}",
                str(cost.late),
            )
        )
        before = cost


def set_of(cost: Cost) -> Iterator[str]:
    """Yield what the fixed set costs, by whose it is."""
    each = 1000 / cost.scenarios
    suite = cost.staged - cost.relays
    yield f"  staged: {each * cost.staged:.1f} ms a scenario, {each * suite:.1f} of them the suite's own"
    yield f"  reading the record ({cost.record / 2**20:.0f} MiB): {each * cost.read:.1f} ms a scenario"
    yield f"  judging: {1000 * cost.judged / cost.aspects:.2f} ms a verdict ({cost.aspects} verdicts)"
    yield (
        f"  the relay's part of what is staged {cost.relays / cost.staged:.2f}; "
        f"reading and judging beside what the suite stages {(cost.read + cost.judged) / suite:.2f}"
    )


def _row(cells: Sequence[str]) -> str:
    return "  " + "  ".join(cell.rjust(len(head)) for cell, head in zip(cells, _HEAD, strict=True))
