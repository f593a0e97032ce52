"""What a relay itself wrote about a message, for whoever looks why an adapter does not read it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from conformance.targets.declared.relay import LISTING

_MOST = 3  # lines of one file that are shown
_LARGEST = 1_048_576  # octets of a file that are read


def written_about(recipient: str, work: Path, *, listed: bool) -> Iterator[str]:
    """Yield lines that name a recipient, from the files that lie in the work directories of a wave's relays.

    Of a file the last few lines are shown, with its name before them. Folders in a work directory are not looked into:
    they are spools, where the message itself lies.

    Args:
        recipient: Who must be named.
        work: Where the work directories lie.
        listed: What the queue's command printed is looked at; else everything but that.
    """
    for file in sorted(work.glob("relay-*/*")):
        if file.is_symlink() or not file.is_file() or (file.name == LISTING) is not listed:
            continue
        with file.open("rb") as opened:
            text = opened.read(_LARGEST).decode("utf-8", "replace")
        naming = [line for line in text.splitlines() if recipient.lower() in line.lower()]
        yield from (f"{file.name}: {line}" for line in naming[-_MOST:])
