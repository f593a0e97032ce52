"""Calls an adapter, synchronous or not, and says whose fault it is when that goes wrong."""

from __future__ import annotations

import asyncio
import inspect
import threading
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
)
from functools import partial
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
    Outcome,
    QueuedMessage,
    RelayConfig,
    Target,
    TargetError,
)
from conformance.wave.granted import checked
from conformance.wave.smtp_client import Client, refused_at, said
from conformance.wave.threads import either, in_thread
from fake_servers import Journal
from fake_servers.events import RelayKilled, RelayRestarted

T = TypeVar("T")

# How long an adapter may take, in seconds, before we stop waiting for it.
START_LIMIT = 60.0
STOP_LIMIT = 30.0
CALL_LIMIT = 10.0

# A relay that its supervisor starts anew is back within so many seconds; so often it is looked for meanwhile.
COMES_BACK = 2.0
_MOMENT = 0.1


# What a capability promises of the object that running() yields.
_POWERS = {
    Capability.EVENTS: ("events",),
    Capability.CLOCK: ("move_clock",),
    Capability.RESTART: ("kill", "restart"),
    Capability.ALERTS: ("alerts",),
    Capability.FIX_NOW: ("fix_now",),
    Capability.EDIT_CONNECTOR: ("edit_connector", "delete_connector"),
    Capability.MAILBOXES: ("mailbox",),
}


# What an adapter may raise as an answer of its relay's, by method: it is no defect there, and nowhere else.
_ANSWERS: Mapping[str, type[Exception]] = {
    "submit": MessageRefused,
    "fix_now": EditRefused,
    "edit_connector": EditRefused,
    "delete_connector": EditRefused,
    "set_accepted_domain": EditRefused,
}


