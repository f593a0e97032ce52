"""Writes the pages into a folder: `python -m conformance.pages docs`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from conformance.pages import failure_modes, fates, source_coverage, versions

PAGES: Mapping[str, Callable[[], str]] = {
    "catalogue-versions.md": versions.render,
    "failure-modes.md": failure_modes.render,
    "fates.md": fates.render,
    "source-coverage.md": source_coverage.render,
}


def main(arguments: Sequence[str] | None = None, *, prog: str = "python -m conformance.pages") -> int:
    """Write every page; return 0."""
    parser = argparse.ArgumentParser(prog=prog, description=__doc__)
    parser.add_argument("folder", type=Path, help="where to write them; must exist")
    folder: Path = parser.parse_args(arguments).folder
    if not folder.is_dir():
        parser.error(f"{folder} is no folder")
    for name, render in PAGES.items():
        (folder / name).write_text(render(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
