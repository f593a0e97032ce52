"""Backlogs, limits and reports: what one message takes from the others for the same destination."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.reference import errors, relay, session
from conformance.reference.classify import Cause, Stage
from conformance.reference.delivery import Delivery
from conformance.reference.errors import Failure
from conformance.reference.message import Message
from conformance.reference.relay import Relay
from mutants.mutant import deviates, fails, mutation
from mutants.patching import patch
from mutants.reusing import in_turn
from mutants.shared import misread

_ASPECT = "each_message"

_DROPPED = "Dropped"

# So many failures at one host are more than any single message makes of them.
_MANY = 20


def _counted(matters: Callable[[Stage, Cause], bool]) -> Counter[str]:
    """Count the failures that matter, by host."""
    found: Counter[str] = Counter()

    def make(original: Any) -> Any:
        def deferral(stage: Stage, cause: Cause, detail: str, *, server: str, address: str = "") -> Failure:
            found[server] += matters(stage, cause)
            failure: Failure = original(stage, cause, detail, server=server, address=address)
            return failure

        return deferral

    patch(errors, "deferral", make)
    return found


def _slots_lost(matters: Callable[[Stage, Cause], bool]) -> None:
    """Have a relay lose one of its slots for a destination at each failure that matters."""
    lost = _counted(matters)

    def make(original: Any) -> Any:
        async def try_address(self: Any, host: str, *rest: Any) -> Any:
            if lost[host] >= _MANY:
                await asyncio.Event().wait()
            return await original(self, host, *rest)

        return try_address

    patch(Delivery, "_try_address", make)


@mutation(
    scenarios=("backlog_hangs", "connect_timeout"),
    caught=(fails(_ASPECT, "backlog/slots-returned", "backlog_hangs"),),
)
def loses_slots_where_nobody_answers() -> None:
    """Never frees the slot of a connection attempt that timed out."""
    _slots_lost(lambda _, cause: cause is Cause.UNANSWERED)


@mutation(
    scenarios=("backlog_silent", "greeting_timeout"),
    caught=(fails(_ASPECT, "backlog/slots-returned", "backlog_silent"),),
)
def loses_slots_where_nobody_greets() -> None:
    """Never frees the slot of a connection on which no greeting came."""
    _slots_lost(lambda stage, cause: cause is Cause.SILENT and stage is Stage.GREETING)


@mutation(
    scenarios=("backlog_silent_at_dot", "stall_at_dot"),
    caught=(fails(_ASPECT, "backlog/slots-returned", "backlog_silent_at_dot"),),
)
def loses_slots_behind_the_content() -> None:
    """Never frees the slot of a message whose final dot was not answered."""
    _slots_lost(lambda stage, cause: cause is Cause.SILENT and stage is Stage.BODY)


@mutation(
    scenarios=("backlog_closed", "close_at_mail"),
    caught=(fails(_ASPECT, "backlog/slots-returned", "backlog_closed"),),
)
def loses_slots_where_connections_are_lost() -> None:
    """Never frees the slot of a connection that was closed amid a session."""
    _slots_lost(lambda stage, cause: cause is Cause.CLOSED and stage is not Stage.GREETING)


@mutation(
    scenarios=("backlog_unknown", "dns_servfail"),
    caught=(fails(_ASPECT, "backlog/slots-returned", "backlog_unknown"),),
)
def loses_slots_where_nothing_is_found() -> None:
    """Never frees the slot of an attempt for which a look-up failed."""
    _slots_lost(lambda _, cause: cause is Cause.LOOKUP)


@mutation(
    scenarios=("backlog_refused", "connection_refused"),
    caught=(fails(_ASPECT, "backlog/slots-returned", "backlog_refused"),),
)
def writes_a_destination_off() -> None:
    """Never tries a host again that has refused many connections."""
    _slots_lost(lambda _, cause: cause is Cause.REFUSED)


@mutation(
    scenarios=("backlog_busy", "reply_4yz_at_rcpt"),
    caught=(fails(_ASPECT, "batch/own-reply", "backlog_busy"),),
)
def gives_up_where_many_are_deferred() -> None:
    """Gives all messages for a host up that has said 4yz to many recipients."""
    found: Counter[str] = Counter()

    def change(failure: Failure, code: int, _: str) -> Failure:
        found[failure.server] += code == 450
        many = found[failure.server] >= _MANY
        return replace(failure, code="550", status="5.4.0") if many and code == 450 else failure

    misread(change)


@mutation(
    scenarios=("backlog_busy", "reply_4yz_at_rcpt"),
    caught=(deviates(_ASPECT, "batch/in-time", "backlog_busy"),),
)
def works_a_backlog_off_slowly() -> None:
    """Tries one message for each retry interval where many were deferred."""
    found: Counter[str] = Counter()
    last: dict[str, float] = {}

    def change(failure: Failure, code: int, _: str) -> Failure:
        found[failure.server] += code == 450
        return failure

    def make(original: Any) -> Any:
        async def try_address(self: Any, host: str, address: str, *rest: Any) -> Any:
            now = asyncio.get_running_loop().time()
            pause = self._config.schedule.retry_interval / 2
            if found[host] >= _MANY and now - last.get(host, 0.0) < pause:
                wait = Failure(code="450", status="4.4.0", text="Others first", server=host)
                rest[-1].update(dict.fromkeys(rest[-2], wait))
                return True
            last[host] = now
            return await original(self, host, address, *rest)

        return try_address

    misread(change)
    patch(Delivery, "_try_address", make)


def _crowded(words: str) -> str:
    return words.casefold().replace(" ", "")


@mutation(
    scenarios=("crowded_421", "crowded_451", "plain"),
    caught=(fails(_ASPECT, "batch/own-reply", "crowded_421", "crowded_451"),),
)
def returns_where_it_is_crowded() -> None:
    """Gives a message up where the server says that there are too many connections."""

    def failed(original: Any) -> Any:
        def deferral(*arguments: Any, **where: Any) -> Failure:
            failure: Failure = original(*arguments, **where)
            crowded = "toomanyconnections" in _crowded(failure.detail)
            return replace(failure, code="550", status="5.4.0") if crowded else failure

        return deferral

    def change(failure: Failure, _: int, text: str) -> Failure:
        crowded = "toomanyconnections" in _crowded(text)
        return replace(failure, code="550", status="5.4.0") if crowded else failure

    patch(errors, "deferral", failed)
    misread(change)


@mutation(
    scenarios=("crowded_421", "plain"),
    caught=(fails(_ASPECT, "batch/delivered", "crowded_421"),),
)
def drops_where_it_is_crowded() -> None:
    """Drops a message without a word where the server says that there are too many connections."""

    def failed(original: Any) -> Any:
        def deferral(*arguments: Any, **where: Any) -> Failure:
            failure: Failure = original(*arguments, **where)
            crowded = "toomanyconnections" in _crowded(failure.detail)
            return replace(failure, code="550", status="5.4.0", text=_DROPPED) if crowded else failure

        return deferral

    def make(original: Any) -> Any:
        async def report(self: Any, message: Message, now: float, failures: Any) -> Any:
            told = {who: each for who, each in failures.items() if each.text != _DROPPED}
            return await original(self, message, now, told)

        return report

    patch(errors, "deferral", failed)
    patch(Relay, "_report", make)


@mutation(
    scenarios=("many_at_once", "plain"),
    caught=(deviates("takes_turns", "backlog/limits-respected", "many_at_once"),),
)
def knows_no_limit() -> None:
    """Makes as many connections to a destination as there are messages for it."""
    relay._SESSIONS_PER_DESTINATION = 1_000


@mutation(
    scenarios=("several_silent_quits", "stall_at_quit"),
    caught=(deviates("takes_turns", "backlog/not-held-up-by-quit", "several_silent_quits"),),
)
def waits_for_the_reply_to_quit() -> None:
    """Makes one connection to a destination at a time, and the next when QUIT was answered or timed out."""

    def make(original: Any) -> Any:
        async def deliver(self: Any, *arguments: Any) -> Any:
            results = await original(self, *arguments)
            if session._leaving:
                await asyncio.wait(set(session._leaving))
            return results

        return deliver

    in_turn()
    patch(Relay, "_deliver", make)


@mutation(
    scenarios=("crowded_closed", "close_at_greeting"),
    caught=(fails(_ASPECT, "batch/own-reply", "crowded_closed"),),
)
def returns_where_others_are_served() -> None:
    """Gives a message up whose connection is closed without a word while it has others to the same host."""
    sessions: Counter[str] = Counter()

    def make(original: Any) -> Any:
        async def try_address(self: Any, host: str, *rest: Any) -> Any:
            sessions[host] += 1
            try:
                return await original(self, host, *rest)
            finally:
                sessions[host] -= 1

        return try_address

    def failed(original: Any) -> Any:
        def deferral(stage: Stage, cause: Cause, detail: str, *, server: str, address: str = "") -> Failure:
            failure: Failure = original(stage, cause, detail, server=server, address=address)
            alone = sessions[server] < 2 or (stage, cause) != (Stage.GREETING, Cause.CLOSED)
            return failure if alone else replace(failure, code="550", status="5.4.0")

        return deferral

    patch(Delivery, "_try_address", make)
    patch(errors, "deferral", failed)


@mutation(
    scenarios=("one_after_another", "rejected_at_rcpt"),
    caught=(fails(_ASPECT, "batch/own-reply", "one_after_another"),),
)
def remembers_a_refusal() -> None:
    """Gives every message for a host up, once it has refused one for good."""
    refused: dict[str, Failure] = {}

    def make(original: Any) -> Any:
        async def try_address(self: Any, host: str, address: str, *rest: Any) -> Any:
            if host in refused:
                rest[-1].update(dict.fromkeys(rest[-2], refused[host]))
                return True
            safe = await original(self, host, address, *rest)
            refused.update(
                (host, each) for each in rest[-1].values() if isinstance(each, Failure) and each.permanent
            )
            return safe

        return try_address

    patch(Delivery, "_try_address", make)


@mutation(
    scenarios=("several_some_refused", "rejected_at_rcpt"),
    caught=(fails(_ASPECT, "batch/returned", "several_some_refused"),),
)
def one_report_to_a_sender() -> None:
    """Sends each sender one report and no more."""
    told: set[str] = set()

    def make(original: Any) -> Any:
        async def report(self: Any, message: Message, now: float, failures: Any) -> Any:
            if failures and message.sender in told:
                return None
            told.add(message.sender if failures else "")
            return await original(self, message, now, failures)

        return report

    patch(Relay, "_report", make)


@mutation(
    scenarios=("one_of_several_busy", "reply_4yz_at_rcpt"),
    caught=(deviates(_ASPECT, "batch/not-held-up", "one_of_several_busy"),),
)
def waits_for_the_first() -> None:
    """Tries no other message for a destination while one waits there."""
    first: dict[Any, str] = {}
    wait = Failure(code="450", status="4.4.0", text="Others wait")

    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Message, route: Any, recipients: Any) -> Any:
            if message.sender and first.get(route, message.queue_id) != message.queue_id:
                return dict.fromkeys(recipients, wait)
            results = await original(self, message, route, recipients)
            if any(isinstance(each, Failure) and not each.permanent for each in results.values()):
                first.setdefault(route, message.queue_id)
            elif first.get(route) == message.queue_id:
                del first[route]
            return results

        return deliver

    in_turn()
    patch(Relay, "_deliver", make)
