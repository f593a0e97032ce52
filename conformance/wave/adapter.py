"""Calls an adapter, synchronous or not, and says whose fault it is when that goes wrong."""

from __future__ import annotations

import asyncio
import inspect
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from typing import Any, TypeVar, cast

import aiosmtplib

from conformance.target import (
    Address,
    Capability,
    DeliveryEvent,
    Envelope,
    QueuedMessage,
    RelayConfig,
    Schedule,
    Target,
    TargetError,
)
from conformance.verdict import Fault
from fake_servers import Journal

T = TypeVar("T")

# How long an adapter may take, in seconds, before we stop waiting for it.
START_LIMIT = 60.0
STOP_LIMIT = 30.0
CALL_LIMIT = 15.0
SUBMIT_LIMIT = 30.0


# What a capability promises of the object that running() yields.
_POWERS = {
    Capability.EVENTS: ("events",),
    Capability.CLOCK: ("move_clock",),
    Capability.RESTART: ("kill", "restart"),
}


class Trouble(Exception):
    """An adapter or its relay cannot be used; carries whose fault it is, a hint and the relay's log tail."""

    def __init__(
        self, fault: Fault, message: str, *, hint: str = "", log: str = "", installation: bool = False
    ) -> None:
        super().__init__(message)
        self.fault = fault
        self.hint = hint
        self.log = log
        self.installation = installation


class Refused(Exception):
    """The relay answered the submission of a message with something else than acceptance."""


