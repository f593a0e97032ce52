"""Taking a destination out of service is no purge: nothing that was accepted vanishes."""

from conformance.catalogue.course import OUT_OF_SERVICE
from conformance.judging.aspect import Case, Finding, aspect
from conformance.judging.operations import TAKEN_OUT_OF_SERVICE, last_action
from conformance.judging.verdict import Inconclusive, NotApplicable
from conformance.judging.whereabouts import shows_local_delivery, whereabouts


@aspect(
    *OUT_OF_SERVICE,
    only=TAKEN_OUT_OF_SERVICE,
    place=870,
    requirements={"kept": "out-of-service/nothing-purged", "valid": "out-of-service/valid-not-returned"},
)
def test_not_purged(case: Case) -> list[Finding]:
    """Each message accepted is delivered, returned or still queued; none is returned whose recipient is known."""
    last_action(case)
    messages = whereabouts(case.evidence)
    if not shows_local_delivery(case.evidence):
        # who has a mailbox at the relay may have got it there, where nobody else sees it
        messages = [each for each in messages if each.count or not each.offer.known]
    if not messages:
        raise NotApplicable("nothing was accepted of which the end could be seen")
    wrong = [each for each in messages if each.count != 1]
    returned = [each for each in messages if each.offer.known and each.returned]
    if wrong and not returned and all(each.is_unknown for each in wrong):
        raise Inconclusive("; ".join(map(str, wrong)))
    return [
        case.finding(
            "not_purged.kept",
            holds=not wrong,
            expected=f"each of {len(messages)} messages delivered, returned or in the queue: exactly one of these",
            observed="; ".join(map(str, wrong or messages)),
        ),
        case.finding(
            "not_purged.valid",
            holds=not returned,
            expected="only messages to unknown recipients returned",
            observed="; ".join(map(str, returned)) or "none of the others returned",
        ),
    ]
