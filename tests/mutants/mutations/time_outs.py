"""Sessions without time-outs, or with one that is too short."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from aiosmtplib.errors import SMTPReadTimeoutError
from aiosmtplib.protocol import SMTPProtocol

from conformance.reference.classify import Cause, Stage
from conformance.reference.errors import SessionFailed
from conformance.reference.session import Reply, Session
from conformance.reference.transaction import Transaction
from mutants.mutant import Expected, deviates, fails, hence, mutation
from mutants.patching import patch
from mutants.selection import Selection, cells
from mutants.shared import one_at_a_time, say_quit_into_the_silence

_NEVER = 1e6  # seconds
_ERROR = ("error_code", "error_detail", "destination_server")
# of a silent greeting the source document asks for a detail, of the other ones it does not
_SILENT = cells("stall").without("greeting_timeout")
_STALLS = (_SILENT, "greeting_timeout")
_TRICKLES = cells("trickle")
_ENDLESS = cells("endless")
_HELD_AT_QUIT = ("trickle_at_quit", "endless_at_quit")


def _ends(*trickles: str | Selection) -> tuple[Expected, ...]:
    aspects = (*_ERROR, "stays_queued", "retried")
    return hence("a reply that trickles comes to its end", *aspects, verdict="not_applicable", modes=trickles)


@mutation(scenarios=("slow", "plain"), caught=(fails("delivered", "control/delivered", "slow"),))
def has_no_patience() -> None:
    """Waits for a reply less than half as long as it grants."""

    def make(original: Any) -> Any:
        def init(self: Any, transport: Any, protocol: Any, timeouts: Any) -> None:
            hasty = replace(timeouts, command=0.4 * timeouts.command, data_done=0.4 * timeouts.data_done)
            original(self, transport, protocol, hasty)

        return init

    patch(Session, "__init__", make)


def _patient(method: str, *, when: tuple[Stage, ...] = ()) -> None:
    """Wait without end in a method of a session, at some stages or whatever the stage."""

    def make(original: Any) -> Any:
        async def wait(self: Any, *args: Any, **more: Any) -> Any:
            timeouts = self._timeouts
            if not when or args[0] in when:
                self._timeouts = replace(timeouts, command=_NEVER, data_done=_NEVER)
            try:
                return await original(self, *args, **more)
            finally:
                self._timeouts = timeouts

        return wait

    patch(Session, method, make)


def _leaves_only_with_an_answer() -> None:
    async def leave(self: Any) -> None:
        try:
            await self._protocol.execute_command(b"QUIT")
        finally:
            self._transport.close()

    patch(Session, "_leave", lambda _: leave)


@mutation(
    scenarios=(*_STALLS, _TRICKLES, _ENDLESS, "stall_at_quit", *_HELD_AT_QUIT),
    caught=(
        fails("times_out", "session/times-out", *_STALLS, "stall_at_quit"),
        deviates("times_out", "session/total-deadline", _TRICKLES, _ENDLESS, *_HELD_AT_QUIT),
    ),
    also=_ends(_TRICKLES),
)
def never_times_out() -> None:
    """Waits without end for whatever a server has to say."""
    for method in ("greet", "command", "starttls", "send_body"):
        _patient(method)
    _leaves_only_with_an_answer()


@mutation(
    scenarios=("trickle_at_rcpt", "endless_at_data", "stall_at_rcpt", "stall_at_data"),
    caught=(deviates("times_out", "session/total-deadline", "trickle_at_rcpt", "endless_at_data"),),
    also=_ends("trickle_at_rcpt"),
)
def times_each_read() -> None:
    """Has a time-out for each read and none for the reply."""
    heard: dict[int, int] = {}

    def count(original: Any) -> Any:
        def data_received(self: Any, data: bytes) -> None:
            heard[id(self)] = heard.get(id(self), 0) + 1
            original(self, data)

        return data_received

    def make(original: Any) -> Any:
        async def read_response(self: Any, timeout: float | None = None) -> Any:
            waiter = self._response_waiter
            while timeout is not None and waiter is not None and not waiter.done():
                before = heard.get(id(self), 0)
                await asyncio.wait({waiter}, timeout=timeout)
                if not waiter.done() and heard.get(id(self), 0) == before:
                    raise SMTPReadTimeoutError("Timed out waiting for server response")
            return await original(self, timeout)

        return read_response

    one_at_a_time()
    patch(SMTPProtocol, "data_received", count)
    patch(SMTPProtocol, "read_response", make)


def _limited(stage: Stage) -> None:
    def make(original: Any) -> Any:
        async def command(self: Any, at: Stage, line: str) -> Reply:
            if at is stage:
                self._timeouts = replace(self._timeouts, command=2.0)
            reply: Reply = await original(self, at, line)
            if at is stage:
                self._timeouts = replace(self._timeouts, command=_NEVER)
            return reply

        return command

    patch(Session, "command", make)


@mutation(
    scenarios=("stall_at_handshake", "stall_at_starttls", "stall_at_ehlo_tls"),
    caught=(fails("times_out", "session/times-out", "stall_at_handshake"),),
)
def waits_for_ever_in_the_handshake() -> None:
    """Has no time-out for the TLS handshake."""
    _patient("starttls")
    # the reply to STARTTLS is waited for within its time-out all the same
    _limited(Stage.STARTTLS)


@mutation(
    scenarios=("stall_at_data", "stall_at_rcpt", "stall_at_dot"),
    caught=(fails("times_out", "session/times-out", "stall_at_data"),),
)
def waits_for_ever_after_data() -> None:
    """Has no time-out for the reply to DATA."""
    _patient("command", when=(Stage.DATA,))


@mutation(
    scenarios=("stall_at_body", "stall_at_dot"),
    caught=(fails("times_out", "session/times-out", "stall_at_body"),),
)
def waits_for_ever_in_the_body() -> None:
    """Has no time-out while a server takes no more of the message."""

    def make(original: Any) -> Any:
        async def watch(self: Any, reply: Any) -> None:
            while not reply.done() and self._transport.get_write_buffer_size():
                await asyncio.wait({reply}, timeout=0.1)
            await original(self, reply)

        return watch

    patch(Session, "_watch_sending", make)


@mutation(
    scenarios=("greeting_timeout", "stall_at_ehlo_tls", "stall_at_rcpt", "stall_at_dot", "stall_at_body"),
    caught=(
        deviates(
            *("tidy", "hygiene/connections"),
            *("greeting_timeout", "stall_at_ehlo_tls", "stall_at_rcpt", "stall_at_dot"),
        ),
    ),
    brings=dict.fromkeys(
        ("session/times-out", "session/total-deadline"),
        "where QUIT itself gets no answer, or one without end, the same wait holds the attempt",
    ),
)
def waits_for_ever_for_the_answer_to_quit() -> None:
    """Says QUIT after a time-out, and waits without end for the answer."""
    say_quit_into_the_silence()
    _leaves_only_with_an_answer()


@mutation(
    scenarios=("stall_at_dot", "plain"),
    caught=(deviates("times_out", "session/not-anew", "stall_at_dot"),),
)
def begins_anew_behind_an_unanswered_dot() -> None:
    """Says MAIL again on the same connection where the reply to the final dot does not come in time, and gives up."""

    def make(original: Any) -> Any:
        async def run(self: Any, message: Any, *args: Any) -> None:
            try:
                await original(self, message, *args)
            except SessionFailed as error:
                if error.stage is Stage.BODY and error.cause is Cause.SILENT:
                    self._session._transport.write(f"MAIL FROM:<{message.sender}>\r\n".encode())
                raise

        return run

    patch(Transaction, "run", make)


@mutation(
    scenarios=("reads_slowly", "big", "slow", "stall_at_body"),
    caught=(deviates("delivers_anyway", "session/each-block", "reads_slowly"),),
)
def times_the_content_as_a_whole() -> None:
    """Counts the time-out for content from its beginning, whatever is taken meanwhile."""

    def make(_original: Any) -> Any:
        async def watch(self: Any, reply: Any) -> None:
            await asyncio.wait({reply}, timeout=self._timeouts.data_done)
            if not reply.done():
                raise SessionFailed(Stage.BODY, Cause.SILENT, "Timed out while sending")

        return watch

    patch(Session, "_watch_sending", make)
