"""Fault schedules: whatever fails in a row, the message is delivered once or reported once."""

from conformance.evidence.queue import Presence, QueueAnswer
from conformance.judging.aspect import Case, Course, Finding, Kind, aspect
from conformance.judging.fate import Fate, why_not
from conformance.judging.final_report import only_promised, why_none_could_come
from conformance.judging.held import is_held
from conformance.judging.offers import by_chunks
from conformance.judging.twice import surely_again
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
    the second one that such a loss entails.
    """
    evidence = case.evidence
    copies, reports = len(evidence.messages), len(evidence.ndrs) + len(evidence.astray)
    faults = faults_not_met(evidence, case.mode.steps)
    if copies + reports == 1 and faults:
        if reports:
            raise NotApplicable(
                "the relay returned the message in mid-schedule: the rest of the schedule was never met"
            )
        if by_chunks(evidence, faults[0]):
            raise NotApplicable(
                f"the relay sends content in chunks (BDAT), and comes by {faults[0].name} without meeting it"
            )
        if all(map(is_at_quit, faults)) and not _took_leave(case):
            raise NotApplicable("the relay did not say QUIT to the server that took the message")
        if not _by_the_second_host(case):
            names = ", ".join(step.name for step in faults)
            raise Inconclusive(f"the message arrived, but no attempt met {names}")
    lost = copies + reports == 0
    if lost and faults and (reason := why_none_could_come(case)):
        raise NotApplicable(reason)
    if lost and is_held(case.mode, evidence):
        raise NotApplicable(why_not(Fate.UNENDED, case.profile))
    if lost and _last_look(case).presence is Presence.UNKNOWN:
        raise Inconclusive(
            "neither delivered nor reported, and nobody knows whether it is still in the queue"
        )
    findings = [
        case.finding(
            "exactly_once.outcome",
            holds=copies + reports == 1,
            expected="delivered exactly once or reported exactly once",
            observed=_nothing(case) if lost else f"delivered {_times(copies)}, reported {_times(reports)}",
            only_late=lost and _still_waiting(case),
            conclusive=surely_again(
                case, [*evidence.messages, *(each for each, _ in evidence.ndrs), *evidence.astray]
            ),
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


def _nothing(case: Case) -> str:
    last = _last_met(case)
    waited = max(0.0, (case.evidence.staged.closed or last) - last)
    look = _last_look(case)
    where = "still in the queue" if _still_waiting(case) else "no longer in the queue"
    where += f" at {case.evidence.when(look.at)}" if look.at is not None else ""
    told = f" ({only_promised(case.evidence)})" if case.evidence.notices else ""
    return f"neither delivered nor reported{told} {waited:.1f} s after the last fault was met, and {where}"


def _still_waiting(case: Case) -> bool:
    """Whether the relay had the message in its queue when it was last asked, since the last fault was met."""
    return _last_look(case).presence is Presence.PRESENT


def _last_met(case: Case) -> float:
    """Return when the last fault was met, with the message or with a report that nobody got."""
    return max((contact.at for contact in case.mode.witness.see(case.evidence)), default=0.0)


def _last_look(case: Case) -> QueueAnswer:
    """Return what the last look at the queue showed; one before the last fault says nothing of what came then."""
    return case.evidence.queue.during(after=_last_met(case)).last


def _times(number: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(number, f"{number} times")
