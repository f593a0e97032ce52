"""One recipient's fate made another's, and one destination's trouble everybody's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from conformance.reference import dsn, errors
from conformance.reference.classify import Stage
from conformance.reference.errors import Failure
from conformance.reference.message import Message, Recipient
from conformance.reference.relay import Relay
from conformance.reference.session import Reply, Session
from conformance.reference.transaction import Delivered
from mutants.mutant import deviates, fails, hence, mutation
from mutants.patching import patch
from mutants.shared import altered, one_at_a_time, without_last_line

_OWN = "recipients/own-outcome"
_ONCE = "recipients/delivered-once"
_BOTH = ("one_recipient_deferred", "one_recipient_rejected")


@mutation(
    scenarios=_BOTH,
    caught=(fails("each_recipient", _OWN, "one_recipient_deferred"),),
    profiles=("rfc",),
    also=hence("the same", "each_recipient", modes=("one_recipient_deferred",), profile="rfc"),
)
def bounces_a_4yz_recipient() -> None:
    """Returns the message for a recipient who was deferred."""

    def make(original: Any) -> Any:
        def remote_failure(code: int, text: str, **where: Any) -> Failure:
            failure: Failure = original(code, text, **where)
            return replace(failure, code="550", status="5.2.1") if code == 450 else failure

        return remote_failure

    patch(errors, "remote_failure", make)


@mutation(
    scenarios=(*_BOTH, "too_many_recipients_452"),
    caught=(
        fails("each_recipient", _ONCE, "one_recipient_deferred"),
        fails(
            "delivered_later", "replies/passing", "too_many_recipients_452", besides=("replies/once-each",)
        ),
    ),
)
def sends_again_to_those_delivered() -> None:
    """Sends a retry to every recipient, those delivered included."""

    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Message, route: Any, recipients: Sequence[Recipient]) -> Any:
            results = await original(self, message, route, message.recipients)
            return {recipient: results[recipient] for recipient in recipients}

        return deliver

    patch(Relay, "_deliver", make)


@mutation(
    scenarios=_BOTH,
    caught=(
        fails("each_recipient", "recipients/intact", "one_recipient_deferred"),
        fails("each_recipient", "recipients/intact", "one_recipient_deferred", profile="rfc"),
    ),
)
def cuts_for_those_that_remain() -> None:
    """Loses the last line of a message for the recipients that it tries again."""
    altered(lambda recipients: recipients[0].attempts > 0, without_last_line)


@mutation(scenarios=_BOTH, caught=(fails("each_recipient", _OWN, "one_recipient_rejected"),))
def report_lists_those_delivered() -> None:
    """Names every recipient in a report, those delivered included."""

    def make(original: Any) -> Any:
        def build_dsn(message: Message, content: bytes, failures: Any, **where: Any) -> Any:
            everybody = dict.fromkeys(message.recipients, next(iter(failures.values())))
            return original(message, content, everybody, **where)

        return build_dsn

    patch(dsn, "build_dsn", make)


def _shared(when: Callable[[Reply], bool]) -> None:
    """Take the reply to one RCPT for the reply to all that follow."""

    def make(original: Any) -> Any:
        async def command(self: Any, stage: Stage, line: str) -> Reply:
            last: Reply | None = getattr(self, "_last", None)
            if stage is Stage.RCPT and last is not None and when(last):
                return last
            reply: Reply = await original(self, stage, line)
            self._last = reply if stage is Stage.RCPT else None
            return reply

        return command

    one_at_a_time()
    patch(Session, "command", make)


@mutation(
    scenarios=_BOTH, caught=(fails("each_recipient", _OWN, "one_recipient_rejected", besides=(_ONCE,)),)
)
def one_refusal_returns_all() -> None:
    """Takes the refusal of one recipient for the refusal of all that follow."""
    _shared(lambda reply: reply.code >= 500)


@mutation(scenarios=_BOTH, caught=(fails("each_recipient", _ONCE, "one_recipient_deferred"),))
def one_deferral_defers_all() -> None:
    """Takes the deferral of one recipient for the deferral of all that follow."""
    _shared(lambda reply: 400 <= reply.code < 500)


@mutation(
    scenarios=("beside_backlog",),
    caught=(
        deviates("beside_backlog", "queue/isolation"),
        deviates("beside_backlog", "queue/isolation", profile="rfc"),
    ),
    also=(
        *hence("it may have to wait as well", "delivered", certain=False),
        *hence("the same", "delivered", profile="rfc", certain=False),
        *hence("as long as it waits it has gone nowhere", "survives", verdict="inconclusive", certain=False),
        *hence("the same", "survives", verdict="inconclusive", profile="rfc", certain=False),
    ),
)
def one_delivery_at_a_time() -> None:
    """Makes one attempt at a time, whatever the destination."""

    def make(original: Any) -> Any:
        turn = asyncio.Semaphore(1)

        async def attempt(self: Any, *args: Any) -> None:
            async with turn:
                await original(self, *args)

        return attempt

    patch(Relay, "_attempt", make)


@mutation(
    scenarios=("one_recipient_named", "too_many_recipients_452", "plain"),
    caught=(
        deviates(
            *("delivered", "queue/leaves"),
            *("one_recipient_named", "plain_two_recipients", "plain_four_recipients"),
        ),
        deviates("delivered_later", "queue/leaves", "too_many_recipients_452"),
    ),
)
def notes_the_first_delivery_of_an_attempt_only() -> None:
    """Keeps everybody in its queue who took a message in one transaction with another, but for the first."""

    def make(original: Any) -> Any:
        async def conclude(self: Any, message: Message, results: Any) -> None:
            served = [each for each, result in results.items() if isinstance(result, Delivered)]
            await original(self, message, {who: results[who] for who in results if who not in served[1:]})

        return conclude

    patch(Relay, "_conclude", make)
