"""Relays that use a processor or hold a connection when there is nothing left to do with it."""

from __future__ import annotations

import asyncio
import math
from typing import Any

from conformance.reference import delivery
from conformance.reference.classify import Cause
from conformance.reference.errors import SessionFailed
from conformance.reference.message import Message
from conformance.reference.relay import Relay
from conformance.reference.session import Reply, Session
from mutants.mutant import deviates, fails, mutation
from mutants.patching import patch

_REFUSED = ("greeting_554", "starttls_454", "tls_not_offered")
_STALLS = ("greeting_timeout", "stall_at_ehlo", "stall_at_rcpt")
_kept: list[Session] = []


def _spin_when_left(seconds: float) -> None:
    """Go round in circles when a server has closed the connection, or refused something for good."""

    def spin(loop: asyncio.AbstractEventLoop, end: float) -> None:
        if loop.time() < end:
            loop.call_soon(spin, loop, end)

    spinning = False

    def make(original: Any) -> Any:
        async def read(self: Any, *args: Any) -> Any:
            nonlocal spinning
            begin = False
            try:
                reply: Reply = await original(self, *args)
                begin = reply.code >= 500
            except SessionFailed as error:
                begin = error.cause is Cause.CLOSED
                raise
            finally:
                if begin and not spinning:
                    spinning, loop = True, asyncio.get_running_loop()
                    spin(loop, loop.time() + seconds)
            return reply

        return read

    patch(Session, "_read", make)


def _keep_when_silent(seconds: float) -> None:
    """Keep the connection to a server that has fallen silent for so long after having given it up."""

    def make(original: Any) -> Any:
        def part(session: Any, error: SessionFailed | None) -> None:
            if error is None or error.cause is not Cause.SILENT:
                original(session, error)
            elif math.isfinite(seconds):
                asyncio.get_running_loop().call_later(seconds, session.abort)
            else:
                _kept.append(session)

        return part

    patch(delivery, "part", make)


@mutation(
    scenarios=("close_at_ehlo", "rejected_at_rcpt", "first_host_closes", "reset_at_ehlo", "dns_nxdomain"),
    caught=(deviates("tidy", "hygiene/processor", "close_at_ehlo", "rejected_at_rcpt", "first_host_closes"),),
)
def spins_after_a_close() -> None:
    """Uses all of a processor for good once a server has closed the connection, or refused something for good."""
    _spin_when_left(math.inf)


@mutation(
    scenarios=("connection_refused.day",),
    caught=(deviates("tidy", "hygiene/processor", "connection_refused"),),
)
def looks_for_old_mail_without_end() -> None:
    """Uses all of a processor once a message has grown old, in looking for that again and again."""
    old: list[Message] = []

    def make(original: Any) -> Any:
        def expire(self: Any, message: Message) -> None:
            old.append(message)
            original(self, message)

        return expire

    patch(Relay, "_expire", make)
    patch(Relay, "_nap", lambda original: lambda self: 0.0 if old else original(self))


@mutation(scenarios=("close_at_ehlo", "reset_at_ehlo"), profiles=("rfc",))
def spins_for_a_moment() -> None:
    """Uses all of a processor for three seconds once a server has closed the connection."""
    _spin_when_left(3.0)


@mutation(
    scenarios=(*_STALLS, "greeting_421"),
    caught=(deviates("tidy", "hygiene/connections", *_STALLS),),
)
def keeps_what_it_gave_up() -> None:
    """Keeps the connection to a server that has fallen silent open for good, though it has given it up."""
    _keep_when_silent(math.inf)


@mutation(scenarios=(*_STALLS, "greeting_421"), profiles=("rfc",))
def closes_half_a_second_later() -> None:
    """Closes the connection to a server that has fallen silent half a second after having given it up."""
    _keep_when_silent(0.5)


@mutation(scenarios=("plain", "verified_tls", "plain_mx"), caught=(fails("takes_leave", "session/quit"),))
def leaves_without_a_word() -> None:
    """Closes each connection without QUIT."""

    def make(original: Any) -> Any:
        async def leave(self: Any) -> None:
            self._transport.close()

        return leave

    patch(Session, "_leave", make)


@mutation(
    scenarios=(*_REFUSED, "plain"),
    caught=(deviates("leaves_refused", "session/quit-when-refused", *_REFUSED),),
)
def leaves_without_a_word_when_refused() -> None:
    """Closes a connection without QUIT if nothing came of it, whatever the reason."""

    def make(original: Any) -> Any:
        def part(session: Session, error: Any) -> None:
            if error is None:
                original(session, error)
            else:
                session.abort()

        return part

    patch(delivery, "part", make)
