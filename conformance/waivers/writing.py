"""Writes a file of waivers, for somebody to fill in the reasons."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from conformance.waivers.waiver import ANY, without_times
from fake_servers.printable import printable

# Behind these stand the relay's own words.
_TAIL = re.compile(r"( \(|; the relay says|; it says).*")
# What a failing schedule came down to is added to what was observed.
_ADDED = re.compile(r"; minimal schedule.*")
_QUOTED = re.compile(r"""'[^']*'|"[^"]*"|<[^>]*>""")
# What one failure mode has: names of hosts.
_HOST = re.compile(r"\b(?:[\w-]+\.)+test\b\.?")
# Numbers that are no code of three digits, and none of the enhanced ones: how many there were today.
_NUMBER = re.compile(r"(?<![\w.*])(?![245]\d\d(?!\d))\d+(?!\w)(?!\.\d)")
_REPEATED = re.compile(r"\*(?:[\s*]*\*)?")


@dataclass(frozen=True, kw_only=True)
class Row:
    """What one row has besides the names of failure modes; see `Waiver`."""

    verdict: str
    requirement: str
    aspect: str
    observed: tuple[str, ...]
    reason: str
    expires: date
    link: str = ""


def pattern_for(observed: str) -> str:
    """Return a pattern that matches what was observed, and leaves open what another run words otherwise.

    That is what stands in quotation marks or brackets, the relay's own words, hosts, and numbers that are no codes.
    """
    text = _TAIL.sub(r"\1*", _QUOTED.sub(ANY, _ADDED.sub("", without_times(observed))))
    return _REPEATED.sub(ANY, _NUMBER.sub(ANY, _HOST.sub(ANY, text)))


def written(rows: Iterable[tuple[Row, Sequence[str]]], *, catalogue: str, target: str, profile: str) -> str:
    """Return the text of a file.

    Args:
        rows: The rows, each with the names of its failure modes.
        catalogue: The version of the catalogue by which names are read.
        target: The relay.
        profile: The profile.
    """
    lines = [
        "# What is tolerated for now. Say in each row why, and until when: docs/waivers.md.",
        "",
        f"catalogue = {_text(catalogue)}",
        f"target = {_text(target)}",
        f"profile = {_text(profile)}",
    ]
    for row, names in rows:
        lines += [
            "",
            "[[waiver]]",
            f"verdict = {_text(row.verdict)}",
            f"requirement = {_text(row.requirement)}",
            *([f"aspect = {_text(row.aspect)}"] if row.aspect else []),
            f"failure_modes = {_list(names)}",
            f"observed = {_text(row.observed[0]) if len(row.observed) == 1 else _list(row.observed)}",
            f"reason = {_text(row.reason)}",
            f"expires = {row.expires.isoformat()}",
            *([f"link = {_text(row.link)}"] if row.link else []),
        ]
    return "\n".join(lines) + "\n"


def _list(texts: Sequence[str]) -> str:
    if len(texts) == 1:
        return f"[{_text(texts[0])}]"
    return "[\n" + "".join(f"    {_text(each)},\n" for each in texts) + "]"


def _text(text: str) -> str:
    """Return a basic string of TOML: what JSON escapes is escaped there in the same way."""
    return json.dumps(printable(text), ensure_ascii=False)