class TargetUnusable(Exception):
    """An adapter or its relay cannot be used; carries whose fault it is, a hint and the relay's log tail."""

    def __init__(
        self, fault: Fault, message: str, *, hint: str = "", log: str = "", installation: bool = False
    ) -> None:
        super().__init__(message)
        self.fault = fault
        self.hint = hint
        self.log = log
        self.installation = installation


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
    """One running relay behind its adapter."""

    def __init__(self, relay: object, target: Target) -> None:
        self._relay = relay
        self._turn = asyncio.Lock()
        self._thread = threading.Lock()
        self._inside = ""
        self._has_events = Capability.EVENTS in target.capabilities
        _submission(relay)
        try:
            self.schedule = checked(getattr(relay, "schedule", None))
        except ValueError as error:
            raise defect(str(error)) from error
        _check_powers(relay, target.capabilities)
        if not hasattr(relay, "queue"):
            raise defect("running() yielded an object without queue()")

    async def queue(self) -> list[QueuedMessage]:
        """Return what waits in the relay's queue."""
        return await self.ask("queue", QueuedMessage, _check_fields)

    async def events(self) -> list[DeliveryEvent]:
        """Return the relay's delivery events; none if it has no such power."""
        return await self.ask("events", DeliveryEvent, _check_fields) if self._has_events else []

    async def submit(self, envelope: Envelope, accepted: Callable[[], None]) -> None:
        """Hand over one message.

        Args:
            envelope: The message.
            accepted: Called at the moment in which the relay has taken responsibility.

        Raises:
            SubmissionRefused: The relay did not take it.
            TargetUnusable: The relay is not there, or its adapter broke.
        """
        if hasattr(self._relay, "submit"):
            try:
                await self.call("submit", envelope)
            except MessageRefused as error:
                words = str(error) or "the adapter gives no reason"
                raise SubmissionRefused(words, temporary=error.temporary) from error
            accepted()
            return
        address = _submission(self._relay)  # which a restart may have changed
        assert address is not None
        host, port = address
        loop = asyncio.get_running_loop()
        patience = loop.time() + COMES_BACK
        client = Client(host, port)
        while not await self._took(client, envelope, accepted, patience - loop.time()):
            await asyncio.sleep(_MOMENT)
            client = Client(host, port)

    @staticmethod
    async def _took(client: Client, envelope: Envelope, accepted: Callable[[], None], left: float) -> bool:
        """Tell whether the relay took a message; not if it may be about to start anew, and has nothing of it yet."""
        try:
            async with client:
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
            host, port = client.hostname, client.port
            raise TargetUnusable(
                Fault.TARGET,
                f"the relay does not take mail at {host}:{port}: {error or type(error).__name__}",
                hint="running() may yield only once the relay accepts connections at `submission`.",
            ) from error

    async def move_clock(self, seconds: float) -> None:
        """Move the relay's clock forward."""
        await self.call("move_clock", seconds)

    @property
    def submission(self) -> Address | None:
        """Where it takes mail by SMTP now; None if its adapter takes envelopes instead."""
        where = getattr(self._relay, "submission", None)
        return None if where is None else Address(*where)

    async def kill_and_restart(
        self,
        journal: Journal,
        moment: str,
        meanwhile: Callable[[], Awaitable[None]] | None = None,
        *,
        relay: int = 0,
    ) -> None:
        """Kill the relay and start it again; nobody asks it anything in between.

        Args:
            journal: Where the kill and the restart are noted.
            moment: What to call this moment there.
            meanwhile: What to do while there is no relay.
            relay: The number of this instance in the wave.
        """
        async with self._turn:
            asked = journal.now()
            await _guarded(lambda: either(self._thread, self._power("kill")), CALL_LIMIT, "kill()")
            journal.note(RelayKilled(moment=moment, relay=relay, asked=asked))
            if meanwhile is not None:
                await meanwhile()
            await _guarded(lambda: either(self._thread, self._power("restart")), START_LIMIT, "restart()")
            journal.note(RelayRestarted(moment=moment, relay=relay))

    def _power(self, name: str) -> Callable[..., Any]:
        function: Callable[..., Any] = getattr(self._relay, name)
        return function

    async def ask(
        self, name: str, kind: type[T], check: Callable[[str, T], None], *arguments: object
    ) -> list[T]:
        """Call a method of the relay object that returns a sequence; every item is checked.

        Raises:
            TargetUnusable: It raised, or returned something else.
        """
        answer = await self.call(name, *arguments)
        if not isinstance(answer, Sequence) or not all(isinstance(item, kind) for item in answer):
            raise defect(f"{name}() returned something that is not a sequence of {kind.__name__}")
        for item in answer:
            check(name, item)
        return list(cast(Sequence[T], answer))

    async def call(self, name: str, *arguments: object, **keywords: object) -> Any:
        """Call a method of the relay object, in a thread if it is a plain function, never two at once.

        Raises:
            EditRefused: The relay refused an edit.
            MessageRefused: The relay refused a message.
            TargetUnusable: It raised anything else, or did not return in time.
        """
        function: Callable[..., Any] = partial(getattr(self._relay, name), **keywords)

        def named(*given: object) -> Any:
            self._inside = f"{name}()"
            try:
                return function(*given)
            finally:
                self._inside = ""

        async with self._turn:
            call = function if inspect.iscoroutinefunction(function) else named
            return await _guarded(
                lambda: either(self._thread, call, *arguments),
                CALL_LIMIT,
                # what holds up everything else is the call that never returned
                lambda: self._inside or f"{name}()",
                _ANSWERS.get(name),
            )


def _check_powers(relay: object, capabilities: frozenset[Capability]) -> None:
    """Complain of a capability that is claimed and cannot be used."""
    powers = dict(_POWERS)
    if Capability.ACCEPTED_DOMAINS in capabilities:
        powers[Capability.EDIT_CONNECTOR] += ("set_accepted_domain",)
        if getattr(relay, "submission", None) is None:
            raise defect(
                "capability `accepted_domains` is claimed without `submission`: unknown recipients are refused at RCPT"
            )
    for capability, methods in powers.items():
        for method in methods if capability in capabilities else ():
            if not hasattr(relay, method):
                raise defect(f"capability `{capability}` is claimed, but the relay object has no {method}()")


