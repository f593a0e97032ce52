"""The running relay: it decides when to try, records what came of it, and returns the undeliverable."""

from __future__ import annotations

import asyncio
import logging
import secrets
import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any
from weakref import WeakValueDictionary

from .alerts import AlertWatch
from .clock import Clock
from .config import Config
from .delivery import Delivery
from .dsn import build_dsn
from .errors import ACCESS_DENIED, Failure, expired, format_error
from .events import EventLog, Outcome
from .mailbox import deliver_here
from .message import Message, Recipient, State
from .relayed import tell_of_relaying
from .resolver import Resolver
from .routing import Destination, Here, choose_destination, is_refused, settings_of
from .schedule import Agenda, expires_at, is_expired, next_attempt_at
from .spool import Spool
from .transaction import Delivered, Results

log = logging.getLogger(__name__)

_SESSIONS_PER_DESTINATION = 20  # the only limit: whatever one destination does, others are not delayed
_LONGEST_NAP = 0.1  # seconds; the clock can be moved, and alerts change, without a word
_SPOOL_RETRY = 1.0  # seconds between tries to record an outcome that the spool did not take


class Relay:
    """All messages in the queue, and what happens to them.

    Args:
        config: The configuration.
        clock: The only source of time for anything that is written down.
        spool: The queue on disk.
        events: Where outcomes are logged.
    """

    def __init__(self, config: Config, clock: Clock, spool: Spool, events: EventLog) -> None:
        self._config = config
        self._clock = clock
        self._spool = spool
        self._events = events
        self._resolver = Resolver(config.resolver, config.timeouts.dns)
        self._messages: dict[str, Message] = {}
        self._retries: Agenda[tuple[Message, Recipient]] = Agenda()
        self._expiries: Agenda[Message] = Agenda()
        self._watch = AlertWatch(config, spool)
        self._slots: WeakValueDictionary[Destination, asyncio.Semaphore] = WeakValueDictionary()
        self._attempts: dict[asyncio.Task[None], list[Recipient]] = {}
        self._called_off: set[asyncio.Task[None]] = set()
        self._overtaken: set[Recipient] = set()  # by new settings, while their last attempt came to its end
        self._chores: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()

    def resume(self) -> None:
        """Take up what the spool holds; called once, before `run`."""
        for message in self._spool.load():
            self._adopt(message)

    async def accept(self, message: Message, content: bytes) -> None:
        """Take responsibility for a message; it is on disk when this returns.

        Raises:
            sqlite3.Error: It is not, and must be refused.
        """
        await self._spool.add(message, content)
        self._adopt(message)

    def queue(self) -> list[tuple[Message, Recipient]]:
        """Return every recipient that still waits, oldest message first."""
        messages = sorted(self._messages.values(), key=lambda message: message.accepted_at)
        return [
            (message, recipient)
            for message in messages
            for recipient in message.recipients
            if recipient.state is not State.GONE
        ]

    def flush(self) -> int:
        """Make all waiting recipients due now; return how many."""
        waiting = [pair for pair in self.queue() if pair[1].state is State.WAITING]
        for message, recipient in waiting:
            self._plan_retry(message, recipient, self._clock.now())
        return len(waiting)

    def now(self) -> float:
        """Return the relay's time in seconds since the epoch."""
        return self._clock.now()

    def destination(self, recipient: Recipient) -> str:
        """Return where a recipient's mail goes, as the queue shows it."""
        return choose_destination(recipient.address, self._config).label

    def refuses(self, address: str) -> bool:
        """Whether mail for a recipient is not taken at all."""
        return is_refused(address, self._config)

    def alerts(self) -> list[dict[str, Any]]:
        """Return every alert, oldest first, ready for JSON."""
        return self._watch.alerts()

    def apply(self, config: Config) -> None:
        """Put new settings in force, for queued mail as well.

        Mail whose way they change is due at once, oldest first. An attempt on the old way is called off, unless
        the message is being handed over or the outcome recorded; if that is a deferral, it is due at once as well.
        """
        old, self._config = self._config, config
        queue = self.queue()
        moved = {
            recipient
            for _, recipient in queue
            if settings_of(recipient.address, old) != settings_of(recipient.address, config)
        }
        for task, recipients in self._attempts.items():
            if any(each in moved and each.state is State.TRYING for each in recipients):
                self._call_off(task)
                _mark(recipients, State.WAITING)
                moved.update(recipients)
        self._overtaken |= {recipient for recipient in moved if recipient.state is State.SETTLING}
        now = self._clock.now()
        for message, recipient in queue:
            if recipient in moved and recipient.state is State.WAITING:
                self._plan_retry(message, recipient, now)
        self._watch.apply(config, dict.fromkeys(message for message, _ in queue))

    async def run(self) -> None:
        """Try and return messages as they fall due; ends only by cancellation."""
        while True:
            self._wake.clear()
            self._start_what_is_due(self._clock.now())
            await self._watch.look(self._clock.now())
            try:
                async with asyncio.timeout(self._nap()):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def abandon(self) -> None:
        """Call off all attempts; nothing is lost, the spool has every message."""
        tasks = [*self._attempts, *self._chores]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _nap(self) -> float:
        due = (self._retries.next(), self._expiries.next(), self._watch.next())
        now = self._clock.now()
        return max(0.0, min([_LONGEST_NAP, *(when - now for when in due if when is not None)]))

    def _adopt(self, message: Message) -> None:
        self._messages[message.queue_id] = message
        self._expiries.add(expires_at(message.accepted_at, self._config.schedule), message)
        self._watch.joined(message)
        for recipient in message.recipients:
            self._plan_retry(message, recipient, recipient.next_retry)

    def _plan_retry(self, message: Message, recipient: Recipient, when: float) -> None:
        recipient.next_retry = when
        self._retries.add(when, (message, recipient))
        self._wake.set()

    def _start_what_is_due(self, now: float) -> None:
        # Expiry first: a message whose time is up is returned, not tried once more.
        for _, message in self._expiries.due(now):
            self._expire(message)
        groups: defaultdict[tuple[Message, Destination], list[Recipient]] = defaultdict(list)
        for when, (message, recipient) in self._retries.due(now):
            if recipient.state is State.WAITING and recipient.next_retry == when:
                recipient.state = State.TRYING
                groups[message, choose_destination(recipient.address, self._config)].append(recipient)
        # Oldest message first: a backlog that falls due together is worked off in the order of its acceptance.
        for (message, route), recipients in sorted(groups.items(), key=lambda group: group[0][0].accepted_at):
            task = asyncio.create_task(self._attempt(message, route, recipients))
            self._attempts[task] = recipients
            task.add_done_callback(self._attempt_ended)

    def _attempt_ended(self, task: asyncio.Task[None]) -> None:
        del self._attempts[task]
        self._called_off.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.critical("defect: an attempt ended without an outcome", exc_info=error)

    async def _attempt(self, message: Message, route: Destination, recipients: list[Recipient]) -> None:
        slot = self._slots.setdefault(route, asyncio.Semaphore(_SESSIONS_PER_DESTINATION))
        async with slot:
            results = await self._deliver(message, route, recipients)
            self._stop_if_called_off()
            _mark(recipients, State.SETTLING)
            task = asyncio.current_task()
            assert task is not None
            self._attempts[task] = []  # nothing of it can be called off; the next one may begin meanwhile
            await self._conclude(message, results)

    async def _deliver(self, message: Message, route: Destination, recipients: list[Recipient]) -> Results:
        def hand_over() -> None:
            self._stop_if_called_off()
            _mark(recipients, State.SETTLING)

        if route is Here.NOBODY:
            return dict.fromkeys(recipients, ACCESS_DENIED)
        try:
            content = await self._spool.content(message.queue_id)
            if route is Here.MAILBOX:
                hand_over()
                return await deliver_here(self._config.mailboxes, message, content, recipients)
            return await Delivery(self._config, self._resolver, route, hand_over).run(
                message, content, recipients
            )
        except Exception as error:
            # A defect of ours must not lose mail: it waits, and the log tells why.
            log.exception("%s: attempt failed", message.queue_id)
            failure = Failure(code="451", status="4.3.0", text="Local error", detail=type(error).__name__)
            return dict.fromkeys(recipients, failure)

    def _call_off(self, task: asyncio.Task[None]) -> None:
        self._called_off.add(task)
        task.cancel()

    def _stop_if_called_off(self) -> None:
        """Stop an attempt whose message was given up: `asyncio.wait_for` of Python 3.11 can swallow a cancellation."""
        if asyncio.current_task() in self._called_off:
            raise asyncio.CancelledError

    async def _conclude(self, message: Message, results: Results) -> None:
        """Record how an attempt ended for each recipient, and return the message where it must be."""
        now = self._clock.now()
        session = secrets.token_hex(8).upper()
        out_of_time = is_expired(message.accepted_at, now, self._config.schedule)
        lost: list[tuple[Recipient, Outcome]] = []
        delivered: dict[Recipient, Delivered] = {}
        deferred: list[Recipient] = []
        for recipient, failure in results.items():
            recipient.attempts += 1
            recipient.last_attempt_at = now
            if isinstance(failure, Delivered):
                delivered[recipient] = failure
                continue
            recipient.failure = failure
            recipient.last_error = format_error(
                failure, hostname=self._config.hostname, at=now, session=session
            )
            if failure.permanent:
                lost.append((recipient, Outcome.PERMANENT))
            elif out_of_time:
                self._log(Outcome.DEFERRED, now, message, recipient, recipient.last_error, failure.server)
                lost.append((recipient, Outcome.EXPIRED))
            else:
                recipient.next_retry = next_attempt_at(now, recipient.attempts, self._config.schedule)
                deferred.append(recipient)
        await self._settle(message, now, session, delivered=delivered, deferred=deferred, lost=lost)

    def _expire(self, message: Message) -> None:
        """Return a message whose time is up; an attempt still short of handing it over is called off."""
        doomed = [each for each in message.recipients if each.state in (State.WAITING, State.TRYING)]
        if not doomed:
            return  # an attempt is at its end; what it leaves over is out of time then
        for task, recipients in self._attempts.items():
            if any(recipient in doomed for recipient in recipients):
                self._call_off(task)
        _mark(doomed, State.SETTLING)
        now = self._clock.now()
        lost = [(recipient, Outcome.EXPIRED) for recipient in doomed]
        chore = asyncio.create_task(self._settle(message, now, secrets.token_hex(8).upper(), lost=lost))
        self._chores.add(chore)
        chore.add_done_callback(self._chores.discard)

    async def _settle(
        self,
        message: Message,
        now: float,
        session: str,
        *,
        delivered: Mapping[Recipient, Delivered] = MappingProxyType({}),
        deferred: Sequence[Recipient] = (),
        lost: Sequence[tuple[Recipient, Outcome]] = (),
    ) -> None:
        failures = {
            recipient: expired(recipient.failure) if outcome is Outcome.EXPIRED else _known(recipient)
            for recipient, outcome in lost
        }
        gone = [*delivered, *failures]
        self._defer(message, now, deferred)
        report = await self._report(message, now, failures)
        await tell_of_relaying(
            message, delivered, self._spool.content, self.accept, self._config.hostname, now
        )
        await self._record(message, gone, deferred, report)
        _mark(gone, State.GONE)
        if all(recipient.state is State.GONE for recipient in message.recipients):
            self._messages.pop(message.queue_id, None)
        self._watch.settled(message)
        self._overtaken.difference_update(gone)
        if report is not None:
            self._adopt(report[0])
        for recipient, success in delivered.items():
            self._log(Outcome.DELIVERED, now, message, recipient, success.line, success.server)
        for recipient, outcome in lost:
            failure = failures[recipient]
            text = format_error(failure, hostname=self._config.hostname, at=now, session=session)
            self._log(outcome, now, message, recipient, text, failure.server)

    def _defer(self, message: Message, now: float, recipients: Sequence[Recipient]) -> None:
        """Have recipients tried again, however long the disk takes: what is forgotten of it is tried the sooner."""
        _mark(recipients, State.WAITING)
        for recipient in recipients:
            overtaken = recipient in self._overtaken
            self._plan_retry(message, recipient, now if overtaken else recipient.next_retry)
            self._watch.failed(recipient)
            server = _known(recipient).server
            self._log(Outcome.DEFERRED, now, message, recipient, recipient.last_error, server)
        self._overtaken.difference_update(recipients)

    async def _report(
        self, message: Message, now: float, failures: dict[Recipient, Failure]
    ) -> tuple[Message, bytes] | None:
        """Return the non-delivery report that is due, if one is."""
        told = {each: failure for each, failure in failures.items() if each.wants_failure_report}
        if not told or not message.sender:
            return None
        report = Message(
            sender="",
            accepted_at=now,
            recipients=[Recipient(number=0, address=message.sender, next_retry=now)],
        )
        content = build_dsn(
            message,
            await self._spool.content(message.queue_id),
            told,
            hostname=self._config.hostname,
            at=now,
        )
        return report, content

    async def _record(
        self,
        message: Message,
        gone: Sequence[Recipient],
        deferred: Sequence[Recipient],
        report: tuple[Message, bytes] | None,
    ) -> None:
        """Write an outcome to the spool, however long it takes: to forget a delivery is to deliver twice."""
        while True:
            try:
                await self._spool.settle(message, gone=gone, deferred=deferred, report=report)
            except sqlite3.Error as error:
                log.error("%s: cannot record the outcome: %s", message.queue_id, error)
                if not gone:
                    return  # the next attempt is planned, and is recorded with all that there is
                await asyncio.sleep(_SPOOL_RETRY)
            else:
                return

    def _log(
        self,
        outcome: Outcome,
        at: float,
        message: Message,
        recipient: Recipient,
        text: str,
        destination: str,
    ) -> None:
        self._events.write(
            outcome,
            at=at,
            queue_id=message.queue_id,
            sender=message.sender,
            recipient=recipient.address,
            attempt=recipient.attempts,
            text=text,
            destination=destination,
        )


def _mark(recipients: Sequence[Recipient], state: State) -> None:
    for recipient in recipients:
        recipient.state = state


def _known(recipient: Recipient) -> Failure:
    assert recipient.failure is not None
    return recipient.failure
