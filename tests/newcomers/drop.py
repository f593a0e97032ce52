"""`python drop.py FOLDER SENDER RECIPIENT...`: the whole submission of a relay without a listener, as `sendmail -f` is.

The message on standard input lies in the folder, on disk, when the command returns 0. The relay takes it from there.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from pathlib import Path
from typing import NamedTuple

_HIDDEN = "."
USAGE, REFUSED = 64, 65  # sysexits.h


class Dropped(NamedTuple):
    """A message that the relay has not taken yet."""

    file: Path
    sender: str
    recipients: list[str]
    content: bytes


def dropped(folder: Path) -> list[Dropped]:
    """Return what lies in a folder, oldest first."""
    found = []
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if file.name.startswith(_HIDDEN):
            continue
        try:
            head, _, content = file.read_bytes().partition(b"\n")
        except FileNotFoundError:  # taken meanwhile
            continue
        sender, *recipients = json.loads(head)
        found.append(Dropped(file, sender, recipients, content))
    return found


def main(arguments: list[str]) -> int:
    """Put standard input into the folder and return 0; 64: wrong usage, 65: not a message that can be sent on."""
    if len(arguments) < 3:
        print("usage: drop.py FOLDER SENDER RECIPIENT... <MESSAGE", file=sys.stderr)
        return USAGE
    folder, envelope = Path(arguments[0]), arguments[1:]
    content = sys.stdin.buffer.read()
    if b"\r" in content.replace(b"\r\n", b"") or b"\n" in content.replace(b"\r\n", b""):
        print("a line of the message does not end in CR LF", file=sys.stderr)
        return REFUSED
    # the name is the queue id: it counts the oldest message first, and knows a message that was taken already
    name = f"{os.times().elapsed:014.2f}".replace(".", "") + secrets.token_hex(4).upper()
    hidden = folder / (_HIDDEN + name)
    with hidden.open("wb") as file:
        file.write(json.dumps(envelope).encode("ascii") + b"\n" + content)
        file.flush()
        os.fsync(file.fileno())
    hidden.rename(folder / name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
