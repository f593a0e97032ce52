"""Adapters of every sort, synchronous or not."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest
from adapters import (
    CONFIG,
    ENVELOPE,
    EVENT,
    WAITING,
    AsyncRelay,
    AsyncTarget,
    PlainRelay,
    PlainTarget,
    Restarted,
)

from conformance.evidence.record import Fault
from conformance.target import Address, Capability, EditRefused, Envelope, MessageRefused
from conformance.wave import adapter
from conformance.wave.adapter import SubmissionRefused, running
from conformance.wave.unusable import TargetUnusable
from fake_servers import Journal
from fake_servers.events import RelayKilled, RelayRestarted


@pytest.mark.parametrize(
    "target",
    [
        AsyncTarget(AsyncRelay()),
        PlainTarget(PlainRelay()),
        AsyncTarget(PlainRelay()),
        PlainTarget(AsyncRelay()),
    ],
)
async def test_adapters_of_both_sorts(target: AsyncTarget) -> None:
    async with running(target, CONFIG) as instance:
        assert await instance.queue() == [WAITING]
        assert await instance.events() == [EVENT]
        accepted: list[bool] = []
        await instance.submit(ENVELOPE, lambda: accepted.append(True))
        assert accepted == [True]
        assert not target.left
    assert target.relay.taken == ENVELOPE
    assert target.left


@pytest.mark.parametrize("relay", [AsyncRelay, PlainRelay])
async def test_who_takes_envelopes_takes_no_mail_elsewhere(relay: type[Any]) -> None:
    class Derived(relay):  # type: ignore[misc]
        submission = Address("127.0.0.1", 1)  # of a base class, say, and nobody is there

    target = AsyncTarget(Derived())
    async with running(target, CONFIG) as instance:
        assert instance.submission is None
        await instance.queue()
        assert instance.submission is None
        await instance.submit(ENVELOPE, lambda: None)
    assert target.relay.taken == ENVELOPE


async def test_without_the_capability_nobody_asks_for_events() -> None:
    target = AsyncTarget(PlainRelay())
    target.capabilities = frozenset()
    async with running(target, CONFIG) as instance:
        assert await instance.events() == []


async def test_a_plain_adapter_is_never_called_twice_at_once() -> None:
    class Relay(PlainRelay):
        inside = 0

        def queue(self) -> Any:
            self.inside += 1
            time.sleep(0.02)
            assert self.inside == 1
            self.inside -= 1
            return []

        events = queue

    async with running(PlainTarget(Relay()), CONFIG) as instance:
        await asyncio.gather(*(ask() for ask in [instance.queue, instance.events] * 3))


async def test_a_plain_call_that_hangs_delays_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "CALL_LIMIT", 0.1)
    release, log = threading.Event(), list[str]()

    class Relay(PlainRelay):
        def queue(self) -> Any:
            log.append("queue begins")
            release.wait()
            log.append("queue ends")
            return []

        def events(self) -> Any:
            log.append("events")
            return ()

    async with running(PlainTarget(Relay()), CONFIG) as instance:
        with pytest.raises(TargetUnusable, match=r"queue\(\) did not return"):
            await instance.queue()
        with pytest.raises(TargetUnusable, match=r"queue\(\) did not return"):
            await instance.events()
        assert log == ["queue begins"]
        for _ in range(10):  # that it is given up has to reach the adapter's loop, and the call there
            await asyncio.wrap_future(instance._own.start(lambda: asyncio.sleep(0)))
        release.set()
        monkeypatch.setattr(adapter, "CALL_LIMIT", 10.0)
        await instance.events()
    # the call that was given up in between is never made
    assert log == ["queue begins", "queue ends", "events"]


async def test_nobody_asks_a_relay_that_is_dead() -> None:
    relay = Restarted()
    target = PlainTarget(relay)
    target.capabilities = frozenset({Capability.RESTART, Capability.CLOCK})
    async with running(target, CONFIG) as instance:
        journal = Journal()
        killing = asyncio.create_task(instance.kill_and_restart(journal, "12h"))
        await asyncio.sleep(0)
        await asyncio.gather(killing, instance.queue(), instance.move_clock(60.0))
    assert relay.log == ["kill", "restart", "queue", 60.0]
    killed, restarted = journal
    assert isinstance(killed, RelayKilled)
    assert isinstance(restarted, RelayRestarted)
    assert killed.moment == restarted.moment == "12h"
    assert restarted.at - killed.at >= 0.02 <= killed.at - killed.asked


class RefusingRelay(PlainRelay):
    """Refuses a message as if for its content; `raised` is how its adapter says so."""

    def __init__(self, raised: Exception) -> None:
        self.raised = raised

    def submit(self, envelope: Envelope) -> None:
        raise self.raised

    def queue(self) -> Any:
        raise self.raised


@pytest.mark.parametrize("temporary", [False, True])
async def test_an_adapter_can_say_that_the_relay_refused_one_message(temporary: bool) -> None:
    relay = RefusingRelay(MessageRefused("no lines of 998 octets here", temporary=temporary))
    async with running(PlainTarget(relay), CONFIG) as instance:
        with pytest.raises(SubmissionRefused, match="no lines of 998 octets here") as refused:
            await instance.submit(ENVELOPE, lambda: pytest.fail("accepted"))
    assert (refused.value.temporary, refused.value.at) == (temporary, "")


@pytest.mark.parametrize("answer", [MessageRefused("no"), EditRefused("no")])
async def test_what_is_an_answer_to_one_question_is_a_defect_where_another_was_asked(
    answer: Exception,
) -> None:
    async with running(PlainTarget(RefusingRelay(answer)), CONFIG) as instance:
        with pytest.raises(TargetUnusable, match=r"queue\(\) raised") as trouble:
            await instance.queue()
    assert trouble.value.fault is Fault.ADAPTER
