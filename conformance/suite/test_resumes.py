"""What waited when the relay ended is tried again soon after it was started again."""

from conformance.judging.aspect import Case, Course, FailureMode, Finding, Kind, aspect
from conformance.judging.verdict import Inconclusive, NotApplicable
from conformance.witness.amid import Amid
from conformance.witness.kills import KillPoint
from fake_servers.events import RelayRestarted

# A relay may look after its spool for so many seconds before it goes on.
_STARTS = 2.0

_WAITING = (KillPoint.BETWEEN_ATTEMPTS, KillPoint.RETRYING)


def _waits(mode: FailureMode, course: Course) -> bool:
    """Tell whether a message waits when the relay ends, after an attempt; its destination is repaired then."""
    return mode.amid is Amid.STOP if course is Course.AMID else mode.killed in _WAITING


@aspect(
    Course.KILLED,
    Course.AMID,
    kinds=(Kind.KILLED, Kind.AMID),
    where=_waits,
    place=742,
    requirements={"tried": "long-run/retried-after-restart"},
)
def test_resumes(case: Case) -> list[Finding]:
    """From the restart to the next connection no longer than the longest interval that was granted, and a start.

    To try at once is in order, and so is to keep to the time that was planned before. Whether the message is there
    still other aspects judge.
    """
    evidence = case.evidence
    ours = evidence.staged.failure_mode
    restarts = [event.at for event in evidence.of(RelayRestarted) if event.moment == ours]
    if not restarts:
        raise Inconclusive("the relay was never started again")
    [begin, *_] = restarts
    # a relay may try before it says that it is ready
    died = max((contact.end for contact in case.mode.witness.see(evidence)), default=begin)
    later = [each.opened for each in evidence.connections if each.opened > died]
    if not later:
        about = "nothing_lost" if case.mode.killed else "in_attempt"
        raise NotApplicable("no attempt followed the restart", see=about)
    granted = evidence.staged.granted
    most = granted.max_retry_interval + granted.granularity + evidence.slack + _STARTS
    took = max(0.0, later[0] - begin)
    return [
        case.finding(
            "resumes.tried",
            holds=took <= most,
            expected=f"another attempt within {most:.1f} s after the restart",
            observed=f"one {took:.1f} s after it",
            only_late=True,
        )
    ]
