"""Reads Exim's spool, as `exim -bp` does: one process for each queue and each look would cost more than the mail.

A message is a file `ID-H` and, while it is being delivered, a file `ID-J` with the addresses that are done (Exim
specification, chapter "Format of spool files")::

    1xXHSn-00001I-21-H          name of the file
    Debian-exim 300 300         who received it
    <a@b.test>                  the reverse-path
    1795868613 0                when; warnings sent
    -received_protocol esmtp    and other variables
    XX                          a binary tree of the addresses that are done; this one is empty
    1                           how many recipients
    r@c.test rfc822;x@y 10,2  0,-1#3
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from conformance.target import QueuedMessage

_ENVELOPE = 2  # line of the reverse-path, counted from 0
_NODE = re.compile(r"(?P<left>[YN])(?P<right>[YN]) (?P<address>.*)")
_RECIPIENT = re.compile(r'(?P<address>(?:"(?:[^"\\]|\\.)*"|[^\s"])+)(?: .*#\d+)?')


def read_spool(folder: Path) -> list[QueuedMessage]:
    """Return the recipients that wait in one queue; no errors, for Exim keeps none with the message."""
    found = []
    for header in folder.glob("*-H"):
        try:
            text = header.read_bytes().decode("utf-8", "replace")
        except FileNotFoundError:
            continue  # it has left the queue meanwhile
        journal = header.with_name(header.name[:-1] + "J")
        try:
            done = journal.read_bytes().decode("utf-8", "replace")
        except FileNotFoundError:
            done = ""
        found += read_message(text, done)
    return found


def read_message(header: str, journal: str = "") -> list[QueuedMessage]:
    """Return the recipients of one message who are not done."""
    lines = iter(header.split("\n"))
    sender = [next(lines, "") for _ in range(_ENVELOPE + 1)][_ENVELOPE].strip("<>")
    next(lines, "")
    line = next(lines, "")
    while line.startswith("-"):
        line = next(lines, "")
    done = {*_tree(line, lines), *journal.split("\n")}
    count = next(lines, "")
    recipients = []
    for _ in range(int(count) if count.isdigit() else 0):
        if found := _RECIPIENT.fullmatch(next(lines, "")):
            recipients.append(found["address"])
    return [
        QueuedMessage(sender=sender, recipient=recipient) for recipient in recipients if recipient not in done
    ]


def _tree(line: str, lines: Iterator[str]) -> Iterator[str]:
    """Yield the addresses of a tree whose first line is given: each node, then its left branch, then its right one."""
    open_branches = 1
    while open_branches and (node := _NODE.fullmatch(line)):  # XX: no tree
        yield node["address"]
        open_branches += (node["left"] == "Y") + (node["right"] == "Y") - 1
        line = next(lines, "") if open_branches else ""
