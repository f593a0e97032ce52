"""What is due to each recipient, of one message or of several, where a server does not treat all of them alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.catalogue.destination import Host
from conformance.catalogue.message import RECIPIENT
from conformance.target import Outcome
from fake_servers import Raw, Reply

if TYPE_CHECKING:
    from conformance.catalogue.failure_mode import FailureMode


def due(mode: FailureMode) -> dict[str, Outcome]:
    """Return what one attempt brings to each recipient, by local part and in their order.

    By the reply to RCPT (RFC 5321 sections 3.3 and 4.2.1), or to the message itself where it is for this one alone:
    delivered, deferred, or permanent, which is returned. In a domain of its own by whatever its one server does
    (section 3.8: a connection that is lost is like a 451). Where the reply for one is none, whoever ends the session
    for it defers all, and whoever goes on has delivered to the others by then.
    """
    if any(rule.recipient and isinstance(rule.action, Raw) for host in mode.hosts for rule in host.rules):
        return dict.fromkeys(mode.message.everybody, Outcome.DEFERRED)
    refusals = {
        rule.recipient: Outcome.PERMANENT if rule.action.code >= 500 else Outcome.DEFERRED
        for host in mode.hosts
        for rule in host.rules
        if rule.recipient is not None and isinstance(rule.action, Reply)
    }
    apart = {each.local: _due_at(each.host) for each in mode.message.elsewhere}
    if mode.message.elsewhere and RECIPIENT not in refusals:
        apart[RECIPIENT] = _due_at(mode.hosts[0])
    return {local: (refusals | apart).get(local, Outcome.DELIVERED) for local in mode.message.everybody}


def _due_at(host: Host) -> Outcome:
    """Return what one attempt brings to whoever alone is served by a host."""
    if any(isinstance(rule.action, Reply) and rule.action.code >= 500 for rule in host.rules):
        return Outcome.PERMANENT
    return Outcome.DEFERRED if host.rules else Outcome.DELIVERED


def refusals(mode: FailureMode) -> dict[str, Reply]:
    """Return the reply by which each recipient is refused for good, where one is, by local part."""
    found: dict[str, Reply] = {}
    hosts = {local: mode.hosts[0] for local in (RECIPIENT, *mode.message.also_to)}
    hosts |= {each.local: each.host for each in mode.message.elsewhere}
    for local, host in hosts.items():
        for rule in host.rules:
            about = rule.recipient in (None, local)
            if about and isinstance(rule.action, Reply) and rule.action.code >= 500:
                found.setdefault(local, rule.action)
    return found
