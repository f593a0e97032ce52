"""Taking a destination out of service is no purge: nothing that was accepted vanishes."""

from conformance.catalogue.course import OUT_OF_SERVICE
from conformance.evidence.queue import Presence
from conformance.judging.aspect import Case, Finding, aspect
from conformance.judging.operations import TAKEN_OUT_OF_SERVICE, contacts_after, in_force_from, last_action
from conformance.judging.verdict import Inconclusive, NotApplicable
from conformance.judging.whereabouts import Whereabouts, shows_local_delivery, whereabouts
from conformance.target import Capability


@aspect(
    *OUT_OF_SERVICE,
    only=TAKEN_OUT_OF_SERVICE,
    place=870,
    requirements={
        "kept": "out-of-service/nothing-purged",
        "valid": "out-of-service/valid-not-returned",
        "served": "out-of-service/valid-served",
        "strangers": "out-of-service/invalid-returned",
    },
)
def test_not_purged(case: Case) -> list[Finding]:
    """Each message accepted is delivered, returned or still queued; none is returned whose recipient is known.

    What is left in the queue at the end is neither lost nor in order: who is known to a relay with mailboxes is to get
    it there, and a stranger's is to be returned by one that refuses strangers.
    """
    done = last_action(case).done
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
    findings = [
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
    if any(contacts_after(case.evidence, in_force_from(case))):
        return findings  # it waits for the smart hosts, and `stops_trying` is about that
    waiting = [each for each in messages if each.count == 1 and each.queued is Presence.PRESENT]
    if Capability.MAILBOXES in case.evidence.record.header.capabilities:
        findings.append(_ends(case, "served", [each for each in waiting if each.offer.known]))
    if _refuses_strangers(case, done):
        findings.append(_ends(case, "strangers", [each for each in waiting if not each.offer.known]))
    return findings


_ENDS = {
    "served": "each message to a known recipient in the mailbox",
    "strangers": "each message to an unknown recipient returned",
}


def _ends(case: Case, slot: str, waiting: list[Whereabouts]) -> Finding:
    return case.finding(
        f"not_purged.{slot}",
        holds=not waiting,
        expected=f"{_ENDS[slot]}, and none left waiting",
        observed="; ".join(map(str, waiting)) or "none is",
        only_late=True,
    )


def _refuses_strangers(case: Case, done: float) -> bool:
    """Whether the relay knew who is a stranger once the domain was out of service, and refused one for good."""
    later = [offer for offer in case.evidence.staged.offers if offer.at >= done and not offer.known]
    return any(offer.accepted is None and offer.refusal.startswith("5") for offer in later)
