"""Once a destination is out of service, invalid recipients are rejected at once, and valid ones are not."""

from conformance.catalogue.course import OUT_OF_SERVICE
from conformance.evidence import codes
from conformance.evidence.inputs import RCPT, Offer
from conformance.judging.aspect import Case, Finding, aspect
from conformance.judging.operations import TAKEN_OUT_OF_SERVICE, last_action


@aspect(
    *OUT_OF_SERVICE,
    only=TAKEN_OUT_OF_SERVICE,
    place=850,
    requirements={
        "invalid": "out-of-service/invalid-rejected",
        "valid": "out-of-service/valid-accepted",
        "code": "out-of-service/code",
        "before": "accepted-domain/internal-relay",
    },
)
def test_rejected_at_once(case: Case) -> list[Finding]:
    """An unknown recipient is refused at RCPT with 550 5.4.1, a known one accepted; before, both were accepted."""
    done = last_action(case).done
    offers = case.evidence.staged.offers
    before = [offer for offer in offers if offer.at < done and not offer.known]
    [invalid] = [offer for offer in offers if offer.at >= done and not offer.known]
    [valid] = [offer for offer in offers if offer.at >= done and offer.known]
    refused = [offer for offer in before if offer.accepted is None]
    findings = [
        case.finding(
            "rejected_at_once.invalid",
            holds=invalid.accepted is None and invalid.refusal.startswith("5"),
            expected=f"<{invalid.recipient}>, whom nobody knows, rejected",
            observed=_told(invalid),
        ),
        case.finding(
            "rejected_at_once.valid",
            holds=valid.accepted is not None,
            expected=f"<{valid.recipient}>, who is known, accepted",
            observed=_told(valid),
        ),
        case.finding(
            "rejected_at_once.before",
            holds=not refused,
            expected="unknown recipients accepted while the domain was an internal relay domain",
            observed=_told(refused[0]) if refused else f"{len(before)} of them accepted",
        ),
    ]
    if invalid.accepted is None:
        read = codes.read(invalid.refusal)
        findings.append(
            case.finding(
                "rejected_at_once.code",
                holds=(read.code, read.status, invalid.refused_at) == ("550", "5.4.1", RCPT),
                expected="550 5.4.1, in answer to RCPT",
                observed=_told(invalid),
            )
        )
    return findings


def _told(offer: Offer) -> str:
    if offer.accepted is not None:
        return f"<{offer.recipient}> accepted"
    return f"<{offer.recipient}> refused at {offer.refused_at or 'submission'}: {offer.refusal}"
