"""The page of one report: what its templates are given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from markupsafe import Markup, escape

from conformance.catalogue.requirements import Requirement, catalogue
from conformance.catalogue.section import Section
from conformance.html.day import HOUR, HOURS, days
from conformance.html.drawing import HEIGHT, WIDTH, Drawing, draw, lane_names
from conformance.html.grid import tables
from conformance.html.render import render
from conformance.html.room import MOST, TEXT, Cut, Lines, fitted
from conformance.html.told import GRAVE, WAIVED, Row, Said, Shown, Told
from conformance.judging.words import counted

# Signs of one line of a timeline; what is longer is cut.
_LONGEST = 400

# Entries that are set off in the text.
_SET_OFF = {"fault": "f", "arrived": "p", "returned": "r", "mended": "m"}

# Of so many findings each has the words of its requirement; of more of them only a link to where these stand.
_MANY = 500

# What is red.
_RED = ("fail", "deviation")

# Where a timeline is to stand.
_MARK = re.compile("\0([0-9]+)\0")

# What could not be compared, and how it is called.
_UNJUDGED = {
    "inconclusive": "Inconclusive: the failure was not provoked, or the suite was late",
    "error": "Errors: something broke",
    "not_applicable": "Not applicable: the relay or the profile leaves nothing to judge",
}


@dataclass(frozen=True, kw_only=True)
class ToMend:
    """A requirement that does not hold: its row, and what the catalogue says of it."""

    row: Row
    anchor: str

    @property
    def requirement(self) -> Requirement | None:
        """The row of the catalogue."""
        return catalogue().get(self.row["requirement"])

    @property
    def where(self) -> str:
        """In how many failure modes."""
        number, of = self.row["failure_modes"], self.row.get("of", 0)
        if of:
            return f"all {number} failure modes" if number == of else f"{number} of {of} failure modes"
        return counted(number, "failure mode")

    @property
    def example(self) -> str:
        """The test to look at first, as it is called in a sentence."""
        return _short(self.row["example"])


@dataclass(frozen=True, kw_only=True)
class _Drawn:
    """A scenario with its drawing, and the mark at which its timeline will stand."""

    shown: Shown
    drawing: Drawing | None
    text: Markup


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why some tests were not judged.

    Attributes:
        text: The reason.
        see: The test that is red for it, in short; empty: there is none.
        anchor: Where that is.
        tests: The tests, in short, each with where its scenario is.
    """

    text: str
    see: str
    anchor: str
    tests: list[tuple[str, str]]


def page(rows: Iterable[Row]) -> str:
    """Return the page of a report.

    Args:
        rows: Its rows; texts from outside are spelled out in them (`report/writing.py`).

    Raises:
        ValueError: They are no rows of a report.
    """
    told = Told(rows)
    try:
        text = render(
            "page.html",
            told=told,
            headline=_headline(told),
            bar=_bar(told),
            to_mend=list(_to_mend(told)),
            lacks_table=bool(_red(told)) and not told.of("to_mend"),
            standings={
                row["requirement"]: (row, catalogue().get(row["requirement"]))
                for row in told.of("requirement")
            },
            tables=tables(told.scenarios),
            days=days(told.scenarios),
            hour=HOUR,
            hours=HOURS,
            grave_first=_grave_first(told.scenarios),
            at_length=sum(len(each.grave) for each in told.scenarios) <= _MANY,
            waivers=_waivers(told),
            unjudged=_unjudged(told),
            lanes=lane_names(),
            width=WIDTH,
            height=HEIGHT,
        )
        return _with_timelines(text, told.scenarios)
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"it has a row that is none of a report of this suite: {error!r}") from error


def _red(told: Told) -> list[Said]:
    return [each for each in told.said if each.word in _RED]


def _headline(told: Told) -> tuple[str, str]:
    """Return how the run went: the look of it, and in words."""
    held = {
        word: {row["requirement"] for row in told.of("to_mend") if row["verdict"] == word} for word in _RED
    }
    unjudged = told.counts["inconclusive"] + told.counts["error"]
    if told.counts["fail"]:
        number = len(held["fail"])
        return (
            "fail",
            f"{counted(number, 'requirement')} broken" if number else f"{told.counts['fail']} tests failed",
        )
    if any(row["misfits"] for row in told.of("waiver")):
        return "fail", "A waiver does not fit any more"
    if told.header.get("stopped"):
        return "fail", "The relay was brought down"
    if told.interrupted:
        return "inconclusive", "Broken off before its end"
    if unjudged or told.header.get("troubles"):
        return "inconclusive", f"Nothing is broken, and {counted(unjudged, 'test')} could not be judged"
    waived = told.counts.get(WAIVED, 0)
    if not told.counts["pass"] and not waived and not told.counts["deviation"]:
        return "not_applicable", "Nothing was judged"
    or_waived = ", but for what is waived" if waived else ""
    if told.counts["deviation"]:
        missed = counted(len(held["deviation"]) or told.counts["deviation"], "recommendation")
        return "deviation", f"Every MUST that was judged holds{or_waived}, {missed} missed"
    return "pass", f"Everything that was judged holds{or_waived}"


