"""Looks whether the mail of a wave goes anywhere at all, so that a run in which none does need not be sat out.

Theory of operation
-------------------

A relay that asks another name server, connects to another port, or takes mail that nobody delivers, shows the same in
every scenario: nothing. Nothing can be judged then, and it takes the longest windows there are to say so. What is told
here ends a run, so it is told only where no relay that is in order comes: a relay may deliver in batches, may make its
first attempt only after an interval, and may be slow. So every control that is played must have waited for two of the
longest intervals that were granted, with granularity and slack, for half as long again where the machine was crowded,
and never for less than `_LEAST`; one connection, to whatever server, is proof to the contrary for good; so is one
question for a destination, unless the relay shows the same error for all controls. Where the clock is moved, intervals
are hours and no control is ever overdue. What the other waves see must agree (`session/early_end.py`).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from conformance.catalogue.course import Course, Timing
from conformance.evidence.record import Reported
from conformance.target import Outcome
from conformance.targets.process import log_tail
from conformance.wave.player import Player
from conformance.wave.reach import Reach, Symptoms
from conformance.wave.request import RELAY_NAME
from conformance.wave.windows import TRANSFER
from fake_servers import Event, Journal
from fake_servers.addresses import known_as
from fake_servers.events import DnsQuery, TcpAccepted, TcpSyn

# Seconds between two looks.
_LOOK = 1.0

# No message is overdue before it is so old, in seconds, whatever was granted.
_LEAST = 10.0

# Intervals that pass before: the first attempt may have to wait for one, and the next comes after another.
_INTERVALS = 2

# Factor on all that where somebody on the machine had to wait.
_CROWDED = 1.5

# Where clocks are moved an interval that was granted is hours, which pass at once.
_MOVED = (Timing.JUMPED, Timing.RESTARTED)

# So many lines of the relay's log are shown, so many different errors, and so many names.
_LINES = 12
_ERRORS = 3
_NAMES = 3

# What differs from message to message in the same error: names, addresses, numbers, identifiers.
_VARIES = re.compile(r"[^\s,;()\[\]<>=\"']*[\d.@_][^\s,;()\[\]<>=\"']*")


class Unreached:
    """Looks at the mail of one wave.

    Args:
        players: The scenarios.
        journal: The clock.
        crowded: Tells whether the machine, or we, were late between two times of the journal.
        work: The folder below which relays write.
        tell: Called with what is seen, whenever that changes.
    """

    def __init__(
        self,
        players: Iterable[Player],
        journal: Journal,
        crowded: Callable[[float, float], bool],
        work: Path,
        tell: Callable[[Reach], object],
    ) -> None:
        self._players = players
        self._journal = journal
        self._crowded = crowded
        self._work = work
        self._tell = tell
        self._told = Reach()
        self._asked = False
        self._connected = False
        self._reported: dict[str, str] = {}

    def note(self, event: Event, *, concerned: bool) -> None:
        """Take notice of an event, and whether it is part of a scenario."""
        if isinstance(event, DnsQuery):
            # who connects to a relay, and what it is called itself, it may ask for when mail comes in
            self._asked = self._asked or (event.type != "PTR" and event.host != RELAY_NAME)
        elif isinstance(event, TcpAccepted) or (isinstance(event, TcpSyn) and concerned):
            self._connected = True

    def reported(self, entry: Reported) -> None:
        """Take notice of what the relay logged."""
        # once its time is up a message has another error
        if entry.event.text and entry.event.outcome in (Outcome.DEFERRED, Outcome.PERMANENT):
            self._reported[known_as(entry.event.recipient)] = entry.event.text

    async def run(self) -> None:
        """Look until mail comes somewhere, or until cancelled."""
        while not self._told.connected:
            await asyncio.sleep(_LOOK)
            seen = self.look()
            if seen != self._told:
                self._told = seen
                self._tell(seen)

    def look(self) -> Reach:
        """Return what is seen now."""
        if self._connected:
            return Reach(asked=self._asked, connected=True)
        now = self._journal.now()
        waiting = [player for player in self._players if player.staged.submitted is not None]
        silent = any(self._is_overdue(player, now) for player in waiting)
        overdue = self._told.overdue if self._told.asked is self._asked else None
        if overdue is None and silent:
            overdue = self._symptoms(waiting, now)
        return Reach(asked=self._asked, silent=silent, overdue=overdue)

    def _symptoms(self, waiting: list[Player], now: float) -> Symptoms | None:
        """Say what is seen, if every control is overdue, and by name or error all share one cause."""
        played = [player for player in self._players if not player.staged.not_played]
        controls = [
            player
            for player in played
            if player.scenario.failure_mode.is_control and player.scenario.course is Course.HEALTHY
        ]
        if not controls or not all(self._is_overdue(player, now, moved=False) for player in controls):
            return None
        errors = [self._error_of(player) for player in controls]
        same = _common(errors)
        if self._asked and not same:
            return None
        return self._described(waiting, controls, same if self._asked else "", now)

    def _is_overdue(self, player: Player, now: float, *, moved: bool = True) -> bool:
        """Tell whether there should have been a connection for a message by now.

        Args:
            player: The message's scenario.
            now: The time.
            moved: Whether an interval counts for nothing where the clock is moved; else it counts for what it is.
        """
        staged = player.staged
        if staged.submitted is None:
            return False
        interval = player.longest_wait()
        if moved and player.scenario.timing in _MOVED:
            interval = 0.0
        wait = _INTERVALS * interval + TRANSFER
        if self._crowded(staged.submitted, now):
            wait *= _CROWDED
        return now - staged.submitted >= max(_LEAST, wait) + staged.granted.granularity

    def _error_of(self, player: Player) -> str:
        """Return the error that the relay shows for a message: the one in its queue, else the last that it logged."""
        recipient = known_as(player.staged.recipient)
        listings = [] if player.watch is None else [*player.watch.listings][-1:]
        listed = [
            m.error for listing in listings for m in listing.waiting if known_as(m.recipient) == recipient
        ]
        return next(filter(None, listed), self._reported.get(recipient, ""))

    def _described(self, waiting: list[Player], controls: list[Player], same: str, now: float) -> Symptoms:
        first = min(player.staged.submitted for player in waiting if player.staged.submitted is not None)
        server = controls[0].header.network["resolver"]
        port = controls[0].staged.sites[0].port
        names = [player.scenario.failure_mode.name for player in controls]
        more = f" and {len(names) - _NAMES} others" if len(names) > _NAMES else ""
        listed = sum(_is_listed(player) for player in waiting)
        asked = "asked for destinations" if self._asked else "asked for no destination"
        message = [
            "mail goes nowhere: the relay never connected to any server, and the name server was " + asked,
            f"the relay accepted mail for {len(waiting)} destinations, the first {now - first:.0f} s ago; nothing is "
            f"wrong with {len(names)} of them: {', '.join(names[:_NAMES])}{more}",
            f"its queue lists mail for {listed} of the {len(waiting)}",
            *self._errors(waiting),
        ]
        causes = _causes(self._asked, bool(listed), any(map(self._error_of, waiting)), server, port)
        return Symptoms(
            error=same, message="\n".join(message), hint="\n".join(causes), log=_newest_log(self._work)
        )

    def _errors(self, waiting: list[Player]) -> Iterator[str]:
        """Yield lines about the errors that the relay shows, those first that are shown most often."""
        kinds: dict[str, list[str]] = {}
        for text in filter(None, map(self._error_of, waiting)):
            kinds.setdefault(_alike(text), []).append(text)
        often = sorted(kinds.values(), key=len, reverse=True)
        for texts in often[:_ERRORS]:
            yield f"it shows for {len(texts)} of them: {texts[0]}"
        if len(often) > _ERRORS:
            yield f"and {len(often) - _ERRORS} other errors"
        if not often:
            yield "it shows no error for any of them"


def _causes(asked: bool, listed: bool, errors: bool, server: str, port: int) -> Iterator[str]:
    """Yield what may be the cause, the likeliest first."""
    if asked:
        yield f"Does it connect to RelayConfig.next_hop_port ({port}), whatever port it uses by itself?"
        yield f"Does it believe what the name server ({server}) answers, and use no other one beside it?"
        return
    if not listed:
        yield "Is what answers at `submission` the relay whose queue is listed, and does it keep what it accepts?"
    elif not errors:
        yield "Does anything take mail out of its queue, and soon? State in Schedule how late that may be."
    yield f"Does it ask RelayConfig.resolver ({server}), and neither /etc/resolv.conf nor a cache?"
    yield "Is mail for the domains in RelayConfig.connectors routed at all, and to nobody else?"


def _is_listed(player: Player) -> bool:
    listings = [] if player.watch is None else [*player.watch.listings][-1:]
    recipient = known_as(player.staged.recipient)
    return any(known_as(m.recipient) == recipient for listing in listings for m in listing.waiting)


def _common(errors: Iterable[str]) -> str:
    """Return the error that all share, without what varies from message to message; empty: they do not, or none."""
    kinds = {_alike(text) for text in errors}
    return kinds.pop() if len(kinds) == 1 else ""


def _alike(error: str) -> str:
    """Return an error without what varies; empty if nothing is left."""
    return " ".join(_VARIES.sub("", error).lower().split()).strip(" []()<>,;:=\"'")


def _newest_log(work: Path) -> str:
    """Return the end of the log that was written to last; empty: no file looks like one."""
    logs = [path for path in work.glob("relay-*/**/*log*") if path.is_file() and not path.is_symlink()]
    logs = [path for path in logs if path.stat().st_size]
    return log_tail(max(logs, key=lambda path: path.stat().st_mtime), _LINES) if logs else ""
