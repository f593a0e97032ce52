"""The operator's courses, played against a relay that only notes what is done to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from adapters import Unwatched
from jumping_clock import LoopJournal, in_jumping_time
from stories.staging import header, scenario_of, staged
from stories.wire import accepted, closed, fault, message

from conformance.catalogue.course import OUT_OF_SERVICE, Course, Timing
from conformance.evidence.inputs import Offer
from conformance.evidence.record import AlertListing
from conformance.target import Alert, Connector, DomainType, EditRefused, Envelope, TlsPolicy
from conformance.wave import request
from conformance.wave.adapter import SubmissionRefused
from conformance.wave.batch import KNOWN, KNOWN_LATER, STRANGER_LATER, STRANGERS, accepted_domains
from conformance.wave.connectors import SPARE, connectors
from conformance.wave.envelope import envelope_of, untouched_of
from conformance.wave.names import smart_host
from conformance.wave.operated import play_operated
from conformance.wave.operator import AlertWatch, Operator
from conformance.wave.player import Player
from conformance.wave.turns import Turns
from fake_servers.events import SmtpFault

MESSAGES, AGE = 4, 2.0


class World:
    """Notes repairs and probes; has an authority whose anchors are two words."""

    def __init__(self, journal: LoopJournal, log: list[Any]) -> None:
        self.journal, self.log = journal, log
        self.authority = self

    def every_anchor(self) -> bytes:
        return b"all anchors"

    async def repair(self, scenario: object, index: int) -> None:
        self.log.append("repaired")

    async def probe_again(self, scenario: object) -> None:
        self.log.append("probed")


class Relay:
    """Takes everything, tries it once a second, and delivers it all one second after a word that starts `mend`.

    Args:
        refuses: Which recipients it refuses.
        mended_by: What has it deliver: an entry of the log.
    """

    def __init__(
        self,
        player: Callable[[], Player],
        log: list[Any],
        *,
        refuses: Callable[[str], bool] = lambda _: False,
        mended_by: Callable[[Any], bool] = lambda _: False,
    ) -> None:
        self._player, self.log, self.refuses, self.mended_by = player, log, refuses, mended_by
        self.taken: list[str] = []
        self.trying: asyncio.Task[None] | None = None

    async def submit(self, envelope: Envelope, accepted: Callable[[], None]) -> None:
        [recipient] = envelope.recipients
        if self.refuses(recipient):
            raise SubmissionRefused("550 5.4.1 no", at="RCPT")
        self.taken.append(recipient)
        accepted()
        if self.trying is None:
            self.trying = asyncio.create_task(self._try())

    async def _try(self) -> None:
        while True:
            await asyncio.sleep(0.05)
            journal, site = self._player().journal, self._player().staged.sites[0]
            where: dict[str, Any] = {"server": site.server, "connection": journal.new_connection()}
            if any(map(self.mended_by, self.log)):
                for recipient in self.taken:
                    journal.note(message(recipient, **where))
                return
            journal.note(accepted(**where))
            journal.note(fault(**where))
            journal.note(closed(**where))
            await asyncio.sleep(1.0)

    async def call(self, name: str, *arguments: Any, **more: Any) -> None:
        self.log.append((name, *arguments, *more.values()))
        if name == "edit_connector" and any(" " in host for host in arguments[0].smart_hosts):
            raise EditRefused("no host")
        if (anchors := more.get("trust_anchors")) is not None and b"no cert" in anchors.read_bytes():
            raise EditRefused("no anchor")


class Alerts(AlertWatch):
    """Sees an alert once so many messages were taken, and none that lasts once all arrived."""

    def of(self, connector: str) -> list[Alert]:
        relay: Any = self.instance
        repaired = "repaired" in relay.log
        if len(relay.taken) < MESSAGES:
            return []
        return [Alert(connector=connector, queued=4, raised_at=1.0, cleared_at=2.0 if repaired else None)]


def _play(
    mode: str, course: Course, folder: Path, *, alerts: bool = True, **relay: Any
) -> tuple[Player, list[Any]]:
    log: list[Any] = []
    made: list[Player] = []

    async def go() -> None:
        journal = LoopJournal()
        scenario = scenario_of(mode, course)
        plain = staged(mode, course=course, submitted=None, repaired=None, closed=None)
        world: Any = World(journal, log)
        top = replace(header(timing=Timing.OPERATED), alert_messages=MESSAGES, alert_age=AGE)
        player = Player(scenario, 0, envelope_of(scenario), plain, top, world, 1.0, journal)
        made.append(player)
        journal.subscribe(player.note)
        instance: Any = Relay(lambda: player, log, **relay)
        watched: Any = Unwatched(instance)
        watch = Alerts(instance, journal, lambda _: None, AlertListing(asked=0, at=0, epoch=0, alerts=[]))
        async with asyncio.timeout(200):
            await play_operated(
                player,
                watched,
                Operator(instance, journal),
                watch if alerts else None,
                Turns(2),
                folder,
            )
        if instance.trying is not None:
            instance.trying.cancel()
            await asyncio.gather(instance.trying, return_exceptions=True)

    in_jumping_time(go)()
    assert made[0].staged.closed is not None
    return made[0], log


def _local(offers: list[Offer]) -> list[str]:
    return [offer.recipient.partition("@")[0] for offer in offers]


def test_an_alert_gets_its_messages_in_three_goes(tmp_path: Path) -> None:
    player, log = _play("greeting_421", Course.ALERTED, tmp_path, mended_by=lambda entry: entry == "repaired")
    few, enough, more = player.staged.offers[:3], player.staged.offers[3], player.staged.offers[4:]
    assert len(more) == 2
    # the first three grow old before the fourth is offered, and the fourth is seen before the rest
    assert enough.at - few[-1].at >= AGE
    assert player.staged.repaired is not None
    assert player.staged.repaired - more[-1].at >= AGE
    assert log == ["repaired"]
    assert player.staged.submitted == few[0].accepted
    assert len({offer.recipient for offer in player.staged.offers}) == 6
    assert len({offer.content for offer in player.staged.offers}) == 6


def test_a_refused_first_message_ends_it(tmp_path: Path) -> None:
    for course in (Course.ALERTED, Course.CORRECTED, Course.EDIT_REFUSED):
        player, log = _play("greeting_421", course, tmp_path, refuses=lambda _: True)
        assert player.staged.refusal == "550 5.4.1 no"
        assert player.staged.submitted is None
        assert log == []


def test_three_messages_wait_for_a_repair_between_two_rounds(tmp_path: Path) -> None:
    player, log = _play(
        "greeting_421", Course.CORRECTED, tmp_path, mended_by=lambda entry: entry == "repaired"
    )
    assert len(player.staged.offers) == 3
    assert log == ["repaired"]
    assert player.staged.repaired is not None
    attempts = [event.at for event in player.evidence().of(SmtpFault)]
    assert all(player.staged.repaired - at >= 0.4 for at in attempts)


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("host_unreachable", "smart host corrected"),
        ("tls_not_offered", "TLS rule relaxed"),
        ("certificate_unknown_ca", "trust anchor added"),
    ],
)
def test_the_connector_is_corrected_by_what_is_wrong_with_it(mode: str, told: str, tmp_path: Path) -> None:
    player, log = _play(mode, Course.EDITED, tmp_path)
    [act] = player.staged.operator_actions
    assert act.name == told
    assert player.staged.repaired is not None
    assert player.staged.repaired <= act.asked
    probed, (name, connector, enabled, anchors) = log
    assert (probed, name, enabled) == ("probed", "edit_connector", True)
    assert isinstance(connector, Connector)
    assert (connector.tls is TlsPolicy.OPPORTUNISTIC) is (mode != "certificate_unknown_ca")
    assert (anchors.read_bytes() == b"all anchors") if mode == "certificate_unknown_ca" else anchors is None
    assert connector.smart_hosts[0].startswith(f"mx{SPARE + 1}." if mode == "host_unreachable" else "mx1.")


def test_invalid_settings_come_before_valid_ones(tmp_path: Path) -> None:
    player, log = _play("greeting_421", Course.EDIT_REFUSED, tmp_path)
    first, second, last = player.staged.operator_actions
    assert [(act.refused, act.reason) for act in (first, second, last)] == [
        (True, "no anchor"),
        (True, "no host"),
        (False, ""),
    ]
    assert player.staged.repaired is not None
    assert second.done < player.staged.repaired <= last.asked
    met = [e.at for e in player.evidence().of(SmtpFault) if second.done <= e.at <= last.asked]
    assert len(met) >= 2
    half = log[0][1]
    assert half == log[-1][1] != log[1][1]  # the good half of the first edit is what helps in the end


@pytest.mark.parametrize("alerts", [True, False])
@pytest.mark.parametrize("course", OUT_OF_SERVICE)
def test_a_destination_is_taken_out_of_service(course: Course, alerts: bool, tmp_path: Path) -> None:
    player, log = _play(
        "greeting_421",
        course,
        tmp_path,
        alerts=alerts,
        refuses=lambda recipient: recipient.startswith(STRANGER_LATER),
    )
    domain = player.staged.domain
    assert [entry[0] for entry in log] == {
        Course.FIXED_NOW: ["fix_now"],
        Course.SWITCHED_OFF: ["edit_connector", "set_accepted_domain"],
        Course.FIXED_NOW_OFF: ["edit_connector", "fix_now"],
        Course.DELETED: ["delete_connector", "set_accepted_domain"],
    }[course]
    if course in (Course.SWITCHED_OFF, Course.FIXED_NOW_OFF):
        assert log[0][2] is False
    if course in (Course.SWITCHED_OFF, Course.DELETED):
        [before] = accepted_domains(player.scenario)
        assert before.type is DomainType.INTERNAL_RELAY
        assert log[1][1] == replace(before, type=DomainType.AUTHORITATIVE)
        assert f"{KNOWN_LATER}@{domain}" in before.recipients
        assert not any("stranger" in known for known in before.recipients)
    else:
        assert log[-1][1] == domain
    assert _local(player.staged.offers) == [*KNOWN, *STRANGERS, STRANGER_LATER, KNOWN_LATER]
    assert [offer.known for offer in player.staged.offers] == [True, True, False, False, False, True]
    refused = player.staged.offers[4]
    assert (refused.accepted, refused.refusal, refused.refused_at) == (None, "550 5.4.1 no", "RCPT")
    assert refused.at >= player.staged.operator_actions[-1].done
    assert player.staged.closed is not None
    assert player.staged.closed - refused.at > 2 * player.staged.granted.retry_interval
    assert player.staged.repaired is None


def test_another_connector_has_a_domain_of_its_own_beside_fix_now(tmp_path: Path) -> None:
    player, log = _play("greeting_421", Course.FIXED_NOW_BESIDE, tmp_path)
    assert log == [("fix_now", player.staged.domain)]
    ours, other = accepted_domains(player.scenario)
    assert (ours.domain, other.domain) == (player.staged.domain, untouched_of(player.scenario))
    assert (other.type, other.recipients) == (DomainType.INTERNAL_RELAY, ())
    first, before, after = player.staged.offers
    assert [each.recipient.partition("@")[2] for each in (first, before, after)] == [
        ours.domain,
        *[other.domain] * 2,
    ]
    assert [each.known for each in (first, before, after)] == [True, False, False]
    [act] = player.staged.operator_actions
    assert before.at < act.asked <= act.done <= after.at
    assert len({each.content for each in player.staged.offers}) == 3
    # the other connector leads to a host of its own
    mine, theirs = connectors(player.scenario, player.staged.sites)
    assert (mine.domain, theirs.domain) == (ours.domain, other.domain)
    assert theirs.smart_hosts == (smart_host(player.scenario, SPARE),)


def test_only_the_operators_wave_asks_for_small_alerts(tmp_path: Path) -> None:
    from test_plan import PLAN

    from conformance.lab.addresses import loopback
    from conformance.target import Address

    def config(timing: Timing, folder: str) -> Any:
        plan = replace(PLAN, timing=timing, work_directory=str(tmp_path))
        return request.relay_config(plan, loopback(), Address("127.0.0.1", 53), tmp_path, folder, [])

    steady, operated = config(Timing.STEADY, "a"), config(Timing.OPERATED, "b")
    assert (steady.alert_messages, steady.alert_age) == (2000, 3600.0)
    assert (operated.alert_messages, operated.alert_age) == (4, 4.0)  # stretched by two
