"""Calls an adapter, synchronous or not, and says whose fault it is when that goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import aiosmtplib

from conformance.evidence.record import Fault
from conformance.target import (
    Address,
    Capability,
    DeliveryEvent,
    EditRefused,
    Envelope,
    MessageRefused,
    QueuedMessage,
    RelayConfig,
    Schedule,
    Target,
    TargetError,
)
from conformance.targets.process import last_words
from conformance.wave.flood import shortened
from conformance.wave.granted import checked
from conformance.wave.inspection import check_fields, check_powers, submission
from conformance.wave.life import STARTING, STOPPING, Life
from conformance.wave.own_loop import OwnLoop, within
from conformance.wave.smtp_client import Client, is_reachable, refused_at, said
from conformance.wave.unusable import NotTaken, TargetUnusable, defect, from_target
from fake_servers import Journal
from fake_servers.events import RelayKilled, RelayRestarted

T = TypeVar("T")

# How long an adapter may take, in seconds, before we stop waiting for it.
START_LIMIT = 60.0
STOP_LIMIT = 30.0
CALL_LIMIT = 10.0

# Messages in one answer of queue(): many times what a wave hands over, and little enough to be read once a second.
QUEUE_LIMIT = 20_000

# So long its relay may take to stop if a call of the adapter holds everything up, and will hardly return any more.
STUCK_LIMIT = 5.0

_REMEDY = (
    "Give it a time-out of its own. An `async` method that blocks holds up all that its adapter does: await what takes "
    "long (asyncio.create_subprocess_exec(), asyncio.to_thread()), or make it a plain method."
)

_YIELD_LATER = "running() may yield only once the relay accepts connections at `submission`."

# A relay that its supervisor starts anew is back within so many seconds; so often it is looked for meanwhile.
COMES_BACK = 2.0
_MOMENT = 0.1
# So long, in seconds, the end of a process may take.
_ENDS_WITHIN = 0.5


# What an adapter may raise as an answer of its relay's, by method: it is no defect there, and nowhere else.
_ANSWERS: Mapping[str, type[Exception]] = {
    "submit": MessageRefused,
    "fix_now": EditRefused,
    "edit_connector": EditRefused,
    "delete_connector": EditRefused,
    "set_accepted_domain": EditRefused,
}


class SubmissionRefused(Exception):
    """The relay answered the submission of a message with something else than acceptance.

    Attributes:
        at: The command that it answered so: `RCPT`, or another word of SMTP; empty if there was none.
        temporary: Whether it may take the same message later.
        unanswered: Whether it left without an answer, so that it did not even refuse.
    """

    def __init__(self, said: str, *, at: str = "", temporary: bool = False, unanswered: bool = False) -> None:
        super().__init__(said)
        self.at = at
        self.temporary = temporary
        self.unanswered = unanswered


class Instance:
    """One running relay behind its adapter. Made by `running`.

    Attributes:
        schedule: What it granted.
        submission: Where it takes mail by SMTP now; None if its adapter takes envelopes instead.
        was_reached: Whether it was ever there where it takes mail.
    """

    schedule: Schedule
    submission: Address | None

    def __init__(self, relay: object, target: Target, own: OwnLoop, life: Life, folder: Path) -> None:
        self._relay = relay
        self._folder = folder
        self._target = target
        self._own = own
        self._life = life
        self._turn = asyncio.Lock()
        self.was_reached = False
        self._has_events = False
        self._takes_envelopes = False

    async def inspect(self) -> None:
        """Look at the object that the adapter yielded, once.

        Raises:
            TargetUnusable: It is not what the contract asks for.
        """

        async def look() -> None:
            relay, capabilities = self._relay, frozenset(self._target.capabilities)
            self.submission = submission(relay)
            try:
                self.schedule = checked(getattr(relay, "schedule", None))
            except ValueError as error:
                raise defect(str(error)) from error
            self._has_events = Capability.EVENTS in capabilities
            self._takes_envelopes = hasattr(relay, "submit")
            check_powers(relay, capabilities)
            if not hasattr(relay, "queue"):
                raise defect("running() yielded an object without queue()")

        await self._done("what running() yielded", look, CALL_LIMIT)

    async def queue(self) -> list[QueuedMessage]:
        """Return what waits in the relay's queue."""
        return await self.ask("queue", QueuedMessage, check_fields)

    async def events(self) -> list[DeliveryEvent]:
        """Return the relay's delivery events; none if it has no such power."""
        return await self.ask("events", DeliveryEvent, check_fields) if self._has_events else []

    async def submit(self, envelope: Envelope, accepted: Callable[[], None]) -> None:
        """Hand over one message.

        Args:
            envelope: The message.
            accepted: Called at the moment in which the relay has taken responsibility.

        Raises:
            SubmissionRefused: The relay did not take it.
            TargetUnusable: The relay is not there, or its adapter broke.
        """
        if self._takes_envelopes:
            try:
                await self.call("submit", envelope)
            except MessageRefused as error:
                words = str(error) or "the adapter gives no reason"
                raise SubmissionRefused(words, temporary=error.temporary) from error
            accepted()
            return
        assert self.submission is not None
        host, port = self.submission  # which a restart may have changed
        loop = asyncio.get_running_loop()
        patience = loop.time() + COMES_BACK
        client = Client(host, port)
        while not await self._took(client, envelope, accepted, patience - loop.time()):
            await asyncio.sleep(_MOMENT)
            client = Client(host, port)

    async def _took(
        self, client: Client, envelope: Envelope, accepted: Callable[[], None], left: float
    ) -> bool:
        """Tell whether the relay took a message; not if it may be about to start anew, and has nothing of it yet."""
        try:
            async with client:
                self.was_reached = True
                await client.sendmail(
                    envelope.sender,
                    list(envelope.recipients),
                    envelope.content,
                    rcpt_options=[f"NOTIFY={envelope.notify}"] if envelope.notify else [],
                )
                accepted()
            return True
        except (aiosmtplib.SMTPResponseException, aiosmtplib.SMTPRecipientsRefused) as error:
            words = said(error)
            raise SubmissionRefused(words, at=refused_at(error), temporary=words.startswith("4")) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            if left > 0 and not client.sent:
                return False
            where = Address(str(client.hostname), int(client.port or 0))
            if client.sent and isinstance(error, ConnectionError) and await _has_stayed(where):
                # it has lost a worker, and with it this message; what a relay does that has ended is told otherwise
                raise SubmissionRefused("the connection ended without a reply", unanswered=True) from error
            raise NotTaken(where, error, "" if self.was_reached else _YIELD_LATER) from error

    def last_words(self) -> tuple[str, str]:
        """Return how the relay's process ended, if that is known, and the last lines that it wrote."""
        return last_words(self._folder)

    async def move_clock(self, seconds: float) -> None:
        """Move the relay's clock forward."""
        await self.call("move_clock", seconds)

    async def kill_and_restart(
        self,
        journal: Journal,
        moment: str,
        meanwhile: Callable[[], Awaitable[None]] | None = None,
        *,
        relay: int = 0,
        by: str = "kill",
    ) -> None:
        """Kill the relay and start it again; nobody asks it anything in between.

        Args:
            journal: Where the kill and the restart are noted.
            moment: What to call this moment there.
            meanwhile: What to do while there is no relay.
            relay: The number of this instance in the wave.
            by: How it ends, a method: `kill`, or `stop` for an end in good order.
        """
        async with self._turn:
            asked = journal.now()
            await self._done(f"{by}()", partial(self._call, by), STOP_LIMIT)
            how = "stopped" if by == "stop" else "killed"
            journal.note(RelayKilled(moment=moment, relay=relay, asked=asked, how=how))
            if meanwhile is not None:
                await meanwhile()
            await self._done("restart()", partial(self._call, "restart"), START_LIMIT)
            journal.note(RelayRestarted(moment=moment, relay=relay))

    async def ask(
        self, name: str, kind: type[T], check: Callable[[str, T], None], *arguments: object
    ) -> list[T]:
        """Call a method of the relay object that returns a sequence; every item is checked.

        Raises:
            TargetUnusable: It raised, or returned something else.
        """

        def read(answer: object) -> list[T]:
            if name == "queue" and isinstance(answer, Sequence) and len(answer) > QUEUE_LIMIT:
                raise TargetUnusable(
                    Fault.TARGET,
                    f"the relay's queue has {len(answer)} messages, more than {QUEUE_LIMIT}: they are not ours",
                )
            if not isinstance(answer, Sequence) or not all(isinstance(item, kind) for item in answer):
                raise defect(f"{name}() returned something that is not a sequence of {kind.__name__}")
            for item in answer:
                check(name, item)
            return [shortened(item) for item in cast(Sequence[T], answer)]

        return await self._in_turn(name, arguments, {}, read)

    async def call(self, name: str, *arguments: object, **keywords: object) -> Any:
        """Call a method of the relay object, in a thread if it is a plain function, never two at once.

        Raises:
            EditRefused: The relay refused an edit.
            MessageRefused: The relay refused a message.
            TargetUnusable: It raised anything else, or did not return in time.
        """
        return await self._in_turn(name, arguments, keywords, lambda answer: answer)

    async def _in_turn(
        self,
        name: str,
        arguments: Sequence[object],
        keywords: Mapping[str, object],
        read: Callable[[object], T],
    ) -> T:
        async def work() -> T:
            return read(await self._call(name, *arguments, **keywords))

        async with self._turn:
            return await self._done(f"{name}()", work, CALL_LIMIT, _ANSWERS.get(name))

    async def _call(self, name: str, *arguments: object, **keywords: object) -> object:
        """Call a method within the adapter's loop."""
        function = partial(getattr(self._relay, name), **keywords)
        answer: object = await self._own.either(function, *arguments, name=f"{name}()")
        if name not in ("kill", "stop"):  # it may take mail elsewhere now, but not while there is no relay
            where = None if self._takes_envelopes else getattr(self._relay, "submission", None)
            self.submission = None if where is None else Address(*where)
        return answer

    async def _done(
        self,
        named: str,
        work: Callable[[], Awaitable[T]],
        limit: float,
        answer: type[Exception] | None = None,
    ) -> T:
        """Have something done within the adapter's loop."""
        self._life.check()
        return await _answer(self._own, self._own.call(named, work), limit, named, answer)


