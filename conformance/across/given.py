"""What stands on the command line of a view of several runs: reports, or records, which are judged first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from conformance.across.reading import Report, ReportUnfit, read
from conformance.session.afresh import Asked, CannotBeJudged, judge_afresh, with_what_is_only_said
from conformance.session.waiving import NONE

_RECORDS = ("record-*.jsonl", "record.jsonl", "*/record.jsonl")


@contextmanager
def reports(
    paths: list[Path], *, profile: str = "", catalogue: str = "", waivers: str = "", again: bool = False
) -> Iterator[list[Report]]:
    """Read what is given; of what has to be judged the reports are there as long as the context is.

    Args:
        paths: Reports, folders of reports, records, folders of records.
        profile: By which profile records are judged; empty: that of the report beside them, or the default.
        catalogue: For which version of the catalogue; empty: that of the report, or the newest.
        waivers: By which file of waivers, or `none`; empty: that of the report, or none.
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
            header = read(path).header if _is_report(path) else {}
            asked = Asked.by(header, records[0])
            if profile:
                asked = replace(asked, profile=profile)
            if catalogue:
                asked = replace(asked, catalogue=catalogue)
            if waivers:
                asked = replace(asked, waivers=None if waivers == NONE else Path(waivers))
            try:
                judge_afresh(records, into, asked)
            except CannotBeJudged as error:
                raise ReportUnfit(f"{path}: it cannot be judged: {error}") from error
            report = read(into)
            found.append(replace(report, header=with_what_is_only_said(report.header, header)))
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
