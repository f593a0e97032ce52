"""What stands on the command line of a view of several runs: reports, or records, which are judged first."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from conformance.across.reading import Report, ReportUnfit, read

_RECORDS = ("record-*.jsonl", "record.jsonl", "*/record.jsonl")

# Exit statuses of a run that came to its end, whatever it says of the relay.
_ENDED = (0, 1, 3)


@contextmanager
def reports(
    paths: list[Path], *, profile: str = "", catalogue: str = "", again: bool = False
) -> Iterator[list[Report]]:
    """Read what is given; of what has to be judged the reports are there as long as the context is.

    Args:
        paths: Reports, folders of reports, records, folders of records.
        profile: By which profile records are judged; empty: the default.
        catalogue: For which version of the catalogue; empty: the newest.
        again: Whether the records beside a report are judged again, instead of reading what it says.

    Raises:
        ReportUnfit: One is neither, or cannot be judged.
    """
    with TemporaryDirectory(prefix="mailflow-conformance-") as folder:
        found: list[Report] = []
        for number, path in enumerate(paths):
            records = [] if _is_report(path) and not again else _records_of(path)
            if not records:
                found.append(read(path))
                continue
            into = Path(folder) / str(number)
            _judge(path, records, into, profile, catalogue)
            found.append(read(into))
        yield found


def _is_report(path: Path) -> bool:
    if path.is_dir():
        return (path / "report.jsonl").exists()
    return not path.name.startswith("record")


def _records_of(path: Path) -> list[Path]:
    """Return what is to be judged: a report's folder as a whole, or each record; nothing if there is none."""
    if _is_report(path):
        return [path if path.is_dir() else path.parent]
    if not path.is_dir():
        return [path]
    for pattern in _RECORDS:
        if found := sorted(path.glob(pattern), key=_by_number):
            return found
    if not path.exists():
        raise ReportUnfit(f"{path}: there is no such file or folder")
    raise ReportUnfit(f"{path}: there is neither a report.jsonl nor a record in it")


def _by_number(path: Path) -> tuple[int, str]:
    """Return the place of a record: `record-10-...` and `conformance10/` come after those with a 9."""
    digits = "".join(filter(str.isdigit, path.name.removesuffix(".jsonl"))) or "".join(
        filter(str.isdigit, path.parent.name)
    )
    return (int(digits or 0), str(path))


def _judge(path: Path, records: list[Path], into: Path, profile: str, catalogue: str) -> None:
    command = [
        *(sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider"),
        *(f"--conformance-replay={record.resolve()}" for record in records),
        f"--conformance-report={into}",
        *([f"--conformance-profile={profile}"] if profile else []),
        *([f"--conformance-catalogue={catalogue}"] if catalogue else []),
    ]
    # in a folder of its own, where no ini file and no waivers of a project count
    into.mkdir()
    ended = subprocess.run(command, check=False, cwd=into, capture_output=True, text=True)
    if ended.returncode not in _ENDED:
        said = [line for line in (ended.stderr or ended.stdout).splitlines() if line.strip()]
        raise ReportUnfit(f"{path}: it cannot be judged: {said[-1] if said else 'pytest says nothing'}")