async def _has_stayed(address: Address) -> bool:
    """Tell whether a relay is there although it has left a session: who ends closes one socket after the other."""
    await asyncio.sleep(_ENDS_WITHIN)
    return await is_reachable(address)


async def _answer(
    own: OwnLoop, future: Future[T], limit: float, named: str, answer: type[Exception] | None = None
) -> T:
    """Return what comes of something in an adapter's loop; whatever goes wrong there is told in our words."""
    try:
        if await within(future, limit):
            return future.result()
    except asyncio.CancelledError:
        future.cancel()
        raise
    except TargetError as error:
        raise from_target(error) from error
    except TargetUnusable:
        raise
    except Exception as error:
        if answer is not None and isinstance(error, answer):
            raise
        said = f": {error}" if str(error) else ""
        raise defect(f"{named} raised {type(error).__name__}{said}", error) from error
    trouble = _stuck(own, named, limit)
    future.cancel()
    raise trouble


def _stuck(own: OwnLoop, named: str, limit: float) -> TargetUnusable:
    """Return the complaint that something did not return; what holds up all else is the call that never did."""
    standing = own.standing()
    where = f"; it stands at {standing.line}" if standing is not None and standing.line else ""
    return TargetUnusable(
        Fault.ADAPTER,
        f"{own.inside or named} did not return within {limit:.0f} s{where}",
        hint=_REMEDY,
        log="" if standing is None else standing.text,
    )


