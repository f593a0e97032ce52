"""A reference relay that uses a connection for one message after another, which several faults and oddities are about.

The relay itself makes a connection for each message. Here one that took a message is kept for a moment, and the next
message for the same server goes over it, if there is still a server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiosmtplib.errors import SMTPException
from mutants.patching import patch

from conformance.reference import delivery, relay
from conformance.reference.classify import Stage
from conformance.reference.delivery import Delivery
from conformance.reference.errors import SessionFailed
from conformance.reference.session import Session
from conformance.reference.transaction import Delivered, Transaction

_IDLE = 2.0  # seconds for which a connection is kept

Prepare = Callable[[Session], Awaitable[bool]]

_kept: dict[Any, Session] = {}
_places: dict[Session, Any] = {}
_took_a_message: set[Session] = set()


def reuses_connections(
    prepare: Prepare, *, also_after_refusals: bool = False, whatever_rule: bool = False
) -> None:
    """Have messages for the same server follow each other over one connection.

    Args:
        prepare: Makes a connection that was kept ready for MAIL; False: it is of no use, and a new one is made.
        also_after_refusals: Whether a connection is kept on which nothing was delivered.
        whatever_rule: Whether a connection serves mail that goes there by another rule, too.
    """
    # one connection for each destination, else messages that wait together would have one each
    patch(relay, "_SESSIONS_PER_DESTINATION", lambda _: 1)

    def opened(original: Any) -> Any:
        async def open_session(self: Any, host: str, address: str) -> Session:
            place = address if whatever_rule else (self._route, host, address)
            session = _kept.pop(place, None)
            if session is not None:
                if await prepare(session):
                    return session
                session.abort()
            fresh: Session = await original(self, host, address)
            _places[fresh] = place
            return fresh

        return open_session

    def parted(original: Any) -> Any:
        def part(session: Session, error: SessionFailed | None) -> None:
            place = _places.get(session)
            took = session in _took_a_message
            _took_a_message.discard(session)
            if error is None and place is not None and (took or also_after_refusals) and place not in _kept:
                _kept[place] = session
                asyncio.get_running_loop().call_later(_IDLE, _leave, place, session)
            else:
                _places.pop(session, None)
                original(session, error)

        return part

    def ran(original: Any) -> Any:
        async def run(self: Any, *message: Any) -> None:
            await original(self, *message)
            if any(isinstance(result, Delivered) for result in self._results.values()):
                _took_a_message.add(self._session)

        return run

    patch(Delivery, "_open_session", opened)
    patch(delivery, "part", parted)
    patch(Transaction, "run", ran)


def _leave(place: Any, session: Session) -> None:
    if _kept.get(place) is session:
        del _kept[place]
        _places.pop(session, None)
        session.leave()


async def is_ready(session: Session, command: str) -> bool:
    """Tell whether the server on a connection that was kept still answers a command, as it must."""
    if session._transport.is_closing():
        return False
    try:
        await session._settle(session._timeouts.command)
        return (await session.command(Stage.MAIL, command)).positive
    except (SessionFailed, SMTPException):
        return False


def is_gone(session: Session) -> bool:
    """Tell whether the server has closed a connection that was kept."""
    return bool(session._transport.is_closing()) or session._protocol._response_waiter is None
