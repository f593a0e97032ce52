"""Fault schedules: whatever fails in a row, the message is delivered once or reported once."""

from conformance.catalogue.step import Step
from conformance.evidence.queue import Presence, QueueAnswer
from conformance.judging.aspect import Case, Course, Finding, Kind, aspect
from conformance.judging.ends import End, ends_of, excused, names_nobody, was_killed
from conformance.judging.fate import Fate, why_not
from conformance.judging.final_report import only_promised, why_none_could_come
from conformance.judging.held import is_held
from conformance.judging.offers import by_chunks
from conformance.judging.one_route import holds_up_reports
from conformance.judging.verdict import Inconclusive, NotApplicable
from conformance.schedules.steps import beside, faults_not_met, is_at_quit
from fake_servers import Stage
from fake_servers.events import SmtpReceived


@aspect(
    Course.SCHEDULE,
    kinds=(Kind.SCHEDULE,),
    place=730,
    requirements={"outcome": "schedule/exactly-once", "intact": "schedule/intact"},
)
def test_exactly_once(case: Case) -> list[Finding]:
    """The message is delivered exactly once, intact, or reported exactly once: never both, never neither.

    Delivered is what a server accepted with 250: a copy for which that reply never came does not count, nor does
    the second one that such a loss entails. Of several recipients it holds for each.
    """
    evidence = case.evidence
    ends, faults = ends_of(case), faults_not_met(case.evidence, case.mode.steps)
    lost = [end for end in ends if not end.count]
    _must_have_been_played(case, ends, faults)
    if lost and faults and (reason := _why_none_could_come(case)):
        raise NotApplicable(reason)
    if lost and names_nobody(evidence):
        raise NotApplicable("a report names no recipient, so nobody knows whom of several it is about")
    if lost and is_held(case.mode, evidence):
        raise NotApplicable(why_not(Fate.UNENDED, case.profile))
    if any(_last_look(case, end).presence is Presence.UNKNOWN for end in lost):
        raise Inconclusive(
            "neither delivered nor reported, and nobody knows whether it is still in the queue"
        )
    wrong = [end for end in ends if not end.count or end.count > 1 + excused(evidence, end)]
    findings = [
        case.finding(
            "exactly_once.outcome",
            holds=not wrong,
            expected="delivered exactly once or reported exactly once"
            + (", for each recipient" if len(ends) > 1 else ""),
            observed="; ".join(_told(case, end, alone=len(ends) == 1) for end in wrong or ends),
            only_late=bool(lost) and wrong == lost and all(_still_waiting(case, end) for end in lost),
            conclusive=any(end.surely_again(case) for end in ends),
        )
    ]
    return [*findings, *case.intact("exactly_once.intact")]


def _by_the_second_host(case: Case) -> bool:
    """Whether a copy came by the second host: whoever is there may be tried at any time, and then the rest is over."""
    servers = {site.server for site in beside(case.evidence)}
    return any(copy.server in servers for copy in case.evidence.messages)


def _took_leave(case: Case) -> bool:
    """Whether QUIT was said on a connection by which a copy came."""
    by = {copy.connection for copy in case.evidence.messages}
    said = (command for command in case.evidence.of(SmtpReceived) if command.connection in by)
    return any(command.stage is Stage.QUIT for command in said)


def _must_have_been_played(case: Case, ends: list[End], faults: list[Step]) -> None:
    """Have nothing to say of a schedule that ended well before all its faults were met.

    Raises:
        NotApplicable: It could not be played to the end, which is the relay's right.
        Inconclusive: Nobody knows why.
    """
    if (
        faults
        and was_killed(case.evidence)
        and any(end.told and not end.copies and not end.refused for end in ends)
    ):
        raise NotApplicable(
            "the relay was killed, and returned the message in mid-schedule, nobody knows whether before"
        )
    if not faults or any(end.count != 1 for end in ends):
        return
    if any(end.told and not end.refused for end in ends):
        raise NotApplicable(
            "the relay returned the message in mid-schedule: the rest of the schedule was never met"
        )
    if by_chunks(case.evidence, faults[0]):
        raise NotApplicable(
            f"the relay sends content in chunks (BDAT), and comes by {faults[0].name} without meeting it"
        )
    if all(map(is_at_quit, faults)) and not _took_leave(case):
        raise NotApplicable("the relay did not say QUIT to the server that took the message")
    if not _by_the_second_host(case):
        names = ", ".join(step.name for step in faults)
        raise Inconclusive(f"the message arrived, but no attempt met {names}")


def _why_none_could_come(case: Case) -> str:
    """Say why a report that is missing could not come; empty: it could."""
    if len(case.mode.message.recipients) > 1 and holds_up_reports(case.mode, case.evidence):
        return "the relay has one route for all mail, so that a report on one recipient meets what the others meet"
    return why_none_could_come(case)


def _told(case: Case, end: End, *, alone: bool) -> str:
    told = str(end) if end.count else _nothing(case, end)
    return told if alone else f"<{end.address}> {told}"


def _nothing(case: Case, end: End) -> str:
    last = _last_met(case)
    waited = max(0.0, (case.evidence.staged.closed or last) - last)
    look = _last_look(case, end)
    where = "still in the queue" if _still_waiting(case, end) else "no longer in the queue"
    where += f" at {case.evidence.when(look.at)}" if look.at is not None else ""
    promised = bool(case.evidence.notices) and not case.evidence.ndrs
    told = f" ({only_promised(case.evidence)})" if promised else ""
    return f"neither delivered nor reported{told} {waited:.1f} s after the last fault was met, and {where}"


def _still_waiting(case: Case, end: End) -> bool:
    """Whether the relay had the message in its queue when it was last asked, since the last fault was met."""
    return _last_look(case, end).presence is Presence.PRESENT


def _last_met(case: Case) -> float:
    """Return when the last fault was met, with the message or with a report that nobody got."""
    return max((contact.at for contact in case.mode.witness.see(case.evidence)), default=0.0)


def _last_look(case: Case, end: End) -> QueueAnswer:
    """Return what the last look at the queue showed; one before the last fault says nothing of what came then."""
    return end.queue(case.evidence).during(after=_last_met(case)).last
