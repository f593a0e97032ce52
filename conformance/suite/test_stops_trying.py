"""A connector that is off or gone is not used any more."""

from conformance.catalogue.course import OUT_OF_SERVICE
from conformance.judging.aspect import Case, Finding, aspect
from conformance.judging.operations import TAKEN_OUT_OF_SERVICE, contacts_after, in_force_from
from conformance.judging.verdict import Inconclusive


@aspect(
    *OUT_OF_SERVICE, only=TAKEN_OUT_OF_SERVICE, place=860, requirements={"stopped": "out-of-service/stops"}
)
def test_stops_trying(case: Case) -> list[Finding]:
    """After the operator's act no attempt goes to its smart hosts, as far as look-ups and connections show."""
    staged = case.evidence.staged
    begin = in_force_from(case)
    watched = (staged.closed or begin) - begin
    gap = staged.granted.max_retry_interval + staged.granted.granularity
    if watched < gap:
        raise Inconclusive(
            f"the smart hosts were watched for {watched:.2f} s only; a retry comes every {gap:.2f} s"
        )
    still = list(contacts_after(case.evidence, begin))
    return [
        case.finding(
            "stops_trying.stopped",
            holds=not still,
            expected=f"nothing goes there any more, in {watched:.1f} s",
            observed=f"{still[0][1]} {still[0][0] - begin:.2f} s after it was in force, {len(still)} signs in all"
            if still
            else "neither look-up nor connection",
        )
    ]
