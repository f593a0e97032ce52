"""A comparison as text for a terminal, as a page of Markdown, and as one file of HTML."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence

from conformance.across.comparing import Changed, Comparison
from conformance.across.reading import Report
from conformance.across.transitions import Change
from conformance.html.render import render
from conformance.judging.words import counted
from conformance.report.standing import Standing
from conformance.report.summary import code

# So many tests of a requirement are named, unless all are asked for.
_FEW = 3
_WIDTH = 118

# What is told test by test; the rest is a number.
TOLD = (Change.WORSE, Change.LOST, Change.FOUND, Change.BETTER, Change.OTHERWISE, Change.CHANGED)

WHAT = {
    Change.WORSE: "worse",
    Change.LOST: "held, and nobody knows whether it still does",
    Change.FOUND: "red, and nobody knew: new tests, or ones that could not be judged before",
    Change.BETTER: "better",
    Change.OTHERWISE: "as red as before, and what is seen is something else",
    Change.CHANGED: "changed otherwise",
}


# What is told of requirements under whose name no test got worse.
FALLEN = "requirements that stand worse as a whole"


def about(report: Report) -> str:
    """Say whose report it is, and from when."""
    return ", ".join(
        [
            report.relay,
            f"profile {report.said('profile')}",
            f"lab {report.said('lab')}",
            *([f"catalogue {report.said('catalogue')}"] if "catalogue" in report.header else []),
            counted(len(report.tests), "test"),
            report.date,
        ]
    )


def conclusion(comparison: Comparison, *, count_new: bool) -> str:
    """Say what it comes down to, and the exit status."""
    counts = [f"{kind.value} {comparison.counts[kind]}" for kind in Change if comparison.counts[kind]]
    status = comparison.status(count_new=count_new)
    why = {
        0: "no verdict got worse",
        1: "verdicts got worse"
        if comparison.counts[Change.WORSE]
        else "requirements stand worse"
        if comparison.fallen
        else "what is newly known to be red counts (--count-new)",
        3: "nothing is seen to be worse, and some of what held is not known any more",
    }[status]
    return f"{', '.join(counts)}: {why} (exit status {status})"


def text(comparison: Comparison, *, everything: bool, count_new: bool) -> Iterator[str]:
    """Yield the lines for a terminal."""
    yield f"old: {about(comparison.old)} ({comparison.old.path})"
    yield f"new: {about(comparison.new)} ({comparison.new.path})"
    for name, before, after in comparison.differing:
        yield from _wrapped(f"differs: {name}: {before} -> {after}", "", " " * 9)
    for kind in TOLD:
        found = list(comparison.by_requirement(kind))
        if found:
            yield from ("", f"{WHAT[kind]}: {counted(comparison.counts[kind], 'test')}")
        for level, name, tests in found:
            yield f"  {level:7} {name}{_whole(comparison, name)}"
            if kind is Change.CHANGED and not everything:
                yield from (f"    {line}" for line in _in_short(tests))
                continue
            shown = tests if everything else tests[:_FEW]
            for each in shown:
                yield f"    {each.name}: {each.words}{_more(each)}"
                if each.was:
                    yield from _wrapped(each.was, "        before: ", " " * 16)
                if each.observed:
                    yield from _wrapped(
                        each.observed, "        now:    " if each.was else "        ", " " * 16
                    )
            if len(shown) < len(tests):
                yield f"    ... and {len(tests) - len(shown)} more (--all shows all)"
    if comparison.fallen_untold:
        yield from ("", f"{FALLEN}:")
    for each, by in comparison.fallen_untold:
        yield f"  {each.level:7} {each.name}: {each.words}"
        yield from (f"    by {test.name}" for test in by[: None if everything else _FEW])
    if comparison.unasked:
        yield from ("", "held, and there was nothing to judge any more:")
        yield from (f"  {each.level:7} {each.name}: {each.words}" for each in comparison.unasked)
    yield ""
    yield conclusion(comparison, count_new=count_new)


def markdown(comparison: Comparison, *, everything: bool, count_new: bool) -> Iterator[str]:
    """Yield the lines of a page of Markdown; what comes from outside stands in code elements."""
    yield f"## {code(comparison.old.relay)} and {code(comparison.new.relay)}"
    yield ""
    yield f"**{conclusion(comparison, count_new=count_new)}**"
    yield ""
    yield f"- old: {code(about(comparison.old))}"
    yield f"- new: {code(about(comparison.new))}"
    for name, before, after in comparison.differing:
        yield f"- differs: {name}: {code(before)} and {code(after)}"
    for kind in TOLD:
        if kind is Change.CHANGED and not everything:
            continue
        rows = [
            _row(comparison, level, name, each, tests[0])
            for level, name, tests in comparison.by_requirement(kind)
            for each in (tests if everything else tests[:_FEW])
        ]
        if rows:
            yield from ("", f"### {WHAT[kind].capitalize()}: {counted(comparison.counts[kind], 'test')}", "")
            yield from ("| level | requirement | test | from, to | observed |", "|---|---|---|---|---|")
            yield from rows
            if len(rows) < comparison.counts[kind]:
                yield from ("", f"... and {comparison.counts[kind] - len(rows)} more.")
    if comparison.counts[Change.CHANGED] and not everything:
        heading = (
            f"### {WHAT[Change.CHANGED].capitalize()}: {counted(comparison.counts[Change.CHANGED], 'test')}"
        )
        yield from ("", heading, "", "| level | requirement | from, to |", "|---|---|---|")
        for level, name, tests in comparison.by_requirement(Change.CHANGED):
            yield f"| {level} | {code(name)}{_whole(comparison, name)} | {'; '.join(map(code, _in_short(tests)))} |"
    if comparison.fallen_untold:
        yield from ("", f"### {FALLEN.capitalize()}", "")
    for each, by in comparison.fallen_untold:
        names = ", ".join(code(test.name) for test in by[: None if everything else _FEW])
        yield f"- {each.level} {code(each.name)}: {each.words}" + (f", by {names}" if names else "")
    if comparison.unasked:
        yield from ("", "### Held, and there was nothing to judge any more", "")
        yield from (f"- {each.level} {code(each.name)}: {each.words}" for each in comparison.unasked)


def html(comparison: Comparison, *, count_new: bool) -> str:
    """Return one file of HTML, in which every test that changed is named."""
    return render(
        "compare.html",
        comparison=comparison,
        conclusion=conclusion(comparison, count_new=count_new),
        status=comparison.status(count_new=count_new),
        sections=[(kind, list(comparison.by_requirement(kind))) for kind in TOLD if comparison.counts[kind]],
        what=WHAT,
        fallen=FALLEN,
        about=about,
        legend=[standing.value for standing in Standing],
    )


def _in_short(tests: Sequence[Changed]) -> Iterator[str]:
    """Say how many tests went from what to what, and one of each."""
    found: dict[str, list[str]] = {}
    for each in tests:
        found.setdefault(each.words, []).append(each.name)
    for words, names in found.items():
        yield f"{words}: {names[0]}" + (f" and {len(names) - 1} more" if len(names) > 1 else "")


def _row(comparison: Comparison, level: str, name: str, each: Changed, first: Changed) -> str:
    requirement = f"{code(name)}{_whole(comparison, name)}" if each is first else ""
    seen = f"before: {code(each.was)}, now: {code(each.observed)}" if each.was else code(each.observed)
    cells: Sequence[str] = (
        level if each is first else "",
        requirement,
        code(each.name),
        each.words + _more(each, code),
        seen if each.observed else "",
    )
    return f"| {' | '.join(cells)} |"


def _more(each: Changed, shown: Callable[[str], str] = str) -> str:
    """Say what is broken in a test that was red before for something else."""
    return f", newly broken: {', '.join(map(shown, each.newly))}" if each.newly else ""


def _whole(comparison: Comparison, name: str) -> str:
    """Say how the requirement stands as a whole, where that is another."""
    whole = comparison.requirements.get(name)
    return f" (as a whole: {whole.words})" if whole and whole.before is not whole.after else ""


def _wrapped(line: str, first: str, others: str) -> list[str]:
    return textwrap.wrap(line, _WIDTH, initial_indent=first, subsequent_indent=others, break_on_hyphens=False)
