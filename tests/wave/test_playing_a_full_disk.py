"""A full disk is played: full while an attempt hangs, room again before the repair, mail offered in between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jumping_clock import ExactJournal, in_jumping_time
from stories.staging import header, scenario_of, staged
from stories.wire import accepted, closed, fault, message

from conformance.catalogue.course import Timing
from conformance.evidence.inputs import AFTERWARDS, DISK_FULL, STARTED_AGAIN, WHILE_FULL
from conformance.evidence.record import Fault
from conformance.target import Capability, Envelope, QueuedMessage
from conformance.wave import full_disk
from conformance.wave.adapter import SubmissionRefused
from conformance.wave.crashed import Crash
from conformance.wave.directory import Directory
from conformance.wave.envelope import envelope_of
from conformance.wave.full_disk import disk_for
from conformance.wave.player import Player
from conformance.wave.turns import Turns
from conformance.wave.unusable import TargetUnusable
from conformance.wave.watch import RelayWatch
from conformance.witness.amid import acts, hangs

_MODE = "disk_full_in_attempt"


@pytest.fixture(autouse=True)
def _in_this_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that jumps waits for no other thread."""

    async def at_once(function: Callable[..., Any], *arguments: Any) -> Any:
        return function(*arguments)

    monkeypatch.setattr(full_disk.asyncio, "to_thread", at_once)


class Everything:
    """A world, a disk and a relay on it that takes nothing while it is full, and for some offers after that."""

    folder = Path("work")
    submission = None
    sink_turn = asyncio.Lock()

    def __init__(self, journal: ExactJournal, *, slow_to_see: int, spool: str, grows: int) -> None:
        self.journal = journal
        self.slow_to_see = slow_to_see
        self.spool = spool
        self.grows = grows
        self.player: Player
        self.done: list[str] = []
        self.full = self.repaired = self.away = False
        self.ends = self.can_start = True
        self.waiting: list[Envelope] = []

    @property
    def used(self) -> int:
        return 4096 + self.grows * bool(self.waiting)

    def holding(self, lines: Collection[bytes]) -> Path | None:
        [waiting] = self.waiting
        assert lines
        assert all(line in waiting.content for line in lines)
        return self.folder / self.spool if self.spool else None

    def fill(self) -> None:
        if self.spool == "cannot be filled":
            raise OSError("mount: no")
        self.done.append("full")
        self.full = True

    def make_room(self) -> None:
        self.done.append("room")
        self.full, self.away = False, self.ends

    async def kill_and_restart(self, journal: ExactJournal, moment: str, *, relay: int) -> None:
        if not self.can_start:
            raise TargetUnusable(Fault.TARGET, "it does not start")
        assert not self.full
        self.done.append(f"{moment}, relay {relay}")
        self.away = False

    async def repair(self, scenario: object, index: int) -> None:
        self.done.append("repaired")
        self.repaired = True
        for envelope in self.waiting:
            self._deliver(envelope)
        self.waiting.clear()

    async def submit(self, envelope: Envelope, took: Callable[[], None]) -> None:
        local = envelope.recipients[0].partition("@")[0]
        late = not self.full and self.repaired and self.slow_to_see > 0
        self.slow_to_see -= late
        if self.full or late:
            self.done.append(f"{local} refused")
            raise SubmissionRefused("452 4.3.1 Insufficient system storage")
        took()
        self.done.append(local)
        if self.repaired:
            self._deliver(envelope)
            return
        self.waiting.append(envelope)
        number, server = self.journal.new_connection(), self.player.staged.sites[0].server
        self.journal.note(accepted(server=server, connection=number))
        self.journal.note(fault("stall", server=server, connection=number))
        asyncio.get_running_loop().call_later(
            2.0, lambda: self.journal.note(closed(server=server, connection=number))
        )

    def _deliver(self, envelope: Envelope) -> None:
        number, server = self.journal.new_connection(), self.player.staged.sites[0].server
        self.journal.note(accepted(server=server, connection=number))
        self.journal.note(message(envelope.recipients[0], envelope.content, server=server, connection=number))
        self.journal.note(closed(server=server, connection=number))

    async def queue(self) -> list[QueuedMessage]:
        assert not self.full, "asked while its disk is full"
        if self.away:
            raise TargetUnusable(Fault.TARGET, "connection refused")
        sender = self.player.staged.sender
        return [QueuedMessage(sender=sender, recipient=each.recipients[0]) for each in self.waiting]

    async def events(self) -> list[Any]:
        return []


