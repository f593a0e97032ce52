"""Sins in the course of a day: retries that stop, come too seldom or in pairs, and repairs that come late."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from conformance.reference.classify import Cause
from conformance.reference.delivery import Delivery
from conformance.reference.errors import SessionFailed
from conformance.reference.message import Message, Recipient
from conformance.reference.relay import Relay
from conformance.reference.resolver import LookupFailed, Resolver
from conformance.reference.transaction import Delivered, Transaction
from mutants.patching import patch, sin
from mutants.sins_delivery import returned
from mutants.sins_queue import retried

_HOUR = 3600.0
_NEVER = 1e9  # seconds


@sin
def stops_retrying_after_6_h() -> None:
    waits = ("retry_interval", "retry_interval", *("max_retry_interval",) * 6)
    retried(
        lambda attempts, granted: getattr(granted, waits[attempts - 1]) if attempts <= len(waits) else _NEVER
    )


@sin
def gaps_of_two_hours() -> None:
    hours = (0.25, 0.25, 1)  # and then two, so that the last attempt is near the end
    retried(
        lambda attempts, granted: (
            granted.max_retry_interval * (hours[attempts - 1] if attempts <= len(hours) else 2)
        )
    )


@sin
def first_gap_of_an_hour() -> None:
    retried(lambda attempts, granted: granted.max_retry_interval)


@sin
def retries_in_pairs() -> None:
    retried(lambda attempts, granted: 0.0 if attempts % 2 else granted.max_retry_interval)


def _remembered(error: type[Exception] | None) -> None:
    """Look each name up once, and keep the answer, or the failure, for ever."""

    def make(original: Any) -> Any:
        known: dict[str, Any] = {}

        async def addresses(self: Any, host: str) -> list[str]:
            if host not in known:
                try:
                    found = await original(self, host)
                except LookupFailed as failure:
                    if error is None:
                        raise
                    known[host] = failure
                    raise
                if error is not None:
                    return list(found)
                known[host] = found
            if isinstance(known[host], LookupFailed):
                raise known[host]
            return list(known[host])

        return addresses

    patch(Resolver, "addresses", make)


@sin
def looks_up_once_for_all() -> None:
    _remembered(None)


@sin
def remembers_a_failed_look_up() -> None:
    _remembered(LookupFailed)


@sin
def remembers_a_bad_certificate() -> None:
    def make(original: Any) -> Any:
        known: dict[str, SessionFailed] = {}

        async def open_session(self: Any, host: str, address: str) -> Any:
            if host in known:
                raise known[host]
            try:
                return await original(self, host, address)
            except SessionFailed as error:
                if error.cause is Cause.CERTIFICATE:
                    known[host] = error
                raise

        return open_session

    patch(Delivery, "_open_session", make)


def _delivered_late(after: float, act: Callable[..., Any]) -> None:
    """Do something else instead of delivering a message older than so many seconds."""

    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Message, route: Any, recipients: Sequence[Recipient]) -> Any:
            if message.sender and self.now() - message.accepted_at > after:
                return await act(original, self, message, route, recipients)
            return await original(self, message, route, recipients)

        return deliver

    patch(Relay, "_deliver", make)


@sin
def delivers_old_messages_twice() -> None:
    async def act(original: Any, *args: Any) -> Any:
        results = await original(*args)
        if any(isinstance(result, Delivered) for result in results.values()):
            await original(*args)
        return results

    _delivered_late(10 * _HOUR, act)


@sin
def loses_very_old_messages() -> None:
    async def act(original: Any, relay: Any, message: Message, route: Any, recipients: Any) -> Any:
        return dict.fromkeys(recipients, Delivered("mx.test", "250 2.0.0 OK"))

    _delivered_late(20 * _HOUR, act)


@sin
def alters_old_messages() -> None:
    def make(original: Any) -> Any:
        async def run(
            self: Any, message: Message, content: bytes, recipients: Sequence[Recipient], hand_over: Any
        ) -> None:
            last = recipients[0].last_attempt_at
            if last is not None and last - message.accepted_at > _HOUR / 2:
                content = content.replace(b"\r\nDate: ", b"\r\nX-Original-Date: ", 1)
            await original(self, message, content, recipients, hand_over)

        return run

    patch(Transaction, "run", make)


@sin
def returns_although_delivered_late() -> None:
    returned(lambda attempts: attempts > 2)
