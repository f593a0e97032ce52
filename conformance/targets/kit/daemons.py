"""The processes of a relay: started one after the other, ended together, with the relay's own words in each error."""

from __future__ import annotations

import os
import signal
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from conformance.target import Address, TargetError
from conformance.targets.faketime import Clock
from conformance.targets.kit.command import environment, run
from conformance.targets.kit.view import View
from conformance.targets.process import Process, log_tail, spawn, wait_for_port

_READY = 30.0  # seconds


class Daemons:
    """What a relay runs, below one folder.

    Args:
        folder: Their working directory.
        log: Where their words go; by default `relay.log` in it.
        env: Variables beyond those of `environment`.
        clock: The clock with which they all run.
        view: The view in which they run, if there is one: then whatever runs in it belongs to the relay, whoever
            started it.
        logs: Further logs of the relay's, whose ends are shown with errors.
    """

    def __init__(
        self,
        folder: Path,
        *,
        log: Path | None = None,
        env: Mapping[str, str] | None = None,
        clock: Clock | None = None,
        view: View | None = None,
        logs: Iterable[Path] = (),
    ) -> None:
        self.folder = folder
        self.log = log or folder / "relay.log"
        self.env = environment({**(env or {}), **(clock.environment if clock else {})})
        self._view = view
        self._logs = tuple(logs)
        self._lasting: list[Process] = []
        self._passing: list[Process] = []
        self._ending: list[Process] = []  # nobody misses them, however long their end takes

    async def start(
        self,
        *command: str | Path,
        greets: Address | None = None,
        ready: Callable[[], Awaitable[bool]] | None = None,
        within: float = _READY,
        lasts: bool = True,
        lacks: str = "",
    ) -> Process:
        """Start a program and wait until it is ready.

        Args:
            command: The program, to run in the foreground, and its arguments; no shell.
            greets: Where it is to say a line that begins with 220.
            ready: Tells whether it is ready, where that is something else.
            within: Seconds to wait for that.
            lasts: Whether it runs for as long as the relay; else it may end by itself.
            lacks: What is to be said if `ready` never told so.

        Raises:
            TargetError: It ended or was not ready in time; with the ends of its logs.
        """
        process = await spawn(command, cwd=self.folder, log=self.log, env=self.env)
        (self._lasting if lasts else self._passing).append(process)
        try:
            if greets is not None:
                await wait_for_port(greets, within, process, greeting=b"220")
            if ready is not None:
                await process.wait_ready(ready, within, lacks)
        except TargetError as error:
            raise self._with_logs(error) from error.__cause__
        return process

    async def run(self, *command: str | Path, stdin: bytes = b"") -> str:
        """Run a command of the relay's to its end, with the same variables; return its standard output.

        Raises:
            TargetError: It failed, with what it complained of.
        """
        return await run(*command, env=self.env, cwd=self.folder, log=self.log, stdin=stdin)

    def check(self) -> None:
        """Make sure that everything that lasts is there.

        Raises:
            TargetError: It is not.
        """
        for process in self._lasting:
            if not process.alive:
                ended = f"{' '.join(process.command)} ended with exit status {process.returncode}"
                raise self._with_logs(process.failure(ended))

    async def kill(self) -> None:
        """End all of them as a power cut would: all are stopped, and then killed, so that none sees another one die."""
        for process in self._all_to_end():
            if process.alive:
                with suppress(ProcessLookupError):  # it has just ended, and nobody has noticed
                    os.killpg(process.pid, signal.SIGSTOP)
        if self._view is not None:
            await self._view.kill()
        for process in self._ending:
            await process.kill()
        self._ending.clear()

    async def stop(self) -> None:
        """End all of them, the last one first, as a service manager would; what is left in the view is killed."""
        for process in reversed(self._all_to_end()):
            await process.stop()
        if self._view is not None:
            await self._view.kill()
        self._ending.clear()

    def _all_to_end(self) -> list[Process]:
        """Return all there are, whose end is expected from now on; those too whose end was broken off."""
        self._ending += [*self._lasting, *self._passing]
        self._lasting.clear()
        self._passing.clear()
        return self._ending

    def _with_logs(self, error: TargetError) -> TargetError:
        ends = [f"{log.name}:\n{end}" for log in self._logs if (end := log_tail(log))]
        error.log = "\n".join(filter(None, [error.log, *ends]))
        return error
