"""A day of a moved clock, played against a relay that is told what to do at each stop."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from jumping_clock import LoopJournal, in_jumping_time

from conformance.aspect import Case, Outcome
from conformance.course import STOPS, Course, Timing
from conformance.failure_modes import ALL
from conformance.plan import schedule
from conformance.profile import load
from conformance.record import Header, Site, Snapshot, Staged
from conformance.scenario import Scenario
from conformance.target import Capability, Envelope, QueuedMessage
from conformance.wave.course import Player
from conformance.wave.jumped import Jump

ASKED = schedule(Timing.JUMPED)
MODE = "close_at_greeting"
SITE = Site(name="mx1.a.test", host="127.1.1.1", port=25)
SENDER, RECIPIENT = "sender@b.test", "recipient@a.test"


class Relay:
    """Takes one message and makes an attempt at every stop; what follows is up to the test."""

    def __init__(self, course: Course, reports: dict[str, tuple[float, str]], leaves_at: str = "") -> None:
        self.journal = LoopJournal()
        self.instance = self
        self.latest: Snapshot | None = None
        self._reports = reports  # seconds after the stop, and Action of the report
        self._leaves_at = leaves_at
        self._stops = [name for name, _ in STOPS]
        self._at = ""
        self._attempts = 0
        self._loose: list[asyncio.TimerHandle] = []
        header = Header(
            suite="0",
            target="told",
            target_module="nowhere:Nothing",
            capabilities=sorted(Capability),
            lab="loopback",
            asked=ASKED,
            platform="Linux",
            started="2026-01-01T00:00:00+00:00",
            timing=Timing.JUMPED,
            slack=1.0,
        )
        scenario = Scenario(failure_mode=ALL[MODE], course=course)
        staged = Staged(
            scenario=scenario.id,
            failure_mode=MODE,
            course=course,
            domain="a.test",
            sender=SENDER,
            author="author@b.test",
            recipient=RECIPIENT,
            sites=[SITE],
            content=b"",
            granted=ASKED,
        )
        envelope = Envelope(sender=SENDER, recipients=(RECIPIENT,), content=b"")
        self.player = Player(scenario, 0, envelope, staged, header, None, 1.0, self.journal)  # type: ignore[arg-type]
        self.journal.subscribe(self.player.note)

    async def play(self) -> Staged:
        relays: dict[Player, Any] = {self.player: self}
        watches: list[Any] = [self]
        async with asyncio.timeout(1000):
            await Jump(Timing.JUMPED, relays, watches, asyncio.Semaphore(1), lambda: None).play()
        return self.player.staged

    async def submit(self, envelope: Envelope, accepted: Callable[[], None]) -> None:
        accepted()
        self._later(0.1, self._attempt)

    async def move_clock(self, seconds: float) -> None:
        self._at = self._stops.pop(0)
        passed = [name for name, _ in STOPS if name not in self._stops]
        if self._leaves_at not in passed:
            self._later(0.1, self._attempt)
        if self._at in self._reports:
            delay, action = self._reports[self._at]
            self._later(delay, lambda: self._report(action))
        self._later(0.3, self._look_at_queue)

    async def look(self) -> None:
        self._look_at_queue()

    def _look_at_queue(self) -> None:
        now = self.journal.now()
        passed = [name for name, _ in STOPS if name not in self._stops]
        waiting = [] if self._leaves_at in passed else [QueuedMessage(sender=SENDER, recipient=RECIPIENT)]
        self.latest = Snapshot(asked=now, at=now, waiting=waiting)

    def _later(self, seconds: float, what: Callable[[], object]) -> None:
        self._loose.append(asyncio.get_running_loop().call_later(seconds, what))

    def _attempt(self) -> None:
        self._attempts += 1
        where: dict[str, Any] = {"server": SITE.server, "connection": self._attempts}
        self.journal.note("tcp", "accepted", **where)
        self.journal.note("smtp", "fault", stage="greeting", action="close", attempt=1, **where)
        self.journal.note("tcp", "closed", **where)

    def _report(self, action: str) -> None:
        text = (
            "MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
            "--b\n\nno\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; a.test\n\n"
            f"Final-Recipient: rfc822; {RECIPIENT}\nAction: {action}\nStatus: 5.4.318\n\n--b--\n"
        )
        encoded = base64.b64encode(text.encode()).decode()
        sink: dict[str, Any] = {"server": "127.1.0.99:25", "connection": 999, "tls": False}
        self.journal.note("smtp", "message", mail_from="", recipients=[SENDER], content=encoded, **sink)

    def case(self, profile: str = "rfc") -> Case:
        return Case(ALL[MODE], self.player.evidence(), load(profile))


@in_jumping_time
async def test_the_clock_waits_for_the_report_and_not_only_for_the_last_attempt() -> None:
    relay = Relay(Course.EXPIRES, {"24h15": (3.0, "failed")})
    staged = await relay.play()
    [(report, _)] = relay.player.evidence().ndrs
    assert staged.moments["24h15"] < report.at <= staged.moments["25h05"]


@in_jumping_time
async def test_a_notice_of_delay_does_not_end_the_waiting_for_attempts() -> None:
    relay = Relay(Course.EXPIRES, {"12h": (0.05, "delayed"), "24h15": (0.2, "failed")})
    staged = await relay.play()
    attempts = [attempt.at for attempt in relay.case().attempts]
    for (stop, _), (following, _) in pairwise(STOPS[:5]):
        assert any(staged.moments[stop] < at <= staged.moments[following] for at in attempts), stop


@in_jumping_time
async def test_there_is_time_for_a_second_report_at_the_last_stops() -> None:
    relay = Relay(Course.EXPIRES, {"24h15": (0.2, "failed"), "30h": (0.8, "failed")})
    staged = await relay.play()
    assert len(relay.player.evidence().ndrs) == 2
    assert staged.closed is not None
    assert staged.closed - staged.moments["30h"] == pytest.approx(1.0, abs=0.01)


@in_jumping_time
async def test_without_a_report_the_clock_moves_on_all_the_same() -> None:
    staged = await Relay(Course.EXPIRES, {}).play()
    assert staged.closed is not None
    assert staged.closed < 60


@pytest.mark.parametrize("course", [Course.NULL_SENDER, Course.NOTIFY_NEVER, Course.NOTIFY_DELAY])
def test_a_message_nobody_is_told_of_is_done_when_it_has_left_the_queue(course: Course) -> None:
    @in_jumping_time
    async def played() -> None:
        staged = await Relay(course, {}, leaves_at="24h15").play()
        assert staged.moments["25h05"] - staged.moments["24h15"] < 0.6

    played()


@in_jumping_time
async def test_returned_after_a_day_is_not_returned_at_once() -> None:
    relay = Relay(Course.EXPIRES, {"24h15": (0.2, "failed")}, leaves_at="25h05")
    await relay.play()
    assert relay.case().outcome is Outcome.DEFERRED


@in_jumping_time
async def test_returned_at_the_first_attempt_is_returned_at_once_though_the_report_comes_after_the_jump() -> (
    None
):
    relay = Relay(Course.EXPIRES, {"1h": (0.2, "failed")}, leaves_at="1h")
    await relay.play()
    assert relay.case().outcome is Outcome.PERMANENT


@in_jumping_time
async def test_returned_at_12_hours_is_early_also_where_a_return_at_once_is_accepted() -> None:
    relay = Relay(Course.EXPIRES, {"12h": (0.2, "failed")}, leaves_at="23h")
    await relay.play()
    assert relay.case().outcome is Outcome.DEFERRED
