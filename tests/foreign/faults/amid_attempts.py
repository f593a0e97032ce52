"""What falls into an attempt: an end, an edit, a stop, or an attempt that has no end of its own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable
from typing import Any

from mutants.patching import patch

from conformance.reference import connect, routing, schedule
from conformance.reference.message import State
from conformance.reference.relay import Relay
from conformance.reference.schedule import Agenda
from conformance.reference.session import Session
from conformance.reference.transaction import Transaction
from foreign.change import fault
from foreign.marker import each_marked, in_hand, marked

_FOR_EVER = 1_000_000.0  # seconds
_TAKES_EFFECT = ("correction/takes-effect",)
_DIED = 70


async def _marked_when_late(waiting: Awaitable[Any], patience: float) -> Any:
    """Wait without end, and say so when it took longer than it should."""
    task = asyncio.ensure_future(waiting)
    try:
        await asyncio.wait({task}, timeout=patience)
        if not task.done() and in_hand() is not None:
            marked()
        return await task
    finally:
        task.cancel()


@fault(
    kind=9,
    reference="https://github.com/haraka/Haraka/issues/2683",
    reported=(
        "A server that takes the connection and never greets held a delivery for ever, without a word in the "
        "log."
    ),
    requirements=("session/times-out", "between/expires-in-attempt"),
    first=("greeting_timeout",),
)
def waits_for_a_greeting_for_ever() -> None:
    """Waits for a greeting without a time-out."""

    def make(original: Any) -> Any:
        async def greet(self: Any) -> None:
            timeouts = self._timeouts
            patience, self._timeouts = timeouts.command, _patient(timeouts)
            try:
                await _marked_when_late(original(self), patience)
            finally:
                self._timeouts = timeouts

        return greet

    patch(Session, "greet", make)


def _patient(timeouts: Any) -> Any:
    from dataclasses import replace

    return replace(timeouts, command=_FOR_EVER)


@fault(
    kind=9,
    reference="https://github.com/cole/aiosmtplib/issues/50",
    reported=(
        "A connection that nobody answers was waited for without end: the time-out that was documented was "
        "none."
    ),
    requirements=("hosts/next-host", "queue/retried", "between/expires-in-attempt"),
    first=("first_host_hangs", "connect_timeout"),
)
def waits_for_a_connection_for_ever() -> None:
    """Waits for a connection without a time-out of its own."""

    def make(original: Any) -> Any:
        async def open_socket(address: str, port: int, timeout: float) -> Any:
            return await _marked_when_late(original(address, port, _FOR_EVER), timeout)

        return open_socket

    patch(connect, "open_socket", make)


@fault(
    kind=9,
    reference="https://github.com/KumoCorp/kumomta/issues/539",
    reported=(
        "Messages that were ready to be delivered when their age ran out were neither delivered nor returned "
        "for days."
    ),
    requirements=("between/expires-in-attempt", "lifetime/ends"),
)
def overlooks_the_end_while_it_tries() -> None:
    """Never returns a message whose lifetime ended while it was tried."""

    def make(original: Any) -> Any:
        def expire(self: Any, message: Any) -> None:
            if any(recipient.state is State.TRYING for recipient in message.recipients):
                marked(message)
            else:
                original(self, message)

        return expire

    patch(Relay, "_expire", make)
    patch(schedule, "is_expired", lambda _: lambda *_arguments: False)


@fault(
    kind=9,
    reference="https://github.com/OpenSMTPD/OpenSMTPD/issues/793",
    reported=(
        "A message that was under way when an operator removed it came back into the queue, and went on as "
        "before."
    ),
    requirements=("between/edit-in-attempt",),
)
def goes_on_as_before_with_what_is_under_way() -> None:
    """Keeps to the old way with mail that is tried while settings are changed."""
    before: dict[Any, Any] = {}

    def apply(original: Any) -> Any:
        def apply(self: Any, config: Any) -> None:
            trying = [each for recipients in self._attempts.values() for each in recipients]
            changed = [
                each
                for each in trying
                if routing.settings_of(each.address, self._config)
                != routing.settings_of(each.address, config)
            ]
            for each in changed:
                before[each.address] = self._config
                each.state = State.SETTLING  # of which it thinks that nothing can be called off
            each_marked(changed)
            original(self, config)

        return apply

    def chosen(original: Any) -> Any:
        return lambda address, config: original(address, before.get(address, config))

    patch(Relay, "apply", apply)
    patch(routing, "choose_destination", chosen)


@fault(
    kind=9,
    reference="https://github.com/seijikun/idlemail/issues/3",
    reported="Mail that was tried when the program was stopped was lost if that try did not succeed.",
    requirements=("between/stop-in-attempt",),
)
def loses_what_is_tried_when_it_stops() -> None:
    """Forgets what it tries when it is told to stop."""

    def make(original: Any) -> Any:
        async def abandon(self: Any) -> None:
            trying = {each for recipients in self._attempts.values() for each in recipients}
            for message, recipient in self.queue():
                if recipient in trying:
                    marked(recipient)
                    await self._spool.settle(message, gone=[recipient], deferred=(), report=None)
            await original(self)

        return abandon

    patch(Relay, "abandon", make)


@fault(
    kind=9,
    reference="https://github.com/OpenSMTPD/OpenSMTPD/issues/275",
    reported="The relay's settings were put right, but mail that was queued already went on trying the old ones.",
    requirements=_TAKES_EFFECT,
)
def keeps_the_way_that_was_chosen_first() -> None:
    """Chooses the way of a recipient's mail once, whatever is edited later."""
    first: dict[str, Any] = {}

    def make(original: Any) -> Any:
        def choose_destination(address: str, config: Any) -> Any:
            now = original(address, config)
            if first.setdefault(address, now) != now:
                marked(address)
            return first[address]

        return choose_destination

    patch(routing, "choose_destination", make)


