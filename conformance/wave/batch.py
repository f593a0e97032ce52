"""The messages of a scenario in which several wait: one recipient each, the same sender."""

from __future__ import annotations

from dataclasses import replace

from conformance.catalogue.course import OWN_DOMAIN, Course
from conformance.catalogue.message import RECIPIENT, members
from conformance.catalogue.scenario import Scenario
from conformance.target import AcceptedDomain, DomainType, Envelope
from conformance.wave.envelope import domain_of, envelope_of, ruled_of, untouched_of

# Local parts where the domain is one of the relay's own. The known ones it is told of; of the others it hears first
# in a submission, while the destination is broken or after it was taken out of service.
KNOWN = (RECIPIENT, "known")
STRANGERS = ("stranger", "another-stranger")
KNOWN_LATER = "known-later"
STRANGER_LATER = "stranger-later"


def message_to(scenario: Scenario, local: str) -> Envelope:
    """Return the message of a scenario to one of its recipients, by local part; no two have the same content.

    Who is in another domain is named with that.
    """
    first = envelope_of(scenario)
    if local == RECIPIENT:
        return first
    batch = scenario.failure_mode.message.batch
    apart = batch is not None and batch.rule is not None and local == members(batch.count)[-1]
    domain = ruled_of(scenario) if apart else domain_of(scenario)
    address = local if "@" in local else f"{local}@{domain}"
    local = local.partition("@")[0]
    content = first.content.replace(first.recipients[0].encode(), address.encode())
    content = content.replace(b"Message-ID: <", f"Message-ID: <{local}.".encode(), 1)
    return replace(first, recipients=(address,), content=content)


def accepted_domains(scenario: Scenario) -> list[AcceptedDomain]:
    """Return the domains of a scenario that are the relay's own at first: internal relay, with known recipients."""
    if scenario.course not in OWN_DOMAIN and not scenario.failure_mode.message.own_domain:
        return []
    domain = domain_of(scenario)
    known = tuple(f"{local}@{domain}" for local in (*KNOWN, KNOWN_LATER))
    ours = [AcceptedDomain(domain=domain, type=DomainType.INTERNAL_RELAY, recipients=known)]
    if scenario.course is Course.FIXED_NOW_BESIDE:
        ours.append(AcceptedDomain(domain=untouched_of(scenario), type=DomainType.INTERNAL_RELAY))
    return ours
