"""Connections that are used again: what was said to one message and is held against the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conformance.reference.classify import Cause
from conformance.reference.errors import Failure, SessionFailed
from conformance.reference.message import Recipient
from conformance.reference.session import Session
from conformance.reference.transaction import Delivered, Transaction
from mutants.mutant import fails, mutation
from mutants.patching import patch
from mutants.reusing import as_it_is, in_turn, refuse, reply_to_reset, use_again
from mutants.selection import modes

_BATCHES = modes(lambda mode: mode.kind == "batch" and not mode.name.startswith("crowded_"))
_BEGIN = ("used_again_", "several_", "one_message_id_", "rule_after_")
_USED_AGAIN = modes(lambda mode: mode.name.startswith(_BEGIN))
_ASPECT = "each_message"
_BOTH = ("rfc",)


@mutation(scenarios=(_USED_AGAIN, "plain", "one_after_another"), profiles=_BOTH)
def uses_connections_again() -> None:
    """Hands message after message over on one connection, with RSET between them; tries anew where that is gone."""
    use_again()


@mutation(scenarios=(_USED_AGAIN, "plain", "one_after_another"), profiles=_BOTH)
def uses_connections_again_and_waits() -> None:
    """The same; what fails on a connection that was used before is deferred."""
    use_again(at_once=False)


@mutation(scenarios=(_BATCHES,), profiles=_BOTH)
def one_connection_to_a_destination() -> None:
    """Makes one connection to a destination at a time."""
    in_turn()


@mutation(
    scenarios=("used_again_rset_refused_one_by_one", "used_again_rset_421", "plain"),
    caught=(fails(_ASPECT, "reuse/own-replies", "used_again_rset_refused_one_by_one"),),
)
def returns_for_a_refused_reset() -> None:
    """Gives a message up because RSET before it was refused for good."""

    async def ready(session: Session) -> bool:
        try:
            session.refused = (await reply_to_reset(session)).code >= 500  # type: ignore[attr-defined]
        except SessionFailed:
            return False
        return True

    def spoil(transaction: Transaction, recipients: Sequence[Recipient], _: SessionFailed | None) -> None:
        if getattr(transaction._session, "refused", False):
            transaction._results.clear()
            refuse(transaction, recipients)

    use_again(ready, spoil)


@mutation(
    scenarios=("several_some_refused", "several_some_refused_one_by_one", "plain"),
    caught=(fails(_ASPECT, "reuse/clean-state", "several_some_refused", "several_some_refused_one_by_one"),),
)
def never_resets() -> None:
    """Uses a connection again behind a refused recipient without RSET, and gives the next message up for the 503."""
    use_again(as_it_is)


def _lost(error: SessionFailed | None) -> bool:
    return error is not None and error.cause in (Cause.CLOSED, Cause.RESET)


@mutation(
    scenarios=("used_again_closed", "used_again_reset_one_by_one", "plain"),
    caught=(fails(_ASPECT, "reuse/stale-connection", "used_again_closed", "used_again_reset_one_by_one"),),
)
def returns_for_a_lost_connection() -> None:
    """Gives a message up because the connection that it was to use again is gone."""

    def spoil(transaction: Transaction, recipients: Sequence[Recipient], error: SessionFailed | None) -> None:
        if _lost(error):
            refuse(transaction, recipients)

    use_again(spoil=spoil)


@mutation(
    scenarios=("used_again_closed_meanwhile_one_by_one", "used_again_421_meanwhile", "plain"),
    caught=(
        fails(
            _ASPECT,
            "reuse/stale-connection",
            "used_again_closed_meanwhile_one_by_one",
            "used_again_421_meanwhile",
            besides=("batch/returned",),
        ),
    ),
)
def loses_what_comes_behind_a_close() -> None:
    """Takes a message for delivered where the connection that it was to use again was closed meanwhile."""

    def spoil(transaction: Transaction, recipients: Sequence[Recipient], error: SessionFailed | None) -> None:
        if _lost(error):
            done = Delivered(transaction._server, "250 2.0.0 OK")
            transaction._results.update(dict.fromkeys(recipients, done))

    use_again(as_it_is, spoil)


def _code(code: str) -> Any:
    def spoil(transaction: Transaction, recipients: Sequence[Recipient], _: SessionFailed | None) -> None:
        results = transaction._results
        if any(isinstance(each, Failure) and each.code == code for each in results.values()):
            refuse(transaction, recipients)

    return spoil


@mutation(
    scenarios=("used_again_421", "used_again_451_one_by_one", "plain"),
    caught=(fails(_ASPECT, "reuse/stale-connection", "used_again_421"),),
)
def returns_for_421_to_the_next() -> None:
    """Gives a message up where the server closes with 421 instead of taking a second one on a connection."""
    use_again(spoil=_code("421"))


@mutation(
    scenarios=("used_again_421", "used_again_451_one_by_one", "plain"),
    caught=(fails(_ASPECT, "reuse/stale-connection", "used_again_451_one_by_one"),),
)
def returns_for_451_to_the_next() -> None:
    """Gives a message up where the server takes one message on each connection, and says 451 to the next."""
    use_again(spoil=_code("451"))


@mutation(
    scenarios=("used_again_silent", "plain"),
    caught=(fails(_ASPECT, "reuse/stale-connection", "used_again_silent"),),
)
def returns_for_silence_to_the_next() -> None:
    """Gives a message up where the server falls silent at the second MAIL on a connection."""

    def spoil(transaction: Transaction, recipients: Sequence[Recipient], error: SessionFailed | None) -> None:
        if error is not None and error.cause is Cause.SILENT:
            refuse(transaction, recipients)

    use_again(spoil=spoil)


@mutation(
    scenarios=("used_again_rset_421", "used_again_rset_closed_one_by_one", "plain"),
    caught=(fails(_ASPECT, "batch/once", "used_again_rset_421", "used_again_rset_closed_one_by_one"),),
)
def repeats_the_message_before() -> None:
    """Hands the message before over once more where RSET behind it was not answered with yes."""
    before: dict[Any, Any] = {}

    async def ready(session: Any) -> bool:
        try:
            return (await reply_to_reset(session)).positive
        except SessionFailed:
            return False
        finally:
            before[session.place] = getattr(session, "last", None)

    def make(original: Any) -> Any:
        async def run(self: Any, message: Any, content: bytes, recipients: Any, hand_over: Any) -> None:
            place = getattr(self._session, "place", None)
            again = before.pop(place, None)
            if again is not None and self._session.messages == 1:
                other = Transaction(self._session, server=self._server, address=self._address, results={})
                await original(other, *again, lambda: None)
            await original(self, message, content, recipients, hand_over)
            if message.sender and any(isinstance(each, Delivered) for each in self._results.values()):
                self._session.last = (message, content, recipients)

        return run

    use_again(ready, at_once=False)
    patch(Transaction, "run", make)


@mutation(
    scenarios=("several_some_refused", "plain"),
    caught=(fails(_ASPECT, "batch/intact", "several_some_refused", besides=("batch/returned",)),),
)
def sends_the_content_before() -> None:
    """Sends the content of the message before once more on a connection that is used again."""

    def make(original: Any) -> Any:
        async def send_body(self: Any, content: bytes) -> Any:
            self.content = getattr(self, "content", content)
            return await original(self, self.content)

        return send_body

    use_again()
    patch(Session, "send_body", make)
