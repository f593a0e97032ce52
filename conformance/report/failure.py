"""What a reader gets to see of a verdict that is no pass: what was asked, by whom, what was seen, and the evidence."""

from __future__ import annotations

from conformance.failure_mode import FailureMode
from conformance.judging import Judged
from conformance.profile import Profile
from conformance.report.timeline import timeline
from conformance.verdict import Fault, Verdict

_LINES = 60
_WHOSE = {
    Fault.TARGET: "the relay",
    Fault.ADAPTER: "the adapter",
    Fault.HARNESS: "this suite",
}


def explain(mode: FailureMode, judged: Judged, profile: Profile) -> str:
    """Return the explanation of a verdict, ending in the scenario's timeline."""
    if judged.verdict is Verdict.ERROR:
        assert judged.fault is not None
        # what broke is told once, above; a timeline would only hide it
        return f"error, at fault: {_WHOSE[judged.fault]}. {judged.reason}"
    row = judged.requirement
    lines = [
        f"{judged.verdict}: {row.id} ({judged.level}, profile {profile.name})",
        f"  requirement  {row.text}",
        f"  source       {row.source}",
        f"  staged       {mode.staged}",
    ]
    if judged.findings:
        for finding in judged.findings:
            lines += [
                f"  expected     {finding.expected}",
                f"  observed     {finding.observed}{'' if finding.holds else '   <-- ' + finding.verdict}",
            ]
    else:
        lines.append(f"  because      {judged.reason}")
    if judged.evidence is not None:
        lines += ["", "  timeline (seconds since the relay accepted the message)", *_shortened(judged)]
    return "\n".join(lines)


def _shortened(judged: Judged) -> list[str]:
    assert judged.evidence is not None
    entries = [f"  {entry}" for entry in timeline(judged.evidence)]
    if len(entries) <= _LINES:
        return entries
    half = _LINES // 2
    left_out = f"  ... {len(entries) - 2 * half} lines left out; --conformance-report=DIR keeps them all ..."
    return [*entries[:half], left_out, *entries[-half:]]
