"""Many messages for one destination: slots, limits, and what one of them does to the others."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Any

from mutants.patching import patch

from conformance.reference import errors, relay
from conformance.reference.classify import Cause, Stage
from conformance.reference.delivery import Delivery
from conformance.reference.errors import Failure, SessionFailed
from conformance.reference.relay import Relay
from foreign.change import fault
from foreign.marker import marked

_DEAD_LONG_ENOUGH = 0.5  # seconds that a message waits for another destination's
_AT_ONCE = 0.1  # seconds; one after the other, but not as fast as the machine allows


def _waiting_for_silent_servers(results: Any) -> bool:
    return any(isinstance(each, Failure) and "Timed out" in each.detail for each in results.values())


@fault(
    kind=4,
    reference="https://github.com/nodemailer/nodemailer-smtp-pool/issues/7",
    reported=(
        "After some hours all connections of the pool were taken for ever, and nothing was sent until a "
        "restart."
    ),
    requirements=("backlog/slots-returned",),
)
def loses_a_slot_with_each_time_out() -> None:
    """Does not give back the slot of an attempt that timed out."""
    lost: Counter[Any] = Counter()
    timed_out: set[asyncio.Task[Any] | None] = set()

    class Leaking(asyncio.Semaphore):
        def release(self) -> None:
            if asyncio.current_task() in timed_out:
                timed_out.discard(asyncio.current_task())
            else:
                super().release()

    leaking: dict[Any, asyncio.Semaphore] = {}

    def attempted(original: Any) -> Any:
        async def attempt(self: Any, message: Any, route: Any, recipients: Any) -> None:
            slots = leaking.setdefault(route, Leaking(relay._SESSIONS_PER_DESTINATION))
            self._slots[route] = slots
            if lost[route] == relay._SESSIONS_PER_DESTINATION:
                marked(message)
            await original(self, message, route, recipients)

        return attempt

    def delivered(original: Any) -> Any:
        async def deliver(self: Any, message: Any, route: Any, recipients: Any) -> Any:
            results = await original(self, message, route, recipients)
            if _waiting_for_silent_servers(results):
                lost[route] += 1
                timed_out.add(asyncio.current_task())
            return results

        return deliver

    patch(Relay, "_attempt", attempted)
    patch(Relay, "_deliver", delivered)


@fault(
    kind=4,
    reference="https://github.com/mohamedboukari/bunmail/issues/91",
    reported=(
        "Everything that was due for one server was sent at the same time, and it answered 421 for too many "
        "connections."
    ),
    requirements=("backlog/limits-respected",),
)
def knows_no_limit_for_a_destination() -> None:
    """Makes as many connections to a destination as there are messages for it."""
    under_way: Counter[Any] = Counter()
    usual: list[int] = []

    def unlimited(original: Any) -> int:
        usual.append(original)
        return 1_000_000

    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Any, route: Any, recipients: Any) -> Any:
            under_way[route] += 1
            if under_way[route] > usual[0]:
                marked()
            try:
                return await original(self, message, route, recipients)
            finally:
                under_way[route] -= 1

        return deliver

    patch(relay, "_SESSIONS_PER_DESTINATION", unlimited)
    patch(Relay, "_deliver", make)


@fault(
    kind=4,
    reference="https://github.com/Purelymail/purelymail-issues/issues/388",
    reported=(
        "A server that answered 421 for too many connections got no second chance: the mail was returned at "
        "once."
    ),
    requirements=("queue/kept",),
    first=("greeting_421",),
)
def bounces_for_421() -> None:
    """Returns mail where the session is refused with 421."""

    def make(original: Any) -> Any:
        def deferral(stage: Stage, cause: Cause, detail: str, **where: str) -> Failure:
            failure: Failure = original(stage, cause, detail, **where)
            if cause is not Cause.REJECTED or not detail.startswith("421"):
                return failure
            marked()
            return replace(failure, code="554", status="5.0.0")

        return deferral

    patch(errors, "deferral", make)


@fault(
    kind=4,
    reference="https://github.com/nodemailer/nodemailer/issues/1105",
    reported=(
        "A message whose connection was dropped was put back and taken out again without a pause and without "
        "end."
    ),
    requirements=("queue/retried", "rfc/retried"),
    first=("close_at_greeting", "close_at_mail"),
)
def comes_back_at_once_after_a_lost_connection() -> None:
    """Tries again at once where the connection was closed."""

    def make(original: Any) -> Any:
        def defer(self: Any, message: Any, now: float, recipients: Any) -> None:
            for recipient in recipients:
                if "closed by the remote server" in recipient.failure.detail:
                    marked(recipient)
                    recipient.next_retry = now + _AT_ONCE
            original(self, message, now, recipients)

        return defer

    patch(Relay, "_defer", make)


@fault(
    kind=4,
    reference="https://github.com/bruceg/nullmailer/issues/75",
    reported="One delivery that hung kept all others from being tried, for a month.",
    requirements=("queue/isolation", "backlog/healthy-beside-dead"),
)
def delivers_one_after_the_other() -> None:
    """Makes one delivery at a time, whatever it is for, and starts no other while it hangs."""
    turn = asyncio.Semaphore(1)

    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Any, route: Any, recipients: Any) -> Any:
            began = asyncio.get_running_loop().time()
            async with turn:
                if asyncio.get_running_loop().time() - began > _DEAD_LONG_ENOUGH:
                    marked()
                return await original(self, message, route, recipients)

        return deliver

    patch(Relay, "_deliver", make)


@fault(
    kind=4,
    reference="https://github.com/zone-eu/zone-mta/issues/182",
    reported=(
        "When a server was up again, its mail went on being deferred with the old network error until the "
        "sender was restarted."
    ),
    requirements=("queue/recovers", "rfc/delivered-once"),
    first=("connection_refused",),
)
def remembers_dead_servers_for_ever() -> None:
    """Never connects again to a server that did not answer or refused."""
    dead: dict[tuple[str, str], SessionFailed] = {}

    def make(original: Any) -> Any:
        async def open_session(self: Any, host: str, address: str) -> Any:
            if (host, address) in dead:
                marked()
                raise dead[host, address]
            try:
                return await original(self, host, address)
            except SessionFailed as error:
                if error.stage is Stage.CONNECT:
                    dead[host, address] = error
                raise

        return open_session

    patch(Delivery, "_open_session", make)


@fault(
    kind=4,
    reference="https://github.com/cole/aiosmtplib/issues/345",
    reported=(
        "Where the server did not answer QUIT, the client hung until its time-out, and the next message with "
        "it."
    ),
    requirements=("backlog/not-held-up-by-quit",),
)
def holds_its_slot_until_quit_is_answered() -> None:
    """Keeps the only slot of a destination until QUIT was answered, or was not for as long as a time-out."""
    patch(relay, "_SESSIONS_PER_DESTINATION", lambda _: 1)

    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Any, route: Any, recipients: Any) -> Any:
            from conformance.reference import session

            results = await original(self, message, route, recipients)
            leaving = set(session._leaving)
            if leaving:
                began = asyncio.get_running_loop().time()
                await asyncio.wait(leaving)
                if asyncio.get_running_loop().time() - began > _DEAD_LONG_ENOUGH:
                    marked()
            return results

        return deliver

    patch(Relay, "_deliver", make)
