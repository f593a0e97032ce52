"""Replies of a remote server that are misread."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from conformance.reference import transaction
from conformance.reference.errors import Failure
from conformance.reference.session import Reply
from conformance.reference.transaction import Transaction
from mutants.expectations import returned
from mutants.mutant import Declare, deviates, fails, mutation
from mutants.patching import patch
from mutants.shared import misread

_STATUS = re.compile(r"([245])\.\d{1,3}\.\d{1,3}\b")
_PASSING = "replies/passing"
_WRONG_CLASS = ("reply_of_another_class", "rejected_of_another_class")


def _retries(mode: str, *besides: str) -> Declare:
    return mutation(
        scenarios=(mode, *besides),
        caught=(fails("returned_at_once", "permanent/returned", mode),),
    )


def _returned(*codes: int) -> None:
    misread(lambda failure, code, _: replace(failure, code="550") if code in codes else failure)


@mutation(
    scenarios=("greylisting", "too_many_recipients_452"),
    caught=(fails("delivered_later", _PASSING, "greylisting"),),
)
def returns_greylisted_mail() -> None:
    """Takes 451 for a permanent refusal."""
    _returned(451)


@mutation(
    scenarios=("too_many_recipients_452", "greylisting"),
    caught=(fails("delivered_later", _PASSING, "too_many_recipients_452"),),
    brings=dict.fromkeys(
        (
            "queue/kept",
            "lifetime/not-early",
            "ndr/agrees",
        ),
        "the same where the destination is broken for a day, and its report has class 5 beside the server's class 4",
    ),
)
def returns_452() -> None:
    """Takes 452 for a permanent refusal."""
    _returned(452)


@mutation(
    scenarios=(
        "too_many_recipients_552",
        "too_many_recipients_552_without_status",
        "too_many_recipients_452",
    ),
    caught=(
        deviates(
            "delivered_later",
            "replies/too-many-552",
            "too_many_recipients_552",
            "too_many_recipients_552_without_status",
        ),
    ),
)
def returns_552_for_too_many() -> None:
    """Takes 552 for permanent where it means too many recipients."""
    patch(transaction, "is_too_many", lambda _: lambda failure, **where: False)


@mutation(
    scenarios=("too_many_recipients_452", "greylisting"),
    caught=(
        fails(*("delivered_later", _PASSING, "too_many_recipients_452"), besides=("replies/accounted",)),
    ),
)
def takes_those_refused_for_delivered() -> None:
    """Takes the 250 to the final dot for all recipients, those refused included."""

    def make(original: Any) -> Any:
        async def run(self: Any, message: Any, content: Any, recipients: Any, hand_over: Any) -> None:
            await original(self, message, content, recipients, hand_over)
            done = [each for each in self._results.values() if not isinstance(each, Failure)]
            if done:
                for recipient in recipients:
                    self._results[recipient] = done[0]

        return run

    patch(Transaction, "run", make)


@mutation(
    scenarios=("reply_499", "reply_multi_line"),
    caught=(returned("reply_499"),),
    brings={
        "lifetime/not-early": "the same where the destination is broken for a day",
        "ndr/agrees": "its report has class 5 beside the server's class 4",
    },
)
def unknown_4yz_is_permanent() -> None:
    """Takes a code that it does not know for a permanent refusal."""
    _returned(499)


@_retries("rejected_599", "rejected_at_rcpt")
def unknown_5yz_is_transient() -> None:
    """Tries again after a code that it does not know."""
    misread(lambda failure, code, _: replace(failure, code="450") if code == 599 else failure)


@mutation(
    scenarios=("reply_259", "plain"), caught=(fails("delivers_anyway", "harmless/delivered", "reply_259"),)
)
def unknown_2yz_is_no_yes() -> None:
    """Takes nothing but 250 and 251 for a yes."""
    patch(Reply, "positive", lambda _: property(lambda self: self.code in (250, 251)))


@mutation(
    scenarios=(*_WRONG_CLASS, "reply_multi_line"),
    caught=(
        returned("reply_of_another_class"),
        fails(
            "returned_at_once",
            "permanent/returned",
            "rejected_of_another_class",
        ),
    ),
)
def acts_on_the_status() -> None:
    """Does what the enhanced status code says, against the reply code."""

    def change(failure: Failure, code: int, text: str) -> Failure:
        found = _STATUS.match(text)
        return replace(failure, code=f"{found[1]}50") if found and found[1] != str(code)[0] else failure

    misread(change)


@mutation(
    scenarios=("reply_without_status", "reply_multi_line"),
    caught=(returned("reply_without_status"),),
)
def returns_4yz_without_status() -> None:
    """Takes a 4yz reply without an enhanced status code for a permanent refusal."""
    misread(
        lambda failure, code, _: (
            replace(failure, code="550") if code < 500 and not failure.status else failure
        )
    )


@_retries("rejected_without_status", "rejected_at_rcpt")
def waits_after_5yz_without_status() -> None:
    """Tries again after a 5yz reply without an enhanced status code."""
    misread(
        lambda failure, code, _: (
            replace(failure, code="450") if code >= 500 and not failure.status else failure
        )
    )
