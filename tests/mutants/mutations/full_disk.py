"""A full disk: mail that is accepted without room for it, and relays that take none again afterwards."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

from conformance.reference.intake import SubmissionHandler
from conformance.reference.relay import Relay
from conformance.reference.spool import Spool
from mutants.mutant import deviates, fails, hence, mutation
from mutants.patching import patch

_MODE = "disk_full_in_attempt"
_OTHERS = ("stopped_in_attempt", "killed_after_250")


@mutation(
    scenarios=(_MODE, *_OTHERS),
    caught=(
        fails("full_disk", "long-run/full-disk", _MODE),
        fails("full_disk", "long-run/full-disk", _MODE, profile="rfc"),
    ),
)
def accepts_what_it_cannot_keep() -> None:
    """Answers 250 to a message that it could not write to its disk, and forgets it."""

    def make(original: Any) -> Any:
        async def accept(self: Any, *args: Any) -> None:
            try:
                await original(self, *args)
            except sqlite3.Error:
                return

        return accept

    patch(Relay, "accept", make)


@mutation(
    scenarios=(_MODE, *_OTHERS),
    caught=(deviates("full_disk", "long-run/room-again", _MODE),),
)
def never_sees_that_there_is_room_again() -> None:
    """Takes no mail any more once its disk was full."""
    full: list[str] = []

    def make(original: Any) -> Any:
        async def handle_data(self: Any, *args: Any) -> str:
            reply = full[0] if full else str(await original(self, *args))
            if reply.startswith("452"):
                full.append(reply)
            return reply

        return handle_data

    patch(SubmissionHandler, "handle_DATA", make)


@mutation(
    scenarios=(_MODE, *_OTHERS),
    also=hence(
        "a disk on which its mail is not proves nothing of it",
        "full_disk",
        verdict="not_applicable",
        modes=(_MODE,),
    ),
)
def keeps_its_mail_elsewhere() -> None:
    """Has its spool beside its work directory, on another file system than its log."""

    def make(original: Any) -> Any:
        def opened(self: Any, path: Path) -> None:
            original(self, path.parents[1] / f"{path.parent.name}-elsewhere")

        return opened

    patch(Spool, "__init__", make)


def _ends() -> None:
    def make(original: Any) -> Any:
        async def accept(self: Any, *args: Any) -> None:
            try:
                await original(self, *args)
            except sqlite3.Error:
                os._exit(1)

        return accept

    patch(Relay, "accept", make)


@mutation(scenarios=(_MODE, *_OTHERS), caught=(deviates("full_disk", "long-run/room-again", _MODE),))
def rather_ends_than_goes_on_without_room() -> None:
    """Ends when it cannot write to its disk, and has everything when it is started again."""
    _ends()


@mutation(
    scenarios=(_MODE,),
    caught=(deviates("full_disk", "long-run/room-again", _MODE),),
    lacks=("restart", "stop"),
)
def rather_ends_and_cannot_be_started_again() -> None:
    """Ends when it cannot write to its disk, and its adapter cannot start it again."""
    _ends()


@mutation(scenarios=(_MODE, *_OTHERS), profiles=("rfc",))
def refuses_for_good_while_its_disk_is_full() -> None:
    """Refuses mail with 552 while there is no room for it, which costs nobody what was accepted."""

    def make(original: Any) -> Any:
        async def handle_data(self: Any, *args: Any) -> str:
            reply = str(await original(self, *args))
            return "552 5.3.1 No room" if reply.startswith("452") else reply

        return handle_data

    patch(SubmissionHandler, "handle_DATA", make)
