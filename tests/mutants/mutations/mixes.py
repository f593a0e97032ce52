"""Several recipients of one message, each with a fate of its own, and one made another's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from conformance.reference import dsn, transaction
from conformance.reference.errors import Failure
from conformance.reference.message import Message, State
from conformance.reference.relay import Relay
from conformance.reference.session import Reply, Session
from conformance.reference.transaction import Delivered
from mutants.mutant import deviates, fails, mutation
from mutants.patching import patch
from mutants.selection import modes
from mutants.shared import one_by_one

_BOTH = ("one_recipient_deferred", "one_recipient_rejected")
_MIXES = modes(lambda mode: mode.name.startswith("mix_") and "_accepted" in mode.name)
_ENDS = ("mix_deferred_accepted_refused.day", "mix_deferred_accepted_refused.expires")
_ODD = "odd_reply_beside_accepted"
_FULL = "full_mailbox_beside_accepted"
_KILLED = ("mix_deferred_accepted_refused.restarted",)
_OWN = "recipients/own-outcome"
_ONCE = "recipients/delivered-once"
_REFUSED_ONCE = "recipients/refused-once"


def _treated(results: Any) -> set[str]:
    """Return how a server treated some recipients: delivered, refused, deferred."""
    return {
        "delivered" if isinstance(result, Delivered) else "refused" if result.permanent else "deferred"
        for result in results.values()
    }


@mutation(
    scenarios=(_MIXES, *_BOTH, *_ENDS),
    caught=(
        fails("each_recipient", _OWN, _MIXES, besides=(_ONCE, _REFUSED_ONCE)),
        fails("each_recipient", _OWN, _MIXES, besides=(_ONCE, _REFUSED_ONCE), profile="rfc"),
        fails("each_ends", "recipients/each-ends"),
        fails("each_ends", "recipients/each-ends", profile="rfc"),
    ),
)
def writes_a_wrong_copy_of_its_entry() -> None:
    """Writes its queue entry anew where one is delivered, one refused and one deferred, with all of them in it."""
    wrong: set[str] = set()

    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Message, route: Any, recipients: Sequence[Any]) -> Any:
            again = [each for each in message.recipients if each not in recipients]
            if message.queue_id not in wrong:
                again = []
            results = await original(self, message, route, [*recipients, *again])
            if len(_treated(results)) == 3:
                wrong.add(message.queue_id)
            return {who: results[who] for who in recipients}

        return deliver

    patch(Relay, "_deliver", make)


def _others_wait(message: Message, failures: Any) -> bool:
    """Whether another recipient of a message was deferred when these failed for good."""
    others = [each for each in message.recipients if each not in failures and each.state is not State.GONE]
    return any(isinstance(each.failure, Failure) and not each.failure.permanent for each in others)


@mutation(
    scenarios=(_MIXES, *_BOTH, *_ENDS, *_KILLED),
    caught=(
        fails("each_recipient", "permanent/returned", _MIXES),
        fails("each_recipient", "permanent/returned", _MIXES, profile="rfc"),
        fails("each_ends", "recipients/each-ends"),
        fails("each_ends", "recipients/each-ends", profile="rfc"),
    ),
)
def forgets_the_refused_beside_the_deferred() -> None:
    """Reports nobody who was refused where another recipient of the message was deferred."""

    def make(original: Any) -> Any:
        async def report(self: Any, message: Message, now: float, failures: Any) -> Any:
            return await original(self, message, now, {} if _others_wait(message, failures) else failures)

        return report

    patch(Relay, "_report", make)


@mutation(
    scenarios=(_MIXES, *_BOTH, *_ENDS),
    caught=(deviates("each_recipient", "recipients/told-promptly", _MIXES),),
    profiles=("rfc",),
)
def reports_all_at_the_end() -> None:
    """Reports a refused recipient when all others are delivered or given up, with these in one report."""
    held: dict[str, dict[Any, Any]] = {}
    deferred: dict[str, bool] = {}

    def settling(original: Any) -> Any:
        async def settle(self: Any, message: Message, *when: Any, **outcome: Any) -> None:
            deferred[message.queue_id] = bool(outcome.get("deferred"))
            await original(self, message, *when, **outcome)

        return settle

    def reporting(original: Any) -> Any:
        async def report(self: Any, message: Message, now: float, failures: Any) -> Any:
            failed = held.pop(message.queue_id, {}) | failures
            if deferred[message.queue_id]:
                held[message.queue_id] = failed
                failed = {}
            return await original(self, message, now, failed)

        return report

    patch(Relay, "_settle", settling)
    patch(Relay, "_report", reporting)


@mutation(
    scenarios=(_FULL, "too_many_recipients_552", "one_recipient_rejected"),
    caught=(deviates("each_recipient", "replies/full-mailbox-552", _FULL),),
)
def takes_a_full_mailbox_for_too_many() -> None:
    """Takes each 552 for "too many recipients" where others were accepted before, whatever its status says."""
    patch(
        transaction,
        "is_too_many",
        lambda _: lambda refusal, *, after_others: refusal.code == "552" and after_others,
    )


@mutation(
    scenarios=(_ODD, "data_for_nobody_4yz", "one_recipient_deferred"),
    caught=(fails("each_recipient", "recipients/intact", _ODD, besides=("recipients/odd-beside",)),),
)
def leaves_an_empty_message_behind() -> None:
    """Says a lone dot behind 354 when it leaves amid a group, whether or not somebody was accepted by then."""

    def make(original: Any) -> Any:
        def group(self: Any, lines: Sequence[str]) -> None:
            original(self, lines)
            self._wanted = set()

        return group

    patch(Session, "group", make)


@mutation(
    scenarios=(_ODD, "one_recipient_deferred"),
    caught=(deviates("each_recipient", "recipients/odd-beside", _ODD),),
)
def takes_354_for_a_yes_at_rcpt() -> None:
    """Takes each reply below 400 to RCPT for a yes."""
    patch(Reply, "positive", lambda _: property(lambda self: 200 <= self.code < 400))


@mutation(
    scenarios=(_MIXES, *_BOTH),
    caught=(deviates("each_recipient", _REFUSED_ONCE, _MIXES, "one_recipient_rejected"),),
)
def tries_the_refused_once_more() -> None:
    """Takes the first refusal of one of several recipients for a passing one, and the second for what it is."""

    def make(original: Any) -> Any:
        async def conclude(self: Any, message: Message, results: Any) -> None:
            for who, failure in results.items():
                if isinstance(failure, Failure) and failure.permanent and not who.attempts:
                    results[who] = replace(failure, code="450", status="4.2.0")
            await original(self, message, results)

        return conclude

    patch(Relay, "_conclude", make)


@mutation(scenarios=(_MIXES, *_BOTH, *_ENDS, *_KILLED), profiles=("rfc",))
def splits_a_message_for_each_recipient() -> None:
    """Delivers to each recipient on a connection of its own."""
    one_by_one()


@mutation(scenarios=(_MIXES, *_BOTH, *_ENDS), profiles=("rfc",))
def reports_in_words() -> None:
    """Writes its reports in plain text, without a part for programs, while other recipients still wait."""

    def make(_: Any) -> Any:
        def build_dsn(message: Message, content: bytes, failures: Any, *, hostname: str, **_: Any) -> bytes:
            whom = "".join(f"<{each.address}>: {failure.line}\r\n" for each, failure in failures.items())
            said = (
                f"From: postmaster@{hostname}\r\nTo: <{message.sender}>\r\nSubject: failure notice\r\n\r\n"
                f"I could not deliver your message to these addresses. I have given up.\r\n\r\n{whom}"
            )
            return said.encode() + b"\r\n--- Below this line is a copy of the message.\r\n\r\n" + content

        return build_dsn

    patch(dsn, "build_dsn", make)
