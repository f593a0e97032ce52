"""Relays of which some time cannot be set: they say so, and are judged by what they say."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from typing import Any

from aiosmtplib.protocol import SMTPProtocol

from conformance.reference import delivery, schedule
from conformance.reference.classify import Cause, Stage
from conformance.reference.delivery import Delivery
from conformance.reference.errors import SessionFailed
from conformance.reference.session import Session
from mutants.mutant import fails, hence, mutation
from mutants.patching import patch
from mutants.selection import cells
from mutants.shared import one_at_a_time

_ALL_PROFILES = ("rfc", "eop-observed")

_LONGER = 6.0  # seconds; the suite asks for 2
_DEADLINE = 5.0
_DAYS = 5 * 86400.0
_TICK = 12.0

_SILENT = ("stall_at_mail", "stall_at_rcpt", "stall_at_body", "stall_at_dot", "greeting_timeout", "plain")


def _patient_with_content(*, writing: float, reply: float) -> None:
    """Have time-outs of their own for writing the content and for the reply to its end; 0: as for a command."""

    def make(_: Any) -> Any:
        async def watch(self: Any, waiting: asyncio.Future[Any]) -> None:
            loop = asyncio.get_running_loop()
            unsent, since = self._transport.get_write_buffer_size(), loop.time()
            while not waiting.done():
                now = self._transport.get_write_buffer_size()
                if now < unsent:
                    unsent, since = now, loop.time()
                patience = (writing if unsent else reply) or self._timeouts.command
                if loop.time() >= since + patience:
                    raise SessionFailed(
                        Stage.BODY, Cause.SILENT, "Timed out while waiting for the reply to body"
                    )
                await asyncio.wait({waiting}, timeout=0.1)

        return watch

    patch(Session, "_watch_sending", make)


@mutation(scenarios=_SILENT, profiles=_ALL_PROFILES, fixed={"content_timeout": _LONGER})
def waits_longer_for_content() -> None:
    """Waits longer for a server to take more of the content than for a reply, and cannot be told otherwise."""
    _patient_with_content(writing=_LONGER, reply=0.0)


@mutation(scenarios=_SILENT, profiles=_ALL_PROFILES, fixed={"final_timeout": _LONGER})
def waits_longer_for_the_last_reply() -> None:
    """Waits longer for the reply to the final dot than for any other, and cannot be told otherwise."""
    _patient_with_content(writing=0.0, reply=_LONGER)


def _deadline() -> None:
    """Give a session up after so many seconds, whatever the server does."""
    begun: dict[int, float] = {}

    def init(original: Any) -> Any:
        def begin(self: Any, *arguments: Any) -> None:
            original(self, *arguments)
            begun[id(self)] = asyncio.get_running_loop().time()

        return begin

    def limit(original: Any) -> Any:
        async def limited(self: Any, *arguments: Any) -> Any:
            stage = arguments[0] if isinstance(arguments[0], Stage) else Stage.BODY
            try:
                async with asyncio.timeout_at(begun[id(self)] + _DEADLINE):
                    return await original(self, *arguments)
            except TimeoutError as error:
                raise SessionFailed(stage, Cause.SILENT, "Timed out while waiting for the reply") from error

        return limited

    patch(Session, "__init__", init)
    patch(Session, "_read", limit)
    patch(Session, "_watch_sending", limit)


def _no_time_outs() -> None:
    """Wait without end for any reply, and for the content to be taken."""

    def make(original: Any) -> Any:
        def init(self: Any, transport: Any, protocol: Any, timeouts: Any) -> None:
            original(self, transport, protocol, replace(timeouts, command=1e6, data_done=1e6))

        return init

    patch(Session, "__init__", make)


def _time_out_for_each_line() -> None:
    """Have a time-out for each read, and none for the reply."""
    one_at_a_time()
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
                if heard.get(id(self), 0) == before:
                    break
            return await original(self, timeout=0.01 if timeout is not None else None)

        return read_response

    patch(SMTPProtocol, "data_received", count)
    patch(SMTPProtocol, "read_response", make)


@mutation(
    scenarios=(
        "endless_at_data",
        "stall_at_rcpt",
        "stall_at_body",
        "greeting_timeout",
        "slow_one_by_one",
        "plain",
    ),
    also=tuple(
        expected
        for profile in ("eop", *_ALL_PROFILES)
        for expected in hence(
            "it never was to wait for so slow a server",
            "delivers_anyway",
            "keeps_to_offer",
            "survives",
            "tidy",
            verdict="not_applicable",
            modes=("slow_one_by_one",),
            profile=profile,
        )
    ),
    profiles=_ALL_PROFILES,
    fixed={"delivery_deadline": _DEADLINE},
)
def has_a_deadline_as_well() -> None:
    """Has a deadline for a whole delivery in addition to its time-outs, and nothing else ends a reply without end."""
    _time_out_for_each_line()
    _deadline()


@mutation(
    scenarios=(
        "stall_at_mail",
        "stall_at_rcpt",
        "stall_at_body",
        "greeting_timeout",
        "endless_at_data",
        "plain",
    ),
    caught=(fails("times_out", "session/each-command", "stall_at_mail"),),
    fixed={"delivery_deadline": _DEADLINE, "deadline_only": True},
)
def has_a_deadline_only() -> None:
    """Has a deadline for a whole delivery instead of time-outs."""
    _no_time_outs()
    _deadline()


@mutation(
    scenarios=(
        "plain",
        "connection_refused",
        "rejected_at_rcpt",
        "connection_refused.day",
        "greeting_421.day",
        "connection_refused.healed_12h",
        "killed_between_attempts",
        "killed_at_expiry",
        "killed_while_reporting",
    ),
    also=tuple(
        expected
        for profile in ("eop", "rfc")
        for expected in hence(
            "a day of seconds is none for a relay that keeps its messages for five",
            "expires",
            "retried_all_day",
            "one_ndr",
            verdict="not_applicable",
            modes=("connection_refused", "greeting_421"),
            courses=("day",),
            profile=profile,
        )
    )
    + hence(
        "24 h were played, and the profile accepts a longer lifetime",
        "healed_late",
        verdict="not_applicable",
        profile="rfc",
    ),
    profiles=("rfc",),
    fixed={"queue_lifetime": _DAYS, "granularity": 3.0},
)
def keeps_messages_for_five_days() -> None:
    """Gives a message up after five days, whatever it is asked for."""


@mutation(
    scenarios=(
        "plain",
        "connection_refused",
        "greeting_421",
        "close_at_dot",
        "stall_at_mail",
        "rejected_at_rcpt",
    ),
    profiles=_ALL_PROFILES,
    fixed={"granularity": _TICK + 1.0},
)
def looks_at_its_queue_now_and_then() -> None:
    """Looks at its queue once in so many seconds, and at nothing in between."""

    def make(original: Any) -> Any:
        def next_attempt_at(*arguments: Any) -> float:
            due: float = original(*arguments)
            return math.ceil(due / _TICK) * _TICK

        return next_attempt_at

    patch(schedule, "next_attempt_at", make)


@mutation(
    scenarios=(cells("stall"), "plain"),
    profiles=_ALL_PROFILES,
    # so that a second time-out is more than all by which a relay may be late
    granted={"command_timeout": 2.0},
)
def says_quit_at_every_stage() -> None:
    """Says QUIT after a time-out at whatever stage, amid the content too, and waits for the answer before all else."""
    leaving: dict[Any, list[asyncio.Task[None]]] = {}

    def make(original: Any) -> Any:
        def part(session: Any, error: SessionFailed | None) -> None:
            if error is None or error.stage is Stage.HANDSHAKE:
                original(session, error)
            else:
                waits = leaving.setdefault(asyncio.current_task(), [])
                waits.append(asyncio.ensure_future(session._leave()))

        return part

    def wait(original: Any) -> Any:
        async def try_address(self: Any, *arguments: Any) -> Any:
            result = await original(self, *arguments)
            await asyncio.gather(*leaving.pop(asyncio.current_task(), []))
            return result

        return try_address

    patch(delivery, "part", make)
    patch(Delivery, "_try_address", wait)


@mutation(
    scenarios=("close_at_mail", "close_at_dot", "address_first_closes", "plain"),
    profiles=_ALL_PROFILES,
    fixed={"command_timeout": 10 * _LONGER},
    also=tuple(
        expected
        for profile in ("eop", *_ALL_PROFILES)
        for expected in hence(
            "what follows once it notices is not waited for",
            "retried",
            "recovers",
            *(["error_code"] if profile != "rfc" else []),
            "error_detail",
            "destination_server",
            "delivers_anyway",
            verdict="inconclusive",
            profile=profile,
            certain=False,
        )
    )
    + hence(
        "the profile asks for no code", "error_code", verdict="not_applicable", profile="rfc", certain=False
    ),
)
def notices_no_end_of_a_connection() -> None:
    """Waits for its time-out, of a minute, where a server has closed the connection."""

    def make(original: Any) -> Any:
        async def deliver(self: Any, *what: Any) -> Any:
            try:
                return await original(self, *what)
            except SessionFailed as error:
                if error.cause is not Cause.SILENT:
                    await asyncio.sleep(10 * _LONGER)
                raise

        return deliver

    patch(Session, "command", make)
    patch(Session, "send_body", make)