def _submission(relay: object) -> Address | None:
    """Return where mail is submitted, None if by `submit`."""
    given = getattr(relay, "submission", None)
    if given is None:
        if not hasattr(relay, "submit"):
            raise defect("running() yielded an object with neither `submission` nor `submit`")
        return None
    match given:
        case (str(host), int(port)) if 0 < port < 65536:
            return Address(host, port)
    raise defect(f"`submission` is {given!r}, not a conformance.target.Address (host, port)")


def _check_fields(name: str, item: QueuedMessage | DeliveryEvent) -> None:
    """Complain of a field of the wrong type: a None among the texts would be read as the word."""
    for field, value in vars(item).items():
        wanted = {"outcome": Outcome, "at": int | float}.get(field, str)
        if not isinstance(value, wanted):
            raise defect(f"{name}() returned a {type(item).__name__} whose {field} is {value!r}")
        if field in ("sender", "recipient") and str(value).startswith("<"):
            raise defect(
                f"{name}() returned the {field} {value!r}; addresses are handed over without angle brackets"
            )


async def _guarded(
    call: Callable[[], Awaitable[T]],
    limit: float,
    named: str | Callable[[], str],
    answer: type[Exception] | None = None,
) -> T:
    try:
        async with asyncio.timeout(limit) as timer:
            return await call()
    except TargetError as error:
        raise from_target(error) from error
    except TimeoutError as error:
        what = named if isinstance(named, str) else named()
        if not timer.expired():
            raise defect(f"{what} raised {error!r}", error) from error
        raise TargetUnusable(
            Fault.ADAPTER,
            f"{what} did not return within {limit:.0f} s",
            hint="Give it a time-out of its own.",
        ) from error
    except TargetUnusable:
        raise
    except Exception as error:
        if answer is not None and isinstance(error, answer):
            raise
        what = named if isinstance(named, str) else named()
        raise defect(f"{what} raised {type(error).__name__}: {error}", error) from error


@asynccontextmanager
async def running(target: Target, config: RelayConfig) -> AsyncIterator[Instance]:
    """Start one relay by its adapter and stop it again.

    Raises:
        TargetUnusable: It cannot be started, or not be stopped.
    """
    context = await _guarded(lambda: _either_running(target, config), START_LIMIT, "running()")
    if isinstance(context, AbstractAsyncContextManager):
        enter, leave = context.__aenter__, context.__aexit__
    elif isinstance(context, AbstractContextManager):
        plain: AbstractContextManager[Any] = context

        async def enter() -> Any:
            return await in_thread(plain.__enter__)

        async def leave(*details: Any) -> Any:
            return await in_thread(plain.__exit__, *details)

    else:
        raise defect("running() returned something that is no context manager")
    relay = await _guarded(enter, START_LIMIT, "starting the relay (entering running())")
    try:
        yield Instance(relay, target)
    finally:
        await _guarded(lambda: leave(None, None, None), STOP_LIMIT, "stopping the relay (leaving running())")


async def _either_running(target: Target, config: RelayConfig) -> object:
    made: object = target.running(config)
    if inspect.isasyncgen(made) or inspect.isgenerator(made):
        decorator = "asynccontextmanager" if inspect.isasyncgen(made) else "contextmanager"
        raise defect(f"running() is a generator; decorate it with contextlib.{decorator}")
    if inspect.iscoroutine(made):
        made.close()  # nobody will await it, and nobody need be told
    if inspect.isawaitable(made):  # an author wrote `async def running` without a decorator
        raise defect("running() is a coroutine; decorate it with contextlib.asynccontextmanager", None)
    return made


def from_target(error: TargetError) -> TargetUnusable:
    """Return a target's own complaint as trouble of the wave."""
    return TargetUnusable(
        Fault.TARGET, str(error), hint=error.hint, log=error.log, installation=error.installation
    )


def defect(message: str, error: BaseException | None = None) -> TargetUnusable:
    """Return a defect of the adapter as trouble of the wave."""
    log = "".join(traceback.format_exception(error)[-6:]) if error is not None else ""
    return TargetUnusable(
        Fault.ADAPTER, message, hint="This is a defect of the adapter, see conformance/target/.", log=log
    )
