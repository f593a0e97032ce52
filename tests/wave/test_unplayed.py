"""What does not apply to a relay is not played, and says why; what one message is refused for spoils nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from stories.staging import ASKED, GRANTED

from conformance.catalogue import profile as profiles
from conformance.catalogue.course import Timing
from conformance.evidence.record import Entry, Fault, Record, assemble
from conformance.judging.judge import Judged, judge
from conformance.judging.verdict import Verdict
from conformance.schedules.scenarios import scenario_of
from conformance.suite import ASPECTS
from conformance.target import Capability, Envelope, MessageRefused, QueuedMessage, RelayConfig
from conformance.wave import player as course
from conformance.wave import staging, watch
from conformance.wave.plan import Plan

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
    await staging.run(plan, target, entries.append, lambda done, *_: closed.append(done))
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
