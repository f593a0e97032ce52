"""Replies of a remote server that are misread."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from aiosmtplib.protocol import SMTPProtocol

from conformance.reference import transaction
from conformance.reference.classify import Cause
from conformance.reference.errors import Failure, SessionFailed
from conformance.reference.session import Reply, Session
from conformance.reference.transaction import Transaction
from mutants.expectations import returned
from mutants.mutant import Declare, deviates, fails, hence, mutation
from mutants.patching import patch
from mutants.shared import misread

_STATUS = re.compile(r"([245])\.\d{1,3}\.\d{1,3}\b")
_BARE = re.compile(rb"(?m)^\d{3}\r\n")
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
    scenarios=("reply_400", "reply_multi_line"),
    caught=(returned("reply_400"),),
    brings={
        "lifetime/not-early": "the same where the destination is broken for a day",
        "ndr/agrees": "its report has class 5 beside the server's class 4",
    },
)
def first_4yz_is_permanent() -> None:
    """Takes the first code of the class of passing refusals for one of the next class."""
    _returned(400)


@_retries("rejected_500", "rejected_at_rcpt")
def first_5yz_is_transient() -> None:
    """Takes the first code of the class of permanent refusals for one of the class before."""
    misread(lambda failure, code, _: replace(failure, code="450") if code == 500 else failure)


@mutation(
    scenarios=("reply_299", "reply_259"),
    caught=(fails("delivers_anyway", "harmless/delivered", "reply_299"),),
)
def last_2yz_is_no_yes() -> None:
    """Does not take the last code of the class of positive replies for a yes."""
    patch(Reply, "positive", lambda _: property(lambda self: 200 <= self.code < 299))


@mutation(
    scenarios=("reply_600_at_rcpt", "malformed_at_rcpt"),
    caught=(fails("error_code", "session/transient", "reply_600_at_rcpt", besides=("session/odd-reply",)),),
)
def takes_600_for_a_reply() -> None:
    """Takes a code of no class for a refusal, and shows it."""

    def make(original: Any) -> Any:
        async def read(self: Any, stage: Any, reading: Any) -> Reply:
            code, text = 0, ""

            async def kept() -> Any:
                nonlocal code, text
                response = await reading
                code, text = response.code, response.message
                return response

            try:
                reply: Reply = await original(self, stage, kept())
            except SessionFailed:
                if code != 600:
                    raise
                return Reply(code, text)
            return reply

        return read

    patch(Session, "_read", make)


@mutation(
    scenarios=("reply_bare", "reply_multi_line"),
    caught=(fails("delivers_anyway", "harmless/delivered", "reply_bare"),),
)
def waits_for_a_blank_behind_the_code() -> None:
    """Takes a line that is a code alone for one that is not the last of its reply."""

    def make(original: Any) -> Any:
        def read(self: Any) -> Any:
            return None if _BARE.search(bytes(self._buffer)) else original(self)

        return read

    patch(SMTPProtocol, "_read_response_from_buffer", make)


@mutation(
    scenarios=("reply_last_line_empty", "reply_multi_line"),
    caught=(deviates("error_code", "session/4yz-kept", "reply_last_line_empty"),),
)
def wants_a_text_in_the_last_line() -> None:
    """Takes a reply of several lines for none at all whose last line has no text."""

    def make(original: Any) -> Any:
        async def read(self: Any, stage: Any, reading: Any) -> Reply:
            reply: Reply = await original(self, stage, reading)
            if reply.text.endswith("\n"):
                raise SessionFailed(stage, Cause.MALFORMED, f"451 4.4.0 Malformed: {reply.line}")
            return reply

        return read

    patch(Session, "_read", make)


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


@mutation(
    scenarios=("reply_300_at_rcpt", "wrong_code_at_rcpt", "reply_299"),
    caught=(returned("reply_300_at_rcpt"),),
    also=hence(
        "what it shows is the reply to the next command",
        "error_detail",
        verdict="deviation",
        modes=("reply_300_at_rcpt",),
    ),
)
def first_3yz_is_a_yes() -> None:
    """Takes the first code behind those that say yes for one of them."""
    patch(Reply, "positive", lambda _: property(lambda self: 200 <= self.code <= 300))
