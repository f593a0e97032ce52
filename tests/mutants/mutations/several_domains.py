"""Recipients in several domains, of whom one's fate is made another's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conformance.reference.errors import Failure
from conformance.reference.message import Message, Recipient, State
from conformance.reference.relay import Relay
from conformance.reference.routing import choose_destination
from mutants.mutant import fails, hence, mutation
from mutants.patching import patch

_DOMAINS = "plain_three_recipients_in_three_domains"
_TWO_DOMAINS = "plain_two_recipients_in_two_domains"
_MIXED = (
    "domains_accepted_deferred_refused",
    "domains_deferred_refused_deferred",
    "domains_refused_deferred_deferred",
)


@mutation(
    scenarios=(_DOMAINS, "plain"),
    caught=(fails("delivered", "control/delivered", _DOMAINS),),
)
def serves_two_domains_of_a_message() -> None:
    """Hands a message over in two domains at most, and forgets the recipients in others."""

    def make(original: Any) -> Any:
        async def accept(self: Any, message: Message, content: bytes) -> None:
            del message.recipients[2:]
            await original(self, message, content)

        return accept

    patch(Relay, "accept", make)


@mutation(
    scenarios=(_TWO_DOMAINS, "plain"),
    caught=(fails("delivered", "control/delivered", _TWO_DOMAINS),),
)
def serves_one_domain_of_two() -> None:
    """Hands a message for two over to the first, and forgets the other."""

    def make(original: Any) -> Any:
        async def accept(self: Any, message: Message, content: bytes) -> None:
            del message.recipients[1:]
            await original(self, message, content)

        return accept

    patch(Relay, "accept", make)


@mutation(
    scenarios=_MIXED,
    caught=(fails("each_recipient", "recipients/own-outcome"),),
)
def returns_all_that_waits_with_one_refused() -> None:
    """Gives everybody up who still waits, in whatever domain, when one recipient is refused."""

    def make(original: Any) -> Any:
        async def conclude(self: Any, message: Message, results: Any) -> None:
            refused = [each for each in results.values() if isinstance(each, Failure) and each.permanent]
            await original(self, message, results)
            waiting = {
                who: refused[0]
                for who in message.recipients
                if refused and who.state is State.WAITING and who not in results
            }
            if waiting:
                for who in waiting:
                    who.state = State.SETTLING
                await original(self, message, waiting)

        return conclude

    patch(Relay, "_conclude", make)


@mutation(
    scenarios=_MIXED,
    caught=(fails("each_recipient", "recipients/own-outcome", *_MIXED[:2]),),
    also=hence("none of the deferred comes after the refused one there", "each_recipient", modes=_MIXED[2:]),
)
def forgets_whoever_waits_after_a_refusal() -> None:
    """Forgets recipients in other domains that still wait, once the report about one is made."""

    def make(original: Any) -> Any:
        async def settle(self: Any, message: Message, *args: Any, **outcome: Any) -> None:
            await original(self, message, *args, **outcome)
            if outcome.get("lost"):
                for each in message.recipients:
                    each.state = State.GONE if each.state is State.WAITING else each.state

        return settle

    patch(Relay, "_settle", make)


@mutation(
    scenarios=(_DOMAINS, *_MIXED[:1]),
    caught=(fails("each_recipient", "recipients/own-server"),),
)
def sends_all_to_the_first_domain_again() -> None:
    """Sends retries for every domain to the server of the first one."""

    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Message, route: Any, recipients: Sequence[Recipient]) -> Any:
            if len(message.recipients) > 1 and recipients[0].attempts:
                route = choose_destination(message.recipients[0].address, self._config)
            return await original(self, message, route, recipients)

        return deliver

    patch(Relay, "_deliver", make)


@mutation(
    scenarios=(_DOMAINS, "domains_accepted_accepted_deferred", "domains_deferred_deferred_accepted"),
    caught=(fails("each_recipient", "recipients/delivered-once"),),
)
def starts_again_with_all_domains() -> None:
    """Hands a message to all its recipients again when one domain is tried again."""

    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Message, route: Any, recipients: Sequence[Recipient]) -> Any:
            if recipients[0].attempts == 1:
                for other in message.recipients:
                    if other not in recipients and other.state is State.GONE:
                        way = choose_destination(other.address, self._config)
                        await original(self, message, way, [other])
            return await original(self, message, route, recipients)

        return deliver

    patch(Relay, "_deliver", make)


@mutation(
    scenarios=("domains_deferred_accepted_refused.expires",),
    caught=(fails("each_ends", "recipients/each-ends"),),
)
def reports_one_domain_of_a_message() -> None:
    """Reports the recipients of a message once, and no others of it later."""
    told: set[str] = set()

    def make(original: Any) -> Any:
        async def report(self: Any, message: Message, now: float, failures: Any) -> Any:
            if message.queue_id in told:
                return None
            if failures:
                told.add(message.queue_id)
            return await original(self, message, now, failures)

        return report

    patch(Relay, "_report", make)
