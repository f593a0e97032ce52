"""Promises broken after a fault: for one of two recipients, at the second address of a host, or behind a kill."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from conformance.reference.classify import Cause, Stage
from conformance.reference.delivery import Delivery
from conformance.reference.errors import Failure, SessionFailed
from conformance.reference.message import Message, Recipient
from conformance.reference.transaction import Delivered, Results, Transaction
from mutants.mutant import Expected, fails, hence, mutation
from mutants.mutations.many_addresses import choosing
from mutants.patching import patch
from mutants.shared import one_by_one

_FAULT = "reset_at_data+healthy"
_KILLED = f"relay_killed+{_FAULT}"
_TWO = f"two_recipients+{_FAULT}"
_REFUSED = f"second_recipient_refused+{_FAULT}"
_HEALTHY, _REFUSES = f"second_address_healthy+{_FAULT}", f"second_address_refuses+{_FAULT}"
_IPV6 = f"ipv6_address_refuses+{_FAULT}"


def _staged(*schedules: str) -> tuple[str, ...]:
    return tuple(f"{schedule}.schedule" for schedule in schedules)


def _caught(schedule: str, requirement: str = "schedule/exactly-once") -> tuple[Expected, ...]:
    return tuple(fails("exactly_once", requirement, schedule, profile=profile) for profile in ("eop", "rfc"))


def _task() -> asyncio.Task[Any]:
    current = asyncio.current_task()
    assert current is not None
    return current


def _lost_at_data(error: SessionFailed) -> bool:
    return (error.stage, error.cause) == (Stage.DATA, Cause.RESET)


def _settled_after_reset_at_data(settle: Any) -> None:
    """Have a function change the results of a transaction whose connection was reset in the place of the reply to DATA.

    Args:
        settle: Takes the recipients and the results so far.
    """

    def make(original: Any) -> Any:
        async def run(
            self: Any, message: Message, content: bytes, recipients: Sequence[Recipient], hand_over: Any
        ) -> None:
            try:
                await original(self, message, content, recipients, hand_over)
            except SessionFailed as error:
                if _lost_at_data(error):
                    settle(recipients, self._results)
                raise

        return run

    patch(Transaction, "run", make)


@mutation(scenarios=_staged(_FAULT, _TWO, "two_recipients+close_at_mail+healthy"), caught=_caught(_TWO))
def tries_the_first_of_two_again() -> None:
    """Takes all recipients but the first for served when the connection is reset in the place of the reply to DATA."""

    def settle(recipients: Sequence[Recipient], results: Results) -> None:
        results.update(dict.fromkeys(recipients[1:], Delivered("nobody", "250 OK")))

    _settled_after_reset_at_data(settle)


@mutation(scenarios=_staged(_FAULT, _TWO, _REFUSED), caught=_caught(_REFUSED))
def forgets_who_was_refused() -> None:
    """Takes who was refused for served if the connection is reset in the same transaction."""

    def settle(_: Sequence[Recipient], results: Results) -> None:
        refused = [who for who, each in results.items() if isinstance(each, Failure) and each.permanent]
        results.update(dict.fromkeys(refused, Delivered("nobody", "250 OK")))

    _settled_after_reset_at_data(settle)


def _noting_resets_at_data() -> WeakSet[asyncio.Task[Any]]:
    """Return the attempts in which a connection was reset at DATA, from now on."""
    reset: WeakSet[asyncio.Task[Any]] = WeakSet()

    def make_run(original: Any) -> Any:
        async def run(self: Any, *arguments: Any) -> None:
            try:
                await original(self, *arguments)
            except SessionFailed as error:
                if _lost_at_data(error):
                    reset.add(_task())
                raise

        return run

    patch(Transaction, "run", make_run)
    return reset


def _next_address_after_reset_at_data(wrong: Any) -> None:
    """Do something wrong at the next address of a host of which the one before has reset the connection at DATA.

    Args:
        wrong: What, given the coroutine that tries that address, the recipients and the results.
    """
    lost: WeakKeyDictionary[asyncio.Task[Any], str] = WeakKeyDictionary()
    reset = _noting_resets_at_data()

    def make(original: Any) -> Any:
        async def try_address(
            self: Any, host: str, address: str, message: Any, content: bytes, waiting: Any, results: Any
        ) -> bool:
            async def attempt() -> bool:
                went_on: bool = await original(self, host, address, message, content, waiting, results)
                return went_on

            same_host = lost.pop(_task(), "") == host
            went_on = bool(await wrong(attempt, waiting, results)) if same_host else await attempt()
            if _task() in reset:
                reset.discard(_task())
                lost[_task()] = host
            return went_on

        return try_address

    patch(Delivery, "_try_address", make)


async def _twice(attempt: Any, _waiting: Any, _results: Any) -> bool:
    await attempt()
    return bool(await attempt())


async def _served_all_the_same(attempt: Any, waiting: Any, results: Any) -> bool:
    went_on = bool(await attempt())
    unserved = [each for each in waiting if not isinstance(results[each], Delivered)]
    results.update(dict.fromkeys(unserved, Delivered("nobody", "250 OK")))
    return went_on


@mutation(
    scenarios=_staged(_FAULT, _HEALTHY, f"second_host_healthy+{_FAULT}"),
    caught=_caught(_HEALTHY),
)
def delivers_twice_at_the_second_address() -> None:
    """Delivers a message twice at the second address of a host that reset the connection at the first."""
    _next_address_after_reset_at_data(_twice)


@mutation(
    scenarios=_staged(_FAULT, _REFUSES, f"second_host_refuses+{_FAULT}"),
    caught=_caught(_REFUSES),
)
def loses_between_two_addresses() -> None:
    """Takes a message for delivered when a host resets the connection at one address and refuses it at the next."""
    _next_address_after_reset_at_data(_served_all_the_same)


@mutation(
    scenarios=_staged(_FAULT, _REFUSES, _IPV6, "ipv6_address_refuses+close_at_mail+healthy"),
    caught=_caught(_IPV6),
)
def loses_what_both_families_fail() -> None:
    """Takes a message for delivered when IPv6 is refused and the IPv4 server resets the connection at DATA."""
    by_ipv6: WeakSet[asyncio.Task[Any]] = WeakSet()

    def make(original: Any) -> Any:
        async def try_address(self: Any, host: str, address: str, *arguments: Any) -> bool:
            if ":" in address:
                by_ipv6.add(_task())
            return bool(await original(self, host, address, *arguments))

        return try_address

    def settle(recipients: Sequence[Recipient], results: Results) -> None:
        if _task() in by_ipv6:
            results.update(dict.fromkeys(recipients, Delivered("nobody", "250 OK")))

    patch(Delivery, "_try_address", make)
    _settled_after_reset_at_data(settle)


def _noted_by(note: Path) -> str:
    return note.read_text(encoding="ascii") if note.exists() else ""


def _write(note: Path, text: str) -> None:
    note.write_text(text, encoding="ascii")


@mutation(
    scenarios=_staged(_FAULT, _KILLED, "relay_killed+close_at_mail+healthy"),
    caught=_caught(_KILLED),
)
def loses_what_a_kill_finds_reset() -> None:
    """Takes a message for delivered after a restart if the connection was reset at DATA before the relay was killed."""
    reset = _noting_resets_at_data()

    def make(original: Any) -> Any:
        async def run(self: Any, message: Message, content: bytes, recipients: Any) -> Any:
            note = Path(f"{self._config.spool}.reset-{message.queue_id}")
            if _noted_by(note) not in ("", str(os.getpid())):
                return dict.fromkeys(recipients, Delivered("nobody", "250 OK"))
            results = await original(self, message, content, recipients)
            if _task() in reset:
                _write(note, str(os.getpid()))
            return results

        return run

    patch(Delivery, "run", make)


_INNOCENT = (
    _TWO,
    _REFUSED,
    _HEALTHY,
    _REFUSES,
    _KILLED,
    "second_recipient_refused+relay_killed+stall_at_dot+close_at_body+healthy",
    "two_recipients+close_at_mail+reply_451_at_rcpt+rejected_at_dot",
    "second_recipient_refused+stall_at_dot+healthy",
    "second_host_refuses+second_recipient_refused+second_address_refuses+close_at_dot+healthy",
)
_BEGINS_THERE = hence(
    "it begins with the healthy address",
    "exactly_once",
    verdict="not_applicable",
    modes=(_HEALTHY,),
    certain=False,
)


@mutation(scenarios=_staged(*_INNOCENT), profiles=("rfc",))
def has_a_transaction_for_each_of_two() -> None:
    """Hands a message over, in a fault schedule too, in a transaction of its own for each recipient."""
    one_by_one()


@mutation(scenarios=_staged(*_INNOCENT, _IPV6), also=_BEGINS_THERE)
def has_the_second_address_first() -> None:
    """Tries the addresses of a host in the reverse of their order, IPv6 first, in a fault schedule too."""
    choosing(lambda found: found[::-1])
