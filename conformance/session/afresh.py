"""Judges records afresh, in a process of its own in which nothing but this suite takes part.

No plugin, no conftest, no setting of a project and no habit of whoever calls it: what comes of records is the same for
everybody who has them. By what they are judged is what their report says, as far as there is one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from conformance.session.waiving import NONE

# Variables by which somebody's habits would reach the pytest that judges, or its views somebody's pages.
_HABITS = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "GITHUB_STEP_SUMMARY")
# What the header of a report has from the command line or from the adapter, and no record.
ONLY_SAID = frozenset({"target_version", "schedules", "day"})
# Pytest's: all passed, some failed, and ours for what could not be judged.
_JUDGED = (0, 1, 3)


class CannotBeJudged(Exception):
    """The records cannot be judged; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """By what records are judged.

    Attributes:
        profile: The profile; empty: the default.
        catalogue: The version of the catalogue; empty: the newest.
        strict: Whether deviations fail.
        waivers: The file of waivers; None: none is used, whatever lies around.
    """

    profile: str = ""
    catalogue: str = ""
    strict: bool = False
    waivers: Path | None = None

    @classmethod
    def by(cls, header: Mapping[str, Any], folder: Path) -> Asked:
        """Return by what a run was judged, as the header of its report says.

        Args:
            header: The header.
            folder: Where the report lies, with its waivers.
        """
        waivers = header.get("waivers")
        return cls(
            profile=str(header.get("profile", "")),
            catalogue=str(header.get("catalogue", "")),
            strict=bool(header.get("strict")),
            waivers=folder / str(waivers.get("file")) if isinstance(waivers, Mapping) and waivers else None,
        )


def judge_afresh(records: Sequence[Path], into: Path, asked: Asked) -> None:
    """Judge records, or the records of reports, and write a report.

    Args:
        records: Records, or folders with a report and its records.
        into: The folder to write the report into.
        asked: By what they are judged.

    Raises:
        CannotBeJudged: They are no records, or nothing can be judged by that.
    """
    with TemporaryDirectory(prefix="mailflow-") as name:
        folder = Path(name)
        settings = folder / "pytest.ini"
        settings.write_text("[pytest]\n", encoding="utf-8")
        command = [
            *(sys.executable, "-P", "-m", "pytest", "-q", "--tb=no", "--color=no"),
            *("-p", "mailflow_conformance_pytest", "-p", "no:cacheprovider", "-c", str(settings)),
            f"--rootdir={folder}",
            f"--basetemp={folder / 'temporary'}",
            *(f"--conformance-replay={record.resolve()}" for record in records),
            *([f"--conformance-profile={asked.profile}"] if asked.profile else []),
            *([f"--conformance-catalogue={asked.catalogue}"] if asked.catalogue else []),
            *(["--conformance-strict"] if asked.strict else []),
            f"--conformance-waivers={asked.waivers.resolve() if asked.waivers else NONE}",
            f"--conformance-report={into.resolve()}",
        ]
        environment = {name: value for name, value in os.environ.items() if name not in _HABITS}
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        ended = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            errors="replace",
        )
    if ended.returncode not in _JUDGED:
        said = [line for line in (ended.stderr or ended.stdout).splitlines() if line.strip()]
        raise CannotBeJudged(said[-1] if said else "pytest said nothing")


def with_what_is_only_said(again: Mapping[str, Any], header: Mapping[str, Any]) -> dict[str, Any]:
    """Return the header of what was judged afresh, with what no record tells as the header of its run has it."""
    return {**again, **{key: header[key] for key in ONLY_SAID if key in header}}
