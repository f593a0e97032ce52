"""A backlog for a dead destination delays nobody else."""

from conformance.judging.aspect import Case, Course, Finding, Kind, aspect
from conformance.judging.verdict import Inconclusive

# What a healthy delivery may take besides the relay's own granularity and our slack, in seconds.
_TRANSFER = 1.0


@aspect(
    Course.HEALTHY,
    kinds=(Kind.CONTROL,),
    only=("beside_backlog",),
    place=120,
    requirements={"prompt": "queue/isolation"},
)
def test_beside_backlog(case: Case) -> list[Finding]:
    """Submitted while messages wait for a dead server, it is delivered as promptly as any other."""
    if not any(connection.faults for connection in case.evidence.connections):
        raise Inconclusive("the relay never went to the dead destination, so nothing was in the way")
    staged = case.evidence.staged
    allowed = staged.granted.granularity + case.evidence.slack + _TRANSFER
    arrived = [message.at - (staged.submitted or 0.0) for message in case.evidence.messages]
    return [
        case.finding(
            "beside_backlog.prompt",
            holds=len(arrived) == 1 and arrived[0] <= allowed,
            expected=f"delivered once, within {allowed:.1f} s of its acceptance",
            only_late=len(arrived) == 1,
            observed=f"delivered after {arrived[0]:.2f} s" if arrived else "nothing arrived in time",
        )
    ]
