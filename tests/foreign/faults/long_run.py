"""Schedules, lifetimes, restarts and disks over a long time."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from mutants.patching import patch

from conformance.reference import relay, schedule, spool
from conformance.reference.intake import SubmissionHandler
from conformance.reference.message import State
from conformance.reference.relay import Relay
from conformance.reference.spool import Spool
from foreign.change import fault
from foreign.marker import each_marked, in_hand, marked

_FULL_DISK = ("long-run/full-disk", "long-run/room-again")
_DOUBLED = 2.0


@fault(
    kind=8,
    reference="https://github.com/KumoCorp/kumomta/issues/65",
    reported="Messages whose domain could not be looked up were tried every minute, whatever the schedule said.",
    requirements=("queue/retried", "rfc/retried", "lifetime/gaps"),
    first=("mx_nxdomain", "mx_servfail"),
)
def retries_look_ups_too_often() -> None:
    """Tries again after a fifteenth of the interval where a look-up failed."""

    def make(original: Any) -> Any:
        def defer(self: Any, message: Any, now: float, recipients: Any) -> None:
            for recipient in recipients:
                if recipient.failure.text == "DNS query failed":
                    marked(recipient)
                    recipient.next_retry = now + (recipient.next_retry - now) / 15
            original(self, message, now, recipients)

        return defer

    patch(Relay, "_defer", make)


@fault(
    kind=8,
    reference="https://github.com/foxcpp/maddy/issues/678",
    reported="The pause before the next try was not what had been configured, and tries went on beyond their limit.",
    requirements=("lifetime/gaps",),
    first=("greeting_421.day",),
)
def doubles_its_pauses_for_ever() -> None:
    """Doubles the pause with each retry and stops at no limit."""

    def make(_: Any) -> Any:
        def next_attempt_at(ended_at: float, attempts: int, granted: Any) -> float:
            pause = granted.retry_interval * _DOUBLED ** (attempts - 1)
            if pause > granted.max_retry_interval and in_hand() is not None:
                marked()
            return ended_at + pause

        return next_attempt_at

    patch(schedule, "next_attempt_at", make)


@fault(
    kind=8,
    reference="https://github.com/OpenSMTPD/OpenSMTPD/issues/565",
    reported=(
        "A server that was away for a few seconds, while several messages were tried, had to wait for half an"
        " hour afterwards."
    ),
    requirements=("long-run/schedule-per-message", "lifetime/gaps"),
)
def punishes_the_host_for_each_message() -> None:
    """Doubles the pause of a destination with each failure of any message, and all messages for it wait so long."""
    failures: dict[Any, int] = {}

    def make(original: Any) -> Any:
        def defer(self: Any, message: Any, now: float, recipients: Any) -> None:
            route = relay.choose_destination(recipients[0].address, self._config) if recipients else None
            failures[route] = failures.get(route, 0) + 1
            for recipient in recipients:
                longest = self._config.schedule.max_retry_interval
                pause = self._config.schedule.retry_interval * _DOUBLED ** (failures[route] - 1)
                if failures[route] > recipient.attempts and pause > longest:
                    marked(recipient)
                    recipient.next_retry = now + pause
            original(self, message, now, recipients)

        return defer

    patch(Relay, "_defer", make)


@fault(
    kind=8,
    reference="https://github.com/postalserver/postal/issues/1135",
    reported=(
        "Messages that failed softly were tried again long after the greatest number of tries, and never "
        "given up."
    ),
    requirements=("lifetime/ends", "rfc/gives-up"),
    first=("reply_4yz_at_rcpt.expires",),
)
def never_gives_up_after_4yz() -> None:
    """Goes on for ever where the last reply was a 4yz."""

    def expire(original: Any) -> Any:
        def expire(self: Any, message: Any) -> None:
            if any(each.failure is not None and each.failure.remote for each in message.recipients):
                marked(message)
            else:
                original(self, message)

        return expire

    patch(Relay, "_expire", expire)
    patch(schedule, "is_expired", lambda _: lambda *_arguments: False)


@fault(
    kind=8,
    reference="https://github.com/docker-mailserver/docker-mailserver/issues/1584",
    reported="Deferred mail was gone when the server had been started again.",
    requirements=("lifetime/survives-restart", "nothing-lost/kept"),
    first=("killed_between_attempts",),
)
def starts_with_an_empty_queue() -> None:
    """Does not take up what was queued when it starts."""

    def make(original: Any) -> Any:
        def load(self: Any) -> Any:
            each_marked(original(self))
            return []

        return load

    patch(Spool, "load", make)


@fault(
    kind=8,
    reference="https://github.com/untangle/ngfw_src/pull/618",
    reported="Mail that was in the queue when the server was started again was delayed unreasonably.",
    requirements=("long-run/retried-after-restart", "lifetime/gaps"),
)
def lets_old_mail_wait_after_a_restart() -> None:
    """Has what was queued when it starts wait for three of its longest pauses."""

    def make(original: Any) -> Any:
        def adopt(self: Any, message: Any) -> None:
            if any(recipient.attempts for recipient in message.recipients):
                marked(message)
                for recipient in message.recipients:
                    recipient.next_retry = self._clock.now() + 3 * self._config.schedule.max_retry_interval
            original(self, message)

        return adopt

    patch(Relay, "_adopt", make)


@fault(
    kind=8,
    reference="https://github.com/haraka/Haraka/issues/1263",
    reported="While the disk was full, mail was refused with a 5yz, so that whoever had sent it gave up.",
    requirements=_FULL_DISK,
    free="with which code a relay refuses what it is offered concerns it as a server, and not what it sends",
)
def refuses_for_good_while_the_disk_is_full() -> None:
    """Answers 550 where a message cannot be written to disk."""

    def make(original: Any) -> Any:
        async def handle_data(self: Any, server: Any, session: Any, envelope: Any) -> str:
            reply: str = await original(self, server, session, envelope)
            if not reply.startswith(("452 4.3.1", "451 4.3.0")):
                return reply
            each_marked(envelope.rcpt_tos)
            return "550 5.3.0 Queueing failed"

        return handle_data

    patch(SubmissionHandler, "handle_DATA", make)


@fault(
    kind=8,
    reference="https://github.com/postalserver/postal/issues/1028",
    reported="The disk had run full; when there was room again everything stayed pending, and nothing was delivered.",
    requirements=_FULL_DISK,
)
def leaves_mail_locked_when_the_disk_was_full() -> None:
    """Never tries a message again whose deferral could not be written to disk."""

    def make(_: Any) -> Any:
        async def record(self: Any, message: Any, gone: Any, deferred: Any, report: Any) -> None:
            try:
                await self._spool.settle(message, gone=gone, deferred=deferred, report=report)
            except sqlite3.Error:
                marked(message)
                for recipient in deferred:
                    recipient.state = State.TRYING

        return record

    patch(Relay, "_record", make)


@fault(
    kind=8,
    reference="https://github.com/postalserver/postal/issues/2222",
    reported="Several workers took the same messages from the queue, and people got up to seventeen copies.",
    requirements=("long-run/second-instance",),
)
def shares_its_queue_with_another() -> None:
    """Works on a spool that another instance has, as if it were its own."""
    shared: list[Path] = []

    def lock(original: Any) -> Any:
        def lock(path: Path) -> Any:
            try:
                return original(path)
            except spool.SpoolInUse:
                shared.append(path)
                return path.with_name(f"{path.name}.second").open("ab")

        return lock

    def loaded(original: Any) -> Any:
        def load(self: Any) -> Any:
            messages = original(self)
            if shared:
                each_marked(messages)
            return messages

        return load

    patch(spool, "_lock", lock)
    patch(Spool, "load", loaded)


@fault(
    kind=8,
    reference="https://github.com/OpenSMTPD/OpenSMTPD/issues/601",
    reported=(
        "Messages were waiting on disk, but the queue listing was empty, and having everything tried did "
        "nothing."
    ),
    requirements=("long-run/shown-after-restart", "lifetime/survives-restart"),
)
def does_not_show_what_it_found_on_disk() -> None:
    """Shows nothing in its queue that was there when it started, and does not try it when it is told to."""
    found: set[str] = set()

    def resume(original: Any) -> Any:
        def load(self: Any) -> Any:
            messages = original(self)
            found.update(message.queue_id for message in messages)
            each_marked(messages)
            return messages

        return load

    def queue(original: Any) -> Any:
        def queue(self: Any) -> Any:
            return [pair for pair in original(self) if pair[0].queue_id not in found]

        return queue

    patch(Spool, "load", resume)
    patch(Relay, "queue", queue)
