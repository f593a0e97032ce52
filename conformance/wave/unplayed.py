"""What is not played on a relay, as that turns out to be once it was started: what does not apply to it, and why.

A run ends: no window is open for much longer than `LONGEST_WINDOW`, whatever a relay granted, and nobody waits for a
day that is none. That is decided before anything is submitted.
"""

from __future__ import annotations

from conformance.catalogue.compressed_day import why_no_day
from conformance.catalogue.course import Timing
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.scenario import Scenario
from conformance.evidence.record import Header
from conformance.evidence.time_outs import time_out_at
from conformance.target import Schedule
from conformance.wave.adapter import Instance
from conformance.wave.windows import LONGEST_WINDOW, expected_window, reads_for, slow_for
from conformance.witness.kills import IN_SUBMISSION
from fake_servers import Slow, Stage

# Who takes a message in several times as long as a time-out, as is asked for, takes it in clearly longer than one that
# was doubled.
_CLEARLY_LONGER = 1.5

_NO_SESSION = (
    "the relay takes mail by submit(), so there is no SMTP session of a submission in which it can be killed"
)
_NO_WAY_BACK = (  # RFC 5321 section 6.3 is about servers
    "the relay takes mail by submit(), so there is no server of its own to which the next host could send it back"
)
_NO_WIRE = (
    "the relay takes mail by submit(), with CRLF at the end of each line: no other end can be handed over"
)


def why_unplayed(scenario: Scenario, instance: Instance, granted: Schedule, header: Header) -> str:
    """Say why a scenario does not apply to a running relay; empty: it does.

    Args:
        scenario: What is to be played.
        instance: The relay.
        granted: What it granted.
        header: What it was asked for, on which clock.
    """
    if instance.submission is None and (lacking := _needs_a_session(scenario)):
        return lacking
    deadline, slow = granted.delivery_deadline, slow_for(scenario.failure_mode)
    if deadline is not None and slow >= deadline:
        return (
            f"the relay gives any delivery up after {deadline:g} s, and these servers need {slow:g} s for it"
        )
    if impatient := _outwaited(scenario.failure_mode, granted, header.asked):
        return impatient
    if patient := _outlasts(scenario.failure_mode, granted, header.asked):
        return patient
    day = header.asked.queue_lifetime
    compressed = scenario.timing is Timing.COMPRESSED
    if compressed and (none := why_no_day(granted, day)):
        return none
    longest = max(LONGEST_WINDOW, 2 * day) if compressed else LONGEST_WINDOW
    window = expected_window(scenario, granted, header)
    if window <= longest:
        return ""
    return (
        f"for what the relay granted ({_granted(granted)}) the window would be open for about {window / 60:.0f} min, "
        f"and none is for more than {longest / 60:.0f}"
    )


def _outwaited(mode: FailureMode, granted: Schedule, asked: Schedule) -> str:
    """Say at which stage a server is late by more than the relay granted (RFC 5321 section 4.5.3.2); empty: at none."""
    for rule in (rule for host in mode.hosts for rule in host.rules):
        if isinstance(rule.action, Slow):
            time_out = time_out_at(rule.stage, granted, asked)
            if time_out <= rule.action.seconds:
                return (
                    f"the relay waits for {time_out:g} s at {rule.stage}, "
                    f"and this server needs {rule.action.seconds:g} s"
                )
    return ""


def _outlasts(mode: FailureMode, granted: Schedule, asked: Schedule) -> str:
    """Say that a server reads all within a relay's time-out for content, though slowly: it shows nothing; empty: no.

    Nobody waits for longer than that, whatever is granted: section 4.5.3.2.5 asks for minutes.
    """
    reads, time_out = reads_for(mode), time_out_at(Stage.BODY, granted, asked)
    if not reads or reads >= _CLEARLY_LONGER * time_out:
        return ""
    return (
        f"the relay waits for {time_out:g} s amid the content, and this server takes {reads:g} s for all of it: "
        "too few to tell a time-out for each block from one for the whole"
    )


def _needs_a_session(scenario: Scenario) -> str:
    """Say what a scenario needs an SMTP session of a submission for; empty: it does without."""
    if scenario.failure_mode.killed in IN_SUBMISSION:
        return _NO_SESSION
    special = scenario.failure_mode.message.special
    if special is not None and special.sent_back:
        return _NO_WAY_BACK
    return _NO_WIRE if special is not None and special.verbatim else ""


def _granted(granted: Schedule) -> str:
    """Name the times on which the length of a window depends."""
    named = {
        "retries every": granted.max_retry_interval,
        "granularity": granted.granularity,
        "time-outs up to": max(
            each or 0.0
            for each in (
                granted.connect_timeout,
                granted.command_timeout,
                granted.content_timeout,
                granted.final_timeout,
                granted.dns_timeout,
                granted.delivery_deadline,
            )
        ),
    }
    return ", ".join(f"{what} {seconds:.0f} s" for what, seconds in named.items())
