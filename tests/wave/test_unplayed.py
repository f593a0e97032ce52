"""What does not apply to a relay is not played, and says why; what one message is refused for spoils nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from stories.staging import ASKED, GRANTED, header

from conformance.catalogue import profile as profiles
from conformance.catalogue.course import Timing
from conformance.evidence.record import Entry, Fault, Record, assemble
from conformance.judging.judge import Judged, judge
from conformance.judging.verdict import Verdict
from conformance.schedules.scenarios import scenario_of
from conformance.suite import ASPECTS
from conformance.target import Capability, Envelope, MessageRefused, QueuedMessage, RelayConfig
from conformance.wave import plan as planning
from conformance.wave import player as course
from conformance.wave import staging, watch
from conformance.wave.adapter import Instance
from conformance.wave.granted import granted as filled
from conformance.wave.plan import Plan
from conformance.wave.unplayed import why_unplayed

IN_SUBMISSION = ("killed_before_dot", "killed_before_250", "killed_after_250")


class Relay:
    """Takes messages by submit(), and keeps them for ever; those to some domains it refuses."""

    schedule = GRANTED

    def __init__(self, refused: dict[str, MessageRefused]) -> None:
        self.refused = refused
        self.held: list[Envelope] = []
        self.killed = 0

    async def submit(self, envelope: Envelope) -> None:
        for word, refusal in self.refused.items():
            if word in envelope.recipients[0]:
                raise refusal
        self.held.append(envelope)

    async def queue(self) -> list[QueuedMessage]:
        return [QueuedMessage(sender=e.sender, recipient=e.recipients[0]) for e in self.held]

    async def kill(self) -> None:
        self.killed += 1

    async def restart(self) -> None:
        pass


class Target:
    name = "by command"
    capabilities = frozenset(
        {Capability.SMART_HOST, Capability.ANY_PORT, Capability.MANY_CONNECTORS, Capability.RESTART}
    )

    def __init__(self, **refused: MessageRefused) -> None:
        self.relay = Relay(refused)
        self.lasting: list[dict[str, float]] = []

    @asynccontextmanager
    async def running(self, config: RelayConfig) -> AsyncIterator[Relay]:
        yield self.relay


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "QUEUE_INTERVAL", 0.05)

    async def never(*_: object) -> bool:
        return False

    async def at_once(*_: object) -> None:
        return None

    monkeypatch.setattr(course.Player, "until", never)
    monkeypatch.setattr(course.Player, "rest", at_once)


async def staged(target: Target, folder: Path, scenarios: list[str], timing: Timing) -> Record:
    plan = Plan(
        target="x",
        import_path=[],
        lab="loopback",
        scenarios=scenarios,
        asked=ASKED,
        timing=timing,
        work_directory=str(folder),
    )
    entries: list[Entry] = []
    closed: list[int] = []
    await staging.run(
        plan, target, entries.append, lambda done, *_: closed.append(done), target.lasting.append
    )
    assert closed[-1] == len(scenarios), "everybody's window is closed, and counted once"
    return assemble(entries, "record")


def judged(record: Record, aspect: str, scenario: str) -> Judged:
    [found] = [each for each in ASPECTS if each.name == aspect]
    return judge(found, scenario_of(scenario), record, profiles.load("eop"))


async def test_a_message_that_is_refused_is_its_own_scenarios_outcome(tmp_path: Path) -> None:
    target = Target(**{"close-at-mail": MessageRefused("554 not this one")})
    record = await staged(target, tmp_path, ["plain.healthy", "close_at_mail.healed"], Timing.STEADY)
    assert record.troubles == []
    one, other = record.staged["close_at_mail.healed"], record.staged["plain.healthy"]
    assert (one.submitted, one.refusal, one.refused_for_now) == (None, "554 not this one", False)
    assert (other.submitted is not None, other.refusal) == (True, "")
    said = judged(record, "stays_queued", "close_at_mail.healed")
    assert (said.verdict, said.fault) == (Verdict.ERROR, Fault.TARGET)
    assert said.reason == "the relay did not accept the message: 554 not this one"


async def test_whether_it_would_be_taken_later_is_said(tmp_path: Path) -> None:
    target = Target(plain=MessageRefused("too busy", temporary=True))
    record = await staged(target, tmp_path, ["plain.healthy"], Timing.STEADY)
    assert judged(record, "delivered", "plain.healthy").reason == (
        "the relay did not accept the message for now: too busy"
    )


async def test_without_an_smtp_session_nobody_is_killed_in_it(tmp_path: Path) -> None:
    names = [f"{mode}.killed" for mode in IN_SUBMISSION]
    target = Target()
    record = await staged(target, tmp_path, ["plain.healthy", *names], Timing.CRASHED)
    for name in names:
        one = record.staged[name]
        assert (one.submitted, one.closed is not None) == (None, True)
        said = judged(record, "nothing_lost", name)
        assert said.verdict is Verdict.NOT_APPLICABLE
        assert "there is no SMTP session" in said.reason
    assert target.relay.killed == 0


async def test_nothing_is_sent_back_to_who_has_no_server(tmp_path: Path) -> None:
    record = await staged(Target(), tmp_path, ["plain.healthy", "goes_around.persists"], Timing.STEADY)
    said = judged(record, "ends_loop", "goes_around.persists")
    assert said.verdict is Verdict.NOT_APPLICABLE
    assert "no server of its own" in said.reason


async def test_what_will_take_more_than_a_minute_is_told_at_once(tmp_path: Path) -> None:
    target = Target()
    target.relay.schedule = replace(GRANTED, content_timeout=300.0)
    names = ["plain.healthy", "stall_at_mail.healed", "stall_at_body.healed"]
    await staged(target, tmp_path, names, Timing.STEADY)
    [told] = target.lasting
    assert told == {"stall_at_body.healed": pytest.approx(2 * 300.0, abs=20.0)}


MINUTE = 60.0
HOUR = 3600.0
OF_EACH_CLOCK = (
    "plain.healthy",
    "greeting_421.healed",
    "stall_at_body.healed",
    "trickle_at_quit.persists",
    "stall_at_dot+healthy.schedule",
    "greeting_421.day",
    "stall_at_body.expires",
    "killed_between_attempts.killed",
    "connection_refused.corrected",
)


def unplayed(scenario: str, **granted: Any) -> str:
    timing = scenario_of(scenario).timing
    asked = planning.schedule(timing)
    asked_for = replace(header(timing=timing), asked=asked, slack=planning.slack(timing))
    schedule = replace(filled(replace(asked, granularity=1.0), asked), **granted)
    return why_unplayed(scenario_of(scenario), cast(Instance, Listening()), schedule, asked_for)


class Listening:
    submission = ("127.0.0.1", 25)


@pytest.mark.parametrize("scenario", OF_EACH_CLOCK)
@pytest.mark.parametrize(
    "granted",
    [
        {},
        {"content_timeout": 5 * MINUTE, "final_timeout": 10 * MINUTE},
        {"command_timeout": 5 * MINUTE, "dns_timeout": MINUTE, "connect_timeout": MINUTE},
        {"delivery_deadline": 10 * MINUTE},
    ],
)
def test_what_relays_grant_is_played(scenario: str, granted: dict[str, float]) -> None:
    assert unplayed(scenario, **granted) == ""


@pytest.mark.parametrize(
    ("granted", "said"),
    [
        ({}, ""),
        ({"final_timeout": 0.8}, "the relay waits for 0.8 s at dot, and this server needs 1 s"),
        (
            {"command_timeout": 0.8, "final_timeout": 5.0},
            "the relay waits for 0.8 s at greeting, and this server needs 1 s",
        ),
        ({"command_timeout": 1.2}, ""),
    ],
)
def test_nobody_is_later_than_a_relay_waits(granted: dict[str, float], said: str) -> None:
    assert unplayed("slow.healthy", **granted) == said
    assert unplayed("plain.healthy", **granted) == ""


@pytest.mark.parametrize(
    ("granted", "said"),
    [
        ({}, ""),
        ({"command_timeout": 4.0}, ""),  # doubled, for a second staging
        (
            {"content_timeout": 3 * MINUTE},
            "the relay waits for 180 s amid the content, and this server takes 6.4 s",
        ),
        ({"final_timeout": 10 * MINUTE}, "the relay waits for 600 s amid the content"),
        ({"delivery_deadline": 6.0}, "the relay gives any delivery up after 6 s"),
        ({"delivery_deadline": 20.0}, ""),
    ],
)
def test_a_server_is_slow_for_longer_than_a_relay_waits_for_a_block_or_not_at_all(
    granted: dict[str, float], said: str
) -> None:
    reason = unplayed("reads_slowly.persists", **granted)
    assert reason.startswith(said)
    assert bool(reason) == bool(said)


@pytest.mark.parametrize("scenario", OF_EACH_CLOCK)
def test_a_lifetime_of_days_is_not_waited_for(scenario: str) -> None:
    said = unplayed(scenario, queue_lifetime=5 * 24 * HOUR, granularity=65.0)
    assert bool(said) == (scenario == "greeting_421.day")


@pytest.mark.parametrize(
    ("scenario", "granted"),
    [
        ("plain.healthy", {"max_retry_interval": 2 * HOUR}),
        ("greeting_421.healed", {"max_retry_interval": 30 * MINUTE}),
        ("greeting_421.healed", {"granularity": 30 * MINUTE}),
        ("stall_at_body.healed", {"content_timeout": 30 * MINUTE}),
        ("trickle_at_quit.persists", {"command_timeout": HOUR}),
        ("greeting_421.day", {"max_retry_interval": 30 * MINUTE}),
        ("greeting_421.day", {"granularity": 65.0}),
        ("killed_between_attempts.killed", {"max_retry_interval": 10 * MINUTE}),  # and so would eight others
        ("connection_refused.corrected", {"max_retry_interval": 30 * MINUTE}),
    ],
)
def test_nor_is_anything_else_for_longer_than_an_hour(scenario: str, granted: dict[str, float]) -> None:
    assert unplayed(scenario, **granted)


def test_on_a_moved_clock_intervals_pass_at_once() -> None:
    assert unplayed("stall_at_body.expires", max_retry_interval=5 * HOUR, granularity=HOUR) == ""


def test_the_reason_names_what_takes_so_long() -> None:
    said = unplayed("greeting_421.healed", max_retry_interval=30 * MINUTE)
    assert "retries every 1800 s, granularity 1 s, time-outs up to 2 s" in said
    assert "about 95 min, and none is for more than 60" in said


def test_a_relay_with_a_deadline_is_not_made_to_wait_for_longer() -> None:
    assert "gives any delivery up after 3 s" in unplayed("slow.healthy", delivery_deadline=3.0)
    assert unplayed("slow.healthy", delivery_deadline=300.0) == ""
