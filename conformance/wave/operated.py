"""Plays the courses on which several messages wait and an operator sees and mends what is wrong."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path

from conformance.catalogue.course import Course
from conformance.catalogue.message import RECIPIENT, members
from conformance.evidence.inputs import Offer, OperatorAction
from conformance.evidence.view import Evidence
from conformance.target import Connector, DomainType, TlsPolicy
from conformance.wave.batch import (
    KNOWN,
    KNOWN_LATER,
    STRANGER_LATER,
    STRANGERS,
    accepted_domains,
)
from conformance.wave.connectors import SPARE, connectors
from conformance.wave.envelope import untouched_of
from conformance.wave.names import smart_host
from conformance.wave.offering import all_arrived, offer
from conformance.wave.operator import AlertWatch, Operator
from conformance.wave.overtaken import Overtaking
from conformance.wave.player import Player
from conformance.wave.turns import Turns
from conformance.wave.watch import RelayWatch
from conformance.wave.windows import TRANSFER, slow_for
from conformance.witness.amid import ALERT_MARGIN
from fake_servers import Followed, Reply

# Messages that wait for a correction: fewer than an alert takes.
_WAITING = 3

# Messages beyond the number that an alert takes: a relay that tells of each message would tell of these.
_MORE = 2

# A round of attempts is over when none was made for this part of the interval.
_BETWEEN_ROUNDS = 0.4

# So long, in seconds, after one message others are offered that are told from it by dates of whole seconds.
_DATES_APART = 3.0

# How long a relay that is wrong gets to show it, in seconds: a few looks at its alerts.
_MARGIN = ALERT_MARGIN


async def play_operated(
    player: Player,
    watch: RelayWatch,
    operator: Operator,
    alerts: AlertWatch | None,
    turn: Turns,
    folder: Path,
) -> None:
    """Play one scenario.

    Args:
        player: The scenario.
        watch: Its relay.
        operator: Who acts on it.
        alerts: Who looks at the relay's alerts, if it raises any.
        turn: Lets so many submissions pass at a time.
        folder: Where trust anchors are written for the relay to read.
    """
    play = _Operated(player, operator, alerts, turn, folder)
    courses = {
        Course.ALERTED: play.alerted,
        Course.CORRECTED: play.corrected,
        Course.EDITED: play.edited,
        Course.EDIT_REFUSED: play.edit_refused,
        Course.FIXED_NOW: play.out_of_service,
        Course.SWITCHED_OFF: play.out_of_service,
        Course.FIXED_NOW_OFF: play.out_of_service,
        Course.DELETED: play.out_of_service,
        Course.FIXED_NOW_BESIDE: play.fixed_now_beside,
        Course.ALERTED_AMID: play.alerted_amid,
        Course.ALERTED_SAVED: play.alerted_saved,
        Course.EDITED_AMID: play.overtaken,
        Course.FIXED_NOW_AMID: play.overtaken,
    }
    if player.scenario.course not in courses:  # a positive control
        await player.play(watch, turn)
        return
    await courses[player.scenario.course]()
    await player.close(watch)


class _Operated:
    def __init__(
        self,
        player: Player,
        operator: Operator,
        alerts: AlertWatch | None,
        turn: Turns,
        folder: Path,
    ) -> None:
        self._player = player
        self._operator = operator
        self._alerts = alerts
        self._turn = turn
        self._folder = folder
        self._connector, *_ = connectors(player.scenario, player.staged.sites)

    async def alerted(self) -> None:
        """Let too few messages grow old, then just enough, then more; and repair the destination."""
        enough = self._player.header.alert_messages
        names = members(enough + _MORE)
        if not await self._offer_all(names[: enough - 1]):
            return
        await self._grow_old()
        await self._offer(names[enough - 1])
        await self._alert()
        await self._offer_all(names[enough:])
        await self._grow_old()
        await self._player.repair()
        await self._all_arrive()
        await self._player.until(lambda _: self._cleared(), 2 * self._player.longest_wait())
        await self._player.rest(_MARGIN)

    async def alerted_amid(self) -> None:
        """Let just enough messages grow old while a server holds all of them, and wait for their errors.

        Where the server refuses the first connection the first message fails before; where it takes the first message
        that one is not among them, and so old that dates tell.
        """
        enough, mode = self._player.header.alert_messages, self._player.scenario.failure_mode
        begins = mode.hosts[0].rules[0].action.name
        before, one_more = begins == Reply.name, begins == Followed.name
        first, *others = members(enough + one_more)
        if not await self._offer_all((first,)):
            return
        if one_more:
            await self._all_arrive()
            await self._player.rest(_DATES_APART)
        await self._player.until(lambda seen: _failed(seen, before), self._player.time_for_attempts(1))
        await self._offer_all(tuple(others))
        await self._grow_old()
        held = slow_for(mode) + self._player.longest_wait()
        await self._player.until(lambda seen: _failed(seen, before + enough), 2 * held)
        await self._player.rest(_MARGIN)

    async def alerted_saved(self) -> None:
        """Let enough messages grow old, and save the settings of their connector as they are while the alert lasts."""
        if not await self._offer_all(members(self._player.header.alert_messages)):
            return
        await self._grow_old()
        await self._alert()
        # the alert, and then what is made of it, have been looked at
        await self._player.rest(_MARGIN)
        self._note(await self._operator.edit("settings saved as they are", self._connector))
        await self._player.rest(self._player.longest_wait())

    async def corrected(self) -> None:
        """Repair the destination while several messages wait for it."""
        if await self._several_wait():
            await self._player.repair()
            await self._drains()

    async def edited(self) -> None:
        """Correct the connector while several messages wait for it."""
        if not await self._several_wait():
            return
        await self._mend()
        connector, name = self._connector, self._player.scenario.failure_mode.name
        if name == "tls_not_offered":
            self._note(
                await self._operator.edit("TLS rule relaxed", replace(connector, tls=TlsPolicy.OPPORTUNISTIC))
            )
        elif name == "certificate_unknown_ca":
            anchors = self._folder / "every-anchor.pem"
            anchors.write_bytes(self._player.world.authority.every_anchor())
            self._note(await self._operator.edit("trust anchor added", connector, trust_anchors=anchors))
        else:
            self._note(await self._operator.edit("smart host corrected", self._with_spare()))
        await self._drains()

    async def edit_refused(self) -> None:
        """Save invalid settings, one of which would even help; then valid ones."""
        if not await self._several_wait():
            return
        broken = self._folder / "no-anchor.pem"
        broken.write_text("This is no certificate.\n", encoding="ascii")
        edit = self._operator.edit
        self._note(
            await edit("a new smart host, and no certificates", self._with_spare(), trust_anchors=broken)
        )
        nobody = replace(self._connector, smart_hosts=("not a host name",))
        self._note(await edit("a smart host that is no host name", nobody))
        met = len(self._player.attempts(self._player.evidence()))
        await self._player.until(
            lambda seen: len(self._player.attempts(seen)) >= met + 2, self._player.time_for_attempts(2)
        )
        await self._mend()
        self._note(await edit("smart host corrected", self._with_spare()))
        await self._drains()

    async def out_of_service(self) -> None:
        """Take the destination out of service, then offer one message more to somebody known and to a stranger."""
        if not await self._offer_all((*KNOWN, *STRANGERS)):
            return
        await self._met_by_all()
        await self._take_out_of_service()
        await self._offer_all((STRANGER_LATER, KNOWN_LATER))
        strangers = [offer for offer in self._offers if not offer.known and offer.accepted is not None]
        await self._player.until(
            lambda seen: all(_returned(seen, offer) for offer in strangers), 2 * self._player.longest_wait()
        )
        # attempts that should not be made would come with the next retries
        await self._player.rest(2 * self._player.longest_wait())
        seen = [replace(o, in_mailbox=await self._operator.mailbox(o.recipient)) for o in self._offers]
        self._player.staged = replace(self._player.staged, offers=seen)

    async def fixed_now_beside(self) -> None:
        """Choose Fix now, and offer mail to a domain of another connector before and after."""
        before, after = (
            f"{local}@{untouched_of(self._player.scenario)}" for local in (STRANGERS[0], STRANGER_LATER)
        )
        if not await self._offer_all((RECIPIENT, before)):
            return
        await self._met_by_all()
        self._note(await self._operator.fix_now(self._connector.domain))
        await self._offer(after)
        patience = 2 * self._player.longest_wait() + TRANSFER
        await self._player.until(lambda seen: all(map(partial(_has_come, seen), self._offers[1:])), patience)
        # a report, or another copy, would come with the next retry
        await self._player.rest(self._player.longest_wait())

    async def overtaken(self) -> None:
        """Change the settings while a server holds the first attempt."""
        await Overtaking(self._player, self._operator, self._turn).play()

    async def _take_out_of_service(self) -> None:
        course, domain = self._player.scenario.course, self._connector.domain
        if course is Course.FIXED_NOW:
            await self._alert()  # which offers the remedy, if the relay raises any
            self._note(await self._operator.fix_now(domain))
            return
        if course is Course.DELETED:
            self._note(await self._operator.delete(domain))
        else:
            self._note(await self._operator.edit("connector switched off", self._connector, enabled=False))
        if course is Course.FIXED_NOW_OFF:
            self._note(await self._operator.fix_now(domain))
            return
        [ours] = accepted_domains(self._player.scenario)
        self._note(await self._operator.set_accepted_domain(replace(ours, type=DomainType.AUTHORITATIVE)))

    # what waits, and for how long

    async def _several_wait(self) -> bool:
        if not await self._offer_all(members(_WAITING)):
            return False
        await self._met_by_all()
        return True

    async def _offer_all(self, names: tuple[str, ...]) -> bool:
        """Offer messages one after the other, so that their order is known; tell whether the first was accepted."""
        for local in names:
            await self._offer(local)
        return self._player.staged.submitted is not None

    async def _offer(self, local: str) -> None:
        known = "stranger" not in local
        turn = self._turn.ahead if self._offers else self._turn
        await offer(self._player, self._operator.instance, turn, local, known=known)

    @property
    def _offers(self) -> list[Offer]:
        return self._player.staged.offers

    async def _met_by_all(self) -> None:
        """Wait until the fault was met after the last message was accepted, and then between two rounds of attempts.

        In the middle of a round the messages whose turn is still to come would overtake the others.
        """
        player = self._player
        last = max(offer.accepted or offer.at for offer in self._offers)
        pause = _BETWEEN_ROUNDS * player.staged.granted.retry_interval

        def over(seen: Evidence) -> bool:
            attempts = player.attempts(seen)
            met = bool(attempts) and attempts[-1].at > last
            return met and player.journal.now() - attempts[-1].latest_end > pause

        await player.until(over, player.time_for_attempts(2) + pause)

    async def _grow_old(self) -> None:
        """Wait until every message has reached the age that an alert takes, and a relay has had time to say so."""
        youngest = max(offer.accepted or offer.at for offer in self._offers)
        left = youngest + self._player.header.alert_age + _MARGIN - self._player.journal.now()
        await asyncio.sleep(max(0.0, left))

    # what the operator sees and does

    async def _alert(self) -> None:
        watch = self._alerts
        if watch is not None:
            patience = self._player.header.alert_age / self._player.stretch + self._player.longest_wait()
            await self._player.until(lambda _: bool(watch.of(self._connector.domain)), patience)

    def _cleared(self) -> bool:
        assert self._alerts is not None
        return all(alert.cleared_at is not None for alert in self._alerts.of(self._connector.domain))

    async def _mend(self) -> None:
        """Note that from now on the relay is told what is right; an attempt in between may meet either."""
        self._player.staged = replace(self._player.staged, repaired=self._player.journal.now())
        await self._player.world.probe_again(self._player.scenario)

    def _note(self, action: OperatorAction) -> None:
        staged = self._player.staged
        self._player.staged = replace(staged, operator_actions=[*staged.operator_actions, action])

    def _with_spare(self) -> Connector:
        return replace(self._connector, smart_hosts=(smart_host(self._player.scenario, SPARE),))

    # what comes of it

    async def _drains(self) -> None:
        await self._all_arrive()
        # a second copy or a report would come with the next retry
        await self._player.rest(self._player.longest_wait())

    async def _all_arrive(self) -> None:
        player = self._player
        # twice the wait that would be in order: late is another verdict than never
        await player.until(all_arrived, 2 * player.longest_wait() + player.attempt_time() + TRANSFER)


def _failed(evidence: Evidence, number: int) -> bool:
    """Tell whether so many attempts were given a reason to fail."""
    return sum(fault.action == Reply.name for each in evidence.connections for fault in each.faults) >= number


def _has_come(evidence: Evidence, offer: Offer) -> bool:
    """Tell whether a message has arrived, or need not be waited for since it was refused."""
    return offer.accepted is None or any(message.is_for(offer.recipient) for message in evidence.messages)


def _returned(evidence: Evidence, offer: Offer) -> bool:
    """Tell whether a report names the recipient of a message."""
    return offer.recipient.lower() in evidence.told_of(offer.recipient)
