"""The marker: changed code says that its situation has occurred, in a file in the relay's working directory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from mutants.patching import patch

from conformance.reference.message import Message, Recipient
from conformance.reference.relay import Relay

MARKS = "foreign-marks.txt"

_ROOM = 16_384  # octets

_in_hand: ContextVar[Message | None] = ContextVar("in_hand", default=None)


def marked(*whom: Message | Recipient | str) -> None:
    """Say that the situation has occurred.

    Args:
        *whom: To whom: a message, a recipient, or as text an address, a domain or host name, or the IP address of a
            server. Nobody: the message that is tried just now.
    """
    if not whom:
        message = _in_hand.get()
        assert message is not None, "no message is tried here: say which one"
        whom = (message,)
    _write([line for each in whom for line in _lines(each)])


def _write(lines: Sequence[str]) -> None:
    """Write lines behind those that are there, into the room that is kept: on a full disk there is no other."""
    _keep_room()
    with Path(MARKS).open("r+b") as file:
        written = file.read().rstrip(b"\n")
        file.seek(len(written) + 1 if written else 0)
        file.write("".join(f"{line}\n" for line in lines).encode())


def _keep_room() -> None:
    if not Path(MARKS).exists():
        Path(MARKS).write_bytes(b"\n" * _ROOM)


def each_marked(whom: Iterable[Message | Recipient | str]) -> None:
    """Say that the situation has occurred to each of some, who may be none."""
    known = list(whom)
    if known:
        marked(*known)


def in_hand() -> Message | None:
    """Return the message that is tried just now, by the task that asks."""
    return _in_hand.get()


def note_what_is_tried() -> None:
    """Have every attempt remember its message, for `marked`, and keep room for what it marks."""
    _keep_room()

    def make(original: Any) -> Any:
        async def attempt(self: Any, message: Message, *others: Any) -> None:
            _in_hand.set(message)
            await original(self, message, *others)

        return attempt

    patch(Relay, "_attempt", make)


def _lines(whom: Message | Recipient | str) -> Sequence[str]:
    if isinstance(whom, str):
        return (whom,)
    if isinstance(whom, Recipient):
        return (whom.address,)
    return tuple(recipient.address for recipient in whom.recipients)