@asynccontextmanager
async def running(target: Target, config: RelayConfig) -> AsyncIterator[Instance]:
    """Start one relay by its adapter and stop it again.

    Raises:
        TargetUnusable: It cannot be started, or not be stopped.
    """
    own = OwnLoop()
    life = Life(own, target, config)
    try:
        relay = await _started(own, life)
        try:
            instance = Instance(relay, target, own, life, config.work_directory)
            await instance.inspect()
            yield instance
        except BaseException as error:
            try:
                await _stop(own, life)
            except TargetUnusable as trouble:
                error.add_note(str(trouble))  # what broke first is what is told
            raise
        await _stop(own, life)
    finally:
        await own.close()


async def _started(own: OwnLoop, life: Life) -> object:
    try:
        return await _answer(own, life.began, START_LIMIT, STARTING)
    finally:
        if not life.began.done() or life.began.cancelled():
            life.break_off()
            await within(life.ended, STUCK_LIMIT if own.is_blocked else STOP_LIMIT)


async def _stop(own: OwnLoop, life: Life) -> None:
    life.check()
    life.leave()
    if own.inside and not await within(life.ended, STUCK_LIMIT) and own.inside:
        raise _stuck(own, STOPPING, STUCK_LIMIT)
    await _answer(own, life.ended, STOP_LIMIT, STOPPING)
