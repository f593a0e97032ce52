"""The levels of a certificate: which requirements must hold, under which profiles. Data: `levels.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from conformance.certificate.refusal import listed, refuse_if
from conformance.certificate.report import Report, Row
from conformance.pages.source_coverage import covered

# Verdicts by which something is wrong that no waiver lets pass, and how that is said of a test.
_RED = {"fail": "fails", "deviation": "deviates"}


@dataclass(frozen=True, kw_only=True)
class Level:
    """One level.

    Attributes:
        name: The word for it.
        about: What must hold, in a few words.
        profiles: Under which profiles it may be reached; which one it was stands on the certificate.
        of: Whose requirements it is about: those to which a sentence of the `source document` maps, or all of the
            `catalogue`.
        never: How none of them may stand.
        schedules: How many fault schedules must have been drawn at least.
        depth: How many faults in a row the draws must have allowed at least.
    """

    name: str
    about: str
    profiles: Sequence[str]
    of: str
    never: Sequence[str]
    schedules: int
    depth: int

    def check(self, report: Report) -> None:
        """Go on only if a run reaches it.

        Raises:
            Refused: It does not.
        """
        reasons: list[str] = []
        if report.header["profile"] not in self.profiles:
            reasons.append(
                f"the level {self.name} is reached under the profile {' or '.join(self.profiles)}, and the run was "
                f"judged by {report.header['profile']}"
            )
        reasons += self._schedules(report.header.get("schedules", {}))
        for row in self.concerned(report):
            if row["standing"] in self.never:
                tests = [name for name, each in report.verdicts.items() if _breaks(each, row["requirement"])]
                reasons.append(f"{row['requirement']} does not hold ({row['standing']}): {listed(tests)}")
            elif row["standing"] == "not_judged":
                red = [name for name in row["because"] if report.verdict_on(name) in _RED]
                if red:
                    reasons.append(
                        f"{row['requirement']} was not judged, since {listed(red)} {_RED[report.verdict_on(red[0])]} "
                        "and no waiver lets that pass"
                    )
        refuse_if(reasons)

    def _schedules(self, drawn: Mapping[str, int]) -> Iterator[str]:
        count, depth = drawn.get("count", 0), drawn.get("depth", 0)
        if count < self.schedules:
            yield f"the level {self.name} asks for {self.schedules} fault schedules, and {count} were drawn"
        elif depth < self.depth:
            yield (
                f"the level {self.name} asks for fault schedules drawn to a depth of {self.depth}, and these were "
                f"drawn to {depth} (--conformance-depth)"
            )

    def concerned(self, report: Report) -> list[Row]:
        """Return how the requirements of this level stand in a run."""
        mapped = {name for sentence in covered() for name in sentence.rows}
        return [row for row in report.standings if self.of == "catalogue" or row["requirement"] in mapped]


@cache
def levels() -> Mapping[str, Level]:
    """Return all levels by name, the least first."""
    data = tomllib.loads(files(__package__).joinpath("levels.toml").read_text("utf-8"))
    return {row["name"]: Level(**row) for row in data["level"]}


def _breaks(row: Row, requirement: str) -> bool:
    return requirement in (row.get("broken") or [row.get("requirement")]) and row["verdict"] in _RED
