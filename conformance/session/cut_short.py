"""What is left of waves that did not come to their end, and of a run that cannot go on for it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from conformance.evidence.record import Record, RecordError, Trouble
from conformance.session.ahead import record_in
from conformance.session.launch import WaveFailed
from conformance.session.reading import read_for_good
from conformance.target import Target
from conformance.wave import request
from conformance.wave.plan import Plan

# Where nothing is.
_NOWHERE = Path(os.devnull) / "record.jsonl"


class BrokenOff(Exception):
    """A run cannot go on: nothing more is staged, and what was not complete by then is not judged.

    Attributes:
        trouble: Whose fault it is, and why; every test that is not judged says so.
    """

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.message)
        self.trouble = trouble


def told_of(failed: WaveFailed) -> Trouble:
    """Return what is told of a wave that left no complete record."""
    message = f"a wave did not come to its end: {failed}"
    return Trouble(at=0.0, fault=failed.fault, message=message, log=failed.log)


def what_is_left(
    plans: Sequence[Plan],
    folders: Sequence[Path],
    ended: Mapping[int, Record],
    target: Target,
    trouble: Trouble | None,
) -> list[tuple[Record, Path]]:
    """Return the records of waves, of those that were ended as far as they had come, and where they are.

    What they lack is not the relay's failure.

    Args:
        plans: What the waves were to do.
        folders: Their folders, in the same order, as far as there are any.
        ended: The records of those that came to their end, by their place.
        target: The target.
        trouble: What they were ended for; None: somebody interrupted the run.
    """
    paths = [record_in(folder) for folder in folders] or [_NOWHERE] * len(plans)
    return [
        (ended.get(number) or _cut_short(plan, path, target, trouble), path)
        for number, (plan, path) in enumerate(zip(plans, paths, strict=True))
    ]


def _cut_short(plan: Plan, path: Path, target: Target, trouble: Trouble | None) -> Record:
    try:
        record = read_for_good(path)
    except RecordError:  # it had not begun
        header = request.header(plan, target, {})
        record = Record(
            header=header, staged={}, events=[], queue_listings=[], reported=[], troubles=[], footer=None
        )
    return record if trouble is None else replace(record, troubles=[*record.troubles, trouble])
