r"""Reads who waits in a queue, from what a command lists or from files, by patterns with named groups.

    queued(await run("myrelayq"), r"\S+ <(?P<sender>.*?)>", r"\s+(?P<recipient>\S+)", r"\s+\((?P<error>.*)\)")

A pattern is of a whole line, with any of the groups `sender`, `recipient` and `error`; a line that fits none is passed
over, and the first pattern that fits counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from conformance.target import QueuedMessage

_NULL = ("", "<>", "MAILER-DAEMON")


def queued(listing: str, *patterns: str, null: Iterable[str] = _NULL) -> list[QueuedMessage]:
    """Return every recipient in a listing.

    A line with a sender begins a message; those that follow are about it. An error holds for the recipients after it,
    and where it stands after them for those that have none yet.

    Args:
        listing: What a command printed.
        patterns: For its lines.
        null: How the null reverse-path may be written.
    """
    return _read(_matches(listing, patterns), frozenset(null))


def queued_in(texts: Iterable[str], *patterns: str, null: Iterable[str] = _NULL) -> list[QueuedMessage]:
    """Return every recipient in texts of which each is about one message, in whatever order its lines are.

    Args:
        texts: What `texts` returns, say.
        patterns: For their lines.
        null: How the null reverse-path may be written.
    """
    found: list[QueuedMessage] = []
    for text in texts:
        matches = _matches(text, patterns)
        first = [each for each in matches if "sender" in each]
        found += _read([*first, *(each for each in matches if "sender" not in each)], frozenset(null))
    return found


def texts(folder: Path, pattern: str = "*") -> list[str]:
    """Return what is in the files of a folder, to the octet, without those that are taken away meanwhile.

    Args:
        folder: The folder; it need not be there.
        pattern: Which files, as a glob.
    """
    found = []
    for path in folder.glob(pattern):
        with suppress(FileNotFoundError, IsADirectoryError):
            found.append(path.read_bytes().decode("utf-8", "replace"))
    return found


def _matches(text: str, patterns: Iterable[str]) -> list[dict[str, str]]:
    compiled = [re.compile(pattern) for pattern in patterns]
    found = []
    for line in text.split("\n"):
        fitting = (match for each in compiled if (match := each.fullmatch(line.removesuffix("\r"))))
        if match := next(fitting, None):
            found.append({name: value for name, value in match.groupdict().items() if value is not None})
    return found


def _read(matches: Iterable[dict[str, str]], null: frozenset[str]) -> list[QueuedMessage]:
    found: list[QueuedMessage] = []
    sender, error, without = "", "", 0  # the number of those that have an error, or are of other messages
    for said in matches:
        if "sender" in said:
            sender, error, without = said["sender"], "", len(found)
            sender = "" if sender in null else sender
        if "error" in said:
            error = said["error"]
            found[without:] = [
                QueuedMessage(sender=each.sender, recipient=each.recipient, error=error)
                for each in found[without:]
            ]
            without = len(found)
        if "recipient" in said:
            found.append(QueuedMessage(sender=sender, recipient=said["recipient"], error=error))
            without += bool(error)
    return found
