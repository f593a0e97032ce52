"""What is due to each recipient of a message, where a server does not treat all of them alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.target import Outcome
from fake_servers import Reply

if TYPE_CHECKING:
    from conformance.catalogue.failure_mode import FailureMode


def due(mode: FailureMode) -> dict[str, Outcome]:
    """Return what one attempt brings to each recipient, by local part and in their order.

    By the reply to RCPT (RFC 5321 sections 3.3 and 4.2.1): delivered, deferred, or permanent, which is returned.
    """
    refusals = {
        rule.recipient: Outcome.PERMANENT if rule.action.code >= 500 else Outcome.DEFERRED
        for host in mode.hosts
        for rule in host.rules
        if rule.recipient is not None and isinstance(rule.action, Reply)
    }
    return {local: refusals.get(local, Outcome.DELIVERED) for local in mode.message.recipients}
