r"""A running relay that is made of processes, a log and a queue: what is its own is left to fill in.

class MyRelay(ProcessRelay):
    async def start(self):
        await self.daemons.start("myrelayd", "-c", "myrelay.conf", greets=self.submission)

    async def waiting(self):
        return queued(await self.daemons.run("myrelayq"), r"(?P<sender>\S*) (?P<recipient>\S+) (?P<error>.*)")

async with MyRelay(listen, granted(config, granularity=1), daemons, log=log) as relay:
    yield relay
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from threading import Lock
from types import TracebackType
from typing import Self

from conformance.target import Address, DeliveryEvent, QueuedMessage, Schedule, TargetError
from conformance.targets.faketime import Clock
from conformance.targets.kit.daemons import Daemons
from conformance.targets.kit.log import EventLog

# Where relays of this process listen; each adapter instance runs in a thread of its own.
_CLAIMED: set[Address] = set()
_CLAIMING = Lock()


class ProcessRelay(ABC):
    """Serves SMART_HOST, MX and so on by its configuration, EVENTS by a log, RESTART and STOP, and CLOCK by a clock.

    Args:
        submission: Where it accepts mail.
        schedule: What it grants.
        daemons: Its processes.
        log: Its log, for events.
        clock: Its clock, if it can be moved.
    """

    def __init__(
        self,
        submission: Address,
        schedule: Schedule,
        daemons: Daemons,
        *,
        log: EventLog | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.submission = submission
        self.schedule = schedule
        self.daemons = daemons
        self._log = log
        self._clock = clock

    @abstractmethod
    async def start(self) -> None:
        """Start its processes on the spool that is there; they accept mail when this returns."""

    @abstractmethod
    async def waiting(self) -> Sequence[QueuedMessage]:
        """Return who waits in the queue."""

    async def flush(self) -> None:  # noqa: B027 (nothing is to be done for many)
        """Have the whole queue tried now, since its clock was moved; nothing is to be done if it looks by itself."""

    async def __aenter__(self) -> Self:
        """Start it; what was started is ended if that fails.

        Raises:
            TargetError: Another one listens there, whose greeting would pass for this one's; or what `start` raises.
        """
        with _CLAIMING:
            if self.submission in _CLAIMED:
                raise TargetError(
                    f"a relay listens at {self.submission.host}:{self.submission.port} already",
                    hint="Start one at a time.",
                )
            _CLAIMED.add(self.submission)
        try:
            await self.start()
        except BaseException:
            await self.daemons.kill()
            _CLAIMED.discard(self.submission)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        try:
            await self.stop()
        finally:
            _CLAIMED.discard(self.submission)

    async def restart(self) -> None:
        """Start it again, for RESTART."""
        await self.start()

    async def kill(self) -> None:
        """End it as a power cut would, for RESTART."""
        await self.daemons.kill()

    async def stop(self) -> None:
        """End it in good order, for STOP."""
        await self.daemons.stop()

    async def move_clock(self, seconds: float) -> None:
        """Move its clock and have its queue looked at, for CLOCK."""
        if self._clock is None:
            raise TargetError(
                "the relay was started without libfaketime",
                hint="Debian and Ubuntu: apt-get install libfaketime",
                installation=True,
            )
        self._clock.advance(seconds)
        await self.flush()

    async def queue(self) -> Sequence[QueuedMessage]:
        """Return who waits, if its processes are there."""
        self.daemons.check()
        return await self.waiting()

    async def events(self) -> Sequence[DeliveryEvent]:
        """Return every attempt in the log, for EVENTS."""
        if self._log is None:
            return ()
        self._log.read()
        return tuple(self._log.events)
