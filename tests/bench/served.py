"""A server in a process of its own, and what it uses of the processors: a busy machine changes that but little."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import cast

ROUNDS = 5  # of each of two that are compared, one after the other in turn

Told = Callable[[str, int], Awaitable[None]]
Serve = Callable[[Told], Awaitable[None]]
"""Starts a server, says where it listens, waits until it is told to stop, and stops it."""


@dataclass
class Server:
    """A server that runs.

    Attributes:
        address: Host and port.
        cpu: Seconds of a processor that it has used since it listened; known when it has stopped.
    """

    address: tuple[str, int]
    cpu: float = 0.0


@contextmanager
def served(serve: Serve) -> Iterator[Server]:
    """Run a server as long as the block runs."""
    context = get_context("fork")
    ours, its = context.Pipe()
    process = context.Process(target=_run, args=(its, serve))
    process.start()
    server = Server(cast("tuple[str, int]", ours.recv()))
    yield server
    ours.send(None)
    server.cpu = cast(float, ours.recv())
    process.join()


def in_turn(ours: Callable[[], float], other: Callable[[], float]) -> tuple[float, float]:
    """Return what two use together in all rounds: whatever slows the machine down slows both."""
    rounds = [(ours(), other()) for _ in range(ROUNDS)]
    return sum(first for first, _ in rounds), sum(second for _, second in rounds)


def _run(pipe: Connection, serve: Serve) -> None:
    async def told(host: str, port: int) -> None:
        before = _cpu()
        pipe.send((host, port))
        await asyncio.get_running_loop().run_in_executor(None, pipe.recv)
        pipe.send(_cpu() - before)

    async def main() -> None:
        await serve(told)

    asyncio.run(main())


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