async def _play(
    *, armed: bool = True, slow_to_see: int = 0, spool: str = "queue/1", grows: int = 0, ends: str = ""
) -> tuple[Everything, Player]:
    journal, directory = ExactJournal(), Directory()
    journal.subscribe(lambda event: player.note(event) if (player := directory.concerned(event)) else None)
    scenario = scenario_of(_MODE)
    plain = staged(_MODE, 1, submitted=None, repaired=None, closed=None)
    able = [Capability.RESTART] if ends != "cannot restart" else []
    top = replace(header(timing=Timing.CRASHED), capabilities=able)
    every = Everything(journal, slow_to_see=slow_to_see, spool=spool, grows=grows)
    every.ends, every.can_start = bool(ends), ends != "fails to restart"
    player = Player(scenario, 1, envelope_of(scenario), plain, top, every, 1.0, journal)  # type: ignore[arg-type]
    directory.add(player, journal)
    every.player = player
    player.disk = every  # type: ignore[assignment]
    watch = RelayWatch(every, journal, lambda _: None)  # type: ignore[arg-type]
    watching = asyncio.create_task(watch.run())
    async with asyncio.timeout(500):
        await Crash({player: watch}, Turns(8), lambda: None, armed=armed).play()
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    return every, player


@in_jumping_time
async def test_full_while_the_attempt_hangs_and_room_before_the_repair() -> None:
    every, player = await _play()
    assert every.done == ["recipient", "full", f"{WHILE_FULL} refused", "room", "repaired", AFTERWARDS]
    [act] = acts(player.evidence())
    assert hangs(player.evidence(), act.asked)
    assert player.staged.closed is not None
    assert len(player.evidence().messages) == 2


@in_jumping_time
async def test_who_needs_a_while_to_see_that_there_is_room_is_asked_again() -> None:
    every, player = await _play(slow_to_see=2)
    assert every.done[-3:] == [f"{AFTERWARDS} refused", f"{AFTERWARDS} refused", AFTERWARDS]
    assert [each.accepted is not None for each in player.staged.offers] == [True, False, False, False, True]


@in_jumping_time
async def test_who_keeps_its_mail_elsewhere_is_not_judged_and_has_it_delivered() -> None:
    """Before, the disk was filled all the same, and a relay that never noticed passed."""
    every, player = await _play(spool="", grows=8192)
    assert every.done == ["recipient", "repaired"]
    assert "elsewhere" in player.staged.not_played
    assert "grown by 8192 octets" in player.staged.not_played
    assert not list(acts(player.evidence()))
    assert len(player.evidence().messages) == 1
    assert player.staged.closed is not None


@in_jumping_time
async def test_who_keeps_it_in_a_form_of_its_own_is_known_by_the_room_it_takes() -> None:
    every, player = await _play(spool="", grows=80_000)
    assert "full" in every.done
    [action] = player.staged.operator_actions
    assert action.proof.startswith("80000 octets")


@in_jumping_time
async def test_where_it_cannot_be_filled_nothing_is_proven() -> None:
    """Before, the wave broke."""
    every, player = await _play(spool="cannot be filled")
    assert every.done == ["recipient", "room", "repaired", AFTERWARDS]
    assert [each.reason for each in player.staged.operator_actions] == ["mount: no"]
    assert not list(acts(player.evidence()))


@in_jumping_time
async def test_who_rather_ends_is_started_again_once_there_is_room() -> None:
    every, player = await _play(ends="restarts")
    _, _, _, *after = every.done
    assert after == ["room", f"{STARTED_AGAIN}, relay 1", "repaired", AFTERWARDS]
    assert [each.name for each in player.staged.operator_actions] == [DISK_FULL, STARTED_AGAIN]
    assert len(list(acts(player.evidence()))) == 1
    assert len(player.evidence().messages) == 2


@in_jumping_time
async def test_who_rather_ends_and_is_not_there_again_is_not_waited_for() -> None:
    every, player = await _play(ends="cannot restart")
    assert not any(STARTED_AGAIN in done for done in every.done)
    assert [each.name for each in player.staged.operator_actions] == [DISK_FULL]
    _, player = await _play(ends="fails to restart")
    [_, started] = player.staged.operator_actions
    assert (started.refused, started.reason) == (True, "it does not start")


@in_jumping_time
async def test_in_an_anti_run_nothing_is_filled() -> None:
    every, _ = await _play(armed=False)
    assert every.done == ["recipient", "repaired", AFTERWARDS]


async def test_who_has_no_such_scenario_needs_no_disk(tmp_path: Path) -> None:
    player = _bare("stopped_in_attempt")
    async with disk_for([player], tmp_path):
        assert player.disk is None


async def test_where_no_disk_can_be_had_it_is_not_played(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(folder: Path) -> None:
        raise OSError("mount: permission denied")

    monkeypatch.setattr(full_disk, "SmallDisk", cannot)
    player = _bare(_MODE)
    async with disk_for([player], tmp_path):
        assert "mount: permission denied" in player.staged.not_played


def _bare(mode: str) -> Player:
    scenario = scenario_of(mode)
    top = header(timing=Timing.CRASHED)
    return Player(scenario, 1, envelope_of(scenario), staged(mode, 1), top, None, 1.0, ExactJournal())  # type: ignore[arg-type]
