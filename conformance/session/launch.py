"""Starts waves as child processes of pytest and waits for them.

All of them begin with what costs most: loading the same code, starting a relay, submitting every message. If they
did so together, a small machine would be crowded for the first ten seconds, and relays in order would be late. So
they start one after the other, each as soon as the one before is under way and the machine has room (`_Starts`). The
first is to be the longest: the others then end while it still goes on, and the run takes no longer.
"""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from typing import Any, NamedTuple, Protocol

from conformance.catalogue.course import Timing
from conformance.evidence.record import Fault, structure
from conformance.report.results import Windows
from conformance.session.again import BATCH
from conformance.session.ahead import WORD, Ahead, log_in, plan_in, record_in, start
from conformance.session.early_end import Unreached, unreached
from conformance.session.silence import Silence
from conformance.targets.patience import stalled_so_far
from conformance.targets.process import log_tail
from conformance.wave.__main__ import EXIT_INSTALLATION
from conformance.wave.guard import GRACE, adopting_orphans
from conformance.wave.heartbeat import BEAT, LOOK_LIMIT, SILENCE_LIMIT, held
from conformance.wave.plan import Plan
from conformance.wave.reach import Reach

# Seconds that a wave waits at most after the start of the one before, whatever the machine has to do: so long as that
# one takes to start its relay and to hand over its messages where it has a processor, and never longer than this.
PATIENCE = 2.0
_STARTING = 1.0
_HANDING_OVER = 0.03  # of each scenario

# Share of the time in which somebody waits for a processor, from which on no wave is added.
_ENOUGH = 0.4
# So many seconds are looked at for that, and so often.
_LATELY = 0.5
_LOOK_AGAIN = 0.1

# Seconds that a wave may take to end in good order, once it is told to.
_TAKEN_DOWN = GRACE + 10.0


class Shows(Protocol):
    """Whoever shows progress."""

    def advance(self, waves: Sequence[Windows]) -> None:
        """All waves, those too that have not begun, and how far each is."""


Lasting = Callable[[Plan, dict[str, float]], object]
Ended = Callable[[int, Path], Sequence[tuple[Plan, Path]]]
Begun = Callable[[int, bool], object]
Written = Callable[[Path], object]


class WaveFailed(Exception):
    """A wave left no complete record.

    Attributes:
        log: The last that it wrote to its log.
        fault: Whose fault that is.
        installation: Whether this machine lacks something.
    """

    def __init__(
        self, message: str, *, log: str = "", fault: Fault = Fault.HARNESS, installation: bool = False
    ) -> None:
        super().__init__(message)
        self.log = log
        self.fault = fault
        self.installation = installation


def launch(plan: Plan, folder: Path, progress: Shows) -> Path:
    """Run one wave; see `launch_all`."""
    return launch_all([(plan, folder)], progress)[0]


def launch_all(
    plans: Sequence[tuple[Plan, Path]],
    progress: Shows,
    ended: Ended = lambda _number, _record: (),
    *,
    begun: Begun = lambda _number, _beside: None,
    written: Written = lambda _record: None,
    patience: float = PATIENCE,
    lasting: Lasting = lambda _plan, _windows: None,
    early: bool = False,
    ahead: Ahead | None = None,
) -> list[Path]:
    """Run waves side by side, each in a folder of its own, and return the paths of their records.

    Each child holds the other end of a pipe: however we end, it notices, and takes everything down.

    Args:
        plans: Each with its folder, in the order in which they are to start.
        progress: Who shows how far they are.
        ended: Called with the place of a wave among the plans and with its record when it is complete, while others
            may still run. What it returns is staged as well and has the next places among the plans: once all plans
            have begun, and the machine has room or all of them have ended.
        begun: Called with the place of a wave of those when it begins, and whether any of the plans still runs.
        written: Called with the record of a wave that goes on, now and then when nobody has to wait for a processor.
        lasting: Called with the scenarios of a wave whose windows will be open for long, and for how many seconds.
        patience: Seconds that a wave waits at most after the start of the one before.
        early: Whether to end all of them if their mail goes nowhere.
        ahead: Has processes for some of the folders.

    Raises:
        WaveFailed: A wave did not come to its end.
        Unreached: Their mail goes nowhere.
    """
    with adopting_orphans(), ExitStack() as stack:
        waves: list[_Wave] = []
        try:
            starts = _Starts(plans, waves, patience, any_time=not early)
            calls = _Calls(ended, begun, written, lasting)
            _run(starts, waves, _Room(stack, ahead or Ahead()), progress, calls, early)
        except BaseException:
            for wave in waves:
                wave.child.terminate()
            for wave in waves:
                try:
                    wave.child.wait(_TAKEN_DOWN)
                except subprocess.TimeoutExpired:  # not even its guard can run
                    wave.child.kill()
            raise
    return [wave.record_path() for wave in waves]


