"""The plan: what pytest tells a wave to do, as a JSON file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from conformance.catalogue.course import ALERTED_ELSEWHERE, DAY, Timing
from conformance.evidence.record import structure, unstructure
from conformance.target import Schedule

# The schedule asked for when nothing is to be learnt from the 24 hours themselves, in seconds. Time-outs stay
# real: a relay with shorter ones would be a different relay. No message is given up for its age while a wave lasts, and
# the longest window is an hour (`windows.py`).
RETRY_INTERVAL = 2.0
QUEUE_LIFETIME = 7200.0
TIMEOUT = 2.0

# The source document's day: first retries at most 15 minutes apart, later ones at most an hour (FAQ on queued mail).
FIRST_GAP = 15 * 60.0
LAST_GAP = 60 * 60.0

# What an operator's wave asks for instead: several messages have to go through a few intervals each, and so many of
# one connector must have waited for so many seconds before its alert is raised.
OPERATED_INTERVAL = 1.0
ALERT_MESSAGES = 4
ALERT_AGE = 2.0

# Seconds that stand for 24 hours on the compressed clock.
COMPRESSED_DAY = 12.0

# Everything may be this late before the wave blames itself; on the compressed clock, half an hour.
SLACK = 1.0

# Processor seconds that one scenario costs over its window, target included (nox -s bench), and the part of
# the machine that a wave may use before it must take more time instead.
COST_PER_SCENARIO = 0.02
SHARE_OF_CORES = 0.5
_TYPICAL_WINDOW = 8.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One wave.

    Attributes:
        target: The target as named on the command line.
        import_path: Folders to look for the target's module in, after the normal ones.
        lab: `loopback` or `namespace`.
        scenarios: Identifiers, in the order in which they get their addresses.
        timing: The clock of the wave.
        asked: The schedule and time-outs to ask the relay for, in seconds.
        slack: Seconds that everything may be late.
        stretch: Factor for a second staging, 2 when a first wave was too late: on every window, or on the steady
            clock, where windows follow the schedule asked for, on that schedule.
        disarmed: Stage every destination healthy; an anti-run, in which nothing may pass.
        work_directory: An empty folder for everything the wave writes.
        alone: Give each scenario a relay of its own although one can serve many: to find out which of them it was that
            brought a relay down.
    """

    target: str
    import_path: list[str]
    lab: str
    scenarios: list[str]
    timing: Timing
    asked: Schedule
    slack: float = SLACK
    stretch: float = 1.0
    disarmed: bool = False
    work_directory: str = ""
    alone: bool = False

    @property
    def asks_for_alerts(self) -> bool:
        """Whether the relay is told when to raise alerts, and asked for them."""
        elsewhere = any(f".{course}" in name for name in self.scenarios for course in ALERTED_ELSEWHERE)
        return self.timing is Timing.OPERATED or elsewhere

    def write(self, path: Path) -> None:
        """Write the plan to a file."""
        path.write_text(json.dumps(unstructure(self), indent=1), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Plan:
        """Read a plan from a file.

        Raises:
            ValueError: It is not a plan.
        """
        try:
            return structure(json.loads(path.read_text(encoding="utf-8")), cls)
        except (ExceptionGroup, KeyError, TypeError, json.JSONDecodeError) as error:
            raise ValueError(f"{path} is not a plan: {error}") from error


def schedule(
    timing: Timing = Timing.STEADY, *, day: float = COMPRESSED_DAY, stretch: float = 1.0
) -> Schedule:
    """Return the schedule to ask for on a clock, with time-outs.

    Args:
        timing: The clock.
        day: Seconds that stand for 24 hours on the compressed clock.
        stretch: Factor on the intervals of the steady clock and where an operator acts. Where things happen to a
            relay one after the other, a few scenarios wait for many intervals: longer ones would spare nothing.
    """
    if timing is Timing.STEADY:
        # whole seconds: many relays take nothing else, and would wait for the next one
        first = last = max(RETRY_INTERVAL, float(round(RETRY_INTERVAL * stretch)))
        lifetime = QUEUE_LIFETIME
    elif timing is Timing.OPERATED:
        first = last = OPERATED_INTERVAL * stretch
        lifetime = QUEUE_LIFETIME
    elif timing in (Timing.CRASHED, Timing.INTERRUPTED):
        first = last = RETRY_INTERVAL
        lifetime = DAY
    else:
        scale = day / DAY if timing is Timing.COMPRESSED else 1.0
        first, last, lifetime = FIRST_GAP * scale, LAST_GAP * scale, DAY * scale
    return Schedule(
        retry_interval=first,
        max_retry_interval=last,
        queue_lifetime=lifetime,
        granularity=0.0,
        connect_timeout=TIMEOUT,
        command_timeout=TIMEOUT,
        dns_timeout=TIMEOUT,
    )


def slack(timing: Timing, day: float = COMPRESSED_DAY, *, stretch: float = 1.0) -> float:
    """Return how late everything may be on a clock before the wave blames itself, in seconds.

    Args:
        timing: The clock.
        day: Seconds that stand for 24 hours on the compressed clock.
        stretch: Factor for a second staging, on the other clocks.
    """
    return day / 48 if timing is Timing.COMPRESSED else SLACK * stretch


def stretch_for(scenarios: int, cores: int) -> float:
    """Return the factor on the retry interval that keeps the estimated load below the share of the cores.

    Args:
        scenarios: How many are staged at the same time, in all waves that run side by side.
        cores: Processors of this machine.
    """
    load = scenarios * COST_PER_SCENARIO / (_TYPICAL_WINDOW * cores)
    return max(1.0, load / SHARE_OF_CORES)
