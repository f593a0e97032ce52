"""Writes a file of waivers, for somebody to fill in the reasons."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from conformance.waivers.each_time import without_times
from conformance.waivers.waiver import ANY
from fake_servers.printable import printable

# Behind these stand the relay's own words.
_TAIL = re.compile(r"( \(|; the relay says|; it says).*")
# The whole of it is the relay's words, but for where they were read.
_ALONE = re.compile(r"\A((?:event|queue|NDR|notice of delay|outcome [a-z]+): |(?=[245]\d\d[ -][245]\.)).+")
# What a failing schedule came down to is added to what was observed.
_ADDED = re.compile(r"; minimal schedule.*")
_QUOTED = re.compile(r"""'[^']*'|"[^"]*"|<[^>]*>""")
# What one failure mode has: names of hosts below its own domain, `mode.course.test`. Which host it is counts.
_HOST = re.compile(r"\b(?:((?:[\w-]+\.)*)[\w-]+\.)?[\w-]+\.test\b\.?")
# Codes, and hosts: what counts of the relay's words.
_TELLING = re.compile(
    r"""
      (?<![\w.])[245]\d\d[\ -][245](?:\.\d{1,3}){2}(?![\w.])
    | (?<![\w.])(?<![\w,]\ )[245]\d\d(?![\w.])
    | (?<![\w.])[245](?:\.\d{1,3}){2}(?![\w.])
    | \b(?:[\w-]+\.)+\*
    """,
    re.VERBOSE,
)
# Numbers that are no code of three digits, and none of the enhanced ones: how many there were today. None, one and two
# are different things, and so are characters, character sets, documents and versions.
_NUMBER = re.compile(
    r"""
    (?<![\w.*])(?<!U\+)(?<!UTF-)(?<!RFC\ )(?<!TLS\ )(?<!SSL\ )
    (?![2-5]\d\d(?!\d)|[0-2](?![\d.]))
    \d+(?:\.\d+)?(?!\w)(?!\.\d)
    """,
    re.VERBOSE,
)
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
    sometimes: bool = False


def pattern_for(observed: str) -> str:
    """Return a pattern that matches what was observed, and leaves open what another run words otherwise.

    That is what stands in quotation marks or brackets, the relay's own words, domains, and numbers from three on. Codes
    stay, and which host of a domain it was.
    """
    text = _HOST.sub(r"\1*", _QUOTED.sub(ANY, _ADDED.sub("", without_times(observed))))
    text = _ALONE.sub(
        lambda found: found[1] + _telling(found[0].removeprefix(found[1])), _TAIL.sub(r"\1*", text)
    )
    return _REPEATED.sub(ANY, _NUMBER.sub(ANY, text))


def _telling(words: str) -> str:
    """Return a pattern for the relay's words: what counts of them, in its order."""
    parts = ANY.join(["", *_TELLING.findall(words), ""])
    return parts.removeprefix(ANY) if _TELLING.match(words) else parts


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
            *(["sometimes = true"] if row.sometimes else []),
        ]
    return "\n".join(lines) + "\n"


def _list(texts: Sequence[str]) -> str:
    if len(texts) == 1:
        return f"[{_text(texts[0])}]"
    return "[\n" + "".join(f"    {_text(each)},\n" for each in texts) + "]"


def _text(text: str) -> str:
    """Return a basic string of TOML: what JSON escapes is escaped there in the same way."""
    return json.dumps(printable(text), ensure_ascii=False)
