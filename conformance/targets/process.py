"""Help for adapters whose relay is a process: start it, wait for it, stop it.

Nothing here must be used; an adapter may start its relay in any way it likes. What is gained: the process and
its children end with the suite whatever happens, its words are kept in a file, and every failure is a
`TargetError` that carries the last of those words. Times are in seconds::

    relay = await spawn(["myrelay", "--foreground"], cwd=config.work_directory, log=log)
    try:
        await wait_for_port(address, deadline=10, process=relay, greeting=b"220")
        yield MyRelay(...)
    finally:
        await relay.stop()
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import shlex
import signal
import socket
import stat
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from conformance.lab import namespace
from conformance.target import Address, TargetError
from conformance.targets import patience, precedence
from conformance.targets.plain_file import NotPlain, open_to_append, open_to_read
from conformance.targets.spoken import Spoken

_LIBC = ctypes.CDLL(None, use_errno=True)  # loaded here: nothing may be loaded between fork and exec
_PR_SET_PDEATHSIG = 1  # prctl(2)
# Before a command to run it in a lab of its own.
_LAB_SHELL = "$(python -m conformance.lab.namespace) python -m conformance.lab.namespace "
_POLL = 0.02  # between two looks at a starting relay
_TAIL_OCTETS = 65536
_MANY_TAKEN = 3  # variables; from there on it is shorter to say which ones a program gets
_LINE = 1000  # characters of one line that are shown
# What was started in this process and has not been stopped by its adapter.
_STARTED: list[Process] = []
_BURIAL = 5.0  # to wait for the rest of a killed group, which only a kernel in trouble delays


async def spawn(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    log: Path,
    env: Mapping[str, str] | None = None,
    pipe_stdout: bool = False,
) -> Process:
    """Start `command` in a session of its own; the kernel kills it when this process dies.

    Args:
        command: The program and its arguments; no shell.
        cwd: Its working directory.
        log: Its standard error, and its standard output unless piped, are appended to this file. Below `cwd` nothing
            but a file is written to, whatever the relay has put in its place.
        env: Its whole environment; None: that of this process.
        pipe_stdout: Offer its standard output as `Process.stdout` (for a relay that prints its address). What is not
            read there for long is dropped, so that no relay waits for a reader.

    Raises:
        TargetError: The program is missing or cannot be executed (`installation` is set); its log is no file.
    """
    words = [str(word) for word in command]
    parent = os.getpid()

    def die_with_parent() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)
        precedence.fall_back()

    with _opened(log, cwd) as output:
        try:
            process = await asyncio.create_subprocess_exec(
                *words,
                cwd=cwd,
                env=env,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE if pipe_stdout else output,
                stderr=output,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        except OSError as error:
            raise TargetError(
                f"cannot start {words[0]}: {error.strerror or error}",
                hint=f"Install {Path(words[0]).name}, or put it on PATH.",
                installation=True,
            ) from error
    started = Process(process, words, log, env)
    _STARTED.append(started)
    return started


def _opened(log: Path, cwd: Path) -> BinaryIO:
    """Open a log to write at its end."""
    if not log.is_relative_to(cwd):
        return log.open("ab")  # a device, or what else its adapter likes: the relay has no say there
    try:
        return open_to_append(log)
    except NotPlain as error:
        raise TargetError(f"{error}; the relay, or its adapter, has put it there") from error


class Process:
    """A started program. Made by `spawn`."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        command: Sequence[str],
        log: Path,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self._process = process
        self.command = tuple(command)
        self._env = env
        self.log = log
        self._stopped = False
        self._spoken: Spoken | None = None
        self._listening: asyncio.Task[None] | None = None
        if process.stdout is not None:
            self._spoken = Spoken()
            self._listening = asyncio.create_task(self._spoken.listen(process.stdout))

    @property
    def pid(self) -> int:
        """The process id, which is its process group and session too."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """True until the program has ended."""
        return self._process.returncode is None

    @property
    def returncode(self) -> int | None:
        """The exit status, negative for a signal; None while alive."""
        return self._process.returncode

    @property
    def stdout(self) -> asyncio.StreamReader | None:
        """The standard output, if it was asked for as a pipe."""
        return self._spoken

    def log_tail(self, lines: int = 20) -> str:
        """Return the last lines of the log file."""
        return log_tail(self.log, lines)

    def failure(self, message: str, *, hint: str = "") -> TargetError:
        """Return an error about this process, with the last lines of its log."""
        return TargetError(message, hint=hint, log=self.log_tail())

    async def wait_ready(
        self, check: Callable[[], Awaitable[bool]], deadline: float, lacks: str = ""
    ) -> None:
        """Return as soon as `check` returns True; it is asked again and again.

        Args:
            check: Asks the relay once; it should not take longer than a second.
            deadline: How long to keep asking.
            lacks: What was waited for in vain, in words, if it is over.

        Raises:
            TargetError: The program ended, or the deadline passed.
        """
        program = Path(self.command[0]).name
        lab = _LAB_SHELL if namespace.entered() else ""
        by_hand = (
            f"Start it by hand to see more: {lab}{shlex.join([*_in_environment(self._env), *self.command])}"
        )
        try:
            async with patience.timeout(deadline):
                ready = False
                while not ready:
                    ready = await check()
                    if not self.alive:  # whoever answered, it was not this process
                        how = f"ended with exit status {self.returncode} before it was ready"
                        raise self.failure(f"{program} {how}", hint=by_hand)
                    await asyncio.sleep(0 if ready else _POLL)
        except TimeoutError as error:
            late = f"{program} was not ready after {deadline:g} s"
            raise self.failure(f"{late}: {lacks}" if lacks else late, hint=by_hand) from error

    async def stop(self, grace: float = 5.0) -> None:
        """End the program: SIGTERM, then after `grace` SIGKILL; what is left of its group is killed too.

        Returns once the program itself is gone. Stopping twice does no harm.
        """
        if self.alive:
            with suppress(ProcessLookupError):
                self._process.terminate()
            with suppress(TimeoutError):  # it had its chance; SIGKILL follows for everybody
                async with asyncio.timeout(grace):
                    await self._process.wait()
        await self._end_group(grace)

    async def kill(self) -> None:
        """End the program and what is left of its group as a power cut would: SIGKILL to all, and nothing before it.

        Returns once the program itself is gone.
        """
        await self._end_group(_BURIAL)

    async def _end_group(self, deadline: float) -> None:
        if not self._stopped:  # once only: later the number may be somebody else's
            self._stopped = True
            _STARTED.remove(self)
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        await self._process.wait()
        if self._listening is not None:
            self._listening.cancel()  # who has left its group may still hold the other end
        await self._bury_orphans(deadline)

    async def _bury_orphans(self, deadline: float) -> None:
        """Wait until the ends of the orphans of the group are noted, by this process or by whom they were left to."""
        # none is left, as nearly always, or the kernel has trouble with one
        with suppress(ProcessLookupError, TimeoutError):
            async with asyncio.timeout(deadline):
                while True:
                    with suppress(ChildProcessError):  # they were left to somebody else
                        while os.waitpid(-self.pid, os.WNOHANG)[0]:  # noqa: ASYNC222 (returns at once)
                            pass
                    os.killpg(self.pid, 0)
                    await asyncio.sleep(_POLL)


def _in_environment(env: Mapping[str, str] | None) -> list[str]:
    """Return what stands before a command so that it gets the same variables from a shell, as env(1) has it.

    What is here and was not given to the program is taken away, what is the same is left out.
    """
    if env is None:
        return []
    taken = [word for name in sorted(os.environ.keys() - env.keys()) for word in ("-u", name)]
    given = [f"{name}={value}" for name, value in env.items() if os.environ.get(name) != value]
    if len(taken) > _MANY_TAKEN:  # an environment of its own, nearly
        taken, given = ["-i"], [f"{name}={value}" for name, value in env.items()]
    return ["env", *taken, *given] if taken or given else []


async def wait_for_port(
    address: Address, deadline: float, process: Process, *, greeting: bytes = b""
) -> None:
    """Wait until `address` accepts a connection and, if `greeting` is given, says a line that begins so.

    Raises:
        TargetError: The program ended, or the deadline passed.
    """

    async def answers() -> bool:
        try:
            async with asyncio.timeout(1.0):
                reader, writer = await asyncio.open_connection(*address)
        except (OSError, TimeoutError):
            return False
        try:
            async with asyncio.timeout(1.0):
                line = await reader.readline() if greeting else b""
                writer.write(b"QUIT\r\n" if greeting else b"")
                await writer.drain()
            return line.startswith(greeting)
        except (OSError, TimeoutError):
            return False
        finally:
            writer.close()

    said = f"nobody says {greeting.decode()} there" if greeting else "nobody listens there"
    await process.wait_ready(answers, deadline, f"at {address.host}:{address.port} {said}")


def free_port(host: str) -> int:
    """Return a TCP port that nobody listens on at `host` right now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def last_words(folder: Path) -> tuple[str, str]:
    """Return how a program that logs below a folder ended by itself, the last that did, and the last lines of its log.

    Where none is known that did: nothing, and the last lines of the youngest `*.log` file in the folder.
    """
    ended = [each for each in _STARTED if not each.alive and each.log.is_relative_to(folder)]
    if ended:
        return f"{Path(ended[-1].command[0]).name} ended with exit status {ended[-1].returncode}", ended[
            -1
        ].log_tail()
    found = [(log.lstat(), log) for log in folder.glob("*.log")]
    logs = [(status.st_mtime, log) for status, log in found if stat.S_ISREG(status.st_mode)]
    return "", log_tail(max(logs)[1]) if logs else ""


def log_tail(log: Path, lines: int = 20) -> str:
    """Return the last `lines` lines of a file; empty if there is no such file, and of what is none, why not."""
    if log.is_char_device():
        return ""
    try:
        with open_to_read(log) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL_OCTETS))
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"[not shown: {error if isinstance(error, NotPlain) else error.strerror}]"
    return "\n".join(map(_readable, text.splitlines()[-lines:]))


def _readable(line: str) -> str:
    """Return a line, or its beginning where nobody would read on."""
    left_out = len(line) - _LINE
    return line if left_out <= 0 else f"{line[:_LINE]} [... {left_out} characters left out]"
