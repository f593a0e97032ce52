"""What a reader gets to see of a verdict that is no pass: what was asked, by whom, what was seen, and the evidence."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.profile import Profile
from conformance.evidence.record import Fault
from conformance.judging.judge import Judged
from conformance.judging.verdict import Verdict
from conformance.report.timeline import TimelineEntry, timeline

_LINES = 60
_WIDTH = 98  # readable at 100 columns
_INDENT = 15
_WHOSE = {
    Fault.TARGET: "the relay",
    Fault.ADAPTER: "the adapter",
    Fault.HARNESS: "this suite",
}


def at_fault(fault: Fault) -> str:
    """Say whose fault it is."""
    return f"at fault: {_WHOSE[fault]}"


def explain(mode: FailureMode, judged: Judged, profile: Profile) -> str:
    """Return the explanation of a verdict, ending in the scenario's timeline."""
    if judged.verdict is Verdict.ERROR:
        assert judged.fault is not None
        # what broke is told once, above; a timeline would only hide it
        return f"error, {at_fault(judged.fault)}: {judged.reason}"
    row = judged.requirement
    lines = [
        f"{judged.verdict}: {row.id} ({judged.level}, profile {profile.name})",
        *labelled("requirement", row.text),
        *labelled("source", row.source),
        *labelled("staged", mode.staged),
    ]
    for finding in judged.findings:
        lines += labelled("expected", finding.expected)
        lines += labelled("observed", finding.observed)
        if not finding.holds:
            lines += labelled("", f"^ {finding.verdict}: {finding.requirement} ({finding.level})")
    if not judged.findings:
        lines += labelled("because", judged.reason)
    if judged.evidence is not None:
        lines += ["", "  timeline (seconds since the relay accepted the message)", *_shortened(judged)]
    return "\n".join(lines)


def labelled(label: str, text: str) -> list[str]:
    """Return a text behind a label, wrapped so that it is readable at 100 columns."""
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=f"  {label:{_INDENT - 2}}",
        subsequent_indent=" " * _INDENT,
        break_on_hyphens=False,
    )


def _shortened(judged: Judged) -> list[str]:
    assert judged.evidence is not None
    entries = timeline(judged.evidence)
    if len(entries) <= _LINES:
        return _wrapped(entries)
    half = _LINES // 2
    left_out = (
        f"  ... {len(entries) - 2 * half} entries left out; --conformance-report=DIR keeps them all ..."
    )
    return [*_wrapped(entries[:half]), left_out, *_wrapped(entries[-half:])]


def _wrapped(entries: Iterable[TimelineEntry]) -> list[str]:
    return [
        line
        for entry in entries
        for line in textwrap.wrap(
            str(entry), _WIDTH, initial_indent="  ", subsequent_indent=" " * 24, break_on_hyphens=False
        )
    ]
