"""Each adapter has a loop of its own: what blocks in it holds up nobody else, and is named; what lives in it goes on.

Before, the methods of an adapter that are coroutines ran in the loop of the fakes: one that blocked made every fake
late by as much, and one that never returned hung the whole run for ever, without a word.
"""

from __future__ import annotations

import asyncio
import contextvars
import sqlite3
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import pytest
from adapters import CONFIG, WAITING, AsyncRelay, AsyncTarget, PlainRelay, PlainTarget, trouble_of

from conformance.evidence.record import Fault
from conformance.target import RelayConfig, TargetError
from conformance.wave import adapter, own_loop
from conformance.wave.adapter import running
from conformance.wave.unusable import EndedByItself, TargetUnusable


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """What blocks a method for as long as a test lasts."""
    event = threading.Event()
    yield event
    event.set()


class _Blocking(AsyncRelay):
    """Blocks in a method that is a coroutine."""

    def __init__(self, release: threading.Event) -> None:
        self._release = release

    async def queue(self) -> Any:
        self._release.wait()  # the line that is named
        return [WAITING]


async def test_a_coroutine_that_blocks_is_given_up_and_its_line_is_named(
    monkeypatch: pytest.MonkeyPatch, release: threading.Event
) -> None:
    monkeypatch.setattr(adapter, "CALL_LIMIT", 0.2)
    monkeypatch.setattr(adapter, "STUCK_LIMIT", 0.1)
    trouble = await trouble_of(AsyncTarget(_Blocking(release)), "queue")
    assert trouble.fault is Fault.ADAPTER
    assert str(trouble).startswith(
        "queue() did not return within 0 s; it stands at test_own_loop.py, line "
    ), trouble
    assert str(trouble).endswith(": self._release.wait()  # the line that is named")
    assert trouble.hint.startswith("Give it a time-out of its own. An `async` method that blocks")
    assert trouble.log.splitlines()[0].endswith("in queue")
    assert len(trouble.__notes__) == 1, "that it could not be stopped is no news"


async def test_who_blocks_for_a_while_makes_nobody_else_late(release: threading.Event) -> None:
    async with (
        running(AsyncTarget(_Blocking(release)), CONFIG) as clumsy,
        running(AsyncTarget(AsyncRelay()), CONFIG) as other,
    ):
        asked = asyncio.create_task(clumsy.queue())
        await asyncio.sleep(0.05)
        assert await other.queue() == [WAITING]
        assert not asked.done()
        release.set()
        assert await asked == [WAITING]


async def test_what_waits_for_ever_without_blocking_is_named_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "CALL_LIMIT", 0.1)

    async def inner() -> None:
        await asyncio.Event().wait()

    class Relay(AsyncRelay):
        async def queue(self) -> Any:
            await inner()

    trouble = await trouble_of(AsyncTarget(Relay()), "queue")
    assert str(trouble).endswith(": await asyncio.Event().wait()")
    assert [line.split(" in ")[1] for line in trouble.log.splitlines()[::2]][:2] == ["queue", "inner"]


async def test_what_takes_no_notice_of_being_given_up_holds_up_only_its_own_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(adapter, "CALL_LIMIT", 0.1)
    monkeypatch.setattr(adapter, "STUCK_LIMIT", 0.1)

    class Relay(AsyncRelay):
        async def queue(self) -> Any:
            for _ in range(2):
                with suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()

    told: list[str] = []

    async with running(AsyncTarget(Relay()), CONFIG) as instance:
        for ask in (instance.queue, instance.events):
            told.append(str((await asyncio.gather(ask(), return_exceptions=True))[0]))
    assert [each.partition(" did")[0] for each in told] == ["queue()", "queue()"]


async def test_our_own_lateness_is_no_time_of_the_adapters() -> None:
    answer: Any = own_loop.Future()

    async def late() -> None:
        await asyncio.sleep(0.01)
        time.sleep(0.8)  # noqa: ASYNC251 - a loop that is held up is what this is about
        threading.Timer(0.1, answer.set_result, ["in time"]).start()

    task = asyncio.create_task(late())
    assert await own_loop.within(answer, 0.75)
    await task


async def test_all_of_an_instance_is_in_one_loop_and_running_in_one_task() -> None:
    """As context managers want it that have a cancel scope, and servers that live in a loop."""
    seen: list[tuple[object, object]] = []
    variable = contextvars.ContextVar("variable", default="")

    class Relay(AsyncRelay):
        async def queue(self) -> Any:
            assert variable.get() == "set at the start"
            seen.append((asyncio.get_running_loop(), None))
            return []

    class Target(AsyncTarget):
        @asynccontextmanager
        async def running(self, config: RelayConfig) -> AsyncIterator[Any]:
            seen.append((asyncio.get_running_loop(), asyncio.current_task()))
            variable.set("set at the start")
            async with asyncio.timeout(60):
                yield self.relay
            seen.append((asyncio.get_running_loop(), asyncio.current_task()))

    async with running(Target(Relay()), CONFIG) as instance:
        await instance.queue()
    entered, asked, left = seen
    assert entered == left
    assert entered[0] is asked[0] is not asyncio.get_running_loop()


