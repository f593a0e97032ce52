"""Where several messages of one scenario were in the end, each for a recipient of its own."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.catalogue.course import OWN_DOMAIN, Course
from conformance.evidence.inputs import Offer
from conformance.evidence.queue import Presence
from conformance.evidence.view import Evidence
from conformance.target import Capability, Outcome
from fake_servers.events import SmtpMessage


@dataclass(frozen=True, kw_only=True)
class Whereabouts:
    """Where one of several messages was when the window closed.

    Attributes:
        offer: The message.
        copies: How it arrived at the scenario's servers.
        returned: How many reports to the sender name its recipient.
        kept_here: How often it is in the recipient's mailbox at the relay; where the relay shows no mailbox, once if
            it says that it delivered the message and none of our servers got it. Never where the domain is not the
            relay's own: what is delivered there has arrived at a server of ours.
        queued: Whether it was in the queue at the last look.
        looked: When that was, in words.
    """

    offer: Offer
    copies: tuple[SmtpMessage, ...]
    returned: int
    kept_here: int
    queued: Presence
    looked: str = ""

    @property
    def count(self) -> int:
        """In how many places it was; one is right."""
        return len(self.copies) + self.returned + self.kept_here + (self.queued is Presence.PRESENT)

    @property
    def is_unknown(self) -> bool:
        """Whether nothing is known of it: it came nowhere, and no listing of the queue tells."""
        return not self.count and self.queued is Presence.UNKNOWN

    def __str__(self) -> str:
        parts = (
            [f"delivered {len(self.copies)} times" if len(self.copies) > 1 else "delivered"]
            if self.copies
            else []
        )
        parts += (
            [f"returned {self.returned} times" if self.returned > 1 else "returned"] if self.returned else []
        )
        parts += [f"{self.kept_here} times in a mailbox of the relay"] if self.kept_here > 1 else []
        parts += ["in a mailbox of the relay"] if self.kept_here == 1 else []
        parts += [f"in the queue{self.looked}"] if self.queued is Presence.PRESENT else []
        nowhere = f"neither delivered, returned nor in the queue{self.looked}"
        if self.is_unknown:
            nowhere = "neither delivered nor returned, and the queue was never seen"
        return f"<{self.offer.recipient}> {' and '.join(parts) or nowhere}"


def taken(evidence: Evidence) -> list[Offer]:
    """Return the messages that the relay took responsibility for, in that order."""
    return [offer for offer in evidence.staged.offers if offer.accepted is not None]


def whereabouts(evidence: Evidence) -> list[Whereabouts]:
    """Return where each message was that the relay took responsibility for, in that order."""
    return [_of(evidence, offer) for offer in taken(evidence)]


def _of(evidence: Evidence, offer: Offer) -> Whereabouts:
    ours = offer.recipient.lower()
    copies = tuple(message for message in evidence.messages if message.is_for(ours))
    told = evidence.told_of(ours)
    said = not copies and any(r.event.outcome is Outcome.DELIVERED for r in evidence.reported_for(ours))
    look = evidence.queue_for(ours).during(after=offer.accepted or 0.0).last
    shown = Capability.MAILBOXES in evidence.record.header.capabilities
    own = Course(evidence.staged.course) in OWN_DOMAIN
    return Whereabouts(
        offer=offer,
        copies=copies,
        returned=told.count(ours),
        kept_here=(len(offer.in_mailbox) if shown else int(said)) if own else 0,
        queued=look.presence,
        looked="" if look.at is None else f" at {evidence.when(look.at)}",
    )


def reports_on(evidence: Evidence, offer: Offer) -> list[SmtpMessage]:
    """Return the reports of the end whose fields name the recipient of a message."""
    ours = offer.recipient.lower()
    return [
        message
        for message, report in evidence.ndrs
        if ours in (recipient.final_recipient.lower() for recipient in report.recipients)
    ]


def shows_local_delivery(evidence: Evidence) -> bool:
    """Tell whether the relay can show that it delivered to a mailbox of its own."""
    able = {Capability.EVENTS, Capability.MAILBOXES}
    return not able.isdisjoint(evidence.record.header.capabilities)
