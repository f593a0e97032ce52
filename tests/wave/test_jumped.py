"""A moved clock, played against a relay that counts in its own time and a loop that does not wait."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from jumped_relay import Relay, Wave
from jumping_clock import in_jumping_time
from stories.reports import ndr

from conformance.catalogue.course import HOUR, STOPS, Course, Timing
from conformance.judging.aspect import Case
from conformance.judging.lifetime import given_up, lifetime_of
from conformance.target import Capability
from conformance.wave.player import Player
from fake_servers import Journal


@in_jumping_time
async def test_the_clock_comes_to_every_stop_and_everybody_is_tried_there() -> None:
    wave = Wave(Course.EXPIRES)
    relay = Relay(wave.journal)
    [done] = await wave.play(relay)
    assert sum(relay.moves) == STOPS[-1][1]
    assert list(done.milestones) == [stop for stop, _ in STOPS]
    assert sorted(done.milestones.values()) == list(done.milestones.values())
    assert len(wave.case().attempts) == 6  # at once, at four stops before the end of the day, and at the end
    assert done.closed is not None
    assert wave.closed == 1
    waited = [listing for listing in wave.listings if listing.at <= done.milestones["24h15"]]
    assert len(waited) == 5
    assert all(listing.waiting for listing in waited)
    assert not wave.listings[-1].waiting


@pytest.mark.parametrize(
    "slowness",
    [
        {},
        {"wants_attempt": False},
        {"takes": 1.9},
        {"reports_after": 1.5},
        {"sleeps": 1.0},
        {"notifies_at": 3600.0},
        {"notifies_at": 23 * 3600.0, "reports_after": 1.5},
    ],
    ids=str,
)
@in_jumping_time
async def test_who_gives_up_after_24_hours_is_seen_to_do_so(slowness: dict[str, Any]) -> None:
    wave = Wave(Course.EXPIRES)
    await wave.play(Relay(wave.journal, **slowness))
    assert _stop_of_the_end(wave.case()) == "24h15"


def _stop_of_the_end(case: Case) -> str:
    """Return the stop at which the message came back."""
    ended, milestones = given_up(case), case.evidence.staged.milestones
    assert ended is not None
    return max((moment, stop) for stop, moment in milestones.items() if moment <= ended)[1]


@in_jumping_time
async def test_an_attempt_may_last_from_23_h_55_until_the_message_is_24_h_old() -> None:
    class SlowAtLast(Relay):
        async def move_clock(self, seconds: float) -> None:
            self.takes = 315.0 if self.age + seconds > 23.5 * 3600 else 2.0
            await super().move_clock(seconds)

    wave = Wave(Course.EXPIRES, mode="greeting_timeout")
    [player] = wave.players
    player.staged = replace(player.staged, granted=replace(player.staged.granted, command_timeout=315.0))
    await wave.play(SlowAtLast(wave.journal, takes=2.0, counts_seconds=True))
    case = wave.case()
    assert _stop_of_the_end(case) == "23h55"
    ended = given_up(case)
    assert ended is not None
    assert ended >= lifetime_of(case).may_not_end_before
    assert lifetime_of(case).age(ended).startswith("at an age of 24 h ")


@in_jumping_time
async def test_attempts_of_minutes_make_no_stop_a_later_one() -> None:
    wave = Wave(Course.EXPIRES, mode="greeting_timeout")
    [player] = wave.players
    player.staged = replace(player.staged, granted=replace(player.staged.granted, command_timeout=200.0))
    relay = Relay(wave.journal, takes=200.0, counts_seconds=True)
    [done] = await wave.play(relay)
    passed = done.milestones["23h55"] - (done.submitted or 0.0)
    assert passed > 150  # another attempt as long as the one before, and 23 h 55 would be the end of the day
    assert done.ahead["23h55"] == pytest.approx(23 * HOUR + 55 * 60 - passed, abs=1)
    assert _stop_of_the_end(wave.case()) == "24h15"
    assert sum(relay.moves) == done.ahead["30h"]


@pytest.mark.parametrize(("hours", "age"), [(24.5, "25h05"), (26.0, "30h"), (23.5, "23h55")])
@in_jumping_time
async def test_other_lifetimes_are_told_apart(hours: float, age: str) -> None:
    wave = Wave(Course.EXPIRES)
    await wave.play(Relay(wave.journal, lifetime=hours * 3600, takes=0.5, reports_after=0.8))
    assert _stop_of_the_end(wave.case()) == age


@in_jumping_time
async def test_who_gives_up_at_once_is_seen_to_do_so_before_the_clock_moves() -> None:
    wave = Wave(Course.EXPIRES)
    [done] = await wave.play(Relay(wave.journal, lifetime=0.0, reports_after=0.8))
    ended = given_up(wave.case())
    assert ended is not None
    assert ended < done.milestones["1h"]


@in_jumping_time
async def test_a_relay_that_wakes_only_so_often_is_waited_for() -> None:
    wave = Wave(Course.EXPIRES)
    [player] = wave.players
    player.staged = replace(player.staged, granted=replace(player.staged.granted, granularity=4.0))
    await wave.play(Relay(wave.journal, sleeps=4.0))
    assert len(wave.case().attempts) == 6
    assert _stop_of_the_end(wave.case()) == "24h15"


@in_jumping_time
async def test_repairs_come_before_the_jump_to_their_stop() -> None:
    wave = Wave(Course.HEALED_1H, Course.HEALED_12H, Course.HEALED_23H)
    for number, (done, stop) in enumerate(
        zip(await wave.play(Relay(wave.journal)), ["1h", "12h", "23h"], strict=True)
    ):
        assert done.repaired is not None
        before = [moment for moment in done.milestones.values() if moment < done.repaired]
        assert len(before) == number
        [message] = wave.case(number).evidence.messages
        assert done.repaired <= done.milestones[stop] <= message.at
        assert message.at < list(done.milestones.values())[number + 1]
    assert len(wave.world.repaired) == 3


@in_jumping_time
async def test_the_control_is_submitted_after_the_last_stop() -> None:
    wave = Wave(Course.EXPIRES, Course.AFTER_JUMP)
    relay = Relay(wave.journal)
    expires, control = await wave.play(relay)
    assert control.submitted is not None
    assert control.submitted > expires.milestones["30h"]
    assert control.milestones == {}
    assert len(wave.case(1).evidence.messages) == 1
    assert wave.closed == 2


@pytest.mark.parametrize(
    ("timing", "killed"),
    [(Timing.JUMPED, []), (Timing.RESTARTED, [12 * 3600.0, (23 * 60.0 + 55.0) * 60.0])],
)
@in_jumping_time
async def test_at_half_time_and_before_the_end_the_relay_is_killed(
    timing: Timing, killed: list[float]
) -> None:
    course = Course.RESTARTED if timing is Timing.RESTARTED else Course.EXPIRES
    wave = Wave(course, timing=timing)
    relay = Relay(wave.journal)
    await wave.play(relay)
    assert relay.killed == killed


@in_jumping_time
async def test_several_relays_are_moved_at_the_same_time() -> None:
    class Slow(Relay):
        async def move_clock(self, seconds: float) -> None:
            await asyncio.sleep(3.0)
            await super().move_clock(seconds)

    async def seconds(number: int) -> float:
        wave = Wave(*[Course.EXPIRES, Course.HEALED_1H, Course.HEALED_12H][:number])
        begun = wave.journal.now()
        await wave.play(*(Slow(wave.journal) for _ in range(number)))
        return wave.journal.now() - begun

    assert await seconds(3) == pytest.approx(await seconds(1), abs=2.0)


@in_jumping_time
async def test_what_is_not_accepted_is_not_waited_for() -> None:
    wave = Wave(Course.EXPIRES, mode="greeting_554")
    [done] = await wave.play(Relay(wave.journal))
    assert (done.submitted, done.refusal, done.milestones) == (None, "554 no", {})
    assert done.closed is not None


@in_jumping_time
async def test_nothing_to_report_leaves_time_for_a_wrong_report() -> None:
    wave = Wave(Course.NULL_SENDER)
    relay = Relay(wave.journal)
    [done] = await wave.play(relay)
    assert relay.held == []
    assert wave.case().evidence.returned == ()
    assert done.milestones["25h05"] - done.milestones["24h15"] >= 2.0


class OneRoute(Relay):
    """Sends its report where the message went: it passes at the first move of the clock after that was healed."""

    def __init__(self, journal: Journal, *, lifetime: float) -> None:
        super().__init__(journal, lifetime=lifetime)
        self.stuck: list[Player] = []

    async def move_clock(self, seconds: float) -> None:
        stuck, self.stuck = self.stuck, []
        for player in stuck:
            super()._mail("sink", player.staged.sender, ndr(player.staged))
        await super().move_clock(seconds)

    def _mail(self, server: str, to: str, content: bytes, connection: int = 0) -> None:
        [player] = (each for each in self.players.values() if each.staged.sender == to)
        self.stuck.append(player)
        task = asyncio.create_task(player.let_reports_pass())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


@pytest.mark.parametrize(("hours", "moved"), [(24, 30), (29, 31), (99, 30)])
@in_jumping_time
async def test_a_report_that_met_the_fault_gets_one_more_stop(hours: int, moved: int) -> None:
    wave = Wave(Course.EXPIRES)
    capabilities = {*wave.players[0].header.capabilities, Capability.ONE_ROUTE} - {Capability.MANY_CONNECTORS}
    for player in wave.players:
        player.header = replace(player.header, capabilities=sorted(capabilities))
        player.staged = replace(
            player.staged, granted=replace(player.staged.granted, max_retry_interval=HOUR)
        )
    relay = OneRoute(wave.journal, lifetime=hours * HOUR)
    await wave.play(relay)
    assert sum(relay.moves) == moved * HOUR
    assert bool(wave.players[0].evidence().ndrs) == (hours < 99)
