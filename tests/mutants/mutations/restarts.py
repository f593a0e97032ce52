"""Relays that are slow after a restart, or at a loss two days ahead: neither loses anything, and all are innocent."""

from __future__ import annotations

import time
from typing import Any

from conformance.reference.errors import Failure
from conformance.reference.message import Message
from conformance.reference.relay import Relay
from conformance.reference.spool import Spool
from mutants.mutant import mutation
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
