"""Calls plain functions of an adapter in threads, so that a wave goes on meanwhile."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import Any


async def either(thread: threading.Lock, function: Callable[..., Any], *arguments: object) -> Any:
    """Call a function that is a coroutine function, returns an awaitable, or is plain and gets a thread."""
    if inspect.iscoroutinefunction(function):
        return await function(*arguments)
    answer = await in_thread(function, *arguments, one_at_a_time=thread)
    return await answer if inspect.isawaitable(answer) else answer


async def in_thread(
    function: Callable[..., Any], *arguments: object, one_at_a_time: threading.Lock | None = None
) -> Any:
    """Call a plain function in a thread of its own, which nobody waits for at the end should it never return.

    With a lock, the function is called only once the one before has returned, even if that one was given up; and not
    at all if it is given up itself by then.
    """
    loop = asyncio.get_running_loop()
    result: asyncio.Future[Any] = loop.create_future()

    def settle(value: object, error: BaseException | None) -> None:
        if not result.done():  # we stopped waiting long ago
            result.set_result(value) if error is None else result.set_exception(error)

    def work() -> None:
        value, failure = None, None
        try:
            with one_at_a_time or nullcontext():
                if result.done():
                    return
                value = function(*arguments)
        except BaseException as error:  # noqa: BLE001 - handed over to whoever awaits the result
            # neither sys.exit() nor StopIteration may come out of an await
            plain = isinstance(error, Exception) and not isinstance(error, StopIteration)
            failure = error if plain else RuntimeError(repr(error))
        with suppress(RuntimeError):  # the loop is closed: the wave is over
            loop.call_soon_threadsafe(settle, value, failure)

    threading.Thread(target=work, name="adapter", daemon=True).start()
    return await result
