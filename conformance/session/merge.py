"""`mailflow-conformance merge`: one report of a run that was divided among machines.

The records of all parts are judged once more, together, by the pytest that runs here; so every view is there that a
run has, and the exit status means the same.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from conformance import __version__
from conformance.session.reported import Reported, together

# The exit status if the parts do not belong together: pytest's for a wrong command line.
_DIFFERENT = 4


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Merge the parts and return the exit status: that of one run, or 4 if they do not belong together."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Judges the parts of one run together, from the records in their reports.",
        epilog="What follows -- is given to pytest: -- -q --junitxml=all.xml --conformance-summary=all.md",
    )
    parser.add_argument(
        "folders",
        nargs="+",
        type=Path,
        metavar="DIR",
        help="what --conformance-report=DIR wrote, of each part",
    )
    parser.add_argument("--into", type=Path, metavar="DIR", help="write the report of the whole run here")
    given = list(sys.argv[1:] if arguments is None else arguments)
    divide = given.index("--") if "--" in given else len(given)
    options = parser.parse_args(given[:divide])
    try:
        command = _command(together(options.folders), options.into)
    except ValueError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return _DIFFERENT
    # a process of its own, which has imported nothing yet: plugins look at what is imported under them
    return subprocess.run(
        [sys.executable, "-P", "-m", "pytest", *command, *given[divide + 1 :]], check=False
    ).returncode


def _command(parts: Sequence[Reported], into: Path | None) -> list[str]:
    header = parts[0].header
    if header["suite_version"] != __version__:
        raise ValueError(
            f"{parts[0].folder} was written by version {header['suite_version']}, and this is {__version__}; "
            "what a version staged is judged by that version"
        )
    taken = [part.folder for part in parts if into is not None and part.folder.resolve() == into.resolve()]
    if taken:
        raise ValueError(f"--into={into}: that is one of the parts")
    return [
        *(f"--conformance-replay={part.folder.resolve()}" for part in parts),
        f"--conformance-profile={header['profile']}",
        *([f"--conformance-catalogue={header['catalogue']}"] if "catalogue" in header else []),
        *(["--conformance-strict"] if header["strict"] else []),
        *([f"--conformance-report={into.resolve()}"] if into else []),
    ]
