"""What broke a relay or its adapter, and whether the relay is gone as a whole.

Gone is a relay whose adapter cannot be asked for its queue and which refuses connections where it takes mail, three
times within two seconds. One that comes back within that time was only replaced by its supervisor; one whose adapter
raises while the relay takes mail is a defect of the adapter. Where envelopes are handed over by a method there is
nothing to connect to, and the queue alone counts. Some relays' queues can be read without them: of these, gone is one
that had processes, has none any more and refuses connections; or one that took mail, and refuses connections since one
failed by which a message was handed over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from conformance.evidence.record import Fault
from conformance.evidence.relays import Stopped
from conformance.wave.adapter import Instance
from conformance.wave.player import Player
from conformance.wave.processor import Reading
from conformance.wave.unusable import EndedByItself, Flooded, NotTaken, TargetUnusable
from conformance.wave.watch import RelayWatch
from fake_servers import Event, Journal
from fake_servers.events import SmtpFault, TcpClosed, TlsFailed

# Looks at a relay that does not answer, and seconds between two of them.
_LOOKS = 3
_BETWEEN = 1.0

# So many seconds before a relay is gone, or begins to go round in circles, whatever brings it to that has happened.
BEFORE = 2.0

# Seconds to wait for a connection; one that is not refused by then is not refused.
_PATIENCE = 2.0


class NoProcessLeft(TargetUnusable):
    """Nothing of the relay is left.

    Attributes:
        at: When that was first seen.
        seen: When there was something last.
    """

    def __init__(self, at: float, seen: float) -> None:
        super().__init__(Fault.TARGET, "no process of the relay is left, and it refuses connections")
        self.at = at
        self.seen = seen


@dataclass
class Presence:
    """Looks once a second whether anything of a relay is there.

    Attributes:
        instance: The relay.
        journal: The clock.
        processes: Returns its processes.
    """

    instance: Instance
    journal: Journal
    processes: Callable[[], Iterable[Reading]]

    async def run(self) -> None:
        """Look until cancelled; a relay that is no process on this machine is none of our business.

        Raises:
            NoProcessLeft: There was something, and there is nothing any more.
        """
        seen: float | None = None
        missed: list[float] = []
        while self.instance.submission is not None:
            now = self.journal.now()
            if any(True for _ in self.processes()):
                seen, missed = now, []
            elif seen is not None and await _refuses(self.instance):
                missed.append(now)
                if len(missed) >= _LOOKS:
                    raise NoProcessLeft(missed[0], seen)
            await asyncio.sleep(_BETWEEN)


async def trouble_of(work: Awaitable[None]) -> TargetUnusable | None:
    """Do some work and return what broke a relay or its adapter meanwhile, the first of several such troubles."""
    found: BaseException | None = None
    try:
        await work
    except* TargetUnusable as group:
        found = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    assert found is None or isinstance(found, TargetUnusable)
    return found


async def stopped(
    trouble: TargetUnusable, watch: RelayWatch, players: Iterable[Player]
) -> Stopped | TargetUnusable:
    """Return how a relay that caused trouble is gone, if it is, and anything happened to it before.

    Otherwise the trouble is returned; of a relay that ended by itself, in the adapter's words, which quote its log.

    Args:
        trouble: What it caused.
        watch: Who looked at it.
        players: What was played on it.
    """
    if isinstance(trouble, EndedByItself | Flooded):
        return trouble
    at = watch.journal.now() if watch.missed is None else watch.missed
    seen, said = watch.answered, await _gone(watch.instance, trouble)
    if isinstance(trouble, NoProcessLeft):
        at, seen, said = min(at, trouble.at), trouble.seen, said or trouble
    if said is None:
        return trouble
    if isinstance(said, EndedByItself):
        return said
    begin = min(seen, at - BEFORE)
    played = list(players)
    suspects = _most_suspect_first({player.scenario.id: player.traffic(begin, at) for player in played})
    if not suspects:
        return said
    return Stopped(
        at=at,
        seen=seen,
        message=str(said),
        log=said.log,
        relay=watch.number,
        scenarios=[player.scenario.id for player in played],
        suspects=suspects,
    )


def _most_suspect_first(traffic: Mapping[str, Sequence[Event]]) -> list[str]:
    """Return who had traffic: by turns who met a fault last, and who had to do with a server last in any other way.

    That connections are closed tells nothing: who goes closes all.
    """
    suspects = {name: events for name, events in traffic.items() if events}

    def last(name: str, *, kinds: type[Event] | tuple[type[Event], ...], but: bool = False) -> float:
        return max((each.at for each in suspects[name] if isinstance(each, kinds) is not but), default=-inf)

    by_fault = sorted(suspects, key=lambda name: last(name, kinds=SmtpFault), reverse=True)
    by_contact = sorted(
        suspects, key=lambda name: last(name, kinds=(TcpClosed, TlsFailed), but=True), reverse=True
    )
    return list(dict.fromkeys(name for pair in zip(by_fault, by_contact, strict=True) for name in pair))


async def is_away(instance: Instance) -> bool:
    """Tell whether a relay refuses connections; or, where mail is handed over by a method, cannot be asked."""
    if instance.submission is not None:
        return await _refuses(instance)
    try:
        await instance.queue()
    except TargetUnusable:
        return True
    return False


async def _gone(instance: Instance, trouble: TargetUnusable) -> TargetUnusable | None:
    """Return what is to be said of a relay that is gone; None if it is there."""
    said: TargetUnusable | None = None
    for look in range(_LOOKS):
        # who ends takes a moment for it, and whoever asks at once finds it there
        await asyncio.sleep(_BETWEEN if look else _BETWEEN / 2)
        if not await _refuses(instance):
            return None  # asked first: to ask a queue that hangs takes long
        try:
            await instance.queue()
        except TargetUnusable as error:
            said = error
        else:
            if not isinstance(trouble, NotTaken) or not instance.was_reached:
                return None
            said = _of_a_relay_that_left(instance, trouble)
    return said


def _of_a_relay_that_left(instance: Instance, trouble: TargetUnusable) -> TargetUnusable:
    """Return what is said of a relay that took mail and is gone, though its queue can be read without it."""
    ending, log = instance.last_words()
    how = f": {ending}" if ending else f", and refuses connections now ({trouble})"
    return TargetUnusable(Fault.TARGET, f"the relay left while a message was handed to it{how}", log=log)


async def _refuses(instance: Instance) -> bool:
    address = instance.submission
    if address is None:
        return True
    try:
        async with asyncio.timeout(_PATIENCE):
            _, writer = await asyncio.open_connection(*address)
    except ConnectionRefusedError:
        return True
    except (OSError, TimeoutError):
        return False
    writer.close()
    return False
