"""What a relay's processes use of the processors, and whether they go on when there is nothing left to do.

All processes of a wave are descendants of its guard (in the namespace lab: all there are), also those that have become
daemons. Where the wave has one relay, all of them but the wave itself are the relay's. Where it has many, a process
belongs to the relay in whose work directory it stands, has a file open or that its command line names, or to the
relay of its parent or session; what belongs to none is left out.

A relay that serves many is looked at once a second, so that the beginning of what it still does at the end is known.
Others are looked at when their windows are closed: for one second, and for longer only if they use too much.

On a crowded machine nobody gets all the time that it wants. A thread that was running or waiting to run nearly all of
the time would have used all of a processor, and counts so.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from conformance.evidence.relays import BUSY_CORES, BUSY_SECONDS
from conformance.wave.guard import GUARD
from fake_servers import Journal

# For so long, in seconds, a busy relay is watched for as many seconds without traffic as are asked for.
_PATIENCE = 2 * BUSY_SECONDS

# Seconds between two looks.
LOOK = 1.0

# Share of the time that a thread must have been running or waiting to run in order to count as going round in circles.
_ALWAYS = 0.9

_TICKS = os.sysconf("SC_CLK_TCK")
_NANO = 1e-9
_PAUSED = re.compile(rb"^voluntary_ctxt_switches:\s*(\d+)", re.MULTILINE)
_PROC = Path("/proc")
_PIECE = 65536  # octets


class Process(NamedTuple):
    """A process, told from a later one with the same number by when it was started."""

    pid: int
    started: int


class Thread(NamedTuple):
    """The seconds for which a thread was running so far, and for which it was waiting to run.

    And how often it waited for something else; that is 0 where the kernel does not tell.
    """

    ran: float
    waited: float
    paused: int = 0


class Reading(NamedTuple):
    """What is read of a process: its parent, its session, and its threads by number."""

    process: Process
    parent: int
    session: int
    threads: dict[int, Thread]


class Load(NamedTuple):
    """What was used over a time: processor seconds for each second, and since when without a pause.

    `spun` is what those threads got of it that waited for nothing else, at the look at which it was least.
    """

    seconds: float
    cores: float
    since: float
    spun: float


@dataclass
class Owners:
    """Whose the processes of a wave are.

    Attributes:
        root: The folder below which each relay has its work directory.
    """

    root: Path
    _known: dict[Process, str] = field(default_factory=dict)

    def of(self, folder: str) -> Iterator[Reading]:
        """Yield the processes of the relay with this folder; of all relays if it has no name."""
        found = filter(None, map(_read, _descendants()))
        if not folder:  # whoever asks whether there is any looks at one
            yield from found
            return
        readings = {reading.process.pid: reading for reading in found}
        for reading in readings.values():
            if self._owner(reading, readings) == folder:
                yield reading

    def _owner(self, reading: Reading, readings: dict[int, Reading]) -> str:
        """Return the folder of the relay whose process it is; empty if nothing shows it."""
        owner = self._known.get(reading.process)
        if owner is None:
            owner = next(filter(None, map(self._below, _traces(reading.process.pid))), "")
            for kin in (reading.parent, reading.session):
                if not owner and kin != reading.process.pid and kin in readings:
                    owner = self._owner(readings[kin], readings)
            self._known[reading.process] = owner
        return owner

    def _below(self, text: str) -> str:
        """Return the folder below the root that a text names."""
        _, found, rest = text.partition(f"{self.root}/")
        return rest.partition("/")[0].partition("\0")[0] if found else ""


@dataclass
class Processor:
    """Measures what one relay uses.

    Attributes:
        journal: The clock.
        readings: Returns what its processes have used so far.
        quiet: Tells whether nothing came from the relay since a time.
    """

    journal: Journal
    readings: Callable[[], Iterable[Reading]]
    quiet: Callable[[float], bool]
    _before: dict[tuple[Process, int], Thread] = field(default_factory=dict)
    _looked: float | None = None
    _loads: list[Load] = field(default_factory=list)

    async def run(self) -> None:
        """Look once a second until cancelled; not in our loop, for a relay may have hundreds of processes."""
        while True:
            now = self.journal.now()
            self._note(now, await asyncio.to_thread(self._threads))
            await asyncio.sleep(LOOK)

    def look(self) -> None:
        """Take note of what was used since the last look; the first one has nothing to compare with."""
        self._note(self.journal.now(), self._threads())

    def _threads(self) -> dict[tuple[Process, int], Thread]:
        return {
            (reading.process, number): thread
            for reading in self.readings()
            for number, thread in reading.threads.items()
        }

    def _note(self, now: float, threads: dict[tuple[Process, int], Thread]) -> None:
        if self._looked is not None and now > self._looked:
            seconds = now - self._looked
            pairs = [(thread, self._before.get(key, Thread(0.0, 0.0))) for key, thread in threads.items()]
            used = sum(_used(thread, before, seconds) for thread, before in pairs)
            spun = sum(_spun(thread, before, seconds) for thread, before in pairs)
            self._loads.append(Load(seconds, used / seconds, self._looked, spun / seconds))
        self._before, self._looked = threads, now

    async def at_rest(self) -> Load:
        """Return what is used when all windows are closed, within a second for a relay that is idle.

        Seconds in which anything came from the relay are not counted: it had something to do.
        """
        counted: list[Load] = []
        deadline = self.journal.now() + _PATIENCE
        if self._looked is None:
            self.look()
        elif len(self._loads) and self._loads[-1].cores <= BUSY_CORES and not self._at_work():
            return self._told(self._loads[-1:])
        while True:
            begin = self.journal.now()
            await asyncio.sleep(LOOK)
            self.look()
            last = self._loads[-1]
            if last.cores <= BUSY_CORES:
                return self._told([last])
            if self.quiet(begin):
                counted.append(last)
            if sum(load.seconds for load in counted) >= BUSY_SECONDS or self.journal.now() > deadline:
                return self._told(counted)

    def _at_work(self) -> bool:
        """Tell whether the time since the last look was busy."""
        self.look()
        return self._loads[-1].cores > BUSY_CORES

    def _told(self, loads: list[Load]) -> Load:
        seconds = sum(load.seconds for load in loads)
        cores = sum(load.cores * load.seconds for load in loads) / seconds if seconds else 0.0
        spun = min((load.spun for load in loads), default=0.0)
        since = self.journal.now()
        for load in reversed(self._loads):
            if load.cores <= BUSY_CORES:
                break
            since = load.since
        return Load(seconds, cores, since, spun)


def _used(now: Thread, before: Thread, seconds: float) -> float:
    """Return the processor seconds that a thread used, or would have used if it had not had to wait for others."""
    ran, waited = now.ran - before.ran, now.waited - before.waited
    return min(ran + waited, seconds) if ran + waited >= _ALWAYS * seconds else ran


def _spun(now: Thread, before: Thread, seconds: float) -> float:
    """Return the processor seconds that a thread got which wanted to run all the time, and waited for nothing else."""
    ran, waited = now.ran - before.ran, now.waited - before.waited
    return ran if now.paused == before.paused and ran + waited >= _ALWAYS * seconds else 0.0


def _descendants() -> Iterator[int]:
    """Yield all processes of this wave but its own."""
    own = os.getpid()
    guarded = os.environ.get(GUARD) == str(os.getppid())
    waiting = [os.getppid() if guarded else own]
    while waiting:
        for child in _children(waiting.pop()):
            waiting.append(child)
            if child != own:
                yield child


def _children(pid: int) -> list[int]:
    listed = [_octets(f"{pid}/task/{task}/children") for task in _names(f"{pid}/task")]
    return [int(child) for text in listed for child in text.split()]


def _read(pid: int) -> Reading | None:
    """Read proc(5), /proc/PID/stat; None if the process has ended."""
    # the name before may hold anything; the third field is the first here
    fields = _octets(f"{pid}/stat").rpartition(b")")[2].split()
    if not fields:
        return None
    _, parent, _, session, *_ = fields
    ticks, started = int(fields[11]) + int(fields[12]), int(fields[19])
    threads = _threads(pid) or {pid: Thread(ticks / _TICKS, 0.0)}
    return Reading(Process(pid, started), int(parent), int(session), threads)


def _threads(pid: int) -> dict[int, Thread]:
    """Read /proc/PID/task/*/schedstat (Linux, sched-stats.rst), in nanoseconds; nothing where the kernel has none.

    And how often each slept, from proc(5), /proc/PID/status.
    """
    found = {}
    for number in _names(f"{pid}/task"):
        account = _octets(f"{pid}/task/{number}/schedstat").split()
        status = _octets(f"{pid}/task/{number}/status")
        if len(account) < 2 or not status:
            continue  # it has ended, or the kernel keeps no such account
        ran, waited, *_ = account
        paused = _PAUSED.search(status)
        found[int(number)] = Thread(int(ran) * _NANO, int(waited) * _NANO, int(paused[1]) if paused else 0)
    return found


def _traces(pid: int) -> Iterator[str]:
    """Yield what shows where a process belongs."""
    folder = _PROC / str(pid)
    for link in ("cwd", *(f"fd/{number}" for number in _names(f"{pid}/fd"))):
        try:
            yield str((folder / link).readlink())
        except OSError:
            continue  # closed meanwhile, or somebody else's
    yield _octets(f"{pid}/cmdline").decode("utf-8", "replace")


def _octets(name: str) -> bytes:
    """Return what a file below /proc has, nothing if it has gone; by the shortest way, for there are thousands."""
    try:
        file = os.open(f"{_PROC}/{name}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            octets = b""
            while piece := os.read(file, _PIECE):
                octets += piece
            return octets
        finally:
            os.close(file)
    except OSError:
        return b""


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(f"{_PROC}/{folder}")
    except OSError:
        return []  # it has ended, or is somebody else's
