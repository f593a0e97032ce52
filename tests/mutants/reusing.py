"""A relay that uses its connections again: what mutations of several messages change of the reference relay."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from conformance.reference import delivery, relay
from conformance.reference.classify import Stage
from conformance.reference.delivery import Delivery
from conformance.reference.errors import Failure, SessionFailed
from conformance.reference.message import Message, Recipient
from conformance.reference.session import Reply, Session
from conformance.reference.transaction import Transaction
from mutants.patching import patch

_LEAVE_AFTER = 1.0  # seconds that a connection is kept for the next message
_PATIENCE = 1.0  # seconds for replies that are due

# What a relay makes of a transaction on a connection that was used before: the transaction, whom it was for, and how
# the session was lost, if it was.
Spoil = Callable[[Transaction, Sequence[Recipient], SessionFailed | None], None]

# Sessions that wait for the next message, by host and address, and who keeps them.
_idle: dict[tuple[str, str], list[Session]] = {}
_keepers: set[asyncio.Task[None]] = set()


def reply_to_reset(session: Session) -> Awaitable[Reply]:
    """Say RSET and wait for the reply."""
    return session.command(Stage.MAIL, "RSET")


async def after_reset(session: Session) -> bool:
    """Say RSET, and tell whether the session can be used again."""
    try:
        return (await reply_to_reset(session)).positive
    except SessionFailed:
        return False


async def as_it_is(session: Session) -> bool:
    """Use a session again without RSET, which is in order behind a message that was taken."""
    return True


def refuse(transaction: Transaction, recipients: Sequence[Recipient]) -> None:
    """Give those up who are not delivered."""
    failure = Failure(code="550", status="5.4.0", text="Connection trouble", server=transaction._server)
    waiting = delivery.unfinished(recipients, transaction._results)
    transaction._results.update(dict.fromkeys(waiting, failure))


def in_turn() -> None:
    """Have a relay make one connection to a destination at a time."""
    relay._SESSIONS_PER_DESTINATION = 1


def use_again(
    ready: Callable[[Session], Awaitable[bool]] = after_reset,
    spoil: Spoil | None = None,
    *,
    at_once: bool = True,
) -> None:
    """Have a relay keep each connection for the next message to the same place.

    Args:
        ready: Makes a session ready for another MAIL and tells whether it is; else a new one is opened.
        spoil: What becomes of a transaction on a connection that was used before; None: what it deserves.
        at_once: Whether what fails there is tried on a new connection at once; else it is deferred.
    """
    in_turn()
    patch(Delivery, "_open_session", lambda original: _taking(original, ready))
    patch(delivery, "part", _keeping)
    patch(Transaction, "run", lambda original: _spoiled(original, spoil))
    if at_once:
        patch(Delivery, "_try_address", _twice)


def _taking(original: Any, ready: Callable[[Session], Awaitable[bool]]) -> Any:
    async def open_session(self: Any, host: str, address: str) -> Any:
        waiting = _idle.get((host, address), [])
        while waiting:
            session: Any = waiting.pop()
            session.messages += 1
            if await ready(session):
                return session
            session.abort()
        session = await original(self, host, address)
        session.place, session.messages = (host, address), 1
        return session

    return open_session


def _keeping(original: Any) -> Any:
    def part(session: Any, error: SessionFailed | None) -> None:
        if error is not None or not hasattr(session, "place"):
            original(session, error)
            return
        keeping = asyncio.create_task(_keep(session))
        _keepers.add(keeping)
        keeping.add_done_callback(_keepers.discard)

    return part


async def _keep(session: Any) -> None:
    try:
        await session._settle(_PATIENCE)
    except Exception:  # noqa: BLE001 - whatever it is, nobody uses such a session again
        session.abort()
        return
    _idle.setdefault(session.place, []).append(session)
    await asyncio.sleep(_LEAVE_AFTER)
    with contextlib.suppress(ValueError):  # another message has it
        _idle[session.place].remove(session)
        session.leave()


def _spoiled(original: Any, spoil: Spoil | None) -> Any:
    async def run(self: Any, message: Message, content: bytes, recipients: Any, hand_over: Any) -> None:
        lost: SessionFailed | None = None
        try:
            await original(self, message, content, recipients, hand_over)
        except SessionFailed as error:
            lost = error
        if spoil is not None and getattr(self._session, "messages", 0) > 1:
            spoil(self, recipients, lost)
        if lost is not None:
            raise lost

    return run


def _twice(original: Any) -> Any:
    async def try_address(
        self: Any, host: str, address: str, message: Any, content: bytes, recipients: Any, results: Any
    ) -> bool:
        kept = bool(_idle.get((host, address)))
        safe: bool = await original(self, host, address, message, content, recipients, results)
        again = delivery.unfinished(recipients, results)
        if kept and safe and again:
            for session in _idle.pop((host, address), []):
                session.abort()
            safe = await original(self, host, address, message, content, again, results)
        return safe

    return try_address
