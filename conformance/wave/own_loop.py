"""The thread in which the code of one adapter instance runs, with an event loop of its own.

The loop of the fakes runs nothing of an adapter. A call that blocks holds up the calls of its own instance and nobody
else: a clumsy adapter makes no fake late, and one that never returns is given up and named.

Coroutines run in this loop for as long as the instance lives, and what an adapter leaves running in it (a subprocess, a
server, a task that reads a log) goes on between two calls. Plain functions run one after the other in a second thread,
so that they may block, or run a loop themselves, while the first goes on.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import queue
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

from conformance.targets.patience import Patience
from conformance.wave import stuck
from conformance.wave.stuck import Standing

T = TypeVar("T")

# Seconds that are waited for what an adapter left running, once its relay is stopped.
CLOSE_LIMIT = 5.0


class OwnLoop:
    """Runs what one adapter instance is made of, in threads of its own."""

    def __init__(self) -> None:
        self._inside = ""
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._turn = asyncio.Lock()
        self._plain = PlainThread()
        self._context = contextvars.Context()
        self._task: asyncio.Task[Any] | None = None
        self._ended: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="adapter's loop", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._until_stopped())
        finally:
            self._ended.set_result(None)

    async def _until_stopped(self) -> None:
        await self._stop.wait()

    def start(self, work: Callable[[], Awaitable[T]]) -> Future[T]:
        """Run something in the loop; cancelling what this returns cancels it there."""
        return asyncio.run_coroutine_threadsafe(_tame(work), self._loop)

    def call(self, name: str, work: Callable[[], Awaitable[T]]) -> Future[T]:
        """Run something in the loop once all that was called before has returned, even if that was given up."""

        async def in_turn() -> T:
            async with self._turn:
                self._inside = name
                task = asyncio.get_running_loop().create_task(_tame(work), context=self._context)
                self._task = task
                try:
                    return await task
                finally:
                    self._inside = ""

        return self.start(in_turn)

    def keep_context(self) -> None:
        """Have calls see the context variables of whoever runs now."""
        self._context = contextvars.copy_context()

    async def either(self, function: Callable[..., Any], *arguments: object, name: str = "") -> Any:
        """Call, within the loop, a coroutine function, or a plain one in its thread; await what can be awaited."""
        if inspect.iscoroutinefunction(function):
            return await function(*arguments)
        answer = await self.plain(function, *arguments, name=name)
        return await answer if inspect.isawaitable(answer) else answer

    async def plain(self, function: Callable[..., T], *arguments: object, name: str) -> T:
        """Call, within the loop, a plain function in its thread."""
        return await asyncio.wrap_future(self._plain.call(function, *arguments, name=name))

    def leave_plain_thread(self) -> None:
        """Have plain functions called in another thread from now on, if the one that there is does not come back."""
        if self._plain.inside:
            self._plain = PlainThread()

    @property
    def inside(self) -> str:
        """What was asked and has not come to its end, even if it was given up, as it is shown; empty: nothing."""
        return self._plain.inside or self._inside

    @property
    def is_blocked(self) -> bool:
        """Whether something holds up the loop itself now."""
        return stuck.of_thread(self._thread.ident) is not None

    def standing(self) -> Standing | None:
        """Tell where the adapter's code stands."""
        plain = stuck.of_thread(self._plain.ident) if self._plain.inside else None
        return stuck.of_thread(self._thread.ident) or plain or stuck.of_task(self._task)

    def soon(self, function: Callable[[], object]) -> None:
        """Call something in the loop, and wait for nothing."""
        with suppress(RuntimeError):  # it has ended
            self._loop.call_soon_threadsafe(function)

    async def close(self) -> None:
        """End the loop and all that still runs in it; what does not end is left behind."""
        self.soon(self._stop.set)
        self._plain.close()
        if not self.inside:
            await within(self._ended, CLOSE_LIMIT)


class PlainThread:
    """Calls plain functions one after the other in one thread, for which nobody waits at the end.

    Attributes:
        inside: What is called now, as it is shown; empty: nothing.
    """

    def __init__(self) -> None:
        self.inside = ""
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    @property
    def ident(self) -> int | None:
        """The number of the thread; None before the first call."""
        return None if self._thread is None else self._thread.ident

    def call(self, function: Callable[..., T], *arguments: object, name: str = "") -> Future[T]:
        """Call a function when it is its turn, and not at all if it is given up before that."""
        result: Future[T] = Future()

        def work() -> None:
            if not result.set_running_or_notify_cancel():
                return
            self.inside = name or "a plain function"
            try:
                value = function(*arguments)
            except BaseException as error:  # noqa: BLE001 - handed over to whoever awaits the result
                self.inside = ""
                result.set_exception(presentable(error))
            else:
                self.inside = ""  # before whoever waits for it can look
                result.set_result(value)

        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="adapter", daemon=True)
            self._thread.start()
        self._calls.put(work)
        return result

    def close(self) -> None:
        """End the thread when all that it was given is done."""
        self._calls.put(None)

    def _run(self) -> None:
        while (work := self._calls.get()) is not None:
            work()


async def within(future: Future[Any], limit: float) -> bool:
    """Wait for something in another thread, as long as there is time left for it; tell whether it is done.

    Only time counts in which we would have noticed: if our own loop is late the other one has no part in that. Nor has
    it where there is no processor for it (`targets/patience.py`).
    """
    loop = asyncio.get_running_loop()
    done = asyncio.Event()

    def tell(_: Future[Any]) -> None:
        with suppress(RuntimeError):  # our loop has ended: nobody waits any more
            loop.call_soon_threadsafe(done.set)

    future.add_done_callback(tell)
    patience = Patience(limit)
    while patience.left > 0 and not future.done():
        piece = patience.piece
        with suppress(TimeoutError):
            async with asyncio.timeout(piece):
                await done.wait()
        patience.spend(2 * piece)  # what is longer was our own lateness, and counts for nobody
    return future.done()


async def _tame(work: Callable[[], Awaitable[T]]) -> T:
    """Do something; what would end a whole loop, as sys.exit() does, is an error like others."""
    try:
        return await work()
    except (Exception, asyncio.CancelledError):
        raise
    except BaseException as error:
        raise presentable(error) from error


def presentable(error: BaseException) -> Exception:
    """Return an error that may come out of an await: neither sys.exit() nor StopIteration may."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    return RuntimeError(repr(error))