async def test_what_is_left_running_in_the_loop_goes_on_while_a_plain_method_blocks() -> None:
    class Target(AsyncTarget):
        @asynccontextmanager
        async def running(self, config: RelayConfig) -> AsyncIterator[Any]:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", "input(); print('read')"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            assert process.stdin is not None
            assert process.stdout is not None
            read = asyncio.ensure_future(process.stdout.readline())
            loop, tell = asyncio.get_running_loop(), process.stdin.write

            class Relay(PlainRelay):
                def queue(self) -> Any:
                    loop.call_soon_threadsafe(tell, b"\n")
                    line = asyncio.run_coroutine_threadsafe(asyncio.wait_for(read, 9), loop).result(9)
                    assert asyncio.run(asyncio.sleep(0, line)) == b"read\n", "it may have a loop of its own"
                    return [WAITING]

            yield Relay()
            assert await process.wait() == 0

    async with running(Target(None), CONFIG) as instance:
        assert await instance.queue() == [WAITING]


async def test_plain_functions_are_called_in_one_thread() -> None:
    class Target(PlainTarget):
        @contextmanager
        def running(self, config: RelayConfig) -> Iterator[Any]:  # type: ignore[override]
            database = sqlite3.connect(":memory:")  # which no other thread may use

            class Relay(PlainRelay):
                def queue(self) -> Any:
                    return [WAITING] * database.execute("SELECT 2").fetchone()[0]

            yield Relay()
            database.close()

    async with running(Target(None), CONFIG) as instance:
        assert len(await instance.queue()) == 2


@pytest.mark.parametrize(
    ("error", "fault", "told"),
    [
        (LookupError("the log has moved"), Fault.ADAPTER, "LookupError: the log has moved"),
        (TargetError("it has ended", log="panic"), Fault.TARGET, "it has ended"),
    ],
)
async def test_a_task_of_the_adapters_that_fails_ends_what_it_was_started_for(
    error: Exception, fault: Fault, told: str
) -> None:
    left = asyncio.Event()

    class Target(AsyncTarget):
        @asynccontextmanager
        async def running(self, config: RelayConfig) -> AsyncIterator[Any]:
            async def follow() -> None:
                raise error

            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(follow())
                    yield self.relay
            finally:
                left.set()

    async def ask_again_and_again() -> None:
        async with running(Target(AsyncRelay()), CONFIG) as instance:
            for _ in range(1000):
                await instance.queue()
                await asyncio.sleep(0.01)

    with pytest.raises(TargetUnusable) as trouble:
        await ask_again_and_again()
    assert (trouble.value.fault, left.is_set()) == (fault, True)
    assert str(trouble.value).endswith(told)
    assert isinstance(trouble.value, EndedByItself) == (fault is Fault.ADAPTER)


@pytest.mark.parametrize("end", [SystemExit("done"), KeyboardInterrupt(), asyncio.CancelledError()])
async def test_what_would_end_a_loop_is_an_error_like_others(end: BaseException) -> None:
    class Relay(AsyncRelay):
        async def queue(self) -> Any:
            raise end

    trouble = await trouble_of(AsyncTarget(Relay()), "queue")
    assert trouble.fault is Fault.ADAPTER
    assert f"queue() raised {'' if isinstance(end, asyncio.CancelledError) else 'RuntimeError: '}" in str(
        trouble
    )
    assert type(end).__name__ in str(trouble)


@pytest.mark.parametrize("given_up", [False, True])
async def test_who_is_cancelled_while_it_starts_cleans_up(
    monkeypatch: pytest.MonkeyPatch, given_up: bool
) -> None:
    monkeypatch.setattr(adapter, "START_LIMIT", 0.1 if given_up else 60.0)
    log: list[str] = []
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    class Target(AsyncTarget):
        @asynccontextmanager
        async def running(self, config: RelayConfig) -> AsyncIterator[Any]:
            try:
                loop.call_soon_threadsafe(begun.set)
                await asyncio.Event().wait()
                yield
            finally:
                await asyncio.sleep(0.01)
                log.append("cleaned up")

    task = asyncio.create_task(trouble_of(Target(None)))
    if given_up:
        assert "entering running()) did not return" in str(await task)
    else:
        await begun.wait()
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()
    assert log == ["cleaned up"]


async def test_what_is_left_in_a_pool_of_threads_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, release: threading.Event
) -> None:
    monkeypatch.setattr(own_loop, "CLOSE_LIMIT", 0.1)

    class Relay(AsyncRelay):
        async def queue(self) -> Any:
            asyncio.get_running_loop().run_in_executor(None, release.wait)
            return []

    async with running(AsyncTarget(Relay()), CONFIG) as instance:
        await instance.queue()
