"""Adapters of every sort: synchronous or not, and each way in which one can be wrong."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from builders import GRANTED

from conformance.target import (
    Address,
    Capability,
    Connector,
    DeliveryEvent,
    Envelope,
    Outcome,
    QueuedMessage,
    RelayConfig,
    TargetError,
)
from conformance.verdict import Fault
from conformance.wave import adapter
from conformance.wave.adapter import Instance, Trouble, running
from fake_servers import Journal

WAITING = QueuedMessage(sender="a@b", recipient="c@d")
EVENT = DeliveryEvent(recipient="c@d", outcome=Outcome.DEFERRED, text="x")
ENVELOPE = Envelope(sender="a@b", recipients=("c@d",), content=b"A: 1\r\n\r\n")
CONFIG = RelayConfig(
    work_directory=Path("/nowhere"),
    hostname="relay.test",
    listen=Address("127.0.0.1", 0),
    resolver=Address("127.0.0.1", 53),
    next_hop_port=25,
    connectors=(Connector(domain="c.test"),),
    trust_anchors=Path("/nowhere"),
    retry_interval=2,
    max_retry_interval=2,
    queue_lifetime=9,
    connect_timeout=2,
    command_timeout=2,
    dns_timeout=2,
)


class AsyncRelay:
    submission: Any = None
    schedule: Any = GRANTED

    async def queue(self) -> Any:
        return [WAITING]

    async def events(self) -> Any:
        return (EVENT,)

    async def submit(self, envelope: Envelope) -> None:
        self.taken = envelope


class PlainRelay:
    submission: Any = None
    schedule: Any = GRANTED

    def queue(self) -> Any:
        assert threading.current_thread() is not threading.main_thread()
        return [WAITING]

    def events(self) -> Any:
        return (EVENT,)

    def submit(self, envelope: Envelope) -> None:
        self.taken = envelope


class AsyncTarget:
    name = "async"
    capabilities = frozenset({Capability.EVENTS})

    def __init__(self, relay: Any) -> None:
        self.relay = relay
        self.left = False

    @asynccontextmanager
    async def running(self, config: RelayConfig) -> AsyncIterator[Any]:
        yield self.relay
        self.left = True


class PlainTarget(AsyncTarget):
    @contextmanager
    def running(self, config: RelayConfig) -> Iterator[Any]:  # type: ignore[override]
        yield self.relay
        self.left = True


async def _trouble(target: Any, call: str = "") -> Trouble:
    with pytest.raises(Trouble) as trouble:
        async with running(target, CONFIG) as instance:
            await getattr(instance, call)()
    return trouble.value


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


@pytest.mark.parametrize(
    ("attribute", "value", "told"),
    [
        ("submit", None, "neither `submission` nor `submit`"),
        ("submission", "127.0.0.1:25", "`submission`"),
        ("schedule", None, "not a conformance.target.Schedule"),
        ("schedule", replace(GRANTED, retry_interval=-1.0), "retry_interval"),
        ("schedule", replace(GRANTED, granularity=float("nan")), "granularity"),
        ("queue", None, "without queue()"),
        ("events", None, "no events()"),
    ],
)
async def test_a_relay_object_that_is_wrong(attribute: str, value: object, told: str) -> None:
    members = {name: member for name, member in vars(PlainRelay).items() if not name.startswith("__")}
    members = {name: m for name, m in members.items() if name != attribute} | (
        {attribute: value} if value else {}
    )
    trouble = await _trouble(AsyncTarget(type("Relay", (), members)()), "queue")
    assert trouble.fault is Fault.ADAPTER
    assert told in str(trouble)


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
        with pytest.raises(Trouble, match=r"queue\(\) did not return"):
            await instance.queue()
        with pytest.raises(Trouble, match=r"queue\(\) did not return"):
            await instance.events()
        assert log == ["queue begins"]
        release.set()
        monkeypatch.setattr(adapter, "CALL_LIMIT", 10.0)
        await instance.events()
    # the call that was given up in between is never made
    assert log == ["queue begins", "queue ends", "events"]


class Restarted(PlainRelay):
    """Notes what is asked of it."""

    def __init__(self) -> None:
        self.log: list[object] = []

    def queue(self) -> Any:
        self.log.append("queue")
        return []

    def kill(self) -> None:
        self.log.append("kill")
        time.sleep(0.02)

    def restart(self) -> None:
        time.sleep(0.02)
        self.log.append("restart")

    def move_clock(self, seconds: float) -> None:
        self.log.append(seconds)


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
    assert (killed.kind, killed["moment"], restarted.kind, restarted["moment"]) == (
        "killed",
        "12h",
        "restarted",
        "12h",
    )
    assert restarted.at - killed.at >= 0.02 <= killed.at - float(str(killed["asked"]))


@pytest.mark.parametrize(
    ("capability", "method"),
    [(Capability.CLOCK, "move_clock"), (Capability.RESTART, "kill"), (Capability.RESTART, "restart")],
)
async def test_a_power_that_is_claimed_and_not_there(capability: Capability, method: str) -> None:
    members = {name: member for name, member in vars(Restarted).items() if name != method}
    target = AsyncTarget(type("Relay", (PlainRelay,), members)())
    target.capabilities = frozenset({capability})
    trouble = await _trouble(target, "queue")
    assert trouble.fault is Fault.ADAPTER
    assert f"capability `{capability}` is claimed, but the relay object has no {method}()" in str(trouble)


@pytest.mark.parametrize(
    ("asynchronous", "decorator"), [(True, "asynccontextmanager"), (False, "contextmanager")]
)
async def test_a_running_without_its_decorator(asynchronous: bool, decorator: str) -> None:
    class Plain(AsyncTarget):
        def running(self, config: RelayConfig) -> Any:
            yield self.relay

    class Async(AsyncTarget):
        async def running(self, config: RelayConfig) -> Any:  # type: ignore[override]
            yield self.relay

    trouble = await _trouble((Async if asynchronous else Plain)(PlainRelay()))
    assert trouble.fault is Fault.ADAPTER
    assert str(trouble) == f"running() is a generator; decorate it with contextlib.{decorator}"


async def test_a_running_that_is_a_coroutine() -> None:
    class Target(AsyncTarget):
        async def running(self, config: RelayConfig) -> Any:  # type: ignore[override]
            return self.relay

    trouble = await _trouble(Target(PlainRelay()))
    assert "is a coroutine; decorate it with contextlib.asynccontextmanager" in str(trouble)


@pytest.mark.parametrize("made", [None, 5, "x", PlainRelay()])
async def test_running_that_returns_no_context_manager(made: object) -> None:
    class Target(AsyncTarget):
        def running(self, config: RelayConfig) -> Any:
            return made

    trouble = await _trouble(Target(None))
    assert (trouble.fault, str(trouble)) == (
        Fault.ADAPTER,
        "running() returned something that is no context manager",
    )


@pytest.mark.parametrize("answer", [None, 5, [5], [EVENT], {WAITING}, iter([WAITING])])
async def test_a_queue_that_is_none(answer: object) -> None:
    relay = AsyncRelay()
    relay.queue = lambda: answer  # type: ignore[method-assign,assignment,return-value]
    trouble = await _trouble(AsyncTarget(relay), "queue")
    assert trouble.fault is Fault.ADAPTER
    assert "queue() returned something that is not a sequence of QueuedMessage" in str(trouble)


@pytest.mark.parametrize(
    ("call", "item", "field"),
    [
        ("queue", replace(WAITING, error=None), "error is None"),  # type: ignore[arg-type]
        ("queue", replace(WAITING, recipient=b"c@d"), "recipient is b'c@d'"),  # type: ignore[arg-type]
        ("events", replace(EVENT, outcome="deferred"), "outcome is 'deferred'"),  # type: ignore[arg-type]
        ("events", replace(EVENT, code=450), "code is 450"),  # type: ignore[arg-type]
        ("events", replace(EVENT, at=None), "at is None"),  # type: ignore[arg-type]
        ("queue", replace(WAITING, sender="<a@b>"), "without angle brackets"),
        ("queue", replace(WAITING, recipient="<c@d>"), "without angle brackets"),
        ("events", replace(EVENT, recipient="<c@d>"), "without angle brackets"),
    ],
)
async def test_a_field_of_the_wrong_type_is_named(call: str, item: object, field: str) -> None:
    relay = AsyncRelay()
    setattr(relay, call, lambda: [item])
    trouble = await _trouble(AsyncTarget(relay), call)
    assert trouble.fault is Fault.ADAPTER
    assert str(trouble).endswith(field)


@pytest.mark.parametrize("sort", [AsyncTarget, PlainTarget])
async def test_exceptions_are_a_defect_of_the_adapter_with_a_traceback(sort: type[AsyncTarget]) -> None:
    def queue() -> Any:
        raise KeyError("last_error")

    relay = PlainRelay()
    relay.queue = queue  # type: ignore[method-assign]
    target = sort(relay)
    trouble = await _trouble(target, "queue")
    assert trouble.fault is Fault.ADAPTER
    assert str(trouble) == "queue() raised KeyError: 'last_error'"
    assert "in queue" in trouble.log


@pytest.mark.parametrize("installation", [False, True])
async def test_a_target_error_is_the_targets(installation: bool) -> None:
    class Target(AsyncTarget):
        @asynccontextmanager
        async def running(self, config: RelayConfig) -> AsyncIterator[Any]:
            raise TargetError("no program", hint="install it", log="line", installation=installation)
            yield

    trouble = await _trouble(Target(None))
    assert (trouble.fault, str(trouble), trouble.hint) == (Fault.TARGET, "no program", "install it")
    assert (trouble.log, trouble.installation) == ("line", installation)


async def test_a_time_out_of_its_own_is_told_apart_from_ours() -> None:
    async def queue() -> Any:
        raise TimeoutError("its own")

    relay = AsyncRelay()
    relay.queue = queue  # type: ignore[method-assign]
    assert "raised TimeoutError('its own')" in str(await _trouble(AsyncTarget(relay), "queue"))


@pytest.mark.parametrize("sort", [AsyncTarget, PlainTarget])
async def test_whoever_never_returns_is_not_waited_for(
    sort: type[AsyncTarget], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "CALL_LIMIT", 0.1)
    release = threading.Event()
    relay = PlainRelay()
    relay.queue = release.wait  # type: ignore[method-assign]
    try:
        trouble = await _trouble(sort(relay), "queue")
    finally:
        release.set()
    assert trouble.fault is Fault.ADAPTER
    assert "queue() did not return within" in str(trouble)


async def test_starting_and_stopping_have_limits_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "START_LIMIT", 0.1)
    monkeypatch.setattr(adapter, "STOP_LIMIT", 0.1)

    class Target(AsyncTarget):
        @asynccontextmanager
        async def running(self, config: RelayConfig) -> AsyncIterator[Any]:
            if self.relay is None:
                await asyncio.Event().wait()
            yield self.relay
            await asyncio.Event().wait()

    assert "entering running()) did not return" in str(await _trouble(Target(None)))
    with pytest.raises(Trouble, match=r"leaving running\(\)\) did not return"):
        async with running(Target(AsyncRelay()), CONFIG):
            pass


async def test_a_relay_that_does_not_listen_is_the_targets_fault() -> None:
    relay = AsyncRelay()
    relay.submission = Address("127.0.0.1", 1)
    instance = Instance(_without_submit(relay), AsyncTarget(relay))
    with pytest.raises(Trouble, match=r"does not take mail at 127.0.0.1:1") as trouble:
        await instance.submit(ENVELOPE, lambda: pytest.fail("accepted"))
    assert trouble.value.fault is Fault.TARGET


def _without_submit(relay: AsyncRelay) -> object:
    class Listening:
        submission, schedule = relay.submission, relay.schedule
        queue, events = relay.queue, relay.events

    return Listening()
