"""What an operator does while an attempt hangs, played against a relay that only notes what is done to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from adapters import Unwatched
from jumping_clock import LoopJournal, in_jumping_time
from stories.staging import header, scenario_of, staged
from stories.wire import accepted, closed, fault, message

from conformance.catalogue.course import Course, Timing
from conformance.catalogue.failure_modes import ALL
from conformance.target import Envelope
from conformance.wave.connectors import SPARE
from conformance.wave.envelope import envelope_of
from conformance.wave.operated import play_operated
from conformance.wave.operator import Operator
from conformance.wave.player import Player
from conformance.wave.turns import Turns
from conformance.witness.amid import ALERT_MARGIN, BY_OPERATOR, Amid, alert_falls_due, hangs, waits

MESSAGES, AGE = 4, 2.0
MODES = [mode.name for mode in ALL.values() if mode.amid in BY_OPERATOR - {Amid.ALERT, Amid.BETWEEN}]


class Relay:
    """Hangs for two seconds with what it accepts, and ends it when it is told something.

    Args:
        player: The scenario.
        log: What it was told, and when.
        hangs: Whether its first attempt does.
    """

    def __init__(self, player: Callable[[], Player], log: list[Any], *, hangs: bool) -> None:
        self._player, self._log, self._hangs = player, log, hangs
        self._attempts = 0
        self._tasks: list[asyncio.Task[None]] = []

    async def submit(self, envelope: Envelope, took: Callable[[], None]) -> None:
        took()
        self._tasks.append(asyncio.create_task(self._try(envelope.recipients[0])))

    async def _try(self, recipient: str) -> None:
        await asyncio.sleep(0.1)
        player = self._player()
        rule = player.scenario.failure_mode.hosts[0].rules[0]
        for number in range(4):
            where: Any = {
                "server": player.staged.sites[0].server,
                "connection": player.journal.new_connection(),
            }
            player.journal.note(accepted(**where))
            if not self._hangs:
                player.journal.note(message(recipient, **where))
                player.journal.note(closed(**where))
                return
            player.journal.note(fault(rule.action.name, rule.stage, **where))
            await asyncio.sleep(2.0 if number == 0 else 0.1)
            ends = player.scenario.failure_mode.amid is Amid.NEW_HOST
            if ends:
                player.journal.note(message(recipient, **where))
            player.journal.note(closed(**where))
            if player.scenario.failure_mode.amid not in (Amid.SAME_HOST, Amid.BETWEEN):
                return
            await asyncio.sleep(player.staged.granted.retry_interval)

    async def call(self, name: str, *arguments: Any, **more: Any) -> None:
        player = self._player()
        self._log.append((name, arguments[0], hangs(player.evidence(), player.journal.now())))

    async def ask(self, name: str, *_: Any) -> list[bytes]:
        return [b"kept here"]


class Holding(Relay):
    """Fails with its first message at once, and is held with every later one for six seconds before it fails."""

    async def _try(self, recipient: str) -> None:
        await asyncio.sleep(0.05)
        journal, site = self._player().journal, self._player().staged.sites[0]
        where: Any = {"server": site.server, "connection": journal.new_connection()}
        journal.note(accepted(**where))
        if len(self._player().staged.offers) > 1 or self._attempts:
            journal.note(fault("slow", **where))
            await asyncio.sleep(6.0)
        self._attempts += 1
        journal.note(fault("reply", **where))
        journal.note(closed(**where))
        if self._attempts == 1:
            await asyncio.sleep(1.0)
            await self._try(recipient)


def _play(mode: str, relay: type[Relay] = Relay, *, hangs: bool = True) -> tuple[Player, list[Any]]:
    log: list[Any] = []
    made: list[Player] = []

    class World:
        async def probe_again(self, scenario: object) -> None:
            pass

    async def go() -> None:
        journal = LoopJournal()
        courses = {Amid.FIX_NOW: Course.FIXED_NOW_AMID, Amid.ALERT: Course.ALERTED_AMID}
        course = courses.get(ALL[mode].amid or Amid.EDIT, Course.EDITED_AMID)
        scenario = scenario_of(mode, course)
        plain = staged(mode, course=course, submitted=None, repaired=None, closed=None)
        world: Any = World()
        top = replace(header(timing=Timing.OPERATED), alert_messages=MESSAGES, alert_age=AGE)
        player = Player(scenario, 0, envelope_of(scenario), plain, top, world, 1.0, journal)
        made.append(player)
        journal.subscribe(player.note)
        instance: Any = relay(lambda: player, log, hangs=hangs)
        watched: Any = Unwatched(instance)
        operator = Operator(instance, journal, has_mailboxes=True)
        async with asyncio.timeout(200):
            await play_operated(player, watched, operator, None, Turns(2), Path())

    in_jumping_time(go)()
    assert made[0].staged.closed is not None
    return made[0], log


@pytest.mark.parametrize("mode", MODES)
def test_the_act_falls_into_the_attempt(mode: str) -> None:
    player, [(name, what, hung)] = _play(mode)
    assert hung
    [act] = player.staged.operator_actions
    [offer] = player.staged.offers
    match ALL[mode].amid:
        case Amid.FIX_NOW:
            assert (name, what) == ("fix_now", player.staged.domain)
            assert offer.in_mailbox == [b"kept here"]
        case Amid.SAME_HOST:
            assert (name, what.smart_hosts) == ("edit_connector", (player.staged.sites[0].host,))
            # so long that the pauses on the new way are seen
            assert len(player.evidence().connections) == 4
        case _:
            assert (name, len(what.smart_hosts)) == ("edit_connector", 1)
            assert what.smart_hosts[0].startswith(f"mx{SPARE + 1}.")
            assert player.staged.repaired is not None
            assert player.staged.repaired <= act.asked
    [ended] = [each.closed for each in player.evidence().connections[-1:]]
    assert ended is not None
    assert player.staged.closed is not None
    # what should not come would come with the next retry
    assert player.staged.closed - ended.at >= player.staged.granted.max_retry_interval


@pytest.mark.parametrize("mode", MODES)
def test_without_an_attempt_that_hangs_nothing_is_done(mode: str) -> None:
    player, log = _play(mode, hangs=False)
    assert log == []
    assert player.staged.operator_actions == []


def test_an_alert_falls_due_while_the_server_holds_every_message() -> None:
    player, log = _play("alerted_in_attempt", Holding)
    assert log == []
    seen = player.evidence()
    assert len(player.staged.offers) == MESSAGES
    # the first failed before the others were offered, and is held as they are
    assert [each.faults[0].action for each in seen.connections] == ["reply", *["slow"] * MESSAGES]
    due = alert_falls_due(seen)
    assert due is not None
    assert hangs(seen, due)
    assert hangs(seen, due + ALERT_MARGIN)
    # until each of them has failed again, and a relay has had time to say so
    last = max(each.faults[-1].at for each in seen.connections)
    assert player.staged.closed is not None
    assert player.staged.closed - last >= ALERT_MARGIN
    assert player.scenario.failure_mode.witness.see(seen) != []


def test_between_two_attempts_the_act_falls_into_neither() -> None:
    player, [(name, what, hung)] = _play("edited_in_vain_waiting")
    assert (name, what.smart_hosts, hung) == ("edit_connector", (player.staged.sites[0].host,), False)
    seen = player.evidence()
    [act] = player.staged.operator_actions
    assert waits(seen, act.asked)
    first = seen.connections[0].closed
    assert first is not None
    assert act.asked - first.at > player.staged.granted.retry_interval / 2
    assert len(seen.connections) == 4
    assert player.scenario.failure_mode.witness.see(seen) != []
