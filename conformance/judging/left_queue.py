"""Whether who has been served is in the queue no more."""

from __future__ import annotations

from conformance.evidence.queue import Presence
from conformance.judging.case import Case
from conformance.judging.verdict import Finding


def leaves_queue(case: Case, slot: str) -> list[Finding]:
    """Compare: of those who got the message once each nobody is listed at the end; nothing if the queue does not tell.

    The window is open for a longest wait after the last copy. What is in the queue because it is sent again, or
    because it was returned as well, others are about.

    Args:
        case: The case.
        slot: The aspect's slot, `aspect.slot`.
    """
    evidence = case.evidence
    staged = evidence.staged
    if evidence.ndrs:
        return []
    served: list[str] = []
    kept: list[str] = []
    for who in (staged.recipient, *staged.others):
        copies = [message for message in evidence.messages if message.is_for(who)]
        if len(copies) != 1:
            continue
        look = evidence.queue_for(who).during(after=copies[0].at + evidence.slack).last
        if look.presence is Presence.UNKNOWN:
            continue
        served.append(who)
        if look.presence is Presence.PRESENT and look.at is not None:
            kept.append(f"<{who}> {evidence.when(look.at)}, delivered at {evidence.when(copies[0].at)}")
    finding = case.finding(
        slot,
        holds=not kept,
        expected="nobody who got the message is in the queue at the end",
        observed=f"listed still: {'; '.join(kept)}" if kept else "nobody is",
        only_late=True,
    )
    return [finding] if served else []