class _Calls(NamedTuple):
    """Who is told of what; see `launch_all`."""

    ended: Ended
    begun: Begun
    written: Written
    lasting: Lasting


class _Room(NamedTuple):
    """Where waves run.

    Attributes:
        stack: Holds them.
        ahead: Has processes for some.
    """

    stack: ExitStack
    ahead: Ahead


class _Wave:
    """A running wave: the child, and what it said so far."""

    def __init__(self, plan: Plan, folder: Path, room: _Room) -> None:
        self.record, self._log = record_in(folder), log_in(folder)
        try:
            process = self._started(plan, folder, room)
        except OSError as error:
            raise WaveFailed(f"it cannot be started: {error}") from error
        self.child = room.stack.enter_context(process)
        assert self.child.stdout is not None
        self.output = self.child.stdout
        self.plan = plan
        self.windows = _none_closed(plan)
        self.reach = Reach()
        self._last: dict[str, Any] = {}
        self._half_line = b""
        self._logged = 0  # octets of its log when it last said something

    def _started(self, plan: Plan, folder: Path, room: _Room) -> subprocess.Popen[bytes]:
        work = folder / "work"
        work.mkdir()
        replace(plan, work_directory=str(work)).write(plan_in(folder))
        child = room.ahead.take(folder) or start(folder, plan.lab)
        assert child.stdin is not None
        with suppress(BrokenPipeError):  # it has ended, which is told as any end
            child.stdin.write(WORD)
        return child

    @property
    def is_under_way(self) -> bool:
        """Whether the child has said something, or has ended."""
        return bool(self._last) or self.child.poll() is not None

    def hear(self, octets: bytes) -> list[dict[str, float]]:
        """Take what the child wrote to its standard output; return what it said of windows that take long."""
        lasting: list[dict[str, float]] = []
        self._logged = self._log.stat().st_size
        *lines, self._half_line = (self._half_line + octets).split(b"\n")
        for line in filter(None, lines):  # an empty one is a beat, see wave/heartbeat.py
            self._last = json.loads(line)
            if "done" in self._last:
                self.windows = replace(
                    self.windows,
                    done=self._last["done"],
                    total=self._last["total"],
                    open=tuple(self._last.get("open", ())),
                    ends=_after(self._last.get("seconds")),
                )
            if "reach" in self._last:
                self.reach = structure(self._last["reach"], Reach)
            lasting += [self._last["lasting"]] if "lasting" in self._last else []
        return lasting

    def held(self) -> WaveFailed | None:
        """Return who holds its interpreter, if its log says so since it last said something."""
        with self._log.open("rb") as log:
            log.seek(self._logged)
            told = held(log.read().decode("utf-8", "replace"))
        return None if told is None else WaveFailed(told.message, log=told.log, fault=told.fault)

    def record_path(self) -> Path:
        """Return the record of a wave that has ended.

        Raises:
            WaveFailed: It is not complete.
        """
        status = self.child.wait()
        if status == EXIT_INSTALLATION:
            raise WaveFailed(_installation(self._last), installation=True)
        if status != 0:
            raise WaveFailed(
                self._last.get("broken") or _ending(status),
                log=self._last.get("log") or log_tail(self._log),
                fault=Fault(self._last.get("fault", Fault.HARNESS)),
            )
        return self.record


