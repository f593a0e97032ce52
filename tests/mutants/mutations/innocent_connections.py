"""Connections beside the one that a message takes: several at the same time, and one to the sender's own server."""

from __future__ import annotations

import asyncio
from typing import Any

from conformance.reference import delivery
from conformance.reference.classify import Stage
from conformance.reference.delivery import Delivery
from conformance.reference.errors import SessionFailed
from conformance.reference.message import Message
from conformance.reference.relay import Relay
from conformance.reference.routing import Here, choose_destination
from mutants.mutant import mutation
from mutants.patching import patch

_BOTH = ("rfc",)


@mutation(
    scenarios=("plain", "reply_421_at_ehlo", "close_at_ehlo", "close_at_mail", "stall_at_mail"),
    profiles=_BOTH,
)
def opens_one_connection_too_many() -> None:
    """Opens two connections at the same time, goes on with the one, and says QUIT on the other."""

    def make(original: Any) -> Any:
        async def open_session(self: Any, host: str, address: str) -> Any:
            tasks = [asyncio.create_task(original(self, host, address)) for _ in range(2)]
            await asyncio.wait(tasks)
            good = [task.result() for task in tasks if task.exception() is None]
            for session in good[1:]:
                session.leave()
            return good[0] if good else tasks[0].result()

        return open_session

    patch(Delivery, "_open_session", make)


@mutation(
    scenarios=(
        "plain",
        "rejected_at_rcpt",
        "report_silent_at_rcpt",
        "report_refused_at_rcpt",
        "report_deferred_at_mail",
    ),
    profiles=_BOTH,
)
def asks_whether_the_sender_is_known() -> None:
    """Asks the sender's server whether it takes a report before it accepts a message, and accepts it in any case."""

    def make(original: Any) -> Any:
        async def accept(self: Any, message: Message, content: bytes) -> None:
            if message.sender:
                await _ask(self, message.sender)
            await original(self, message, content)

        return accept

    patch(Relay, "accept", make)


async def _ask(relay: Any, sender: str) -> None:
    route = choose_destination(sender, relay._config)
    if isinstance(route, Here):
        return
    caller = Delivery(relay._config, relay._resolver, route, lambda: None)
    session = None
    try:
        [host, *_] = await delivery.find_hosts(route, relay._resolver, relay._config.hostname)
        [address, *_] = await delivery.find_addresses(host, route, relay._resolver)
        session = await caller._open_session(host, address)
        for line in ("MAIL FROM:<>", f"RCPT TO:<{sender}>", "RSET"):
            await session.command(Stage.RCPT, line)
        session.leave()
    except delivery.Unroutable:
        return
    except SessionFailed as error:
        if session is not None:
            delivery.part(session, error)
