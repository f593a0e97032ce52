"""What became of each recipient of one message."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.catalogue.recipients import due
from conformance.judging.case import Case
from conformance.judging.twice import surely_again
from conformance.target import Outcome
from fake_servers.events import SmtpMessage


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """What became of one of several recipients.

    Attributes:
        address: Who it is.
        due: What one attempt brings, while the fault lasts.
        copies: How the message arrived for this one.
        told: The reports that told the sender that it is the end for this one.
    """

    address: str
    due: Outcome
    copies: tuple[SmtpMessage, ...]
    told: tuple[SmtpMessage, ...]

    def __str__(self) -> str:
        return (
            f"<{self.address}> {_times(len(self.copies), 'delivered')}, {_times(len(self.told), 'reported')}"
        )

    def surely_twice(self, case: Case) -> bool:
        """Tell whether there was a second copy, or a second report, although the relay knew of the first."""
        return surely_again(case, self.copies) or surely_again(case, self.told)


def recipients_of(case: Case) -> list[Recipient]:
    """Return what became of each recipient, in the order of the envelope."""
    evidence = case.evidence
    addresses = (evidence.staged.recipient, *evidence.staged.others)
    told = [(notice.message, evidence.told_by(notice, *addresses)) for notice in evidence.notices]
    return [
        Recipient(
            address=address,
            due=outcome,
            copies=tuple(message for message in evidence.messages if message.is_for(address)),
            told=tuple(message for message, about in told if address.lower() in about),
        )
        for address, outcome in zip(addresses, due(case.mode).values(), strict=True)
    ]


def _times(number: int, what: str) -> str:
    return {0: f"not {what}", 1: f"{what} once"}.get(number, f"{what} {number} times")
