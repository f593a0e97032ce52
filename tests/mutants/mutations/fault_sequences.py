"""Promises broken only after several faults in a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conformance.reference.message import Message, Recipient
from conformance.reference.relay import Relay
from conformance.reference.transaction import Delivered
from mutants.mutant import fails, mutation
from mutants.patching import patch
from mutants.shared import altered, doubled, without_last_line

_ONE_FAULT = "close_at_mail+healthy"
_TWO_FAULTS = "reset_at_data+dns_servfail+healthy"


@mutation(
    scenarios=(f"{_ONE_FAULT}.schedule", f"{_TWO_FAULTS}.schedule"),
    caught=(fails("exactly_once", "schedule/exactly-once", _TWO_FAULTS),),
)
def delivers_twice_after_two_faults() -> None:
    """Delivers a message twice that was deferred twice."""
    doubled(lambda recipients: recipients[0].attempts >= 2)


@mutation(
    scenarios=(f"{_ONE_FAULT}.schedule", f"{_TWO_FAULTS}.schedule"),
    caught=(
        fails("exactly_once", "schedule/intact", _TWO_FAULTS),
        fails("exactly_once", "schedule/intact", _TWO_FAULTS, profile="rfc"),
    ),
)
def cuts_after_two_faults() -> None:
    """Loses the last line of a message at the third attempt."""
    altered(lambda recipients: recipients[0].attempts >= 2, without_last_line)


@mutation(
    scenarios=(f"{_ONE_FAULT}.schedule", f"{_TWO_FAULTS}.schedule"),
    caught=(
        fails("exactly_once", "schedule/exactly-once", _TWO_FAULTS),
        fails("exactly_once", "schedule/exactly-once", _TWO_FAULTS, profile="rfc"),
    ),
)
def loses_after_two_faults() -> None:
    """Takes a message for delivered at the third attempt."""

    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Message, route: Any, recipients: Sequence[Recipient]) -> Any:
            if recipients[0].attempts >= 2:
                return dict.fromkeys(recipients, Delivered("mx.test", "250 2.0.0 OK"))
            return await original(self, message, route, recipients)

        return deliver

    patch(Relay, "_deliver", make)
