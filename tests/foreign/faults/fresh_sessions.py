"""Sessions, further reports: how they begin and end, how long they may last, and how many there are of one message."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from mutants.patching import patch

from conformance.reference.classify import Cause, Stage
from conformance.reference.delivery import Delivery
from conformance.reference.errors import SessionFailed
from conformance.reference.session import Session
from foreign.change import fault
from foreign.marker import in_hand, marked


@fault(
    kind=3,
    reference="https://github.com/cyrusimap/cyrus-imapd/issues/4960",
    reported="Whatever it was called, the machine introduced itself as localhost, which servers refused that want a "
    "name of its own.",
    requirements=("session/own-name",),
)
def calls_itself_localhost() -> None:
    """Says "EHLO localhost"."""

    def make(original: Any) -> Any:
        async def ehlo(self: Any, _hostname: str) -> None:
            marked()
            await original(self, "localhost")

        return ehlo

    patch(Session, "ehlo", make)


@fault(
    kind=2,
    reference="https://github.com/nodemailer/nodemailer/issues/1292",
    reported="Sessions were ended by closing the connection, without QUIT.",
    requirements=("session/quit",),
    first=("plain",),
)
def never_says_quit() -> None:
    """Closes connections without QUIT."""

    def make(_original: Any) -> Any:
        async def leave(self: Any) -> None:
            if in_hand() is not None:
                marked()
            self._transport.close()

        return leave

    patch(Session, "_leave", make)


@fault(
    kind=6,
    reference="https://github.com/twisted/twisted/issues/3641",
    reported="A large message over a slow connection was broken off: its time-out ran from the beginning, however "
    "much was sent meanwhile.",
    requirements=("session/each-block", "session/each-command", "content/delivered"),
    first=("reads_slowly", "big"),
)
def counts_the_time_out_of_a_message_from_its_beginning() -> None:
    """Gives the sending of a message and the reply to it one time-out for both, whatever is under way."""

    def make(_original: Any) -> Any:
        async def watch_sending(self: Any, reply: Any) -> None:
            sending = self._transport.get_write_buffer_size() > 0
            await asyncio.wait({reply}, timeout=self._timeouts.data_done)
            if not reply.done():
                if sending:
                    marked()
                raise SessionFailed(Stage.BODY, Cause.SILENT, "Timed out while sending")

        return watch_sending

    patch(Session, "_watch_sending", make)


@fault(
    kind=4,
    reference="https://github.com/postalserver/postal/issues/198",
    reported="Each message was pulled out of the queue twice at once, by two workers that both took it for theirs, "
    "and came twice.",
    requirements=("control/delivered", "nothing-lost/once"),
    first=("plain",),
)
def takes_each_message_up_twice() -> None:
    """Makes two first attempts of each message, side by side."""

    def make(original: Any) -> Any:
        async def run(self: Any, message: Any, content: bytes, recipients: Any) -> Any:
            if any(each.attempts for each in recipients):
                return await original(self, message, content, recipients)
            marked(message)
            both = (original(self, message, content, recipients) for _ in range(2))
            results, _ = await asyncio.gather(*both)
            return results

        return run

    patch(Delivery, "run", make)


_MOST_FILES = 700
_leaked: list[int] = []


@fault(
    kind=4,
    reference="https://github.com/maildev/maildev/issues/423",
    reported="After some seven hundred messages nothing was relayed any more: each had left a file descriptor open.",
    requirements=("backlog/slots-returned", "batch/delivered"),
    first=("backlog_refused", "many_at_once"),
    unseen="it takes seven hundred attempts of one relay, which only the queue of ten thousand has, at night",
)
def leaves_a_file_open_for_each_message() -> None:
    """Leaves a file open for each attempt, and makes none when there are seven hundred of them."""

    def make(original: Any) -> Any:
        async def run(self: Any, message: Any, content: bytes, recipients: Any) -> Any:
            if len(_leaked) >= _MOST_FILES:
                marked(message)
                raise OSError("Too many open files")
            _leaked.append(os.open(os.devnull, os.O_RDONLY))
            return await original(self, message, content, recipients)

        return run

    patch(Delivery, "run", make)
