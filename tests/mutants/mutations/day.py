"""Retries over a day that stop, come too seldom or in pairs, and repairs that come late and are spoilt."""

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
from mutants.mutant import deviates, fails, mutation
from mutants.patching import patch
from mutants.shared import retried, returned

_NEVER = 1e9  # seconds
_HOUR = 3600.0
_GAPS = "lifetime/gaps"
_LATE = "lifetime/healed-late"
_LONG_AFTER = ("healed_12h", "healed_23h")


@mutation(
    scenarios=("greeting_421.day", "connection_refused.day"),
    caught=(
        fails("retried_all_day", "lifetime/retried-to-the-end"),
        fails("retried_all_day", "rfc/retried", profile="rfc"),
    ),
)
def stops_retrying_after_6_h() -> None:
    """Makes no attempt after the first 6 hours, and gives up in time."""
    waits = ("retry_interval", "retry_interval", *("max_retry_interval",) * 6)
    retried(
        lambda attempts, granted: getattr(granted, waits[attempts - 1]) if attempts <= len(waits) else _NEVER
    )


@mutation(scenarios=("close_at_data.day",), caught=(deviates("retried_all_day", _GAPS),))
def gaps_of_two_hours() -> None:
    """Lets two hours pass between later attempts."""
    hours = (0.25, 0.25, 1)  # and then two, so that the last attempt is near the end
    retried(
        lambda attempts, granted: (
            granted.max_retry_interval * (hours[attempts - 1] if attempts <= len(hours) else 2)
        )
    )


@mutation(scenarios=("greeting_421.day",), caught=(deviates("retried_all_day", _GAPS),))
def first_gap_of_an_hour() -> None:
    """Lets an hour pass before the first retry."""
    retried(lambda attempts, granted: granted.max_retry_interval)


@mutation(
    scenarios=("greeting_421.day", "certificate_expired.day"), caught=(deviates("retried_all_day", _GAPS),)
)
def retries_in_pairs() -> None:
    """Makes every other attempt right after the one before."""
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


@mutation(
    scenarios=("greeting_421.day", "close_at_data.day"),
    caught=(deviates("retried_all_day", "lifetime/starts-with-dns"),),
)
def looks_up_once_for_all() -> None:
    """Looks the address of a host up once and keeps it."""
    _remembered(None)


@mutation(
    scenarios=("dns_servfail.healed_1h", "dns_servfail.healed_23h", "greeting_421.healed_12h"),
    caught=(fails("healed_late", _LATE, "dns_servfail"),),
)
def remembers_a_failed_look_up() -> None:
    """Does not ask again for a name whose look-up failed."""
    _remembered(LookupFailed)


@mutation(
    scenarios=("certificate_expired.healed_12h", "certificate_expired.healed_1h"),
    caught=(fails("healed_late", _LATE), fails("healed_late", "rfc/delivered-once", profile="rfc")),
)
def remembers_a_bad_certificate() -> None:
    """Does not go again to a server whose certificate did not pass."""

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


@mutation(
    scenarios=tuple(f"connection_refused.healed_{hours}h" for hours in (1, 12, 23)),
    caught=(fails("healed_late", _LATE, courses=_LONG_AFTER),),
)
def delivers_old_messages_twice() -> None:
    """Delivers a message twice that is older than 10 hours."""

    async def act(original: Any, *args: Any) -> Any:
        results = await original(*args)
        if any(isinstance(result, Delivered) for result in results.values()):
            await original(*args)
        return results

    _delivered_late(10 * _HOUR, act)


@mutation(
    scenarios=tuple(f"greeting_421.healed_{hours}h" for hours in (12, 23)),
    caught=(fails("healed_late", _LATE, courses=("healed_23h",)),),
)
def loses_very_old_messages() -> None:
    """Takes a message older than 20 hours for delivered without sending it."""

    async def act(original: Any, relay: Any, message: Message, route: Any, recipients: Any) -> Any:
        return dict.fromkeys(recipients, Delivered("mx.test", "250 2.0.0 OK"))

    _delivered_late(20 * _HOUR, act)


@mutation(
    scenarios=tuple(f"close_at_data.healed_{hours}h" for hours in (1, 12, 23)),
    caught=(fails("healed_late", _LATE, courses=_LONG_AFTER),),
)
def alters_old_messages() -> None:
    """Renames the date of a message that has waited for an hour."""

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


@mutation(
    scenarios=tuple(f"host_unreachable.healed_{hours}h" for hours in (1, 12, 23)),
    caught=(fails("healed_late", _LATE, courses=_LONG_AFTER),),
    brings=dict.fromkeys(
        (
            "queue/recovers",
            "recipients/own-outcome",
            "schedule/exactly-once",
            "out-of-service/nothing-purged",
            "out-of-service/valid-not-returned",
            "correction/once",
            "batch/once",
        ),
        "each way in which a message gets through late is a requirement of its own, and all are returned as well",
    ),
)
def returns_although_delivered_late() -> None:
    """Returns a message although it has delivered it after some attempts."""
    returned(lambda attempts: attempts > 2)
