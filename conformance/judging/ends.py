"""To what end a message came for each of its recipients: how often it was delivered, and how often reported.

Of several recipients each has an end of its own (RFC 5321 section 4.2.5: whoever took the message answers for each). A
relay may hand them over in one transaction or in one for each, and report them together or one by one (RFC 3464
section 2.1). Whom a report is about its fields say, and if they do not, its words; of one that names nobody it is said
of nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

from conformance.evidence.queue import QueueReading
from conformance.evidence.view import Evidence
from conformance.judging.case import Case
from conformance.judging.twice import surely_again
from conformance.witness.kills import kills
from fake_servers.events import SmtpMessage


@dataclass(frozen=True, kw_only=True)
class End:
    """What became of the message for one recipient.

    Attributes:
        address: Whom.
        refused: Whether every server refuses this one all along.
        copies: How it arrived.
        told: What told the sender, or by mistake the author, that it is the end.
    """

    address: str
    refused: bool
    copies: tuple[SmtpMessage, ...]
    told: tuple[SmtpMessage, ...]

    def __str__(self) -> str:
        return f"delivered {_times(len(self.copies))}, reported {_times(len(self.told))}"

    @property
    def count(self) -> int:
        """How many ends there were; one is right."""
        return len(self.copies) + len(self.told)

    def surely_again(self, case: Case) -> bool:
        """Tell whether one end was followed by another although the relay knew of it."""
        return surely_again(case, [*self.copies, *self.told])

    def queue(self, evidence: Evidence) -> QueueReading:
        """What the relay listed of its queue for this recipient."""
        return evidence.queue_for(self.address)


def ends_of(case: Case) -> list[End]:
    """Return what became of each recipient, in the order of the envelope."""
    evidence = case.evidence
    staged, astray = evidence.staged, evidence.astray
    if not staged.others:
        reports = tuple(message for message, _ in evidence.ndrs)
        return [
            End(
                address=staged.recipient,
                refused=False,
                copies=evidence.messages,
                told=(*reports, *astray),
            )
        ]
    everybody = (staged.recipient, *staged.others)
    told = [(notice.message, evidence.told_by(notice, *everybody)) for notice in evidence.notices]
    refused = {rule.recipient for host in case.mode.hosts for rule in host.rules}
    return [
        End(
            address=address,
            refused=local in refused,
            copies=tuple(message for message in evidence.messages if message.is_for(address)),
            told=tuple(message for message, about in told if address.lower() in about),
        )
        for local, address in zip(case.mode.message.recipients, everybody, strict=True)
    ]


def was_killed(evidence: Evidence) -> bool:
    """Tell whether the relay was killed meanwhile."""
    return bool(kills(evidence))


def excused(evidence: Evidence, end: End) -> int:
    """Count how often the relay may not have taken note of an end that it had brought about before it was killed.

    The reply to the final dot is lost with the death of the relay, and it has to try again (RFC 5321 section 4.1.1.4).
    Once the message is not in its queue any more, it has taken note. When it began to report on somebody whom every
    server refuses nobody knows.
    """
    excused, queue = 0, end.queue(evidence)
    for kill in kills(evidence):
        before = [message.at for message in (*end.copies, *end.told) if message.at < kill.dead]
        untold = bool(before) and not queue.during(after=max(before), until=kill.asked).proves_gone
        excused += untold or (end.refused and not before)
    return excused


def names_nobody(evidence: Evidence) -> bool:
    """Tell whether of several recipients a report of the end names none, or went to the author."""
    staged = evidence.staged
    if not staged.others:
        return False
    everybody = {each.lower() for each in (staged.recipient, *staged.others)}
    final = (notice for notice in evidence.notices if notice.is_final)
    return bool(evidence.astray) or any(
        everybody.isdisjoint(evidence.told_by(notice, *everybody)) for notice in final
    )


def _times(number: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(number, f"{number} times")
