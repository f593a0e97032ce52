"""Sins within a session: no time-outs, and replies that are taken for what they are not."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from aiosmtplib.errors import SMTPReadTimeoutError, SMTPResponseException
from aiosmtplib.protocol import SMTPProtocol

from conformance.reference import classify as classification
from conformance.reference import delivery, errors
from conformance.reference.classify import Cause, Condition, Stage
from conformance.reference.errors import Failure, SessionFailed
from conformance.reference.session import Reply, Session
from conformance.reference.transaction import Transaction
from mutants.patching import patch, sin

_NEVER = 1e6  # seconds
_LONGEST_LINE = 512  # octets, RFC 5321 section 4.5.3.1.5


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


@sin
def has_no_patience() -> None:
    def make(original: Any) -> Any:
        def init(self: Any, transport: Any, protocol: Any, timeouts: Any) -> None:
            hasty = replace(timeouts, command=0.4 * timeouts.command, data_done=0.4 * timeouts.data_done)
            original(self, transport, protocol, hasty)

        return init

    patch(Session, "__init__", make)


@sin
def never_times_out() -> None:
    for method in ("greet", "command", "starttls", "send_body"):
        _patient(method)
    _leaves_only_with_an_answer()


def _leaves_only_with_an_answer() -> None:
    async def leave(self: Any) -> None:
        try:
            await self._protocol.execute_command(b"QUIT")
        finally:
            self._transport.close()

    patch(Session, "_leave", lambda _: leave)


def say_quit_into_the_silence() -> None:
    """Have a relay take its leave by QUIT after a time-out as well, and wait for the answer."""

    def make(original: Any) -> Any:
        def part(session: Any, error: SessionFailed | None) -> None:
            # in the handshake nothing can be said, and amid the content QUIT would be content
            in_between = error is not None and error.stage is not Stage.HANDSHAKE
            if in_between and not session._transport.get_write_buffer_size():
                session.leave()
            else:
                original(session, error)

        return part

    patch(delivery, "part", make)


@sin
def waits_for_ever_for_the_answer_to_quit() -> None:
    say_quit_into_the_silence()
    _leaves_only_with_an_answer()


@sin
def waits_for_ever_in_the_handshake() -> None:
    _patient("starttls")
    # the reply to STARTTLS is waited for within its time-out all the same
    _limited(Stage.STARTTLS)


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


@sin
def waits_for_ever_after_data() -> None:
    _patient("command", when=(Stage.DATA,))


@sin
def waits_for_ever_in_the_body() -> None:
    def make(original: Any) -> Any:
        async def watch(self: Any, reply: Any) -> None:
            while not reply.done() and self._transport.get_write_buffer_size():
                await asyncio.wait({reply}, timeout=0.1)
            await original(self, reply)

        return watch

    patch(Session, "_watch_sending", make)


@sin
def times_each_read() -> None:
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

    patch(SMTPProtocol, "data_received", count)
    patch(SMTPProtocol, "read_response", make)


@sin
def every_session_fault_as_refused() -> None:
    session = (Cause.CLOSED, Cause.RESET, Cause.SILENT, Cause.REJECTED, Cause.MALFORMED, Cause.TLS_FAILED)

    def make(original: Any) -> Any:
        def classify(stage: Stage, cause: Cause) -> Condition:
            found: Condition = classification.REFUSED if cause in session else original(stage, cause)
            return found

        return classify

    patch(classification, "classify", make)


def _strict_about_form() -> None:
    """Take a line that is too long, or ends in a bare LF, for no reply."""

    def make(original: Any) -> Any:
        def read(self: Any) -> Any:
            lines = bytes(self._buffer).split(b"\n")[:-1]
            if any(len(line) >= _LONGEST_LINE or not line.endswith(b"\r") for line in lines):
                raise SMTPResponseException(-1, "Malformed SMTP response line")
            return original(self)

        return read

    patch(SMTPProtocol, "_read_response_from_buffer", make)


@sin
def returns_odd_replies() -> None:
    def make(original: Any) -> Any:
        def deferral(stage: Stage, cause: Cause, detail: str, **where: Any) -> Failure:
            failure: Failure = original(stage, cause, detail, **where)
            wrong_code = cause is Cause.REJECTED and detail[:1] in ("2", "3")
            if cause is not Cause.MALFORMED and not wrong_code:
                return failure
            return replace(failure, code="550", status="5" + failure.status[1:])

        return deferral

    _strict_about_form()
    patch(errors, "deferral", make)


def _remote(which: int, **changed: str) -> None:
    """Alter what is shown of a reply that the remote server gave; 4: of all 4yz replies but 421."""

    def make(original: Any) -> Any:
        def remote_failure(said: int, text: str, **where: Any) -> Failure:
            failure: Failure = original(said, text, **where)
            meant = said == which or (said // 100 == which and said != 421)
            return replace(failure, remote=False, detail=failure.line, **changed) if meant else failure

        return remote_failure

    patch(errors, "remote_failure", make)


@sin
def bounces_421_in_mid_session() -> None:
    _remote(421, code="550", status="5.3.2", text="Service not available")


@sin
def files_421_under_policy() -> None:
    _remote(421, code="450", status="4.7.1", text="Rejected")


@sin
def renumbers_remote_4yz() -> None:
    _remote(4, code="450", status="4.4.318", text="Connection was closed abruptly")


@sin
def bounces_4yz_in_mid_session() -> None:
    _remote(4, code="550", status="5.3.0", text="Rejected")


@sin
def takes_250_for_354() -> None:
    def make(original: Any) -> Any:
        async def command(self: Any, stage: Stage, line: str) -> Reply:
            reply: Reply = await original(self, stage, line)
            return Reply(354, reply.text) if stage is Stage.DATA and reply.code == 250 else reply

        return command

    patch(Session, "command", make)


@sin
def retries_when_quit_fails() -> None:
    def make(original: Any) -> Any:
        async def run(self: Any, *args: Any) -> None:
            await original(self, *args)
            try:
                # in small letters the library does not know it, and takes no end of the connection for a 221
                reply = await self._session.command(Stage.MAIL, "quit")
                if reply.code != 221:
                    raise SessionFailed(Stage.MAIL, Cause.CLOSED, "No proper end of the session")
            except SessionFailed:
                self._results.clear()
                raise

        return run

    _strict_about_form()
    patch(Transaction, "run", make)
