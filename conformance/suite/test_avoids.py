"""No connection is made to a host where the mail may not go."""

from conformance.judging.aspect import Case, Course, Finding, Kind, aspect, on_first_course
from conformance.judging.verdict import Inconclusive


@aspect(
    Course.HEALTHY,
    Course.PERSISTS,
    Course.HEALED,
    Course.REJECTED,
    kinds=(Kind.CONTROL, Kind.HARMLESS, Kind.TRANSIENT, Kind.PERMANENT),
    where=lambda mode, course: bool(mode.forbidden) and on_first_course(mode, course),
    place=250,
    requirements={"host": "mx/no-other-host"},
)
def test_avoids(case: Case) -> list[Finding]:
    """From beginning to end nobody connects to the hosts that the failure mode forbids.

    What was seen is not conclusive: on a crowded machine the look-up of a better host, or of the relay's own name in
    the list, may end in the relay's time-out, and then it goes on to the next.
    """
    if not case.attempts:
        raise Inconclusive("the relay went nowhere at all")
    sites = [case.evidence.staged.sites[number] for number in case.mode.forbidden]
    where = {site.server: f"{site.name} ({site.host})" for site in sites}
    evidence = case.evidence
    seen = [
        each for each in evidence.connections if each.server in where and not evidence.may_be_a_report(each)
    ]
    return [
        case.finding(
            "avoids.host",
            holds=not seen,
            expected=f"no connection to {', '.join(where.values())}",
            observed=", ".join(
                f"a connection to {where[each.server]} at {case.evidence.when(each.opened)}" for each in seen
            )
            or "none",
        )
    ]
