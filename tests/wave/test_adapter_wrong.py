"""Each way in which an adapter can be wrong, and whose fault it is."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
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
    trouble_of,
)
from stories.staging import GRANTED

from conformance.evidence.record import Fault
from conformance.target import (
    Address,
    Capability,
    RelayConfig,
    TargetError,
)
from conformance.wave import adapter
from conformance.wave.adapter import running
from conformance.wave.unusable import TargetUnusable


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
    trouble = await trouble_of(AsyncTarget(type("Relay", (), members)()), "queue")
    assert trouble.fault is Fault.ADAPTER
    assert told in str(trouble)


@pytest.mark.parametrize(
    ("capability", "method"),
    [(Capability.CLOCK, "move_clock"), (Capability.RESTART, "kill"), (Capability.RESTART, "restart")],
)
async def test_a_power_that_is_claimed_and_not_there(capability: Capability, method: str) -> None:
    members = {name: member for name, member in vars(Restarted).items() if name != method}
    target = AsyncTarget(type("Relay", (PlainRelay,), members)())
    target.capabilities = frozenset({capability})
    trouble = await trouble_of(target, "queue")
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

    trouble = await trouble_of((Async if asynchronous else Plain)(PlainRelay()))
    assert trouble.fault is Fault.ADAPTER
    assert str(trouble) == f"running() is a generator; decorate it with contextlib.{decorator}"


async def test_a_running_that_is_a_coroutine() -> None:
    class Target(AsyncTarget):
        async def running(self, config: RelayConfig) -> Any:  # type: ignore[override]
            return self.relay

    trouble = await trouble_of(Target(PlainRelay()))
    assert "is a coroutine; decorate it with contextlib.asynccontextmanager" in str(trouble)


@pytest.mark.parametrize("made", [None, 5, "x", PlainRelay()])
async def test_running_that_returns_no_context_manager(made: object) -> None:
    class Target(AsyncTarget):
        def running(self, config: RelayConfig) -> Any:
            return made

    trouble = await trouble_of(Target(None))
    assert (trouble.fault, str(trouble)) == (
        Fault.ADAPTER,
        "running() returned something that is no context manager",
    )


@pytest.mark.parametrize("answer", [None, 5, [5], [EVENT], {WAITING}, iter([WAITING])])
async def test_a_queue_that_is_none(answer: object) -> None:
    relay = AsyncRelay()
    relay.queue = lambda: answer  # type: ignore[method-assign,assignment,return-value]
    trouble = await trouble_of(AsyncTarget(relay), "queue")
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
        ("queue", replace(WAITING, recipient="<>"), "without angle brackets"),
        ("events", replace(EVENT, recipient="<c@d>"), "without angle brackets"),
    ],
)
async def test_a_field_of_the_wrong_type_is_named(call: str, item: object, field: str) -> None:
    relay = AsyncRelay()
    setattr(relay, call, lambda: [item])
    trouble = await trouble_of(AsyncTarget(relay), call)
    assert trouble.fault is Fault.ADAPTER
    assert str(trouble).endswith(field)


@pytest.mark.parametrize("sort", [AsyncTarget, PlainTarget])
async def test_exceptions_are_a_defect_of_the_adapter_with_a_traceback(sort: type[AsyncTarget]) -> None:
    def queue() -> Any:
        raise KeyError("last_error")

    relay = PlainRelay()
    relay.queue = queue  # type: ignore[method-assign]
    target = sort(relay)
    trouble = await trouble_of(target, "queue")
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

    trouble = await trouble_of(Target(None))
    assert (trouble.fault, str(trouble), trouble.hint) == (Fault.TARGET, "no program", "install it")
    assert (trouble.log, trouble.installation) == ("line", installation)


async def test_a_time_out_of_its_own_is_told_apart_from_ours() -> None:
    async def queue() -> Any:
        raise TimeoutError("its own")

    relay = AsyncRelay()
    relay.queue = queue  # type: ignore[method-assign]
    assert "raised TimeoutError: its own" in str(await trouble_of(AsyncTarget(relay), "queue"))


@pytest.mark.parametrize("sort", [AsyncTarget, PlainTarget])
async def test_whoever_never_returns_is_not_waited_for(
    sort: type[AsyncTarget], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "CALL_LIMIT", 0.1)
    release = threading.Event()
    relay = PlainRelay()
    relay.queue = release.wait  # type: ignore[method-assign]
    try:
        trouble = await trouble_of(sort(relay), "queue")
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

    assert "entering running()) did not return" in str(await trouble_of(Target(None)))
    with pytest.raises(TargetUnusable, match=r"leaving running\(\)\) did not return"):
        async with running(Target(AsyncRelay()), CONFIG):
            pass


async def test_a_relay_that_does_not_listen_is_the_targets_fault() -> None:
    class Listening:
        submission = Address("127.0.0.1", 1)
        schedule, queue, events = AsyncRelay.schedule, AsyncRelay.queue, AsyncRelay.events

    async with running(AsyncTarget(Listening()), CONFIG) as instance:
        with pytest.raises(TargetUnusable, match=r"does not take mail at 127.0.0.1:1") as trouble:
            await instance.submit(ENVELOPE, lambda: pytest.fail("accepted"))
    assert trouble.value.fault is Fault.TARGET


async def test_a_queue_that_nobody_can_have_filled_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before, a hundred thousand entries once a second made everything late, at fault: this suite."""
    monkeypatch.setattr(adapter, "QUEUE_LIMIT", 3)
    relay = PlainRelay()
    monkeypatch.setattr(relay, "queue", lambda: [WAITING] * 4)
    trouble = await trouble_of(PlainTarget(relay), "queue")
    assert trouble.fault is Fault.TARGET
    assert "has 4 messages, more than 3" in str(trouble)


@pytest.mark.parametrize("sender", ["", "<>"])
async def test_the_null_reverse_path_is_shown_either_way(sender: str) -> None:
    relay = AsyncRelay()
    relay.queue = lambda: [replace(WAITING, sender=sender)]  # type: ignore[method-assign, assignment]
    async with running(AsyncTarget(relay), CONFIG) as instance:
        assert await instance.queue() == [replace(WAITING, sender=sender)]
