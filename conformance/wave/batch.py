"""The messages of a scenario in which several wait: one recipient each, the same sender."""

from __future__ import annotations

from dataclasses import replace

from conformance.catalogue.course import OWN_DOMAIN
from conformance.catalogue.message import RECIPIENT
from conformance.catalogue.scenario import Scenario
from conformance.target import AcceptedDomain, DomainType, Envelope
from conformance.wave.envelope import domain_of, envelope_of

# Local parts where the domain is one of the relay's own. The known ones it is told of; of the others it hears first
# in a submission, while the destination is broken or after it was taken out of service.
KNOWN = (RECIPIENT, "known")
STRANGERS = ("stranger", "another-stranger")
KNOWN_LATER = "known-later"
STRANGER_LATER = "stranger-later"


def message_to(scenario: Scenario, local: str) -> Envelope:
    """Return the message of a scenario to one of its recipients; no two have the same content."""
    first = envelope_of(scenario)
    if local == RECIPIENT:
        return first
    address = f"{local}@{domain_of(scenario)}"
    content = first.content.replace(first.recipients[0].encode(), address.encode())
    content = content.replace(b"Message-ID: <", f"Message-ID: <{local}.".encode(), 1)
    return replace(first, recipients=(address,), content=content)


def accepted_domains(scenario: Scenario) -> list[AcceptedDomain]:
    """Return the domains of a scenario that are the relay's own at first: internal relay, with known recipients."""
    if scenario.course not in OWN_DOMAIN:
        return []
    domain = domain_of(scenario)
    known = tuple(f"{local}@{domain}" for local in (*KNOWN, KNOWN_LATER))
    return [AcceptedDomain(domain=domain, type=DomainType.INTERNAL_RELAY, recipients=known)]
