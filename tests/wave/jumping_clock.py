"""An event loop whose clock jumps to the next timer: what waits for seconds is tested in no time."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

from fake_servers import Journal


class _Jumping(selectors.DefaultSelector):
    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        assert timeout is not None, "nothing will ever happen"
        self.now += timeout + 1e-6  # a clock that stood still would never reach the next float
        return super().select(0)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


class LoopJournal(Journal):
    """A journal on the clock of the running loop, in whole milliseconds."""

    def now(self) -> float:
        return round(asyncio.get_running_loop().time(), 3)


class ExactJournal(Journal):
    """A journal on the same clock: what happens after something else does not happen at the same time."""

    def now(self) -> float:
        return asyncio.get_running_loop().time()


def in_jumping_time(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test's coroutine on such a loop."""

    @wraps(test)
    def run(*arguments: Any, **named: Any) -> None:
        with asyncio.Runner(loop_factory=_Loop) as runner:
            runner.run(test(*arguments, **named))

    return run
