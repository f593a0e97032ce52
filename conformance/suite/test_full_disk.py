"""A disk without room costs no mail that was accepted, and mail flows again once there is room."""

from conformance.evidence.inputs import AFTERWARDS
from conformance.evidence.queue import Presence
from conformance.judging.aspect import Case, Course, Finding, Kind, aspect
from conformance.judging.verdict import Inconclusive
from conformance.judging.whereabouts import Whereabouts, whereabouts
from conformance.judging.words import counted
from conformance.witness.amid import Amid


@aspect(
    Course.AMID,
    kinds=(Kind.AMID,),
    where=lambda mode, _: mode.amid is Amid.FULL,
    place=746,
    requirements={"kept": "long-run/full-disk", "flows": "long-run/room-again"},
)
def test_full_disk(case: Case) -> list[Finding]:
    """What was accepted, before or meanwhile, is delivered; what is offered once there is room again is accepted.

    Whether a relay accepts anything meanwhile, and with which code it refuses, is its own affair; and who could not
    note an outcome may deliver twice.
    """
    everybody = whereabouts(case.evidence)
    if all(each.is_unknown for each in everybody):
        raise Inconclusive("nothing arrived, and the queue was never seen")
    lost = [each for each in everybody if not each.count and not each.is_unknown]
    held = [each for each in everybody if each.count and not each.copies]
    refused = _refused(case)
    wrong = "; ".join([*map(str, held), *refused])
    return [
        case.finding(
            "full_disk.kept",
            holds=not lost,
            expected=f"{counted(len(everybody), 'message')} that it accepted delivered, returned or in the queue",
            observed=_told(lost) or "none is lost",
        ),
        case.finding(
            "full_disk.flows",
            holds=not wrong,
            expected="once there is room again, what waits is delivered and new mail accepted",
            observed=wrong or "so it is",
            only_late=all(each.queued is Presence.PRESENT for each in held),
        ),
    ]


def _refused(case: Case) -> list[str]:
    """Say with which words the message was refused that was offered last, if it was never accepted."""
    offers = [each for each in case.evidence.staged.offers if each.recipient.startswith(f"{AFTERWARDS}@")]
    if not offers or any(each.accepted is not None for each in offers):
        return []
    return [
        f"<{offers[-1].recipient}> refused {counted(len(offers), 'time')}, at last with {offers[-1].refusal}"
    ]


def _told(lost: list[Whereabouts]) -> str:
    return "; ".join(map(str, lost))
