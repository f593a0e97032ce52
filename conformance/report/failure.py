"""What a reader gets to see of a verdict that is no pass: what was asked, by whom, what was seen, and the evidence."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from conformance.catalogue.by_mx import TOLD
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.profile import Profile
from conformance.evidence.record import Fault
from conformance.evidence.view import Evidence
from conformance.judging.judge import Judged
from conformance.judging.verdict import Verdict
from conformance.report.timeline import TimelineEntry, timeline
from conformance.report.writing import line_of

# Readable at 100 columns; what is wider is wrapped there.
WIDTH = 98

_LINES = 60
_INDENT = 15
_WHOSE = {
    Fault.TARGET: "the relay",
    Fault.ADAPTER: "the adapter",
    Fault.HARNESS: "this suite or this machine",
}


def at_fault(fault: Fault) -> str:
    """Say whose fault it is."""
    return f"at fault: {_WHOSE[fault]}"


def explain(mode: FailureMode, judged: Judged, profile: Profile, *, width: int = WIDTH) -> str:
    """Return the explanation of a verdict, ending in the scenario's timeline."""
    if judged.verdict is Verdict.ERROR:
        assert judged.fault is not None
        # what broke is told once, above; a timeline would only hide it
        return f"error, {at_fault(judged.fault)}: {line_of(judged.reason)}"
    heading = f"{judged.verdict}: {judged.requirement.id} ({judged.level}, profile {profile.name})"
    lines = [heading, *claim(judged, width=width), *staged(mode, judged.evidence, width=width)]
    if judged.evidence is not None:
        lines += ["", *timeline_lines(judged.evidence, width=width)]
    return "\n".join(lines)


def staged(mode: FailureMode, evidence: Evidence | None, *, width: int = WIDTH) -> Iterator[str]:
    """Yield what the destination does, and how it was found if that was otherwise than declared."""
    yield from labelled("staged", mode.staged, width=width)
    if evidence is not None and evidence.staged.by_mx:
        yield from labelled("by MX", TOLD, width=width)


def claim(judged: Judged, *, width: int = WIDTH) -> Iterator[str]:
    """Yield what was asked, by whom, and what was seen."""
    yield from labelled("requirement", judged.requirement.text, width=width)
    yield from labelled("source", judged.requirement.source, width=width)
    for finding in judged.findings:
        yield from labelled("expected", finding.expected, width=width)
        yield from labelled("observed", finding.observed, width=width)
        if not finding.holds:
            said = f"^ {finding.verdict}: {finding.requirement} ({finding.level})"
            yield from labelled("", said, width=width)
    if not judged.findings:
        yield from labelled("because", judged.reason, width=width)


def labelled(label: str, text: str, *, width: int = WIDTH) -> list[str]:
    """Return a text behind a label, wrapped."""
    return textwrap.wrap(
        line_of(text),
        width,
        initial_indent=f"  {label:{_INDENT - 2}}",
        subsequent_indent=" " * _INDENT,
        break_on_hyphens=False,
    )


def timeline_lines(evidence: Evidence, *, width: int = WIDTH) -> list[str]:
    """Return the timeline with its heading; the middle of a long one is left out."""
    entries = timeline(evidence)
    heading = "  timeline (seconds since the relay accepted the message)"
    if len(entries) <= _LINES:
        return [heading, *_wrapped(entries, width)]
    half = _LINES // 2
    left_out = (
        f"  ... {len(entries) - 2 * half} entries left out; --conformance-report=DIR keeps them all ..."
    )
    return [heading, *_wrapped(entries[:half], width), left_out, *_wrapped(entries[-half:], width)]


def _wrapped(entries: Iterable[TimelineEntry], width: int) -> list[str]:
    return [
        line
        for entry in entries
        for line in textwrap.wrap(
            str(entry), width, initial_indent="  ", subsequent_indent=" " * 24, break_on_hyphens=False
        )
    ]