@fault(
    kind=9,
    reference="https://github.com/hmailserver/hmailserver/issues/86",
    reported=(
        "After an operator had changed the queue nothing was delivered any more, until the service was "
        "started again."
    ),
    requirements=_TAKES_EFFECT,
)
def forgets_what_waits_when_it_is_edited() -> None:
    """Plans no retry any more for what waits while settings are changed."""

    def make(original: Any) -> Any:
        def apply(self: Any, config: Any) -> None:
            waiting = [recipient for _, recipient in self.queue() if recipient.state is State.WAITING]
            each_marked(waiting)
            original(self, config)
            self._retries = Agenda()

        return apply

    patch(Relay, "apply", make)


@fault(
    kind=9,
    reference="https://github.com/OpenSMTPD/OpenSMTPD/issues/1046",
    reported=(
        "A command of the operator's that concerned a queued message ended the scheduler, and the whole "
        "server with it."
    ),
    requirements=("between/flush-in-attempt", "relay/survives"),
    first=("stall_at_mail.expires",),
)
def dies_of_a_flush_amid_an_attempt() -> None:
    """Ends when it is told to try everything while something is tried."""

    def make(original: Any) -> Any:
        def flush(self: Any) -> int:
            trying = [each for each in self.queue() if each[1].state is State.TRYING]
            if trying:
                each_marked(recipient for _, recipient in trying)
                os._exit(_DIED)
            flushed: int = original(self)
            return flushed

        return flush

    patch(Relay, "flush", make)


@fault(
    kind=9,
    reference="https://github.com/OpenSMTPD/OpenSMTPD/issues/31",
    reported="DATA was sent although not a single recipient had been accepted.",
    requirements=("offers/nobody",),
    first=("data_for_nobody_5yz", "data_for_nobody_4yz"),
)
def sends_the_content_for_nobody() -> None:
    """Sends the content where a server asks for it although it has refused every recipient."""

    def make(original: Any) -> Any:
        async def run(self: Any, message: Any, content: bytes, *others: Any) -> None:
            await original(self, message, content, *others)
            session = self._session
            if session._wanted or "DATA" not in session._group:
                return
            while session._group:
                line = session._group.popleft()
                reply = await session._protocol.read_response(session._timeouts.command)
                if line == "DATA" and reply.code == 354:
                    marked()
                    await session.send_body(content)

        return run

    patch(Transaction, "run", make)
