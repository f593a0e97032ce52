"""Reads records that stay in memory to the end of the run.

They are a hundred thousand objects and more, none of them garbage before pytest ends. Python's collector of garbage
does not know that, and goes over all of them again and again: a third of what a run of pytest took.
"""

from __future__ import annotations

import gc
from pathlib import Path

from conformance.evidence.record import Record, load


def read_for_good(path: Path) -> Record:
    """Load a record, and have the collector leave alone whatever there is by then.

    Raises:
        RecordError: The file cannot be read or is not a record.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        return load(path)
    finally:
        gc.freeze()
        if collects:
            gc.enable()
