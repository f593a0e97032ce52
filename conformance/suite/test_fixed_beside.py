"""Fix now for one connector touches no other: mail for the domain of that one goes its way, before and after."""

from conformance.evidence.inputs import Offer
from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.operations import FIXED_BESIDE, last_action
from conformance.judging.verdict import Inconclusive, NotApplicable
from conformance.judging.whereabouts import whereabouts


@aspect(
    Course.FIXED_NOW_BESIDE,
    only=FIXED_BESIDE,
    place=865,
    requirements={"untouched": "out-of-service/others-untouched"},
)
def test_fixed_beside(case: Case) -> list[Finding]:
    """Mail to an unknown recipient in an internal relay domain is accepted and delivered, as it was before."""
    action = last_action(case)
    if action.refused:
        raise Inconclusive(f"Fix now was refused: {action.reason}")
    strangers = [offer for offer in case.evidence.staged.offers if not offer.known]
    if len(strangers) < 2:
        raise Inconclusive("no mail was offered to the other domain afterwards")
    before, after = strangers
    if before.accepted is None or not _copies(case, before):
        raise NotApplicable("mail to the other domain did not go its way before Fix now either")
    copies = _copies(case, after)
    return [
        case.finding(
            "fixed_beside.untouched",
            holds=copies > 0,
            expected=f"<{after.recipient}> accepted, and its mail delivered through the other connector",
            observed=_told(case, after),
            only_late=not copies and after.accepted is not None,
        )
    ]


def _copies(case: Case, offer: Offer) -> int:
    return sum(copy.is_for(offer.recipient) for copy in case.evidence.messages)


def _told(case: Case, offer: Offer) -> str:
    if offer.accepted is None:
        return f"<{offer.recipient}> refused at {offer.refused_at or 'submission'}: {offer.refusal}"
    found = (each for each in whereabouts(case.evidence) if each.offer.recipient == offer.recipient)
    return "; ".join(map(str, found))
