"""Stories of a whole day: on the compressed clock, a second for each hour, and on a moved one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from conformance.catalogue.course import STOPS, Course
from conformance.catalogue.destination import Tcp
from conformance.catalogue.failure_modes import ALL
from conformance.evidence.record import Staged
from stories.reports import postfix_like
from stories.staging import DAY
from stories.story import Story, stamped

# When the moved clock of a story comes to each stop, on the journal's clock.
MOMENTS = {stop: 10.0 * number for number, (stop, _) in enumerate(STOPS, 1)}
CLOSED = 80.0
REPORT_OF_EXPIRY = partial(postfix_like, status="5.4.300")


def moved(mode: str, course: Course = Course.EXPIRES, *, lab: str = "loopback", until: str = "30h") -> Story:
    """Return a message that waits at every stop up to one: an attempt and a look at the queue after each."""
    story = Story(mode, lab, course=course).change(milestones=MOMENTS, offered=0.9, closed=CLOSED)
    _frame(story, CLOSED)
    for begin in (1.2, *(at + 0.5 for at in MOMENTS.values() if at <= MOMENTS[until])):
        story.meets_fault(begin).look(begin + 8.0)
    return story


def expired(
    mode: str,
    *,
    lab: str = "loopback",
    at: str = "24h15",
    report: Callable[[Staged], bytes] = REPORT_OF_EXPIRY,
) -> Story:
    """Return a message that is kept until 23 h 55 and returned after the stop named.

    Args:
        mode: The failure mode.
        lab: The lab.
        at: The stop.
        report: Writes the report.
    """
    before = {"24h15": "23h55", "25h05": "24h15", "30h": "25h05"}[at]
    story = moved(mode, lab=lab, until=before)
    for stop, moment in MOMENTS.items():
        if moment >= MOMENTS[at]:
            story.look(moment + 5.0, None)
            if stop == at:
                story.returns(moment + 2.0, content=report(story.staged))
    return story


def healed_late(mode: str, course: Course) -> Story:
    """Return a message that is delivered after the repair at its stop."""
    stop = course.removeprefix("healed_")
    story = Story(mode, course=course).change(milestones=MOMENTS, closed=CLOSED)
    story.change(repaired=MOMENTS[stop] - 0.1)
    _frame(story, MOMENTS[stop] - 0.05)
    for begin in (1.2, *(at + 0.5 for at in MOMENTS.values() if at < MOMENTS[stop])):
        story.meets_fault(begin)
    return story.delivers(MOMENTS[stop] + 1.0)


def whole_day(
    mode: str, *, gaps: tuple[float, ...] = (0.25, 0.25, *(1.0,) * 24), lab: str = "loopback"
) -> Story:
    """Return attempts at these gaps (in hours, that is seconds) from the end of one to the start of the next."""
    story = Story(mode, lab, course=Course.DAY).change(offered=0.95, closed=30.0)
    _frame(story, 30.0)
    ended = 1.0
    for gap in (0.02, *gaps):
        if ended + gap > 1.0 + DAY:
            break
        begin = ended + gap
        if not _seen_by_look_up(mode, lab):
            story.looks_up(begin - 0.005)
        story.meets_fault(begin)
        ended = begin + 0.1
    for second in range(2, 25):
        story.look(float(second))
    story.look(26.0, None)
    return story.returns(25.3, content=REPORT_OF_EXPIRY(story.staged))


def after_jump(hours: float = 30.0) -> Story:
    """Return the control of the clock."""
    story = Story("moved_clock", number=80)
    return story.delivers(1.5, content=stamped(story, hours))


def _frame(story: Story, end: float) -> None:
    """Make the probes of ours that show the fault where it leaves no other trace."""
    for host in ALL[story.mode].hosts:
        if host.tcp in (Tcp.REFUSE, Tcp.UNREACHABLE):
            outcome = "refused" if host.tcp is Tcp.REFUSE else "unreachable"
            story.probes(0.1, outcome=outcome)
            if story.staged.repaired is not None:
                story.probes(end, outcome=outcome)


def _seen_by_look_up(mode: str, lab: str) -> bool:
    """Tell whether meeting the fault notes a look-up by itself."""
    [host, *_] = ALL[mode].hosts
    return host.dns.answer is not None or lab in ALL[mode].witness.indirect
