"""How long everything may take in a window, in seconds, by what a relay granted."""

from __future__ import annotations

import math
from collections.abc import Iterable

from conformance.catalogue.course import Course, Timing
from conformance.catalogue.destination import Host, Timeout
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.scenario import Scenario
from conformance.catalogue.step import Step
from conformance.evidence.record import Header
from conformance.evidence.slack import slack_of
from conformance.evidence.time_outs import longest_reply, time_out_at
from conformance.target import Schedule
from fake_servers import Endless, Raw, ReadSlowly, Slow, Stage, Stall, Trickle

# What a healthy transfer may take on top of everything else, in seconds.
TRANSFER = 1.0

# For how long a connection may be kept open after a delivery, in case there is more for it, before QUIT is said.
KEPT_OPEN = 5.0

# Attempts that must meet the fault before it is repaired: two make one gap.
ATTEMPTS_BEFORE_REPAIR = 2

# No window is open for longer, if the relay is in order: what would take more time does not apply. A compressed day
# that is asked for takes what it takes.
LONGEST_WINDOW = 3600.0

# What is told of in advance, since somebody may think that the run hangs.
LONG_WINDOW = 60.0

# Where a clock is moved no interval is waited for, and no more attempts than these before the message is given up.
_ATTEMPTS_WHERE_MOVED = 5

# A relay is killed for one scenario after the other, each of which needs the next retry.
_KILLS_IN_A_ROW = 10

# Of several messages so many get through with each wait, though it might be one.
_USUALLY_TOGETHER = 3

# Several messages have to go through a few intervals where an operator is played.
_ROUNDS_OPERATED = 6

# Where no answer can be waited for after giving up: in the handshake none can be asked for, and QUIT is the last word.
NO_LEAVE = (Stage.HANDSHAKE, Stage.QUIT)


def longest_wait(granted: Schedule, header: Header) -> float:
    """Return the longest wait between two attempts that is in order."""
    return granted.max_retry_interval + granted.granularity + slack_of(granted, header)


def attempt_time(mode: FailureMode, granted: Schedule, asked: Schedule) -> float:
    """Return how long one attempt may take."""
    return max(held_for(mode, granted, asked) * len(mode.hosts), mode.trickles_for)


def held_for(mode: FailureMode, granted: Schedule, asked: Schedule) -> float:
    """Return for how long one host of a failure mode may hold an attempt."""
    return _held_for(mode.attempt.timeout, mode.hosts, granted, asked)


def step_time(step: Step, granted: Schedule, asked: Schedule) -> float:
    """Return how long an attempt that meets a step may take."""
    return _held_for(step.timeout, (step.host,), granted, asked)


def slow_for(mode: FailureMode) -> float:
    """Return how long a patient relay needs for a delivery, because the servers are slow and in good order."""
    actions = [rule.action for host in mode.hosts for rule in host.rules]
    return sum(action.seconds for action in actions if isinstance(action, Slow)) + reads_for(mode)


def reads_for(mode: FailureMode) -> float:
    """Return how long the servers pause amid the content, in all; 0.0: they do not."""
    actions = [rule.action for host in mode.hosts for rule in host.rules]
    return sum(action.lasts for action in actions if isinstance(action, ReadSlowly))


def leave_time(mode: FailureMode, granted: Schedule, asked: Schedule) -> float:
    """Return how long a relay that has given up a silent server may wait for the answer to its QUIT.

    RFC 5321 section 4.1.1.10: it must not close the connection before it has said QUIT, and should wait for the reply.
    """
    stages = {rule.stage for host in mode.hosts for rule in host.rules}
    silent = mode.attempt.timeout is Timeout.COMMAND and bool(stages - {*NO_LEAVE})
    return time_out_at(Stage.QUIT, granted, asked) if silent else 0.0


def waits_in_a_row(mode: FailureMode) -> int:
    """Return after how many waits the last of several messages is due.

    Once the destination is repaired all of them are due with the next attempt. Where it is not, a relay may come with
    one message after the other, each of which is put off once, or held up.
    """
    batch = mode.message.batch
    if batch is None or batch.repaired or all(host == Host() for host in mode.hosts):
        return 1  # in the last case nothing puts any off
    limited = any(
        rule.transactions or rule.beside or rule.stage is Stage.QUIT
        for host in mode.hosts
        for rule in host.rules
    )
    return batch.count if batch.one_by_one or limited else 1


def _held_for(which: Timeout | None, hosts: Iterable[Host], granted: Schedule, asked: Schedule) -> float:
    """Return for how long one host of several may hold an attempt."""
    if which is None:
        return 0.0
    if which is not Timeout.COMMAND:
        own = which.of(granted)
        return (which.of(asked) or 0.0) if own is None else own
    waits = [time_out_at(Stage.OTHER, granted, asked)]
    for rule in (rule for host in hosts for rule in host.rules):
        if isinstance(rule.action, Stall | Raw):
            waits.append(time_out_at(rule.stage, granted, asked))
        elif isinstance(rule.action, Trickle | Endless):
            waits.append(longest_reply(rule.stage, granted, asked))
    return max(waits)


def expected_window(scenario: Scenario, granted: Schedule, header: Header) -> float:
    """Return about how long a window is open if the relay is in order."""
    mode, asked = scenario.failure_mode, header.asked
    attempt, wait = attempt_time(mode, granted, asked), longest_wait(granted, header)
    rest = wait  # at the end of each: something more would come with the next retry
    if mode.steps:
        held = [step_time(step, granted, asked) for step in mode.steps]
        return sum(held) + held[-1] + len(held) * wait + rest
    if header.timing in (Timing.JUMPED, Timing.RESTARTED):
        return _ATTEMPTS_WHERE_MOVED * attempt
    if header.timing == Timing.OPERATED:
        return _ROUNDS_OPERATED * wait + 2 * attempt
    match scenario.course:
        case Course.DAY:
            seconds = granted.queue_lifetime + wait + attempt
        case Course.LONG_DEAD:
            seconds = granted.queue_lifetime + 3 * (wait + attempt) + mode.longest_ttl
        case Course.REPORTED:
            report = mode.as_report
            back = 0.0 if report is None else ATTEMPTS_BEFORE_REPAIR * attempt_time(report, granted, asked)
            seconds = attempt + back + 2 * wait + TRANSFER
        case Course.HEALED | Course.MIXED:
            seconds = ATTEMPTS_BEFORE_REPAIR * attempt + 2 * wait + mode.longest_ttl
        case Course.BATCH if mode.message.batch is not None and mode.message.batch.repaired:
            seconds = ATTEMPTS_BEFORE_REPAIR * attempt + 2 * wait
        case Course.BATCH:
            seconds = math.ceil(waits_in_a_row(mode) / _USUALLY_TOGETHER) * (wait + attempt)
        case Course.KILLED | Course.AMID:
            seconds = _KILLS_IN_A_ROW * wait + attempt
        case _:
            seconds = mode.failing_attempts * (wait + attempt) + (attempt if mode.attempt.timeout else 0.0)
    return seconds + slow_for(mode) + granted.granularity + TRANSFER + rest
