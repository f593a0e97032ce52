"""What became of messages that waited for an operator, and what the relay told that operator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from conformance.catalogue.course import OUT_OF_SERVICE, Course
from conformance.evidence.inputs import Offer, OperatorAction
from conformance.evidence.queue import Presence
from conformance.evidence.record import AlertListing
from conformance.evidence.view import Delivered, Evidence
from conformance.judging.aspect import Case
from conformance.judging.verdict import Inconclusive
from conformance.target import Alert, Capability, Outcome

# What was under way when the operator's act was done may come to its end, in seconds on top of the relay's granularity.
_UNDER_WAY = 0.5

# The modes of failure for which the operator's courses are played, one of each sort.
ALERTED = ("connection_refused", "greeting_421")
SHUT_DOWN = ("connection_refused",)
CORRECTED = {
    Course.CORRECTED: ("connection_refused", "dns_nxdomain", "certificate_expired"),
    Course.EDITED: ("host_unreachable", "tls_not_offered", "certificate_unknown_ca"),
}
EDIT_REFUSED = ("greeting_421",)
TAKEN_OUT_OF_SERVICE = dict.fromkeys(OUT_OF_SERVICE, SHUT_DOWN)


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What became of one message.

    Attributes:
        offer: The message.
        copies: How it arrived at the scenario's servers.
        returned: How many reports to the sender name its recipient.
        kept_here: How often it is in the recipient's mailbox at the relay; where the relay shows no mailbox, once if
            it says that it delivered the message and none of our servers got it.
        queued: Whether it was in the queue at the end.
    """

    offer: Offer
    copies: tuple[Delivered, ...]
    returned: int
    kept_here: int
    queued: Presence

    @property
    def count(self) -> int:
        """How many fates it had; one is right."""
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
        parts += ["in the queue"] if self.queued is Presence.PRESENT else []
        nowhere = "neither delivered, returned nor in the queue"
        if self.is_unknown:
            nowhere = "neither delivered nor returned, and the queue was never seen"
        return f"<{self.offer.recipient}> {' and '.join(parts) or nowhere}"


def taken(evidence: Evidence) -> list[Offer]:
    """Return the messages that the relay took responsibility for, in that order."""
    return [offer for offer in evidence.staged.offers if offer.accepted is not None]


def fate_of(evidence: Evidence, offer: Offer) -> Fate:
    """Return what became of a message by the end of the window."""
    ours = offer.recipient.lower()
    copies = tuple(message for message in evidence.messages if message.is_for(ours))
    told = evidence.told_of(ours)
    delivered = (r.event.recipient for r in evidence.record.reported if r.event.outcome is Outcome.DELIVERED)
    said = not copies and ours in map(str.lower, delivered)
    shown = Capability.MAILBOXES in evidence.record.header.capabilities
    return Fate(
        offer=offer,
        copies=copies,
        returned=told.count(ours),
        kept_here=len(offer.in_mailbox) if shown else int(said),
        queued=evidence.queue_for(ours).during(after=offer.accepted or 0.0).last.presence,
    )


def shows_local_delivery(evidence: Evidence) -> bool:
    """Tell whether the relay can show that it delivered to a mailbox of its own."""
    able = {Capability.EVENTS, Capability.MAILBOXES}
    return not able.isdisjoint(evidence.record.header.capabilities)


def last_action(case: Case) -> OperatorAction:
    """Return what the operator did last, if the fault had been met before the first act.

    Raises:
        Inconclusive: It had not, or nothing was done.
    """
    actions = case.evidence.staged.operator_actions
    if not actions:
        raise Inconclusive("the operator never got to act")
    if not any(attempt.at < actions[0].asked for attempt in case.attempts):
        raise Inconclusive("nothing had met the fault when the operator acted")
    return actions[-1]


def in_force_from(case: Case) -> float:
    """Return when the last act was in force, with what was under way at that moment."""
    return last_action(case).done + case.evidence.staged.granted.granularity + _UNDER_WAY


def contacts_after(evidence: Evidence, moment: float) -> Iterator[tuple[float, str]]:
    """Yield each sign, after a moment, that the relay still goes to the smart hosts: when, and what."""
    names = {site.name.lower(): site for site in evidence.staged.sites}
    servers = {site.server for site in evidence.staged.sites}
    for event in evidence.events:
        if event.at <= moment:
            continue
        if event.layer == "dns" and event.kind == "query":
            name = str(event["name"]).rstrip(".").lower()
            if name in names:
                yield event.at, f"look-up of {name}"
        elif event.layer == "tcp" and event.kind in ("accepted", "syn") and event.server in servers:
            yield event.at, f"connection to {event.server}"


def alert_listings(evidence: Evidence) -> list[AlertListing]:
    """Return what this scenario's relay listed of its alerts while the window was open.

    Raises:
        Inconclusive: There are none.
    """
    staged = evidence.staged
    end = float("inf") if staged.closed is None else staged.closed
    listings = [
        listing
        for listing in evidence.record.alert_listings
        if listing.relay == staged.relay and listing.asked <= end
    ]
    if not listings:
        raise Inconclusive("the relay was never asked for its alerts")
    return listings


def alerts_in(evidence: Evidence, listing: AlertListing) -> list[Alert]:
    """Return the alerts of this scenario's connector in one listing."""
    return [alert for alert in listing.alerts if alert.connector.lower() == evidence.staged.domain.lower()]


def first_alert(evidence: Evidence) -> tuple[AlertListing, Alert] | None:
    """Return the first listing that shows an alert of this scenario's connector, and that alert; None if none does."""
    for listing in alert_listings(evidence):
        found = alerts_in(evidence, listing)
        if found:
            return listing, found[0]
    return None


def alert_due(evidence: Evidence) -> float:
    """Return when enough messages may have waited long enough: a relay counts from before it says that it accepted.

    Raises:
        Inconclusive: Enough of them were never accepted.
    """
    header, waited = evidence.record.header, taken(evidence)
    if len(waited) < header.alert_messages:
        raise Inconclusive(
            f"only {len(waited)} messages were accepted, and an alert takes {header.alert_messages}"
        )
    return waited[header.alert_messages - 1].at + header.alert_age
