"""What became of a relay as a whole: that it was gone, and what it used of the processors at last."""

from __future__ import annotations

from dataclasses import dataclass, field

# A relay that uses less of a processor than this, or for less than so many seconds, has its reasons.
BUSY_CORES = 0.5
BUSY_SECONDS = 10.0
# So much of a processor a thread that never waits for anything gets, however crowded the machine is.
SPUN_CORES = 0.1


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """A relay instance that was gone as a whole, and not by our doing.

    Attributes:
        at: When it was first missed.
        seen: When it was last seen alive.
        message: How that was noticed.
        log: The last lines that it wrote.
        relay: Number of the relay instance.
        scenarios: What was played on it.
        suspects: Those among them with traffic in the last seconds before, the most suspect first.
    """

    at: float
    seen: float
    message: str
    log: str = ""
    relay: int = 1
    scenarios: list[str] = field(default_factory=list)
    suspects: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Idling:
    """What the processes of a relay instance used of the processors when all that it had to do was done.

    Attributes:
        at: When the measurement ended.
        seconds: How long it lasted.
        cores: Processor seconds for each second; of a thread that was running, or waiting to run, all the time: all of
            one.
        since: From when on it had used as much without a pause, as far back as it was measured.
        relay: Number of the relay instance.
        scenarios: What was played on it.
        suspects: Those among them with traffic in the last seconds before that; none where it used little.
        spun: Processor seconds for each second that those threads got which waited for nothing but a processor, at the
            look at which it was least; 0 in a record that does not tell.
    """

    at: float
    seconds: float
    cores: float
    since: float
    relay: int = 1
    scenarios: list[str] = field(default_factory=list)
    suspects: list[str] = field(default_factory=list)
    spun: float = 0.0

    @property
    def is_busy(self) -> bool:
        """Whether it used more than half of a processor for ten seconds."""
        return self.cores > BUSY_CORES and self.seconds >= BUSY_SECONDS

    @property
    def has_spun(self) -> bool:
        """Whether that is no work, and no other's load: it never waited, neither for a time nor for a message."""
        return self.is_busy and self.spun >= SPUN_CORES
