"""One connection for several messages: in a bad state, closed meanwhile, or with replies to something else."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from mutants.patching import patch

from conformance.reference.classify import Cause, Stage
from conformance.reference.delivery import Delivery
from conformance.reference.errors import Failure, SessionFailed
from conformance.reference.session import Session
from conformance.reference.transaction import Delivered, Transaction
from foreign.change import fault
from foreign.marker import marked
from foreign.reuse import is_gone, is_ready, reuses_connections

_REFUSED = "421 4.4.2 Service closing transmission channel"
_STALE = ("reuse/stale-connection",)


@fault(
    kind=4,
    reference="https://github.com/nodemailer/nodemailer/issues/511",
    reported=(
        "A message for which a pooled connection was used that had been closed meanwhile was neither sent nor"
        " failed."
    ),
    requirements=_STALE,
)
def waits_for_ever_on_a_connection_that_is_gone() -> None:
    """Waits for a connection that it kept and the server has closed, and never comes back."""

    async def prepare(session: Session) -> bool:
        if is_gone(session):
            marked()
            await asyncio.Event().wait()
        return await is_ready(session, "RSET")

    reuses_connections(prepare)


@fault(
    kind=4,
    reference="https://github.com/chatmail/filtermail/pull/145",
    reported=(
        "A 421 that had come on a kept connection since the last message failed the next one, instead of a "
        "new connection."
    ),
    requirements=_STALE,
)
def fails_for_a_421_on_a_kept_connection() -> None:
    """Returns a message where the connection that it kept for it does not take it."""
    failed: set[Session] = set()

    async def prepare(session: Session) -> bool:
        if not await is_ready(session, "RSET"):
            marked()
            failed.add(session)
        return True

    def make(original: Any) -> Any:
        async def open_session(self: Any, host: str, address: str) -> Session:
            session: Session = await original(self, host, address)
            if session in failed:
                raise SessionFailed(Stage.MAIL, Cause.REJECTED, _REFUSED)
            return session

        return open_session

    def run(original: Any) -> Any:
        async def run(self: Any, *what: Any) -> Any:
            results = await original(self, *what)
            for recipient, result in results.items():
                if isinstance(result, Failure) and result.detail == _REFUSED:
                    results[recipient] = replace(result, code="554", status="5.4.2")
            return results

        return run

    reuses_connections(prepare)
    patch(Delivery, "_open_session", make)
    patch(Delivery, "run", run)


@fault(
    kind=4,
    reference="https://github.com/knadh/listmonk/issues/966",
    reported=(
        "One in ten messages failed with 503: the transaction before it on the same connection had not been "
        "ended."
    ),
    requirements=("reuse/clean-state",),
)
def says_no_rset_after_a_refusal() -> None:
    """Goes on over a connection on which a transaction was refused, and returns mail for the 503 that follows."""
    refused: set[Session] = set()

    async def prepare(session: Session) -> bool:
        if is_gone(session):
            return False
        await session._settle(session._timeouts.command)
        if session in refused:
            marked()
        return True

    reuses_connections(prepare, also_after_refusals=True)

    def make(original: Any) -> Any:
        async def run(self: Any, *what: Any) -> None:
            await original(self, *what)
            refused.discard(self._session)
            if not any(isinstance(result, Delivered) for result in self._results.values()):
                refused.add(self._session)

        return run

    patch(Transaction, "run", make)


@fault(
    kind=4,
    reference="https://github.com/haraka/Haraka/issues/1852",
    reported=(
        "A connection was taken for the next message before RSET was answered: its replies were read as "
        "another command's."
    ),
    requirements=("reuse/own-replies",),
)
def does_not_wait_for_the_reply_to_rset() -> None:
    """Says RSET on a connection that it has kept, and takes the reply for that to MAIL."""

    async def prepare(session: Session) -> bool:
        if is_gone(session):
            return False
        await session._settle(session._timeouts.command)
        marked()
        protocol = session._protocol
        protocol.write_group(["RSET"])

        async def after_rset(*command: bytes, timeout: float | None = None) -> Any:
            protocol.write(b" ".join(command) + b"\r\n")
            protocol.due += 1
            return await protocol.read_response(timeout)

        async def as_it_is(_: float) -> None:
            protocol.due = 0

        protocol.execute_command = after_rset  # type: ignore[method-assign]
        session._settle = as_it_is  # type: ignore[method-assign]
        session.extensions.pop("pipelining", None)
        return True

    reuses_connections(prepare)


@fault(
    kind=4,
    reference="https://github.com/letsencrypt/boulder/issues/3191",
    reported=(
        "After an error amid a transaction the next MAIL on that connection was answered as nested, and that "
        "mail failed too."
    ),
    requirements=("reuse/clean-state",),
)
def defers_the_next_message_for_the_last_ones_error() -> None:
    """Gives the error of a message to the next one on the same connection, too."""
    last: dict[Session, Failure] = {}

    def make(original: Any) -> Any:
        async def run(self: Any, message: Any, content: bytes, recipients: Any, hand_over: Any) -> None:
            failure = last.pop(self._session, None)
            if failure is not None:
                marked()
                self._results.update(dict.fromkeys(recipients, failure))
                return
            await original(self, message, content, recipients, hand_over)
            failures = [each for each in self._results.values() if isinstance(each, Failure)]
            if failures:
                last[self._session] = failures[0]

        return run

    async def prepare(session: Session) -> bool:
        return not is_gone(session) and await is_ready(session, "RSET")

    reuses_connections(prepare, also_after_refusals=True)
    patch(Transaction, "run", make)
