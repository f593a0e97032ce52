"""A relay whose disk is full for a while: who has one of its own, and what is played meanwhile.

A message waits in an attempt that hangs. Then there is no room left, so what becomes of the attempt cannot be noted,
and another message is offered; then there is room again, the destination is repaired, and a third message is offered.

That says something only of a relay whose mail is on that disk. So it is looked there for the message that waits: for a
line of its text in any file, or, for who keeps it otherwise, for as much room as it needs. Where neither is, nothing is
filled, and the scenario is not played on this relay.

A relay may rather end than go on without room. It is started again once, where its adapter can: what it has lost shows
only then.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from conformance.catalogue.message import RECIPIENT
from conformance.evidence.inputs import (
    AFTERWARDS,
    DISK_FULL,
    STARTED_AGAIN,
    WHILE_FULL,
    Offer,
    OperatorAction,
)
from conformance.lab.small_disk import SmallDisk
from conformance.target import Capability
from conformance.wave.batch import message_to
from conformance.wave.downfall import is_away
from conformance.wave.offering import all_ended, offer
from conformance.wave.player import Player
from conformance.wave.turns import Turns
from conformance.wave.unusable import TargetUnusable
from conformance.wave.watch import RelayWatch
from conformance.wave.windows import TRANSFER
from conformance.witness.amid import Amid, hangs
from fake_servers import Journal

_NONE = "no file system could be mounted for the relay alone: {reason}"
_ELSEWHERE = (
    "the relay keeps its mail elsewhere than on the file system at `work_directory`: the message that waited was in no "
    "file there, and what is taken there had grown by {grown} octets, less than it has"
)
_LINE = 40  # octets of a line of text that is in no log by chance
_MOMENT = 1.0  # seconds after an attempt for what a relay wants to note of it
_OFFERS = 3  # of the last message: a relay may need a while to see that there is room again
_ATTEMPTS = 2  # so many a relay may need until a message has ended


@asynccontextmanager
async def disk_for(players: Sequence[Player], folder: Path) -> AsyncIterator[None]:
    """Mount a file system for a relay one of whose scenarios needs it; where that fails, it is not played."""
    concerned = [player for player in players if player.scenario.failure_mode.amid is Amid.FULL]
    if not concerned:
        yield
        return
    try:
        disk = SmallDisk(folder)
    except OSError as error:
        for player in concerned:
            player.staged = replace(player.staged, not_played=_NONE.format(reason=error))
        yield
        return
    for player in concerned:
        player.disk = disk
    try:
        yield
    finally:
        await asyncio.to_thread(disk.unmount)


async def play_full_disk(player: Player, watch: RelayWatch, turn: Turns, *, armed: bool) -> None:
    """Play one scenario; the window is left open.

    Args:
        player: The scenario, which has a disk.
        watch: Its relay.
        turn: Lets so many submissions pass at a time.
        armed: False: nothing is filled, for an anti-run.
    """
    before = player.disk.used if player.disk is not None else 0
    await offer(player, watch.instance, turn, RECIPIENT)
    if player.staged.submitted is None:
        return
    wakes = player.longest_wait() + TRANSFER
    hung = await player.until(lambda seen: hangs(seen, player.journal.now()), wakes, at_once=True)
    if hung and armed:
        await _no_room(player, watch, turn, before)
    await player.repair()
    if not player.staged.not_played:
        await _offer_again(player, watch, turn)
    each = player.attempt_time() + player.leave_time() + player.longest_wait()
    await player.until(all_ended, _ATTEMPTS * each + TRANSFER)


async def _no_room(player: Player, watch: RelayWatch, turn: Turns, before: int) -> None:
    """Fill the disk until the attempt is over and another message was offered, if the first one is on it.

    Nobody asks the relay for its queue meanwhile: what it shows there may be a file that it could write in part.
    """
    disk, journal = player.disk, player.journal
    assert disk is not None
    shown = await asyncio.to_thread(_shown, disk, player.envelope.content, before)
    if not shown:
        why = _ELSEWHERE.format(grown=disk.used - before)
        player.staged = replace(player.staged, not_played=why)
        return
    async with watch.left_alone():
        action = await asyncio.to_thread(_fill, disk, journal, shown)
        player.staged = replace(player.staged, operator_actions=[action])
        try:
            if action.refused:
                return
            await _offer_in_vain(player, watch, turn)
            over = player.attempt_time() + player.leave_time()
            await player.until(lambda seen: not hangs(seen, journal.now()), over)
            await player.rest(_MOMENT)
        finally:
            disk.make_room()
        if await _stays_away(player, watch):
            await _start_again(player, watch)


async def _stays_away(player: Player, watch: RelayWatch) -> bool:
    """Tell whether a relay is still not there when there has been room for as long as it is offered mail again."""
    deadline = player.journal.now() + (_OFFERS - 1) * player.longest_wait() * player.stretch
    while await is_away(watch.instance):
        if player.journal.now() >= deadline:
            return True
        await asyncio.sleep(_MOMENT)
    return False


async def _start_again(player: Player, watch: RelayWatch) -> None:
    """Start a relay again that has ended, if its adapter can, and note how that went."""
    if Capability.RESTART not in player.header.capabilities:
        return
    journal, reason = player.journal, ""
    asked = journal.now()
    try:
        await watch.instance.kill_and_restart(journal, STARTED_AGAIN, relay=watch.number)
    except TargetUnusable as error:
        reason = str(error)
    action = OperatorAction(
        name=STARTED_AGAIN, asked=asked, done=journal.now(), refused=bool(reason), reason=reason
    )
    player.staged = replace(player.staged, operator_actions=[*player.staged.operator_actions, action])


def _fill(disk: SmallDisk, journal: Journal, shown: str) -> OperatorAction:
    """Fill a disk; where that fails, nothing is proven, and the reason is noted."""
    asked = journal.now()
    try:
        disk.fill()
    except OSError as error:
        return OperatorAction(
            name=DISK_FULL, asked=asked, done=journal.now(), refused=True, reason=str(error)
        )
    return OperatorAction(name=DISK_FULL, asked=asked, done=journal.now(), proof=shown)


def _shown(disk: SmallDisk, content: bytes, before: int) -> str:
    """Say what shows that a message is on a disk; empty if nothing does.

    Args:
        disk: The disk.
        content: The message.
        before: How many octets were taken on it before it was offered.
    """
    _, _, body = content.partition(b"\r\n\r\n")
    lines = {line.strip() for line in body.split(b"\r\n") if len(line.strip()) >= _LINE}
    file = disk.holding(lines)
    if file is not None:
        return f"a line of it is in {file.relative_to(disk.folder)}"
    grown = disk.used - before
    return f"{grown} octets more were taken than before it was offered" if grown >= len(content) else ""


async def _offer_in_vain(player: Player, watch: RelayWatch, turn: Turns) -> None:
    """Offer a message for which there is no room; whoever does not answer has not taken it either."""
    try:
        await offer(player, watch.instance, turn, WHILE_FULL)
    except TargetUnusable as error:
        envelope = message_to(player.scenario, WHILE_FULL)
        made = Offer(
            recipient=envelope.recipients[0],
            known=True,
            content=envelope.content,
            at=player.journal.now(),
            refusal=str(error),
        )
        player.staged = replace(player.staged, offers=[*player.staged.offers, made])


async def _offer_again(player: Player, watch: RelayWatch, turn: Turns) -> None:
    for _ in range(_OFFERS):
        await offer(player, watch.instance, turn, AFTERWARDS)
        if player.staged.offers[-1].accepted is not None:
            return
        await player.rest(player.longest_wait())
