"""What comes behind a final answer, and is taken for another one."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from conformance.reference import session
from conformance.reference.classify import Cause, Stage
from conformance.reference.errors import Failure, SessionFailed
from conformance.reference.groups import GroupProtocol
from conformance.reference.message import Message, Recipient
from conformance.reference.relay import Relay
from conformance.reference.session import Reply, Session
from conformance.reference.transaction import Delivered, Transaction
from mutants.mutant import deviates, fails, hence, mutation
from mutants.patching import patch
from mutants.selection import modes

_TAKEN = modes(lambda mode: mode.name.startswith("taken_then_"))
_REFUSED = modes(lambda mode: mode.section == "5yz-lost")
_ALL = modes(lambda mode: mode.section in ("5yz-lost", "early") or mode.name.startswith(("taken_", "rset_")))
_MAY_BE_LOST = modes(lambda mode: mode.may_lose_refusal and mode.kind != "permanent")
_MOMENT = 0.05  # seconds in which the end of a connection is noticed that comes with a reply
_REPLY = re.compile(rb"^(\d{3}) ?([^\r\n]*)", re.MULTILINE)


def _heard() -> None:
    """Have sessions remember what the server said last, all of it."""

    def make(original: Any) -> Any:
        def data_received(self: Any, data: bytes) -> None:
            self.heard = data
            original(self, data)

        return data_received

    patch(GroupProtocol, "data_received", make)


def _has_ended(ended: Session) -> bool:
    return (
        ended._transport.is_closing() or ended._protocol._lost is not None or not ended._protocol.is_connected
    )


@mutation(
    scenarios=(_TAKEN, "plain"),
    caught=(fails("delivers_anyway", "harmless/delivered", "taken_then_421", "taken_then_refused"),),
)
def goes_by_the_last_reply() -> None:
    """Takes what the server says right behind the reply to the final dot for that reply."""

    def make(original: Any) -> Any:
        async def send_body(self: Any, content: bytes) -> Reply:
            reply: Reply = await original(self, content)
            said = _REPLY.findall(getattr(self._protocol, "heard", b""))
            return Reply(int(said[-1][0]), said[-1][1].decode("ascii")) if said else reply

        return send_body

    _heard()
    patch(Session, "send_body", make)


@mutation(
    scenarios=(_TAKEN, "plain"),
    caught=(fails("delivers_anyway", "harmless/delivered", "taken_then_closed", "taken_then_421"),),
)
def a_close_undoes_what_was_taken() -> None:
    """Defers a message that was taken, where the server closes the connection before QUIT."""

    def make(original: Any) -> Any:
        async def send_body(self: Any, content: bytes) -> Reply:
            reply: Reply = await original(self, content)
            await asyncio.sleep(_MOMENT)
            if _has_ended(self):
                raise SessionFailed(Stage.BODY, Cause.CLOSED, "Connection closed by the remote server")
            return reply

        return send_body

    patch(Session, "send_body", make)


@mutation(
    scenarios=(_TAKEN, "plain"),
    caught=(fails("delivers_anyway", "harmless/delivered", "taken_then_garbage"),),
)
def garbage_undoes_what_was_taken() -> None:
    """Defers a message that was taken, where the server says something that is no reply behind that."""

    def make(original: Any) -> Any:
        async def send_body(self: Any, content: bytes) -> Reply:
            reply: Reply = await original(self, content)
            lines = getattr(self._protocol, "heard", b"").splitlines()
            if lines and not _REPLY.match(lines[-1]):
                raise SessionFailed(Stage.BODY, Cause.MALFORMED, "451 4.4.0 Not a reply")
            return reply

        return send_body

    _heard()
    patch(Session, "send_body", make)


# Messages that were refused for good on a connection that was lost right behind that.
_lost: set[str] = set()


def _note_losses() -> None:
    def make(original: Any) -> Any:
        async def run(self: Any, message: Message, *rest: Any) -> None:
            await original(self, message, *rest)
            await asyncio.sleep(_MOMENT)
            if message.sender and _has_ended(self._session) and any(map(_is_refusal, self._results.values())):
                _lost.add(message.queue_id)

        return run

    patch(Transaction, "run", make)


def _is_refusal(result: Delivered | Failure) -> bool:
    return isinstance(result, Failure) and result.permanent


@mutation(
    scenarios=(_MAY_BE_LOST, "rejected_at_rcpt"),
    profiles=("rfc",),
    also=tuple(
        expected
        for aspect in ("stays_queued", "retried")
        for profile in ("eop", "rfc")
        for expected in hence(
            "once it has heard why, it returns the message",
            aspect,
            verdict="not_applicable",
            modes=(_MAY_BE_LOST,),
            profile=profile,
        )
    ),
)
def hears_a_refusal_the_second_time() -> None:
    """Has read the end of a connection before the refusal in front of it, and reads that at the next attempt."""
    deaf: set[str] = set()

    def make(original: Any) -> Any:
        async def run(self: Any, message: Message, *rest: Any) -> None:
            await original(self, message, *rest)
            await asyncio.sleep(_MOMENT)
            refused = [each for each, result in self._results.items() if _is_refusal(result)]
            if message.sender and refused and _has_ended(self._session) and message.queue_id not in deaf:
                deaf.add(message.queue_id)
                for each in refused:
                    del self._results[each]
                raise session._lost(Stage.RCPT, Cause.RESET)

        return run

    patch(Transaction, "run", make)


@mutation(
    scenarios=(_REFUSED, "rejected_at_rcpt"),
    caught=(fails("recovers", "queue/recovers", _REFUSED),),
)
def returns_and_keeps() -> None:
    """Returns a message that was refused on a connection that was lost behind that, and tries it again as well."""

    def make(original: Any) -> Any:
        async def settle(self: Any, message: Message, now: float, session: str, **outcome: Any) -> None:
            content = await self._spool.content(message.queue_id)
            await original(self, message, now, session, **outcome)
            if outcome.get("lost") and message.queue_id in _lost:
                due = now + self._config.schedule.retry_interval
                kept = [
                    Recipient(number=number, address=each.address, next_retry=due)
                    for number, (each, _) in enumerate(outcome["lost"])
                ]
                await self.accept(Message(sender=message.sender, accepted_at=now, recipients=kept), content)

        return settle

    _note_losses()
    patch(Relay, "_settle", make)


@mutation(
    scenarios=(_REFUSED, "rejected_at_rcpt"),
    caught=(fails("recovers", "permanent/returned", _REFUSED),),
    also=hence(
        "given up at once, which the profile accepts",
        *("stays_queued", "retried"),
        verdict="not_applicable",
        modes=(_REFUSED,),
    ),
)
def drops_what_was_refused_and_lost() -> None:
    """Neither returns nor keeps a message that was refused on a connection that was lost behind that."""

    def make(original: Any) -> Any:
        async def report(self: Any, message: Message, *rest: Any) -> Any:
            return None if message.queue_id in _lost else await original(self, message, *rest)

        return report

    _note_losses()
    patch(Relay, "_report", make)


@mutation(
    scenarios=("rejected_at_dot_then_closed", "rejected_at_dot_then_421", "rejected_at_dot"),
    caught=(
        fails(
            "returned_at_once",
            "permanent/returned",
            "rejected_at_dot_then_closed",
            "rejected_at_dot_then_421",
        ),
    ),
)
def a_close_undoes_a_refusal() -> None:
    """Defers a message that was refused at the final dot, where the server closes the connection behind that."""

    def make(original: Any) -> Any:
        async def run(self: Any, message: Message, content: bytes, recipients: Any, hand_over: Any) -> None:
            await original(self, message, content, recipients, hand_over)
            await asyncio.sleep(_MOMENT)
            if message.sender and _has_ended(self._session) and any(map(_is_refusal, self._results.values())):
                self._results.clear()
                raise SessionFailed(Stage.BODY, Cause.CLOSED, "Connection closed by the remote server")

        return run

    patch(Transaction, "run", make)


@mutation(
    scenarios=("rset_rejected_after_refusal", "rset_421_after_refusal", "rejected_at_rcpt"),
    caught=(
        fails("returned_at_once", "permanent/returned", "rset_421_after_refusal"),
        deviates("reports_refusal", "replies/refusal-quoted", "rset_rejected_after_refusal"),
    ),
)
def goes_by_the_reply_to_reset() -> None:
    """Says RSET behind a refused recipient, and takes the reply to that for what became of the message."""

    def make(original: Any) -> Any:
        async def run(self: Any, message: Message, content: bytes, recipients: Any, hand_over: Any) -> None:
            await original(self, message, content, recipients, hand_over)
            if not any(map(_is_refusal, self._results.values())):
                return
            await self._session._settle(1.0)
            reply = await self._session.command(Stage.MAIL, "RSET")
            if not reply.positive:
                self._fail(recipients, reply)

        return run

    patch(Transaction, "run", make)


@mutation(
    scenarios=("taken_amid_content_then_reset", "close_at_body", "plain"),
    caught=(deviates("stays_queued", "replies/not-early", "taken_amid_content_then_reset"),),
)
def takes_an_early_reply() -> None:
    """Takes a positive reply that comes amid the content for the answer to the final dot."""

    def make(original: Any) -> Any:
        def data_received(self: Any, data: bytes) -> None:
            original(self, data)
            self.unsent = 0

        return data_received

    patch(GroupProtocol, "data_received", make)


@mutation(
    scenarios=("refused_amid_content_then_closed", "rejected_at_dot"),
    caught=(deviates("returned_at_once", "final/refused-amid-content", "refused_amid_content_then_closed"),),
)
def reads_no_refusal_amid_the_content() -> None:
    """Takes a 5yz reply amid the content for a connection that was lost."""

    def make(original: Any) -> Any:
        async def send_body(self: Any, content: bytes) -> Reply:
            reply: Reply = await original(self, content)
            if reply.code >= 500 and self._protocol.unsent:
                raise SessionFailed(Stage.BODY, Cause.RESET, "Broken pipe")
            return reply

        return send_body

    patch(Session, "send_body", make)


@mutation(
    scenarios=("taken_without_status", "plain"),
    caught=(fails("delivers_anyway", "harmless/delivered", "taken_without_status"),),
)
def wants_a_status_in_the_last_reply() -> None:
    """Defers a message that was taken by a 250 without an enhanced status code."""

    def make(original: Any) -> Any:
        async def send_body(self: Any, content: bytes) -> Reply:
            reply: Reply = await original(self, content)
            known = not reply.positive or reply.text.startswith("2.")
            return reply if known else Reply(451, reply.text)

        return send_body

    patch(Session, "send_body", make)


@mutation(scenarios=(_ALL,), profiles=("rfc",))
def goes_by_the_loss() -> None:
    """Defers a message that was refused before the final dot, where the connection is lost right behind that."""

    def make(original: Any) -> Any:
        async def run(self: Any, message: Message, content: bytes, recipients: Any, hand_over: Any) -> None:
            sent: list[bool] = []
            await original(self, message, content, recipients, lambda: (sent.append(True), hand_over()))
            await asyncio.sleep(_MOMENT)
            amid = bool(self._session._protocol.unsent)
            refused = any(map(_is_refusal, self._results.values()))
            if message.sender and refused and (amid or not sent) and _has_ended(self._session):
                self._results.clear()
                raise SessionFailed(Stage.DATA, Cause.CLOSED, "Connection closed by the remote server")

        return run

    patch(Transaction, "run", make)
