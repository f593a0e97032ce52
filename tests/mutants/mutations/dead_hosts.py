"""A message judged by what became of an earlier one to the same destination."""

from __future__ import annotations

from typing import Any

from conformance.reference.errors import expired
from conformance.reference.message import Message
from conformance.reference.relay import Relay
from conformance.reference.routing import choose_destination
from conformance.reference.transaction import Delivered
from mutants.mutant import fails, mutation
from mutants.patching import patch

_DEAD = tuple(f"{mode}.long_dead" for mode in ("connection_refused", "greeting_421", "dns_servfail"))
_OTHERS = ("connection_refused.day", "connection_refused")


def _failing_since(tell: Any) -> None:
    """Call `tell` with what came of each attempt and the time since which its destination has failed."""
    since: dict[Any, float] = {}

    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Message, route: Any, recipients: Any) -> Any:
            results = await original(self, message, route, recipients)
            if any(isinstance(result, Delivered) for result in results.values()):
                since.pop(route, None)
                return tell(self, route, results, None)
            return tell(self, route, results, since.setdefault(route, self._clock.now()))

        return deliver

    patch(Relay, "_deliver", make)


@mutation(
    scenarios=(*_DEAD, *_OTHERS),
    caught=(
        fails("own_lifetime", "lifetime/each-message"),
        fails("own_lifetime", "lifetime/each-message", profile="rfc"),
    ),
)
def has_a_lifetime_for_each_host() -> None:
    """Counts the lifetime from the first failure of a destination, whatever message it was."""

    def tell(relay: Any, _: Any, results: Any, since: float | None) -> Any:
        if since is None or relay._clock.now() - since < relay._config.schedule.queue_lifetime:
            return results
        return {who: result if result.permanent else expired(result) for who, result in results.items()}

    _failing_since(tell)


@mutation(
    scenarios=(*_DEAD, *_OTHERS),
    caught=(
        fails("own_lifetime", "queue/recovers"),
        fails("own_lifetime", "rfc/delivered-once", profile="rfc"),
    ),
)
def never_goes_again_where_a_message_expired() -> None:
    """Keeps new mail for a destination that has failed for a whole lifetime, and never tries it."""
    dead: set[Any] = set()

    def tell(relay: Any, route: Any, results: Any, since: float | None) -> Any:
        if since is not None and relay._clock.now() - since >= 0.9 * relay._config.schedule.queue_lifetime:
            dead.add(route)
        return results

    _failing_since(tell)
    _tries_new_mail(lambda relay, route: 1e6 if route in dead else 0.0)


@mutation(scenarios=(*_DEAD, *_OTHERS), profiles=("rfc",))
def new_mail_waits_for_the_turn_of_its_host() -> None:
    """Tries new mail for a destination that is known to fail after the longest wait only."""
    failing: set[Any] = set()

    def tell(_: Any, route: Any, results: Any, since: float | None) -> Any:
        failing.discard(route) if since is None else failing.add(route)
        return results

    _failing_since(tell)
    _tries_new_mail(
        lambda relay, route: relay._config.schedule.max_retry_interval if route in failing else 0.0
    )


def _tries_new_mail(after: Any) -> None:
    """Have new mail wait for so many seconds before its first attempt, by relay and destination."""

    def make(original: Any) -> Any:
        def adopt(self: Any, message: Message) -> None:
            for recipient in message.recipients:
                recipient.next_retry += after(self, choose_destination(recipient.address, self._config))
            original(self, message)

        return adopt

    patch(Relay, "_adopt", make)
