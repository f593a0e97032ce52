"""Envelope and content: several recipients of one message, of whom some are refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from mutants.patching import patch

from conformance.reference.errors import Failure
from conformance.reference.message import Message, Recipient
from conformance.reference.session import Reply
from conformance.reference.transaction import Delivered, Results, Transaction
from foreign.change import fault
from foreign.marker import marked


def _mixed(change: Callable[[Results, Failure], None]) -> None:
    """Alter what became of the recipients, where some were refused for good and others got the message."""

    def make(original: Any) -> Any:
        async def run(self: Any, message: Message, content: bytes, *others: Any) -> None:
            await original(self, message, content, *others)
            results: Results = self._results
            refused = [each for each in results.values() if isinstance(each, Failure) and each.permanent]
            if refused and any(isinstance(each, Delivered) for each in results.values()):
                marked()
                change(results, refused[0])

        return run

    patch(Transaction, "run", make)


@fault(
    kind=6,
    reference="https://github.com/haraka/Haraka/issues/395",
    reported="One recipient of several was refused: no bounce, and the message stayed in the queue and was sent to "
    "all of them again.",
    requirements=("recipients/delivered-once", "permanent/returned"),
    first=("one_recipient_rejected",),
)
def tries_all_again_when_one_is_refused() -> None:
    """Tries all recipients again, those who got the message too, when one was refused for good."""

    def change(results: Results, refused: Failure) -> None:
        milder = replace(refused, code="450", status="4.0.0", remote=False, text="Some recipients failed")
        results.update(dict.fromkeys(results, milder))

    _mixed(change)


@fault(
    kind=6,
    reference="https://github.com/hyvor/relay/issues/233",
    reported="One RCPT failed, and all recipients of that domain were marked as bounced.",
    requirements=("recipients/own-outcome",),
    first=("one_recipient_rejected",),
)
def calls_all_refused_when_one_is() -> None:
    """Reports all recipients as refused, those who got the message too, when one was."""
    _mixed(lambda results, refused: results.update(dict.fromkeys(results, refused)))


class _RefusedError(Exception):
    """A recipient was refused; `reply` is how."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.line)
        self.reply = reply


@fault(
    kind=6,
    reference="https://github.com/chatmail/async-smtp/issues/72",
    reported="The client gave the transaction up at the first recipient that was refused; those accepted before got "
    "nothing, and those behind were not even named.",
    requirements=("recipients/own-outcome", "recipients/delivered-once"),
    first=("one_recipient_rejected",),
)
def gives_all_up_when_one_is_refused() -> None:
    """Ends a transaction at the first recipient that is refused, and has all others share the reply."""

    def refuse(original: Any) -> Any:
        def refusal(self: Any, reply: Reply, *, after_others: bool) -> Failure:
            raise _RefusedError(reply)

        return refusal

    def make(original: Any) -> Any:
        async def run(
            self: Any, message: Message, content: bytes, recipients: Sequence[Recipient], hand_over: Any
        ) -> None:
            try:
                await original(self, message, content, recipients, hand_over)
            except _RefusedError as error:
                if len(recipients) > 1:
                    marked()
                self._fail(recipients, error.reply)

        return run

    patch(Transaction, "_refusal", refuse)
    patch(Transaction, "run", make)


@fault(
    kind=6,
    reference="https://github.com/jakartaee/mail-api/issues/20",
    reported="Of 82 recipients the server took some, and said 452 to the rest, as too many; to the program these "
    "were invalid addresses, and they got nothing.",
    requirements=("replies/passing",),
    first=("too_many_recipients_452",),
)
def takes_too_many_for_invalid() -> None:
    """Takes 452 in reply to RCPT for a refusal for good."""

    def make(original: Any) -> Any:
        def refusal(self: Any, reply: Reply, *, after_others: bool) -> Failure:
            failure: Failure = original(self, reply, after_others=after_others)
            if failure.code != "452":
                return failure
            marked()
            return replace(failure, code="552", status="5.5.3", remote=False)

        return refusal

    patch(Transaction, "_refusal", make)