class _Starts:
    """Says which wave starts next, and when.

    Args:
        plans: What is staged anyhow, in this order.
        waves: What was started so far.
        patience: Seconds after the start of the one before at which the next may start whatever the machine has to do.
        any_time: Whether what comes to that may start before any mail was seen.

    Attributes:
        waiting: The plans that are still to begin.
        further: What has come to that.
    """

    def __init__(
        self, plans: Sequence[tuple[Plan, Path]], waves: Sequence[_Wave], patience: float, *, any_time: bool
    ) -> None:
        self.waiting = deque(plans)
        self.further: deque[tuple[Plan, Path]] = deque()
        self._count = len(plans)
        self._waves = waves
        self._patience = patience
        self._any_time = any_time
        self._last = time.monotonic()
        self._looks: deque[tuple[float, float | None]] = deque()

    @property
    def left(self) -> list[tuple[Plan, Path]]:
        """What is still to begin."""
        return [*self.waiting, *self.further]

    @property
    def planned(self) -> Sequence[_Wave]:
        """Those of the plans that have begun."""
        return self._waves[: self._count]

    def next(self, running: Sequence[_Wave]) -> tuple[Plan, Path] | None:
        """Return what is to start now, given what runs; None: nothing, look again soon."""
        before = self._waves[-1] if self._waves else None
        if self.waiting:
            return self.waiting.popleft() if self._may(before, self._patience_with(before)) else None
        if not self.further:
            return None
        if self.is_beside(running):
            may = self._fits_beside() and self._may(before, math.inf)
        else:
            may = self._may(before if running else None, self._patience)
        return self.further.popleft() if may else None

    def is_beside(self, running: Sequence[_Wave]) -> bool:
        """Tell whether any of the plans still runs."""
        return any(wave in running for wave in self.planned)

    def has_room(self) -> bool:
        """Tell whether all have begun, and the machine had a processor for everybody lately."""
        return not self.waiting and self._has_room(time.monotonic())

    def _fits_beside(self) -> bool:
        """Tell whether what is next may begin beside the plans: it is no further crowd, and mail goes somewhere.

        What is staged anew takes the place of a wave whose relay was brought down. A second staging of hundreds is a
        crowd by itself, and is staged again because of one.
        """
        plan, _ = self.further[0]
        reached = self._any_time or any(wave.reach.connected for wave in self.planned)
        return reached and (plan.stretch == 1.0 or len(plan.scenarios) <= BATCH)

    def _patience_with(self, before: _Wave | None) -> float:
        """Return for how long what is next waits for the wave before it, whatever the machine has to do."""
        if before is None or before.plan.timing is Timing.COMPRESSED:
            return self._patience
        return min(self._patience, _STARTING + _HANDING_OVER * len(before.plan.scenarios))

    def _may(self, before: _Wave | None, patience: float) -> bool:
        """Tell whether the next may start, given the one that was started last."""
        now = time.monotonic()
        if before is None or now - self._last >= patience or (before.is_under_way and self._has_room(now)):
            self._last = now
            self._looks.clear()
            return True
        return False

    def _has_room(self, now: float) -> bool:
        """Tell whether the machine had a processor for everybody lately; where the kernel does not tell, so be it."""
        self._looks.append((now, stalled_so_far()))
        while len(self._looks) > 1 and now - self._looks[1][0] >= _LATELY:
            self._looks.popleft()
        (since, before), (_, after) = self._looks[0], self._looks[-1]
        if before is None or after is None:
            return True
        return now - since >= _LATELY and (after - before) / (now - since) < _ENOUGH


def _run(
    starts: _Starts, waves: list[_Wave], room: _Room, progress: Shows, calls: _Calls, early: bool
) -> None:
    """Start every wave when it may start, adding it to `waves`; show progress until all have closed their output."""
    quiet: Silence[_Wave] = Silence(LOOK_LIMIT)
    silence: Silence[_Wave] = Silence(SILENCE_LIMIT)
    with DefaultSelector() as selector:
        while starts.left or selector.get_map():
            running = [key.data for key in selector.get_map().values()]
            if (due := starts.next(running)) is not None:
                waves.append(_Wave(*due, room))
                selector.register(waves[-1].output, EVENT_READ, waves[-1])
                if waves[-1] not in starts.planned:
                    calls.begun(len(waves) - 1, starts.is_beside(running))
                continue
            for key, _ in selector.select(_LOOK_AGAIN if starts.left else BEAT):
                octets = os.read(key.fd, 65_536)
                quiet.heard(key.data)
                silence.heard(key.data)
                if not octets:
                    selector.unregister(key.fileobj)
                    starts.further += calls.ended(waves.index(key.data), key.data.record_path())
                    continue
                for windows in key.data.hear(octets):
                    calls.lasting(key.data.plan, windows)
                # what a wave has not said yet counts by its plan
                progress.advance(
                    [wave.windows for wave in waves] + [_none_closed(plan) for plan, _ in starts.left]
                )
            if starts.has_room():
                for key in selector.get_map().values():
                    calls.written(key.data.record)
            running = [key.data for key in selector.get_map().values()]
            for wave in quiet.too_long(running):
                if (held_by := wave.held()) is not None:
                    raise held_by
            if silence.too_long(running):
                raise WaveFailed(
                    f"its process has not run for {SILENCE_LIMIT:.0f} s or more: something has stopped it"
                )
            said = [(wave.reach, wave.child.poll() is not None) for wave in starts.planned]
            if early and not starts.waiting and (symptoms := unreached(said)):
                raise Unreached(symptoms)


def _none_closed(plan: Plan) -> Windows:
    again = " once more" if plan.stretch > 1 else ""
    return Windows(wave=f"{plan.timing}{again}", done=0, total=len(plan.scenarios))


def _after(seconds: float | None) -> float | None:
    return None if seconds is None else time.monotonic() + seconds


def _ending(status: int) -> str:
    """Say in words how a wave ended; what a shell would call 128 + n is a signal as well."""
    number = -status if status < 0 else status - 128
    if number <= 0:
        return f"exit status {status}"
    return f"killed by {signal.Signals(number).name}"


def _installation(said: dict[str, Any]) -> str:
    parts = [str(said.get(key) or "") for key in ("installation", "hint", "log")]
    return "\n".join(part for part in parts if part)
