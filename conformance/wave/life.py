"""The life of one relay: `running()` is entered and left in one task, within the adapter's own loop."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
)
from typing import Any

from conformance.target import RelayConfig, Target, TargetError
from conformance.wave.own_loop import OwnLoop, presentable
from conformance.wave.unusable import EndedByItself, TargetUnusable, defect, from_target

# What entering and leaving are called where it is told.
STARTING = "starting the relay (entering running())"
STOPPING = "stopping the relay (leaving running())"


class Life:
    """What runs in an adapter's own loop from the start of its relay to the end.

    Attributes:
        began: The object that `running()` yielded, or what went wrong before.
        ended: Done when it is left; what went wrong after it was entered.
    """

    def __init__(self, own: OwnLoop, target: Target, config: RelayConfig) -> None:
        self._own = own
        self._target = target
        self._config = config
        self._leave = asyncio.Event()
        self._task: asyncio.Task[Any] | None = None
        self.began: Future[object] = Future()
        self.ended = own.start(self._live)

    def leave(self) -> None:
        """Have the relay stopped."""
        self._own.soon(self._leave.set)

    def break_off(self) -> None:
        """Cancel whatever is going on: what was entered is left, as far as it lets itself."""
        self._own.soon(lambda: None if self._task is None else self._task.cancel())

    def check(self) -> None:
        """Complain if it is over although nobody asked for that, as when a task that an adapter left running failed.

        Raises:
            TargetUnusable: It is over.
        """
        if not self.ended.done() or self._leave.is_set():
            return
        error = None if self.ended.cancelled() else self.ended.exception()
        while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            error = error.exceptions[0]
        if isinstance(error, TargetUnusable):
            raise error
        if isinstance(error, TargetError):
            raise from_target(error) from error
        why = f": {type(error).__name__}: {error}" if error is not None else ""
        raise EndedByItself(defect(f"running() ended while its relay was in use{why}", error))

    async def _live(self) -> None:
        self._task = asyncio.current_task()
        try:
            async with self._context() as relay:
                self._own.keep_context()
                self.began.set_result(relay)
                await self._leave.wait()
        except BaseException as error:
            if self.began.done():
                raise
            self.began.set_exception(presentable(error))

    def _context(self) -> AbstractAsyncContextManager[object]:
        made: object = self._target.running(self._config)
        if inspect.isasyncgen(made) or inspect.isgenerator(made):
            decorator = "asynccontextmanager" if inspect.isasyncgen(made) else "contextmanager"
            raise defect(f"running() is a generator; decorate it with contextlib.{decorator}")
        if inspect.iscoroutine(made):
            made.close()  # nobody will await it, and nobody need be told
        if inspect.isawaitable(made):  # an author wrote `async def running` without a decorator
            raise defect("running() is a coroutine; decorate it with contextlib.asynccontextmanager", None)
        if isinstance(made, AbstractAsyncContextManager):
            return made
        if isinstance(made, AbstractContextManager):
            return self._of_plain(made)
        raise defect("running() returned something that is no context manager")

    @asynccontextmanager
    async def _of_plain(self, context: AbstractContextManager[object]) -> AsyncIterator[object]:
        """Enter and leave a plain context manager in the thread of plain functions."""
        relay = await self._own.plain(context.__enter__, name=STARTING)
        try:
            yield relay
        finally:
            self._own.leave_plain_thread()
            await self._own.plain(context.__exit__, None, None, None, name=STOPPING)
