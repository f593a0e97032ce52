"""Many messages for one destination, further reports: how a queue comes to a stand."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from mutants.patching import patch

from conformance.reference.errors import Failure
from conformance.reference.relay import Relay
from foreign.change import fault
from foreign.marker import marked

_TOO_LONG = 25  # messages
_BEARS = 2  # refusals
_DISABLED = 60.0  # seconds


def _failed(results: Any) -> list[Failure]:
    return [each for each in results.values() if isinstance(each, Failure)]


@fault(
    kind=4,
    reference="https://github.com/haraka/Haraka/issues/305",
    reported="When the queue had grown to some hundreds delivery was disabled for a moment, and never began again.",
    requirements=("backlog/slots-returned",),
)
def never_goes_on_when_the_queue_was_long() -> None:
    """Tries nothing any more for a destination for which 25 messages waited at once."""
    waiting: Counter[Any] = Counter()
    stopped: set[Any] = set()

    def make(original: Any) -> Any:
        async def attempt(self: Any, message: Any, route: Any, recipients: Any) -> None:
            waiting[route] += 1
            try:
                if waiting[route] >= _TOO_LONG:
                    stopped.add(route)
                if route in stopped:
                    marked(message)
                    await asyncio.Event().wait()
                await original(self, message, route, recipients)
            finally:
                waiting[route] -= 1

        return attempt

    patch(Relay, "_attempt", make)


@fault(
    kind=4,
    reference="https://github.com/stalwartlabs/stalwart/issues/1066",
    reported="The limit of connections was said to be reached while nothing was sent at all; nothing went out any "
    "more.",
    requirements=("backlog/slots-returned",),
    first=("backlog_refused",),
)
def counts_connections_that_it_never_had() -> None:
    """Counts each attempt that ends without a connection as one that is open, and makes no more than 25."""
    counted: Counter[Any] = Counter()

    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Any, route: Any, recipients: Any) -> Any:
            if counted[route] >= _TOO_LONG:
                marked(message)
                failure = Failure(code="451", status="4.4.5", text="Outbound concurrency limit exceeded")
                return dict.fromkeys(recipients, failure)
            results = await original(self, message, route, recipients)
            if any(each.text == "Connection refused" for each in _failed(results)):
                counted[route] += 1
            return results

        return deliver

    patch(Relay, "_deliver", make)


@fault(
    kind=4,
    reference="https://github.com/OpenSMTPD/OpenSMTPD/issues/374",
    reported="A few recipients whom the next server did not know were enough to disable the route to it for a while.",
    requirements=("batch/in-time", "batch/not-held-up", "batch/delivered"),
)
def avoids_a_server_that_refused_recipients() -> None:
    """Tries nothing for a minute at a destination that has refused two messages for good."""
    refusals: Counter[Any] = Counter()
    until: dict[Any, float] = {}

    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Any, route: Any, recipients: Any) -> Any:
            loop = asyncio.get_running_loop()
            if loop.time() < until.get(route, 0.0):
                marked(message)
                failure = Failure(code="451", status="4.4.0", text="Route disabled")
                return dict.fromkeys(recipients, failure)
            results = await original(self, message, route, recipients)
            refusals[route] += sum(each.permanent for each in _failed(results))
            if refusals[route] >= _BEARS:
                until[route] = loop.time() + _DISABLED
                refusals[route] = 0
            return results

        return deliver

    patch(Relay, "_deliver", make)
