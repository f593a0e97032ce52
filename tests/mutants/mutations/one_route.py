"""A relay that has one route for all mail: what goes back to the sender takes it as well."""

from __future__ import annotations

from typing import Any

from conformance.reference import routing
from conformance.reference.config import Config
from conformance.reference.routing import Destination
from mutants.mutant import fails, hence, mutation
from mutants.patching import patch
from mutants.reporting import told_of_delay
from mutants.shared import returned

_SENDERS = "@sender.test"


def _one_route() -> None:
    """Send what goes back to a sender where the message itself went.

    The sender's address tells: `failure_mode.course` is the recipient domain, but for its underscores and its end.
    """

    def make(original: Any) -> Any:
        def choose_destination(address: str, config: Config) -> Destination:
            if address.endswith(_SENDERS):
                label = address.removesuffix(_SENDERS).replace("_", "-")
                address = f"anybody@{label}.test"
            destination: Destination = original(address, config)
            return destination

        return choose_destination

    patch(routing, "choose_destination", make)


@mutation(
    scenarios=("one_recipient_rejected", "close_at_data", "stall_at_rcpt"), profiles=("rfc", "eop-observed")
)
def reports_by_the_one_route() -> None:
    """Sends reports, and a notice of delay after the first attempt, where the message itself goes."""
    _one_route()
    told_of_delay(b"delayed", 1)


@mutation(
    scenarios=("greeting_421",),
    caught=(fails("recovers", "queue/recovers"),),
    also=hence("the error of the return is shown as well", "error_code", certain=False),
)
def returns_what_it_delivered_by_the_one_route() -> None:
    """Delivers a message, and returns it as well to where it went."""
    _one_route()
    returned(lambda attempts: attempts > 1)
