"""docs/failure-modes.md: every failure mode and control, what is staged, what must follow, and from which source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from conformance.catalogue import profile as profiles
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.failure_modes import ALL, control_of
from conformance.catalogue.message import Kind
from conformance.catalogue.profile import Accepted, Profile, ProfileRow
from conformance.catalogue.requirements import catalogue
from conformance.catalogue.section import Section
from conformance.pages import grid_page as grid
from conformance.target import Outcome

_HEAD = """\
# Failure modes and controls

Made by `mailflow-conformance pages docs` from the declarations in `conformance/catalogue/failure_modes/` and the
profiles in `conformance/catalogue/profiles/`; do not edit. `pytest --target=reference --co -q` lists the same modes
with every aspect that judges them.

For each mode: what is staged, what must follow (by the profile `eop`, and by `rfc` where that accepts something else),
what proves, without the relay's word, that an attempt met it, and the positive control on which it relies, the same
without the fault: `plain`, if no other is named. A level in brackets is that of the requirement behind
a code; without one it is MUST. The first of several outcomes is the preferred one.
"""

_FATES = {
    Kind.CONTROL: "delivered at the first attempt",
    Kind.HARMLESS: "delivered at the first attempt all the same",
    Kind.PASSING: "delivered at a later attempt, without any repair",
    Kind.CONTENT: "delivered, and nothing altered",
    Kind.MIXED: "each recipient has a fate of its own",
    Kind.REPORTED: "returned in one report that says what is so, and that fares like any mail",
    Kind.BATCH: "each of the messages delivered once; returned once, if it is refused for good",
    Kind.KILLED: "delivered or reported, exactly once",
    Kind.AMID: "delivered or reported, exactly once",
}

_USUAL_CONTROL = "plain"

_OUTCOMES = {
    Outcome.DEFERRED: "deferred",
    Outcome.PERMANENT: "returned at once",
    Outcome.DELIVERED: "delivered all the same",
}


def render() -> str:
    """Return the page."""
    eop, rfc = profiles.load("eop"), profiles.load("rfc")
    order = list(Section)
    modes = sorted(ALL.values(), key=lambda mode: order.index(mode.section))
    lines = [_HEAD, f"{len(modes)} modes and controls.", *grid.section(eop)]
    for section, members in groupby(modes, key=lambda mode: mode.section):
        lines += ["", f"## {section.heading}", ""]
        lines += _section(list(members), eop, rfc)
    return "\n".join(lines) + "\n"


def _section(modes: Sequence[FailureMode], eop: Profile, rfc: Profile) -> Iterator[str]:
    yield "| mode | staged | must follow |"
    yield "|---|---|---|"
    for mode in modes:
        must = _must(mode, eop)
        other = _must(mode, rfc)
        follows = must if other == must else f"{must}<br>`rfc`: {other}"
        yield f"| `{mode.name}` | {_cell(mode.staged)} | {_cell(follows)} |"
    yield ""
    proofs = {mode.witness.sentence: [m.name for m in modes if m.witness is mode.witness] for mode in modes}
    yield from _notes("Proof", proofs, len(modes))
    controls = {
        mode.name: f"`{control.name}`"
        for mode in modes
        if not mode.is_control and (control := control_of(mode)).name != _USUAL_CONTROL
    }
    yield from _notes("Control", _turned(controls), len(modes))
    rows = {mode.name: eop.rows[mode.name].source for mode in modes if mode.name in eop.rows}
    yield from _notes("Source", _turned(rows), len(modes))


def _turned(texts: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the modes of each text."""
    return {text: [name for name in texts if texts[name] == text] for text in texts.values()}


def _notes(what: str, notes: Mapping[str, list[str]], of: int) -> Iterator[str]:
    """Yield one item for each text, with the modes it is about unless these are all of the section."""
    for text, names in notes.items():
        about = "" if len(names) == of else f" (`{'`, `'.join(names)}`)"
        yield f"* {what}{about}: {text}."


def _must(mode: FailureMode, profile: Profile) -> str:
    if mode.kind is Kind.PASSING and mode.message.also_to:
        return "delivered to every recipient, to some of them at a later attempt, without any repair"
    if mode.kind in _FATES:
        return _FATES[mode.kind]
    rows: Mapping[str, ProfileRow] = profile.rows
    return "; or ".join(_outcome(accepted) for accepted in rows[mode.name].outcomes)


def _outcome(accepted: Accepted) -> str:
    codes = [
        " or ".join(f"`{_said(pattern)}`" for pattern in check.any) + _level(check.requirement)
        for check in accepted.checks
    ]
    return f"{_OUTCOMES[accepted.outcome]}{' with ' if codes else ''}{' and '.join(codes)}"


def _said(pattern: str) -> str:
    return "as the server said" if pattern == profiles.REPLIED else pattern


def _level(requirement: str) -> str:
    level = catalogue()[requirement].level
    return "" if level == "MUST" else f" ({level})"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
