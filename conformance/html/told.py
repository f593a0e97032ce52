"""The rows of a report, sorted for a page: verdicts by scenario, what to mend, what happened."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from conformance.catalogue.by_mx import TOLD
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.requirements import Requirement, catalogue
from conformance.catalogue.section import Section
from conformance.report.letters import LETTERS, XFAILED
from conformance.report.writing import cleaned

Row = Mapping[str, Any]

# What somebody expected not to pass, beside the verdicts; and one of those, of which few runs have any.
EXPECTED = "expected"
WAIVED = "waived"

_LETTERS = {**{verdict.value: letter for verdict, letter in LETTERS.items()}, EXPECTED: XFAILED}
# What the terminal's sign for a pass is on paper, and what stands for a requirement of which nothing was judged.
_ON_PAGE = {"pass": "\N{MIDDLE DOT}", "not_judged": "\N{EN DASH}"}

# What deserves to be looked at, the gravest first.
GRAVE = ("fail", "error", "inconclusive", "deviation", WAIVED, EXPECTED)
_BY_GRAVITY = (*GRAVE, "pass", "not_applicable")


def letter(word: str) -> str:
    """Return the sign for a verdict: the one that the terminal has for it."""
    return _ON_PAGE.get(word) or _LETTERS.get(word, "?")


def counted(said: Iterable[Said]) -> Mapping[str, int]:
    """Return how many there are of each verdict, the gravest first."""
    found = Counter(each.word for each in said)
    return {
        word: found[word] for word in (*_BY_GRAVITY, *sorted(found.keys() - {*_BY_GRAVITY})) if found[word]
    }


@dataclass(frozen=True)
class Said:
    """A verdict.

    Attributes:
        row: Its row in the report.
    """

    row: Row

    @property
    def word(self) -> str:
        """The verdict in a word; `expected` where somebody expected it not to be a pass."""
        return EXPECTED if "xfail" in self.row else str(self.row["verdict"])

    @property
    def aspect(self) -> str:
        """The aspect."""
        return str(self.row["aspect"])

    @property
    def reason(self) -> str:
        """Why nothing could be compared, or what was seen."""
        return str(self.row["observed"])

    @property
    def because(self) -> str:
        """The test that is red for what left nothing to be judged; empty: there is none."""
        return str(self.row.get("because", ""))

    @property
    def requirement(self) -> Requirement | None:
        """The row of the catalogue; None: this version's has none of that name."""
        return catalogue().get(self.row["requirement"])


@dataclass(kw_only=True)
class Shown:
    """A scenario as a page shows it.

    Attributes:
        number: Its place among the others, from 1; the name to link to is made of it.
        name: The name of its failure mode.
        course: How that went on.
        said: The verdicts on it, in their order.
        evidence: The row of what happened; None: nothing did, or nobody kept it.
    """

    number: int
    name: str
    course: str
    said: list[Said] = field(default_factory=list)
    evidence: Row | None = None

    @property
    def anchor(self) -> str:
        """The name to link to."""
        return f"s{self.number}"

    @property
    def mode(self) -> FailureMode | None:
        """The failure mode; None: it is a fault schedule, or of another version."""
        return ALL.get(self.name)

    @property
    def staged(self) -> str:
        """What the destination does, and how it was found if that was otherwise than declared; empty: nobody knows."""
        if self.mode is None:
            return ""
        by_mx = self.evidence is not None and self.evidence.get("by_mx")
        return f"{self.mode.staged} By MX: {TOLD}" if by_mx else self.mode.staged

    @property
    def section(self) -> Section:
        """Where it belongs."""
        return self.mode.section if self.mode else Section.SCHEDULE

    @property
    def grave(self) -> list[Said]:
        """What of it deserves to be looked at, the gravest first."""
        return sorted(
            (each for each in self.said if each.word in GRAVE), key=lambda each: GRAVE.index(each.word)
        )

    @property
    def grave_counts(self) -> Mapping[str, int]:
        """How many of these there are of each verdict."""
        return counted(self.grave)

    @property
    def passed(self) -> list[Said]:
        """What was as it is asked."""
        return [each for each in self.said if each.word == "pass"]

    @property
    def left_out(self) -> Mapping[str, list[Said]]:
        """What did not apply, by the reason."""
        found: dict[str, list[Said]] = {}
        for each in self.said:
            if each.word == "not_applicable":
                found.setdefault(each.reason, []).append(each)
        return found

    @property
    def timeline(self) -> list[Row]:
        """What happened."""
        return list(self.evidence["timeline"]) if self.evidence else []


class Told:
    """A report.

    Args:
        rows: Its rows, as `docs/report.md` has them, in whatever state it is.

    Raises:
        ValueError: They are no rows of a report.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows: dict[str, list[Row]] = {}
        for row in rows:
            self._rows.setdefault(row["kind"], []).append(row)
        if "header" not in self._rows:
            raise ValueError("it has no header")
        self.header: Row = self._rows["header"][0]

    def of(self, kind: str) -> list[Row]:
        """Return the rows of a kind."""
        return self._rows.get(kind, [])

    @property
    def interrupted(self) -> str:
        """Why it is not whole; empty: it is."""
        if self.of("footer"):
            return ""
        return str(self.of("interrupted")[0]["by"]) if self.of("interrupted") else "its end is missing"

    @cached_property
    def said(self) -> list[Said]:
        """All verdicts; of a test that was run again the last."""
        return [Said(row) for row in {row["node_id"]: row for row in self.of("verdict")}.values()]

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """How many there are of each verdict; of those that nobody expected also none."""
        found = Counter(each.word for each in self.said)
        return {
            word: found[word]
            for word in [*_LETTERS, *(found.keys() - _LETTERS)]
            if found[word] or word not in (EXPECTED, WAIVED)
        }

    @cached_property
    def scenarios(self) -> list[Shown]:
        """What was staged, or could not be, in the order in which it was judged."""
        happened = {row["scenario"]: row for row in self.of("evidence")}
        found: dict[str, Shown] = {}
        for each in self.said:
            name, course = each.row["failure_mode"], each.row["course"]
            scenario = f"{name}.{course}"
            if scenario not in found:
                found[scenario] = Shown(
                    number=len(found) + 1, name=name, course=course, evidence=happened.get(scenario)
                )
            found[scenario].said.append(each)
        return list(found.values())

    @cached_property
    def anchors(self) -> Mapping[str, str]:
        """Where the scenario of a test is, by its node id, and by its name alone."""
        found = {}
        for scenario in self.scenarios:
            for each in scenario.said:
                node = each.row["node_id"]
                found[node] = found[node.rpartition("::")[2]] = scenario.anchor
        return found


def rows_in(path: Path) -> list[Row]:
    """Read the rows of a report; what comes from outside in them is spelled out, whoever wrote the file.

    Args:
        path: The file, or its folder.

    Raises:
        ValueError: There is none, or it is something else; the text says which.
    """
    file = path / "report.jsonl" if path.is_dir() else path
    try:
        rows = [cleaned(json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]
        if not all(isinstance(row, Mapping) and isinstance(row.get("kind"), str) for row in rows):
            raise ValueError("it is no report of this suite")
    except OSError as error:
        raise ValueError(f"{error.strerror}; --conformance-report=DIR writes one") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError("it is no report of this suite, or it was cut") from error
    return rows
