"""In which lines two bodies differ, and how: what a line lost or gained by, whatever its words."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher

from conformance.judging.words import counted

_SHOWN = 60  # octets of one line
_FEW = 400  # lines that are lined up with each other; of more the first that differ are shown


def told(octets: bytes) -> str:
    """Return octets as a reader can take them, the middle left out where there are many."""
    if len(octets) <= _SHOWN:
        return repr(octets)[1:]
    half = _SHOWN // 2
    return f"{repr(octets[:half])[1:]}...{repr(octets[-half:])[1:]} ({len(octets)} octets)"


def instead(new: bytes, old: bytes) -> str:
    """Say what is there instead of what, so that they are seen to differ: where the middle does, it is shown."""
    if told(new) != told(old):
        return f"{told(new)} instead of {told(old)}"
    differs = next(at for at, (one, other) in enumerate(zip(new, old, strict=True)) if one != other)
    begin = max(differs - _SHOWN // 2, 0)
    shown, wanted = (repr(each[begin : begin + _SHOWN])[1:] for each in (new, old))
    return f"{shown} instead of {wanted}, from octet {begin + 1} of {len(new)} on"


def changed_lines(sent: bytes, received: bytes) -> list[tuple[str, str]]:
    """Return the sorts of changes between two bodies that differ, each with its first occurrence in words."""
    found: dict[str, str] = {}
    for sort, text in _changed(sent.split(b"\r\n"), received.split(b"\r\n")):
        found.setdefault(sort, text)
    return list(found.items())


def _changed(sent: list[bytes], received: list[bytes]) -> Iterator[tuple[str, str]]:
    for number, was, now in _pairs(sent, received):
        if len(was) == len(now):
            for offset, (old, new) in enumerate(zip(was, now, strict=True)):
                if old != new:
                    where = f"line {number + offset + 1} of the body"
                    yield (
                        _sort_of(old, new),
                        f"{where} is {instead(new, old)}{_only(old, new)}",
                    )
        elif not b"".join(was).strip() and not b"".join(now).strip():
            yield (
                "empty lines",
                f"line {number + 1} of the body: {counted(len(now), 'empty line')} instead of {len(was)}",
            )
        elif b"".join(was) == b"".join(now):
            what = "broken" if len(now) > len(was) else "joined"
            yield (
                what,
                f"from line {number + 1} of the body on {counted(len(was), 'line')} became {len(now)}: "
                f"{told(b' | '.join(now))}",
            )
        elif not was:
            yield "added", f"line {number + 1} of the body, {told(b' | '.join(now))}, was not sent"
        else:
            yield (
                "other lines",
                f"from line {number + 1} of the body on there is {_several(now, was)}",
            )


def _pairs(sent: list[bytes], received: list[bytes]) -> Iterator[tuple[int, list[bytes], list[bytes]]]:
    """Yield the lines that differ, those sent and those received, with the number of lines before."""
    begin = 0
    while begin < min(len(sent), len(received)) and sent[begin] == received[begin]:
        begin += 1
    end = 0
    while end < min(len(sent), len(received)) - begin and sent[-1 - end] == received[-1 - end]:
        end += 1
    was, now = sent[begin : len(sent) - end], received[begin : len(received) - end]
    if len(was) == len(now) or max(len(was), len(now)) > _FEW:
        yield begin, was, now
        return
    for tag, i, j, k, m in SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
        if tag != "equal":
            yield begin + i, was[i:j], now[k:m]


def _several(now: list[bytes], was: list[bytes]) -> str:
    """Say which lines are there instead of which; where a line has the sign between lines in it, how many they are."""
    shown, wanted = (b" | ".join(each) for each in (now, was))
    if shown == wanted:
        return f"{told(shown)} in {counted(len(now), 'line')} instead of {len(was)}"
    return instead(shown, wanted)


def _sort_of(old: bytes, new: bytes) -> str:
    if old.rstrip(b" \t") == new.rstrip(b" \t"):
        return "trailing blanks"
    if old.lstrip(b".") == new.lstrip(b"."):
        return "leading dots"
    if new == b">" + old:
        return "quoted From"
    if any(octet > 127 for octet in old):
        return "high bits"
    if b"".join(old.split()) == b"".join(new.split()):
        return "blanks"
    return "octets"


def _only(old: bytes, new: bytes) -> str:
    """Say that no more than white space differs."""
    return ": only blanks differ" if b"".join(old.split()) == b"".join(new.split()) else ""