def _bar(told: Told) -> list[tuple[str, float, float]]:
    """Return the parts of a bar: the verdict, where it begins and how long it is, both in per cent."""
    shown = {word: number for word, number in told.counts.items() if number}
    # nothing is so small that nobody sees it
    sizes = {word: max(number / len(told.said), 0.008) for word, number in shown.items()}
    parts, begin = [], 0.0
    for word, size in sizes.items():
        wide = size / sum(sizes.values()) * 100
        parts.append((word, round(begin, 2), round(wide, 2)))
        begin += wide
    return parts


def _to_mend(told: Told) -> Iterator[ToMend]:
    for row in told.of("to_mend"):
        yield ToMend(row=row, anchor=told.anchors.get(row["example"], ""))


def _waivers(told: Told) -> list[tuple[Row, list[tuple[str, str]]]]:
    """Return the rows of waivers, each with the tests that it let pass, in short, and where their scenarios are."""
    return [
        (row, [(_short(node), told.anchors.get(node, "")) for node in row["fired"]])
        for row in told.of("waiver")
    ]


def _unjudged(told: Told) -> list[tuple[str, str, int, list[Reason]]]:
    """Return what was not judged: by the verdict, what that is called, how many tests, and each reason once."""
    found: dict[str, dict[tuple[str, str], list[Said]]] = {word: {} for word in _UNJUDGED}
    for each in told.said:
        if each.word in found:
            found[each.word].setdefault((each.reason, each.because), []).append(each)
    return [
        (
            word,
            _UNJUDGED[word],
            sum(map(len, groups.values())),
            [
                _reason(text, because, said, told)
                for (text, because), said in sorted(groups.items(), key=lambda group: -len(group[1]))
            ],
        )
        for word, groups in found.items()
        if groups
    ]


def _reason(text: str, because: str, said: list[Said], told: Told) -> Reason:
    return Reason(
        text=text,
        see=_short(because),
        anchor=told.anchors.get(because, ""),
        tests=[(_short(each.row["node_id"]), told.anchors[each.row["node_id"]]) for each in said],
    )


def _grave_first(scenarios: list[Shown]) -> list[tuple[str, list[_Drawn]]]:
    """Return what is not as it should be, under no heading, then the others by the headings of their sections.

    Each scenario has its drawing, and a mark for its timeline (`_with_timelines`).
    """
    drawn = [
        _Drawn(shown=each, drawing=draw(each.timeline), text=Markup(f"\0{number}\0"))
        for number, each in enumerate(scenarios)
    ]
    groups: dict[str, list[_Drawn]] = {}
    grave = sorted(
        (each for each in drawn if each.shown.grave),
        key=lambda each: GRAVE.index(each.shown.grave[0].word),
    )
    order = list(Section)
    for each in sorted(drawn, key=lambda each: order.index(each.shown.section)):
        if not each.shown.grave:
            groups.setdefault(each.shown.section.heading, []).append(each)
    return [*([("", grave)] if grave else []), *groups.items()]


def _with_timelines(text: str, scenarios: list[Shown]) -> str:
    """Put the timelines into a page, as far as it has room for them; texts from outside have no NUL."""
    lines = [Lines([*map(_line, each.timeline)], bool(each.grave)) for each in scenarios]
    cuts = fitted(lines, min(TEXT, MOST - len(text.encode("utf-8"))))
    return _MARK.sub(lambda mark: _text(cuts[int(mark[1])]), text)


def _text(cut: Cut) -> str:
    left_out = f"<i>... {cut.left_out} entries left out; report.jsonl has them all ...</i>"
    return "\n".join([*cut.first, *([left_out] if cut.left_out else []), *cut.last])


def _line(entry: Row) -> str:
    """Return an entry of a timeline as a line of HTML."""
    text = entry["text"]
    shown = escape(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...")
    look = _SET_OFF.get(entry.get("sign", ""))
    line = f"{entry['at']:9.3f} {escape(entry['layer']):<5} {shown}"
    return f"<b class={look}>{line}</b>" if look else line


def _short(node_id: str) -> str:
    return node_id.rpartition("::")[2].removeprefix("test_")
