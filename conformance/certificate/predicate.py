"""What a certificate says: all of it follows from a report, the level, and who reads it against what suite.

What is signed is made from a report that was judged again (`rejudge.py`), never from one that somebody hands over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.certificate import digests
from conformance.certificate.levels import Level
from conformance.certificate.report import Report
from conformance.suite import digest_of

# Of a report's header what a reader of a certificate has to know, and how it is called there.
_RUN = {
    "target": "target",
    "targetVersion": "target_version",
    "adapter": "target_module",
    "capabilities": "capabilities",
    "lab": "lab",
    "day": "day",
    "schedules": "schedules",
    "strict": "strict",
    "platform": "platform",
    "started": "started",
}
# Of a waiver.
_WAIVER = ("requirement", "aspect", "failure_modes", "verdict", "observed", "reason", "expires", "link")


def predicate_of(report: Report, level: Level) -> dict[str, Any]:
    """Return what is certified of a run, but for when and by whom."""
    stands = Counter(row["standing"] for row in report.standings)
    return {
        "suite": {
            "name": "mailflow-conformance",
            "version": report.header["suite_version"],
            "sha256": digests.of_suite(),
        },
        "catalogue": {"version": report.catalogue, "digest": digest_of(report.catalogue)},
        "level": {"name": level.name, "about": level.about},
        "profile": report.header["profile"],
        "run": {name: report.header.get(key) for name, key in _RUN.items()},
        "verdicts": report.footer["counts"],
        "requirements": dict(stands),
        "deviations": _standing(report, "deviation"),
        "failures": _standing(report, "fail"),
        "notJudged": {
            row["requirement"]: row["because"] for row in report.standings if row["standing"] == "not_judged"
        },
        "notApplicable": _standing(report, "not_applicable"),
        "waivers": [{key: row[key] for key in _WAIVER if key in row} for row in report.waivers],
    }


def _standing(report: Report, standing: str) -> list[str]:
    return [row["requirement"] for row in report.standings if row["standing"] == standing]


def differences(said: Mapping[str, Any], seen: Mapping[str, Any], where: str = "") -> Iterator[str]:
    """Yield in words where what a certificate says is not what follows from the files."""
    for key in dict.fromkeys([*seen, *said]):
        name = f"{where}{key}"
        ours, theirs = seen.get(key), said.get(key)
        if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
            yield from differences(theirs, ours, f"{name}.")
        elif ours != theirs:
            yield f"the certificate says {name} is {_text(theirs)}, and it is {_text(ours)}"


def _text(value: object) -> str:
    return "nothing" if value is None else repr(value)
