"""Relays that are slow or at a loss after a restart, or two days ahead, and reports that say less than is known."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from conformance.reference.errors import Failure
from conformance.reference.events import Outcome
from conformance.reference.message import Message, Recipient
from conformance.reference.relay import Relay
from conformance.reference.spool import Spool
from mutants.mutant import deviates, hence, mutation
from mutants.patching import patch

_LONG_AFTER = 3.0  # seconds
_FAR_AHEAD = 1.5 * 24 * 3600  # seconds
_KILLED = (
    "killed_before_dot",
    "killed_before_250",
    "killed_after_250",
    "killed_in_delivery",
    "killed_after_final_dot",
    "killed_after_delivery",
    "killed_between_attempts",
    "killed_in_retry",
    "killed_at_expiry",
    "killed_while_reporting",
)


@mutation(scenarios=_KILLED, profiles=("rfc",))
def rests_after_a_restart() -> None:
    """Waits for three seconds after a restart before it delivers what it finds in its spool."""

    def make(original: Any) -> Any:
        def load(self: Any) -> list[Message]:
            messages: list[Message] = list(original(self))
            for message in messages:
                for recipient in message.recipients:
                    recipient.next_retry += _LONG_AFTER
            return messages

        return load

    patch(Spool, "load", make)


@mutation(scenarios=_KILLED, profiles=("rfc",))
def takes_no_new_mail_onwards_two_days_ahead() -> None:
    """Defers whatever it accepts once its clock is a day and a half ahead of the machine's, reports excepted."""

    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Message, route: Any, recipients: Any) -> Any:
            if message.sender and message.accepted_at - time.time() > _FAR_AHEAD:
                failure = Failure(
                    code="451", status="4.3.0", text="The hints are from another time", detail=""
                )
                return dict.fromkeys(recipients, failure)
            return await original(self, message, route, recipients)

        return deliver

    patch(Relay, "_deliver", make)


_WHY = "ndr/tells-why"
_AT_THE_END = ("connection_refused.restarted", "greeting_421.restarted", "connection_refused.expires")


def _reads_otherwise(change: Callable[[Recipient], None]) -> None:
    """Change each recipient that is read from the disk when the relay starts."""

    def make(original: Any) -> Any:
        def load(self: Any) -> list[Message]:
            messages: list[Message] = list(original(self))
            for message in messages:
                for recipient in message.recipients:
                    change(recipient)
            return messages

        return load

    patch(Spool, "load", make)


@mutation(
    scenarios=_AT_THE_END,
    caught=(
        deviates("tells_why", _WHY, "connection_refused", "greeting_421", courses=("restarted",)),
        deviates(
            "tells_why", _WHY, "connection_refused", "greeting_421", courses=("restarted",), profile="rfc"
        ),
    ),
)
def reports_without_what_was_before_a_restart() -> None:
    """Shows after a restart what the last attempt died of, and does not put it into a report."""

    def change(recipient: Recipient) -> None:
        recipient.failure = None

    _reads_otherwise(change)


@mutation(
    scenarios=_AT_THE_END,
    profiles=("rfc", "eop-observed"),
    also=tuple(
        expected
        for profile in ("eop", "rfc", "eop-observed")
        for expected in hence(
            "nothing is known of it any more",
            "tells_why",
            verdict="not_applicable",
            courses=("restarted",),
            profile=profile,
        )
    ),
)
def forgets_why_at_a_restart() -> None:
    """Does not keep on its disk what attempts died of."""

    def change(recipient: Recipient) -> None:
        recipient.failure = None
        recipient.last_error = ""

    _reads_otherwise(change)


@mutation(
    scenarios=("connection_refused.expires", "greeting_421.expires", "close_at_data.expires"),
    caught=(deviates("tells_why", _WHY), deviates("tells_why", _WHY, profile="rfc")),
)
def says_only_that_the_time_is_over() -> None:
    """Writes into its reports that the message expired, and of what never."""

    def make(original: Any) -> Any:
        async def settle(self: Any, message: Message, now: float, session: str, **outcome: Any) -> None:
            for recipient, how in outcome.get("lost", ()):
                if how is Outcome.EXPIRED:
                    recipient.failure = None
            await original(self, message, now, session, **outcome)

        return settle

    patch(Relay, "_settle", make)
