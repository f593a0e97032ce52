"""What became of each recipient of one message."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.catalogue.recipients import due, refusals
from conformance.judging.case import Case
from conformance.judging.twice import surely_again
from conformance.target import Outcome
from fake_servers import Reply
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


def at_others(case: Case) -> list[str]:
    """Say of each copy that it came to the server of another domain, where recipients have domains of their own."""
    staged, together = case.evidence.staged, len(case.mode.hosts)
    number = len(case.mode.message.elsewhere)
    near, apart = staged.sites[:together], staged.sites[together : together + number]
    own = {each.lower(): {site.server for site in near} for each in (staged.recipient, *staged.others)}
    if number:
        own |= {who.lower(): {site.server} for who, site in zip(staged.others[-number:], apart, strict=True)}
    return [
        f"a copy for <{who}> came to {copy.server}"
        for copy in case.evidence.messages
        for who in copy.recipients
        if copy.server not in own.get(who.lower(), {copy.server})
    ]


def replies_of(case: Case) -> dict[str, Reply]:
    """Return what each recipient was refused with for good, by address."""
    staged = case.evidence.staged
    addresses = dict(zip(case.mode.message.recipients, (staged.recipient, *staged.others), strict=True))
    return {addresses[local]: reply for local, reply in refusals(case.mode).items()}


def _times(number: int, what: str) -> str:
    return {0: f"not {what}", 1: f"{what} once"}.get(number, f"{what} {number} times")