class Instance:
    """One running relay behind its adapter."""

    def __init__(self, relay: object, target: Target) -> None:
        self._relay = relay
        self._turn = asyncio.Lock()
        self._has_events = Capability.EVENTS in target.capabilities
        if getattr(relay, "submission", None) is None and not hasattr(relay, "submit"):
            raise _defect("running() yielded an object with neither `submission` nor `submit`")
        schedule = getattr(relay, "schedule", None)
        if not isinstance(schedule, Schedule):
            raise _defect("running() yielded an object whose `schedule` is not a conformance.target.Schedule")
        self.schedule = schedule
        for capability, methods in _POWERS.items():
            for method in methods if capability in target.capabilities else ():
                if not hasattr(relay, method):
                    raise _defect(
                        f"capability `{capability}` is claimed, but the relay object has no {method}()"
                    )
        if not hasattr(relay, "queue"):
            raise _defect("running() yielded an object without queue()")

    async def queue(self) -> list[QueuedMessage]:
        """Return what waits in the relay's queue."""
        return await self._ask("queue", QueuedMessage)

    async def events(self) -> list[DeliveryEvent]:
        """Return the relay's delivery events; none if it has no such power."""
        return await self._ask("events", DeliveryEvent) if self._has_events else []

    async def submit(self, envelope: Envelope) -> None:
        """Hand over one message.

        Raises:
            Refused: The relay did not take it.
            Trouble: The relay is not there, or its adapter broke.
        """
        if hasattr(self._relay, "submit"):
            await self._call("submit", envelope)
            return
        host, port = Address(*getattr(self._relay, "submission"))  # noqa: B009 - not part of every relay
        try:
            async with aiosmtplib.SMTP(
                hostname=host,
                port=port,
                timeout=SUBMIT_LIMIT,
                start_tls=False,
                local_hostname="submitter.test",
            ) as client:
                await client.sendmail(
                    envelope.sender,
                    list(envelope.recipients),
                    envelope.content,
                    rcpt_options=[f"NOTIFY={envelope.notify}"] if envelope.notify else [],
                )
        except (aiosmtplib.SMTPResponseException, aiosmtplib.SMTPRecipientsRefused) as error:
            raise Refused(str(error)) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Trouble(
                Fault.TARGET,
                f"the relay does not take mail at {host}:{port}: {error or type(error).__name__}",
                hint="running() may yield only once the relay accepts connections at `submission`.",
            ) from error

    async def move_clock(self, seconds: float) -> None:
        """Move the relay's clock forward."""
        await self._call("move_clock", seconds)

    @property
    def submission(self) -> Address | None:
        """Where it takes mail by SMTP now; None if its adapter takes envelopes instead."""
        where = getattr(self._relay, "submission", None)
        return None if where is None else Address(*where)

    async def kill_and_restart(
        self, journal: Journal, moment: str, meanwhile: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Kill the relay and start it again; nobody asks it anything in between.

        Args:
            journal: Where the kill and the restart are noted.
            moment: What to call this moment there.
            meanwhile: What to do while there is no relay.
        """
        async with self._turn:
            asked = journal.now()
            await _guarded(lambda: _either(self._power("kill")), CALL_LIMIT, "kill()")
            journal.note("relay", "killed", moment=moment, asked=asked)
            if meanwhile is not None:
                await meanwhile()
            await _guarded(lambda: _either(self._power("restart")), START_LIMIT, "restart()")
            journal.note("relay", "restarted", moment=moment)

    def _power(self, name: str) -> Callable[..., Any]:
        function: Callable[..., Any] = getattr(self._relay, name)
        return function

    async def _ask(self, name: str, kind: type[T]) -> list[T]:
        answer = await self._call(name)
        if not isinstance(answer, Sequence) or not all(isinstance(item, kind) for item in answer):
            raise _defect(f"{name}() returned something that is not a sequence of {kind.__name__}")
        return list(cast(Sequence[T], answer))

    async def _call(self, name: str, *arguments: object) -> Any:
        function: Callable[..., Any] = getattr(self._relay, name)
        async with self._turn:
            return await _guarded(lambda: _either(function, *arguments), CALL_LIMIT, f"{name}()")


async def _either(function: Callable[..., Any], *arguments: object) -> Any:
    if inspect.iscoroutinefunction(function):
        return await function(*arguments)
    answer = await asyncio.to_thread(function, *arguments)
    return await answer if inspect.isawaitable(answer) else answer


async def _guarded(call: Callable[[], Awaitable[T]], limit: float, what: str) -> T:
    try:
        async with asyncio.timeout(limit) as timer:
            return await call()
    except TargetError as error:
        raise from_target(error) from error
    except TimeoutError as error:
        if not timer.expired():
            raise _defect(f"{what} raised {error!r}", error) from error
        raise Trouble(
            Fault.ADAPTER,
            f"{what} did not return within {limit:.0f} s",
            hint="Give it a time-out of its own.",
        ) from error
    except Trouble:
        raise
    except Exception as error:
        raise _defect(f"{what} raised {type(error).__name__}: {error}", error) from error


@asynccontextmanager
async def running(target: Target, config: RelayConfig) -> AsyncIterator[Instance]:
    """Start one relay by its adapter and stop it again.

    Raises:
        Trouble: It cannot be started, or not be stopped.
    """
    context = await _guarded(lambda: _either_running(target, config), START_LIMIT, "running()")
    if isinstance(context, AbstractAsyncContextManager):
        enter, leave = context.__aenter__, context.__aexit__
    elif isinstance(context, AbstractContextManager):
        plain: AbstractContextManager[Any] = context

        async def enter() -> Any:
            return await asyncio.to_thread(plain.__enter__)

        async def leave(*details: Any) -> Any:
            return await asyncio.to_thread(plain.__exit__, *details)

    else:
        raise _defect("running() returned something that is no context manager")
    relay = await _guarded(enter, START_LIMIT, "starting the relay (entering running())")
    try:
        yield Instance(relay, target)
    finally:
        await _guarded(lambda: leave(None, None, None), STOP_LIMIT, "stopping the relay (leaving running())")


async def _either_running(target: Target, config: RelayConfig) -> object:
    made: object = target.running(config)
    if inspect.isawaitable(made):  # an author wrote `async def running` without a decorator
        raise _defect("running() is a coroutine; decorate it with contextlib.asynccontextmanager", None)
    return made


def from_target(error: TargetError) -> Trouble:
    """Return a target's own complaint as trouble of the wave."""
    return Trouble(Fault.TARGET, str(error), hint=error.hint, log=error.log, installation=error.installation)


def _defect(message: str, error: BaseException | None = None) -> Trouble:
    log = "".join(traceback.format_exception(error)[-6:]) if error is not None else ""
    return Trouble(
        Fault.ADAPTER, message, hint="This is a defect of the adapter, see conformance/target.py.", log=log
    )
