"""A disk without room costs no mail that was accepted, and mail flows again once there is room."""

from conformance.evidence.inputs import AFTERWARDS, STARTED_AGAIN
from conformance.evidence.queue import Presence
from conformance.evidence.record import Staged
from conformance.evidence.relays import Stopped
from conformance.judging.aspect import Case, Course, Finding, Kind, aspect
from conformance.judging.survival import is_named, told, why_unjudged
from conformance.judging.verdict import Inconclusive
from conformance.judging.whereabouts import Whereabouts, whereabouts
from conformance.judging.words import counted
from conformance.witness.amid import Amid, acts

# So many times over its longest interval must have passed in which nobody on the machine waited for a processor.
_OVER = 3


@aspect(
    Course.AMID,
    kinds=(Kind.AMID,),
    where=lambda mode, _: mode.amid is Amid.FULL,
    place=746,
    outlives_relay=True,
    requirements={"kept": "long-run/full-disk", "flows": "long-run/room-again"},
)
def test_full_disk(case: Case) -> list[Finding]:
    """What was accepted, before or meanwhile, is delivered; what is offered once there is room again is accepted.

    Whether a relay accepts anything meanwhile, and with which code it refuses, is its own affair; and who could not
    note an outcome may deliver twice. Who rather ends than goes on without room makes work for somebody, and no
    more: what it has lost is looked for once it was started again, if it can be.
    """
    if case.evidence.stopped is not None:
        return [_gone(case, case.evidence.stopped)]
    everybody = whereabouts(case.evidence)
    if all(each.is_unknown for each in everybody):
        raise Inconclusive("nothing arrived, and the queue was never seen")
    lost = [each for each in everybody if not each.count and not each.is_unknown]
    held = [each for each in everybody if each.count and not each.copies]
    ended = [action for action in case.evidence.staged.operator_actions if action.name == STARTED_AGAIN]
    words = (
        [f"it had ended, and had to be started again at {case.evidence.when(ended[0].asked)}"]
        if ended
        else []
    )
    wrong = "; ".join([*words, *map(str, held), *_refused(case)])
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
            only_late=not ended
            and all(each.queued is Presence.PRESENT for each in held)
            and not _had_time(case.evidence.staged),
        ),
    ]


def _had_time(staged: Staged) -> bool:
    """Tell whether what waits would have been tried again on any machine.

    That is so if there was room for several rounds of retries, by the schedule that the relay granted, in those seconds
    alone in which nobody waited for a processor. Not on a moved clock, of which a second is hours.
    """
    granted = staged.granted
    return not staged.ahead and staged.peace > _OVER * (granted.max_retry_interval + granted.granularity)


def _gone(case: Case, gone: Stopped) -> Finding:
    """Compare: the relay is there once there is room again. Of one that is not nobody knows what it has kept."""
    if not is_named(gone):
        raise why_unjudged(gone)
    if not case.attempts or all(act.asked > gone.at for act in acts(case.evidence)):
        raise Inconclusive("the relay was gone before its disk was full")
    return case.finding(
        "full_disk.flows",
        holds=False,
        expected="once there is room again, what waits is delivered and new mail accepted",
        observed=f"{told(gone, case.evidence)}; it was not started again, so nobody knows what it has lost",
        # it happened twice: in the company of others, and alone
        conclusive=case.evidence.record.header.alone,
    )


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
