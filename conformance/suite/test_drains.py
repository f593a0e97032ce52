"""A correction takes effect on what waits already: the queue drains, in order, each message once."""

from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.content import content_changes
from conformance.judging.fate import HAD_TO_WAIT
from conformance.judging.habits import unaccustomed
from conformance.judging.operations import CORRECTED
from conformance.judging.twice import surely_again
from conformance.judging.verdict import Inconclusive
from conformance.judging.whereabouts import Whereabouts, reports_on, whereabouts
from fake_servers.events import SmtpMessage

# A relay may keep a time for each message. Accepted within half of this part of the retry interval they are due at
# once, and within all of it they go side by side.
_AT_ONCE = 0.5


@aspect(
    Course.CORRECTED,
    Course.EDITED,
    only=CORRECTED,
    place=880,
    fates=HAD_TO_WAIT,
    requirements={
        "delivered": "correction/takes-effect",
        "once": "correction/once",
        "intact": "correction/intact",
        "order": "correction/in-order",
    },
)
def test_drains(case: Case) -> list[Finding]:
    """After the correction every waiting message arrives, once, unaltered, in the order of acceptance."""
    evidence = case.evidence
    corrected = evidence.staged.repaired
    if corrected is None or not any(attempt.at < corrected for attempt in case.attempts):
        raise Inconclusive("nothing had met the fault when it was corrected")
    messages = whereabouts(evidence)
    missing = [each for each in messages if not each.copies]
    early = [m.at for each in messages for m in each.copies if m.at < corrected]
    actions = evidence.staged.operator_actions
    refusals = [f"{action.name} was refused: {action.reason}" for action in actions if action.refused]
    if early:
        seen = f"one delivered {corrected - early[0]:.2f} s before, in spite of the fault"
    elif missing:
        watched = (evidence.staged.closed or corrected) - corrected
        seen = "; ".join([*refusals, f"{watched:.1f} s later {', '.join(map(str, missing))}"])
    else:
        seen = f"{len(messages)} messages delivered"
    findings = [
        case.finding(
            "drains.delivered",
            holds=not early and not missing,
            expected=f"all {len(messages)} messages delivered after the correction",
            observed=seen,
            only_late=bool(missing) and not early and not refusals,
        )
    ]
    if missing:
        return findings
    findings += [_once(case, messages), _intact(case, messages)]
    return [*findings, *_order(case, messages)]


def _once(case: Case, messages: list[Whereabouts]) -> Finding:
    wrong = [each for each in messages if len(each.copies) > 1 or each.returned]
    return case.finding(
        "drains.once",
        holds=not wrong,
        expected="each of them delivered once, and not returned as well",
        observed="; ".join(map(str, wrong)) or "each once",
        conclusive=any(
            surely_again(case, [*each.copies, *reports_on(case.evidence, each.offer)]) for each in wrong
        ),
    )


def _intact(case: Case, messages: list[Whereabouts]) -> Finding:
    pairs = [(each.offer.content, copy.content) for each in messages for copy in each.copies]
    found = (unaccustomed(content_changes(*pair), case.mode, case.evidence.record) for pair in pairs)
    damage = next((change.text for some in found for change in some), "")
    return case.finding(
        "drains.intact",
        holds=not damage,
        expected="content intact",
        observed=damage or "content intact",
    )


def _order(case: Case, messages: list[Whereabouts]) -> list[Finding]:
    """Compare: a later message is not there when the delivery of an earlier one has yet to begin.

    Deliveries side by side are in nobody's order. Messages accepted far apart, because a busy machine took its time,
    have retry times of their own: another order is a reason to stage it once more, and then none for a verdict.
    """
    staged = case.evidence.staged
    together = _AT_ONCE * staged.granted.retry_interval
    apart = (messages[-1].offer.accepted or 0.0) - (messages[0].offer.accepted or 0.0)
    if staged.stretched and apart > together / 2:
        return []
    overtaken = [
        f"<{later.offer.recipient}> was there before <{earlier.offer.recipient}> was begun"
        for number, earlier in enumerate(messages)
        for later in messages[number + 1 :]
        if later.copies[0].at < _begun(case, earlier.copies[0]) - together
    ]
    finding = case.finding(
        "drains.order",
        holds=not overtaken,
        expected="delivered in the order in which they were accepted",
        observed="; ".join(overtaken) or "in that order",
        only_late=True,  # who has to wait for a processor may miss a round
    )
    return [finding]


def _begun(case: Case, message: SmtpMessage) -> float:
    """Return when the delivery of a message began: with its connection, or behind the message before on that."""
    connection = case.evidence.connection_of(message)
    return max((each.at for each in connection.messages if each.at < message.at), default=connection.opened)
