"""Messages given up too early, too late or never, and restarts that cost mail or time."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from conformance.reference import schedule
from conformance.reference.clock import Clock
from conformance.reference.config import RetrySchedule
from conformance.reference.errors import Failure
from conformance.reference.message import Message, State
from conformance.reference.relay import Relay
from mutants.mutant import Expected, deviates, fails, hence, mutation
from mutants.patching import patch
from mutants.reporting import after_settling

_FOR_EVER = 1e9  # hours
_HOUR = 3600.0
_EARLY = "lifetime/not-early"
_ENDS = "lifetime/ends"
_RESTART = "lifetime/survives-restart"


def _unexplained(profile: str) -> tuple[Expected, ...]:
    return hence(
        "behind the last restart nothing was shown of why it waits",
        "tells_why",
        verdict="not_applicable",
        courses=("restarted",),
        profile=profile,
    )


def _expires_after(hours: float) -> None:
    """Give messages up at another age, in hours of a lifetime that has 24."""

    def expires_at(accepted_at: float, granted: RetrySchedule) -> float:
        return accepted_at + granted.queue_lifetime * hours / 24

    patch(schedule, "expires_at", lambda _: expires_at)


@mutation(
    scenarios=(
        "connection_refused.expires",
        "certificate_expired.expires",
        "greeting_421.day",
        "connection_refused.healed_23h",
        "connection_refused.healed_12h",
        "close_at_data.restarted",
    ),
    caught=(
        fails("expires", _EARLY),
        fails("survives_restart", _RESTART),
        fails("expires", _EARLY, "certificate_expired", profile="rfc"),
        fails("expires", _EARLY, "connection_refused", "greeting_421", profile="rfc"),
    ),
    also=(
        *hence("the same", "survives_restart", profile="rfc"),
        *_unexplained("eop"),
        *_unexplained("rfc"),
    ),
)
def expires_at_23_h() -> None:
    """Gives messages up when they are 23 hours old."""
    _expires_after(23)


@mutation(
    scenarios=("connection_refused.expires", "greeting_421.restarted"),
    caught=(deviates("expires", "lifetime/promptly"),),
    profiles=("rfc",),
)
def expires_at_24_h_30() -> None:
    """Gives messages up when they are 24 hours and 30 minutes old."""
    _expires_after(24.5)


@mutation(
    scenarios=("connection_refused.expires", "greeting_421.restarted"),
    caught=(deviates("expires", "lifetime/promptly"), fails("expires", "rfc/gives-up", profile="rfc")),
)
def expires_at_26_h() -> None:
    """Gives messages up when they are 26 hours old."""
    _expires_after(26)


@mutation(
    scenarios=("greeting_421.expires", "greeting_421.day"),
    caught=(fails("expires", _ENDS),),
)
def expires_at_48_h() -> None:
    """Gives messages up when they are 48 hours old."""
    _expires_after(48)


@mutation(
    scenarios=("greeting_421.expires", "greeting_421.day"),
    caught=(fails("expires", _ENDS, courses=("expires",)),),
    also=(
        *(
            each
            for profile in ("eop", "rfc")
            for each in hence(
                "the day that was granted does not stand for 24 hours",
                *("expires", "one_ndr", "retried_all_day"),
                verdict="not_applicable",
                courses=("day",),
                profile=profile,
            )
        ),
        *hence(
            "the RFCs leave the lifetime to the relay",
            *("expires", "one_ndr", "ndr_form", "ndr_status", "tells_why"),
            verdict="not_applicable",
            courses=("expires",),
            profile="rfc",
        ),
    ),
    granted={"queue_lifetime": 2.0},
)
def grants_two_days() -> None:
    """Takes twice the lifetime that it is asked for, and says so."""
    # what it grants, and then does, is declared above


@mutation(
    scenarios=("dns_servfail.expires", "close_at_data.expires"),
    caught=(fails("expires", _ENDS), fails("expires", "rfc/gives-up", profile="rfc")),
)
def never_expires() -> None:
    """Never gives a message up."""
    _expires_after(_FOR_EVER)


@mutation(
    scenarios=("connection_refused.expires",),
    caught=(fails("expires", _ENDS),),
)
def age_counts_from_the_last_attempt() -> None:
    """Counts the age of a message from its last attempt."""

    def make_settle(original: Any) -> Any:
        async def settle(self: Any, message: Message, now: float, session: str, **outcome: Any) -> None:
            if outcome.get("deferred"):
                message.accepted_at = now
                self._expiries.add(schedule.expires_at(now, self._config.schedule), message)
            await original(self, message, now, session, **outcome)

        return settle

    def make_expire(original: Any) -> Any:
        def expire(self: Any, message: Message) -> None:
            if schedule.is_expired(message.accepted_at, self.now(), self._config.schedule):
                original(self, message)

        return expire

    patch(Relay, "_settle", make_settle)
    patch(Relay, "_expire", make_expire)


def _resumed(accepted_at: Any) -> None:
    """Take another time of acceptance for messages found in the spool at the start."""

    def make(_: Any) -> Any:
        def resume(self: Any) -> None:
            for message in self._spool.load():
                message.accepted_at = accepted_at(self)
                self._adopt(message)

        return resume

    patch(Relay, "resume", make)


@mutation(
    scenarios=("connection_refused.restarted", "greeting_421.restarted"),
    caught=(fails("survives_restart", _RESTART), fails("survives_restart", _RESTART, profile="rfc")),
)
def age_counts_from_the_restart() -> None:
    """Counts the age of the messages in its spool from the restart."""
    _resumed(lambda relay: relay.now())


@mutation(
    scenarios=("connection_refused.restarted", "dns_servfail.restarted"),
    caught=(fails("survives_restart", _RESTART),),
    brings=dict.fromkeys(
        (
            "recipients/each-ends",
            "nothing-lost/kept",
        ),
        "each kill and each restart is a requirement of its own",
    ),
)
def forgets_the_queue_at_restart() -> None:
    """Does not read its spool when it starts."""
    patch(Relay, "resume", lambda _: lambda self: None)


@mutation(
    scenarios=("connection_refused.restarted",),
    caught=(fails("survives_restart", _RESTART),),
    also=_unexplained("eop"),
)
def returns_everything_at_restart() -> None:
    """Gives every message up that it finds in its spool when it starts."""
    _resumed(lambda relay: 0.0)


@mutation(
    scenarios=tuple(
        f"connection_refused.{what}" for what in ("null_sender", "notify_never", "notify_delay", "expires")
    ),
    caught=(
        fails("no_ndr", _EARLY, courses=("null_sender",)),
        fails("no_ndr", _EARLY, courses=("notify_never", "notify_delay")),
        fails("no_ndr", "rfc/retried", courses=("null_sender",), profile="rfc"),
        fails("no_ndr", _EARLY, courses=("notify_never", "notify_delay"), profile="rfc"),
    ),
)
def drops_what_needs_no_report() -> None:
    """Drops a message at its first failure if nobody is to be told of it."""

    def make(original: Any) -> Any:
        async def conclude(self: Any, message: Message, results: dict[Any, Any]) -> None:
            await original(self, message, results)
            failed = [who for who, result in results.items() if isinstance(result, Failure)]
            if failed and not (message.sender and all(who.wants_failure_report for who in failed)):
                for recipient in failed:
                    recipient.state = State.GONE
                self._messages.pop(message.queue_id, None)

        return conclude

    patch(Relay, "_conclude", make)


@mutation(
    scenarios=("connection_refused.expires", "greeting_421.restarted"),
    caught=(fails("expires", _EARLY), fails("survives_restart", _RESTART)),
    also=_unexplained("eop"),
)
def hides_old_messages() -> None:
    """Leaves messages older than 20 hours out of its queue listing."""

    def make(original: Any) -> Any:
        return lambda self: [pair for pair in original(self) if self.now() - pair[0].accepted_at < 20 * _HOUR]

    patch(Relay, "queue", make)


@mutation(
    scenarios=("connection_refused.expires",),
    caught=(fails("expires", _ENDS), fails("expires", "rfc/gives-up", profile="rfc")),
)
def keeps_trying_after_the_return() -> None:
    """Returns an expired message, keeps it in the queue and goes on trying."""

    async def take_again(relay: Any, message: Message, content: bytes, lost: Any) -> None:
        again = [replace(each, next_retry=relay.now(), failure=None, state=State.WAITING) for each in lost]
        await relay.accept(Message(sender=message.sender, accepted_at=relay.now(), recipients=again), content)

    after_settling(take_again, lambda recipient: True)


def _final(result: Any) -> Any:
    if isinstance(result, Failure) and result.status == "4.7.320":
        return replace(result, code="550", status="5.7.320")
    return result


@mutation(
    scenarios=("certificate_expired.expires", "connection_refused.expires"),
    caught=(
        fails("expires", _EARLY, "certificate_expired"),
        fails("expires", _EARLY, "certificate_expired", profile="rfc"),
    ),
)
def returns_certificate_failures_after_12_h() -> None:
    """Returns a message after 12 hours where the certificate does not pass."""

    def make(original: Any) -> Any:
        async def conclude(self: Any, message: Message, results: dict[Any, Any]) -> None:
            if self.now() - message.accepted_at > 12 * _HOUR:
                results = {recipient: _final(result) for recipient, result in results.items()}
            await original(self, message, results)

        return conclude

    patch(Relay, "_conclude", make)


@mutation(
    scenarios=("moved_clock.after_jump", "moved_clock_mx.after_jump", "connection_refused.expires"),
    caught=(fails("clock_moved", "control/clock-moved"),),
    also=hence(
        "nothing may be concluded from a clock that stood still",
        "expires",
        "one_ndr",
        "ndr_form",
        "ndr_status",
        "delay_notice",
        "tells_why",
        verdict="inconclusive",
    ),
)
def clock_stands_still() -> None:
    """Does not move its clock when it is told to."""
    patch(Clock, "now", lambda _: lambda self: time.time())
