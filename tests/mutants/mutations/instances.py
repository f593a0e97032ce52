"""Relays of which one instance serves one destination; some have no other route, for reports either."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.reference import errors, routing
from conformance.reference.errors import Failure
from conformance.reference.message import Message, Recipient, State
from conformance.reference.relay import Relay
from mutants.expectations import returned
from mutants.mutant import deviates, fails, hence, mutation
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
    "mix_deferred_accepted_refused",
    "mix_deferred_accepted_refused.expires",
    "mix_deferred_accepted_refused.day",
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
    "greeting_421.long_dead",
    "connection_refused.long_dead",
    "connection_refused.healed_12h",
    "connection_refused.restarted",
    "connection_refused.null_sender",
    "connection_refused.notify_never",
    "connection_refused.notify_delay",
    "killed_after_250",
    "several_some_refused",
    "one_after_another",
    "used_again_421_meanwhile",
    "backlog_silent",
    "crowded_421",
    "many_at_once",
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


@mutation(scenarios=("connection_refused.expires", "dns_servfail.expires", "greeting_421.day"), routes="only")
def one_route_and_patience_with_reports() -> None:
    """The same, and waits for hours before it tries a report again."""
    one_route()

    def make(original: Any) -> Any:
        async def conclude(self: Any, message: Message, results: Any) -> None:
            await original(self, message, results)
            for recipient in message.recipients:
                if not message.sender and recipient.state is State.WAITING:
                    recipient.next_retry += self._config.schedule.max_retry_interval
                    self._plan_retry(message, recipient, recipient.next_retry)

        return conclude

    patch(Relay, "_conclude", make)


@mutation(
    scenarios=("greeting_554", "certificate_expired", "connection_refused"),
    caught=(returned("greeting_554", "certificate_expired"),),
    also=hence(
        "the profile accepts that it was returned at once, and its report met the same fault",
        "recovers",
        "stays_queued",
        "retried",
        verdict="not_applicable",
        modes=("greeting_554", "certificate_expired"),
        profile="rfc",
    ),
    routes="only",
)
def one_route_and_no_patience() -> None:
    """The same, and returns at once, and gives its report up, what a greeting of 554 or a certificate prevents."""
    one_route()

    def make(original: Any) -> Any:
        def deferral(stage: Any, cause: Any, detail: str, **where: Any) -> Failure:
            failure: Failure = original(stage, cause, detail, **where)
            if not detail.startswith(("554", "Certificate")):
                return failure
            return replace(failure, code="550", status="5" + failure.status[1:])

        return deferral

    patch(errors, "deferral", make)


@mutation(
    scenarios=(
        "connection_refused.expires",
        "greeting_421.day",
        "rejected_at_rcpt",
        "connection_refused+rejected_at_dot.schedule",
        "killed_at_expiry",
    ),
    caught=(
        fails("expires", "lifetime/ends"),
        fails("returned_at_once", "permanent/returned"),
        fails("exactly_once", "schedule/exactly-once"),
        fails("nothing_lost", "nothing-lost/kept"),
    ),
    routes="only",
)
def one_route_and_no_reports() -> None:
    """The same, and gives messages up without a report."""
    one_route()

    def make(_: Any) -> Any:
        async def report(self: Any, message: Message, now: float, failures: Any) -> None:
            return None

        return report

    patch(Relay, "_report", make)


@mutation(
    scenarios=("rejected_at_rcpt", "rejected_at_dot", "connection_refused+rejected_at_dot.schedule"),
    caught=(
        deviates("returned_at_once", "permanent/not-retried"),
        fails("exactly_once", "schedule/exactly-once"),
    ),
    brings=dict.fromkeys(
        ("mx/null-returned", "recipients/own-outcome"),
        "what is refused for good, or has no way to go, is a requirement of its own in each case",
    ),
    routes="only",
)
def one_route_and_tries_again() -> None:
    """The same, and tries a message again that it has returned."""
    one_route()
    again: set[str] = set()

    def make(original: Any) -> Any:
        async def settle(self: Any, message: Message, now: float, session: str, **outcome: Any) -> None:
            content = await self._spool.content(message.queue_id)
            await original(self, message, now, session, **outcome)
            if message.sender and message.queue_id not in again:
                for lost, _ in outcome.get("lost", ()):
                    to = Recipient(number=0, address=lost.address, notify="NEVER", next_retry=now + 2)
                    one_more = Message(sender=message.sender, accepted_at=now, recipients=[to])
                    again.add(one_more.queue_id)
                    await self.accept(one_more, content)

        return settle

    patch(Relay, "_settle", make)
    patch(
        Relay,
        "queue",
        lambda original: lambda self: [pair for pair in original(self) if pair[0].queue_id not in again],
    )
