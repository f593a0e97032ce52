"""Relays of which one instance serves one destination; some have no other route, for reports either."""

from __future__ import annotations

from typing import Any

from conformance.reference import routing
from mutants.mutant import mutation
from mutants.patching import patch

# One failure mode of each layer, and of each way in which a message may end.
_A_GOOD_PART = (
    "plain",
    "verified_tls",
    "dns_servfail",
    "connection_refused",
    "greeting_421",
    "greeting_554",
    "close_at_mail",
    "reply_4yz_at_dot",
    "certificate_expired",
    "stall_at_ehlo",
    "rejected_at_mail",
    "rejected_at_rcpt",
    "rejected_at_dot",
    "one_recipient_rejected",
    "one_recipient_deferred",
    "greylisting",
    "reply_421_at_quit",
    "mx_null",
    "mx_servfail",
    *(
        f"{mode}.expires"
        for mode in (
            "dns_servfail",
            "connection_refused",
            "host_unreachable",
            "greeting_421",
            "close_at_data",
            "certificate_expired",
        )
    ),
    "connection_refused.day",
    "greeting_421.day",
    "connection_refused.healed_12h",
    "connection_refused.restarted",
    "connection_refused.null_sender",
    "connection_refused.notify_never",
    "connection_refused.notify_delay",
    "killed_after_250",
    "killed_in_delivery",
    "killed_at_expiry",
    "killed_while_reporting",
    "rejected_at_rcpt.schedule",
    "connection_refused+rejected_at_dot.schedule",
    "dns_servfail+close_at_mail+rejected_at_mail.schedule",
    "connect_timeout+healthy.schedule",
)


def one_route() -> None:
    """Route all mail to the one destination, whatever it is for."""

    def make(original: Any) -> Any:
        def choose_connector(domain: str, connectors: Any) -> Any:
            return next((connector for connector in connectors if connector.enabled), None)

        return choose_connector

    patch(routing, "choose_connector", make)


@mutation(scenarios=_A_GOOD_PART, profiles=("rfc",), routes="one")
def one_destination_each() -> None:
    """Serves one destination, and the way back to the senders: an instance for each scenario."""


@mutation(scenarios=_A_GOOD_PART, profiles=("rfc",), routes="only")
def one_route_for_all() -> None:
    """Sends all mail, reports too, to the one destination that it knows."""
    one_route()
