"""Promises broken only after certain faults, or after several in a row."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from weakref import WeakSet

from conformance.reference.classify import Cause, Stage
from conformance.reference.delivery import Delivery
from conformance.reference.errors import Failure, SessionFailed
from conformance.reference.message import Message, Recipient
from conformance.reference.relay import Relay
from conformance.reference.session import Reply, Session
from conformance.reference.transaction import Delivered, Transaction
from mutants.mutant import fails, mutation
from mutants.patching import patch
from mutants.reporting import send_report
from mutants.shared import altered, doubled, without_last_line

_ONE_FAULT = "close_at_mail+healthy"
_TWO_FAULTS = "reset_at_data+dns_servfail+healthy"
_LOST_REPLY = "stall_at_dot+healthy"

_RESET = "reset_at_data+healthy"
_RESET_HEALTHY = f"second_host_healthy+{_RESET}"
_RESET_REFUSED = f"second_host_refuses+{_RESET}"
_WITH_A_SECOND_HOST = tuple(
    f"{name}.schedule"
    for name in (
        _RESET,
        _RESET_HEALTHY,
        _RESET_REFUSED,
        f"second_host_healthy+{_ONE_FAULT}",
        f"second_host_refuses+{_ONE_FAULT}",
    )
)


@mutation(
    scenarios=(f"{_ONE_FAULT}.schedule", f"{_TWO_FAULTS}.schedule"),
    caught=(fails("exactly_once", "schedule/exactly-once", _TWO_FAULTS),),
)
def delivers_twice_after_two_faults() -> None:
    """Delivers a message twice that was deferred twice."""
    doubled(lambda recipients: recipients[0].attempts >= 2)


@mutation(
    scenarios=(f"{_ONE_FAULT}.schedule", f"{_TWO_FAULTS}.schedule"),
    caught=(
        fails("exactly_once", "schedule/intact", _TWO_FAULTS),
        fails("exactly_once", "schedule/intact", _TWO_FAULTS, profile="rfc"),
    ),
)
def cuts_after_two_faults() -> None:
    """Loses the last line of a message at the third attempt."""
    altered(lambda recipients: recipients[0].attempts >= 2, without_last_line)


@mutation(
    scenarios=(f"{_ONE_FAULT}.schedule", f"{_TWO_FAULTS}.schedule"),
    caught=(
        fails("exactly_once", "schedule/exactly-once", _TWO_FAULTS),
        fails("exactly_once", "schedule/exactly-once", _TWO_FAULTS, profile="rfc"),
    ),
)
def loses_after_two_faults() -> None:
    """Takes a message for delivered at the third attempt."""

    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Message, route: Any, recipients: Sequence[Recipient]) -> Any:
            if recipients[0].attempts >= 2:
                return dict.fromkeys(recipients, Delivered("mx.test", "250 2.0.0 OK"))
            return await original(self, message, route, recipients)

        return deliver

    patch(Relay, "_deliver", make)


@mutation(
    scenarios=(f"{_ONE_FAULT}.schedule", f"{_TWO_FAULTS}.schedule"),
    caught=(fails("exactly_once", "schedule/exactly-once", _TWO_FAULTS),),
)
def loses_on_reset_at_data() -> None:
    """Takes a message for delivered when the connection is reset in the place of the reply to DATA."""

    def make(original: Any) -> Any:
        async def run(
            self: Any, message: Message, content: bytes, recipients: Sequence[Recipient], hand_over: Any
        ) -> None:
            try:
                await original(self, message, content, recipients, hand_over)
            except SessionFailed as error:
                if (error.stage, error.cause) != (Stage.DATA, Cause.RESET):
                    raise
                self._results.update(dict.fromkeys(recipients, Delivered("nobody", "250 OK")))

        return run

    patch(Transaction, "run", make)


@mutation(
    scenarios=(f"{_ONE_FAULT}.schedule", f"{_LOST_REPLY}.schedule"),
    caught=(fails("exactly_once", "schedule/exactly-once", _LOST_REPLY),),
)
def returns_after_a_lost_reply() -> None:
    """Delivers a message again when the reply to the final dot was lost, and returns it as well."""
    lost: set[bytes] = set()

    def make_send_body(original: Any) -> Any:
        async def send_body(self: Any, content: bytes) -> Reply:
            try:
                reply: Reply = await original(self, content)
            except SessionFailed:
                lost.add(content)
                raise
            return reply

        return send_body

    def make_settle(original: Any) -> Any:
        async def settle(self: Any, message: Message, now: float, session: str, **outcome: Any) -> None:
            content = await self._spool.content(message.queue_id)
            await original(self, message, now, session, **outcome)
            if content in lost and outcome.get("delivered"):
                failure = Failure(code="550", status="5.4.300", text="Message expired")
                await send_report(self, message, content, dict.fromkeys(outcome["delivered"], failure))

        return settle

    patch(Session, "send_body", make_send_body)
    patch(Relay, "_settle", make_settle)


def _next_host_after_reset_at_data(wrong: Any) -> None:
    """Do something wrong with the next host of an attempt in which the one before has reset the connection at DATA.

    Args:
        wrong: What, given the coroutine that tries that host, the recipients and the results.
    """
    lost: WeakSet[asyncio.Task[Any]] = WeakSet()

    def task() -> asyncio.Task[Any]:
        current = asyncio.current_task()
        assert current is not None
        return current

    def make_run(original: Any) -> Any:
        async def run(self: Any, *args: Any) -> None:
            try:
                await original(self, *args)
            except SessionFailed as error:
                if (error.stage, error.cause) == (Stage.DATA, Cause.RESET):
                    lost.add(task())
                raise

        return run

    def make_try(original: Any) -> Any:
        async def try_address(
            self: Any, host: str, address: str, message: Any, content: bytes, waiting: Any, results: Any
        ) -> bool:
            async def attempt() -> bool:
                went_on: bool = await original(self, host, address, message, content, waiting, results)
                return went_on

            if task() not in lost:
                return await attempt()
            went_on: bool = await wrong(attempt, waiting, results)
            return went_on

        return try_address

    patch(Transaction, "run", make_run)
    patch(Delivery, "_try_address", make_try)


@mutation(
    scenarios=_WITH_A_SECOND_HOST,
    caught=(
        fails("exactly_once", "schedule/exactly-once", _RESET_HEALTHY),
        fails("exactly_once", "schedule/exactly-once", _RESET_HEALTHY, profile="rfc"),
    ),
)
def delivers_twice_by_the_second_host() -> None:
    """Delivers a message twice by the second host when the first one reset the connection at DATA."""

    async def wrong(attempt: Any, waiting: Any, results: Any) -> bool:
        await attempt()
        return bool(await attempt())

    _next_host_after_reset_at_data(wrong)


@mutation(
    scenarios=_WITH_A_SECOND_HOST,
    caught=(
        fails("exactly_once", "schedule/exactly-once", _RESET_REFUSED),
        fails("exactly_once", "schedule/exactly-once", _RESET_REFUSED, profile="rfc"),
    ),
)
def loses_between_two_hosts() -> None:
    """Takes a message for delivered when one host reset the connection at DATA and the next one refuses it."""

    async def wrong(attempt: Any, waiting: Any, results: Any) -> bool:
        went_on = bool(await attempt())
        for each in waiting:
            if not isinstance(results[each], Delivered):
                results[each] = Delivered("nobody", "250 OK")
        return went_on

    _next_host_after_reset_at_data(wrong)


def _of_contents(name: str) -> tuple[str, ...]:
    return tuple(f"{each}.schedule" for each in (_RESET, f"{name}+{_RESET}", f"{name}+{_ONE_FAULT}"))


def _cut_after_reset_at_data(end: Any) -> None:
    """Cut a message short, where a function says, once the connection was reset at DATA."""
    lost: set[bytes] = set()

    def make(original: Any) -> Any:
        async def run(
            self: Any, message: Message, content: bytes, recipients: Sequence[Recipient], hand_over: Any
        ) -> None:
            at = end(content)
            sent = content[:at].rstrip() + b"\r\n" if content in lost and at > 0 else content
            try:
                await original(self, message, sent, recipients, hand_over)
            except SessionFailed as error:
                if (error.stage, error.cause) == (Stage.DATA, Cause.RESET):
                    lost.add(content)
                raise

        return run

    patch(Transaction, "run", make)


@mutation(
    scenarios=_of_contents("lines_with_dots"),
    caught=(
        fails("exactly_once", "schedule/intact", f"lines_with_dots+{_RESET}"),
        fails("exactly_once", "schedule/intact", f"lines_with_dots+{_RESET}", profile="rfc"),
    ),
)
def ends_at_a_dot_after_reset_at_data() -> None:
    """Takes a line with a dot alone for the end of a message that was once reset at DATA."""
    _cut_after_reset_at_data(lambda content: content.find(b"\r\n.\r\n") + 1)


@mutation(
    scenarios=_of_contents("lines_of_998"),
    caught=(fails("exactly_once", "schedule/intact", f"lines_of_998+{_RESET}"),),
)
def ends_at_a_long_line_after_reset_at_data() -> None:
    """Loses what stands behind the first 900 octets of a line, of a message that was once reset at DATA."""
    _cut_after_reset_at_data(lambda content: content.find(b"x" * 900))


@mutation(
    scenarios=_of_contents("eight_bit_text"),
    caught=(fails("exactly_once", "schedule/intact", f"eight_bit_text+{_RESET}"),),
)
def ends_at_eight_bits_after_reset_at_data() -> None:
    """Loses what stands behind the first character beyond ASCII, of a message that was once reset at DATA."""
    _cut_after_reset_at_data(lambda content: next((at for at, octet in enumerate(content) if octet > 127), 0))
