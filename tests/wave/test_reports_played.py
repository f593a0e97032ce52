"""A report that meets something on its way, and a message that comes back: played against a relay that does nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from jumping_clock import in_jumping_time
from players import Relay, Unwatched, player_of
from stories.staging import scenario_of
from stories.wire import accepted as begun
from stories.wire import closed, fault, message, received

from conformance.catalogue.scenario import Scenario
from conformance.evidence.record import QueueListing
from conformance.lab.addresses import loopback
from conformance.target import Envelope
from conformance.wave import circling, reported
from conformance.wave import player as courses
from conformance.wave.adapter import SubmissionRefused
from conformance.wave.beside import Beside, connectors_beside, elsewhere, way_back
from conformance.wave.player import Player
from conformance.wave.turns import Turns
from fake_servers import Journal, NxDomain, Records, Zone
from fake_servers.events import ClientReply
from fake_servers.limits import Limits


@pytest.fixture(autouse=True)
def _short_transfer(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (courses, circling, reported):
        monkeypatch.setattr(module, "TRANSFER", 0.1)
    monkeypatch.setattr(courses, "_LOOK_AGAIN", 0.01)


class _Mended:
    """Stands for the world: remembers when the way back was mended."""

    def __init__(self, journal: Journal) -> None:
        self.journal, self.mended = journal, list[float]()

    def mend_way_back(self, scenario: Scenario) -> None:
        self.mended.append(self.journal.now())


def _watch(relay: Relay) -> Any:
    return Unwatched(relay)


def _player(mode: str) -> Player:
    player = player_of(mode)
    player.world = _Mended(player.journal)  # type: ignore[assignment]
    return player


def _goes_back(player: Player, number: int, *, arrives: bool = False) -> None:
    """Have one attempt at the report."""
    back = player.staged.way_back
    assert back is not None
    where: dict[str, Any] = {"server": back.server, "connection": 500 + number}
    report = message(player.staged.sender, b"Subject: no\r\n\r\nno\r\n", mail_from="")
    for event in (begun(), received("mail", "MAIL FROM:<>"), report if arrives else fault("reply"), closed()):
        player.journal.note(replace(event, **where))


@in_jumping_time
async def test_the_way_back_is_mended_after_two_attempts_at_the_report() -> None:
    player = _player("report_deferred_at_rcpt")
    playing = asyncio.create_task(reported.play_reported(player, _watch(Relay()), Turns(1)))
    await asyncio.sleep(0.1)
    _goes_back(player, 1)
    await asyncio.sleep(0.3)
    assert player.staged.way_back_mended is None
    _goes_back(player, 2)
    await asyncio.sleep(0.15)
    assert player.staged.way_back_mended is not None
    assert player.world.mended == [player.staged.way_back_mended]  # type: ignore[attr-defined]
    _goes_back(player, 3, arrives=True)
    await playing
    assert player.staged.closed is not None
    assert player.staged.repaired is None


@in_jumping_time
async def test_what_is_refused_for_good_is_not_mended_and_watched_for_more() -> None:
    player = _player("report_refused_at_dot")
    playing = asyncio.create_task(reported.play_reported(player, _watch(Relay()), Turns(1)))
    await asyncio.sleep(0.1)
    _goes_back(player, 1)
    at = player.journal.now()
    await playing
    assert player.staged.way_back_mended is None
    assert player.staged.closed is not None
    assert player.staged.closed - at >= 1.9 * player.longest_wait()


@in_jumping_time
async def test_a_report_that_never_comes_is_not_waited_for_without_end() -> None:
    for mode in ("report_silent_at_mail", "refused_quoted"):
        player = _player(mode)
        await reported.play_reported(player, _watch(Relay()), Turns(1))
        assert player.staged.closed is not None
        assert player.staged.closed < 10 * player.longest_wait() + 10


@in_jumping_time
async def test_once_the_message_is_given_up_only_its_report_is_waited_for() -> None:
    async def waited(*, gone: bool) -> float:
        player = _player("report_silent_at_mail")
        player.watch = watch = _watch(Relay())
        begun = player.journal.now()
        looks = [QueueListing(asked=begun + late, at=begun + late, waiting=[]) for late in (0.1, 0.2)]
        watch.listings = looks if gone else []
        await reported.play_reported(player, watch, Turns(1))
        assert player.staged.way_back_mended is not None
        return player.staged.way_back_mended - begun

    longest = player_of("report_silent_at_mail").longest_wait()
    assert await waited(gone=False) - await waited(gone=True) >= 1.5 * longest


class _Circle(Relay):
    """Hands each message that it takes to the next host, until it has had enough."""

    def __init__(self, player: Player, most: int) -> None:
        super().__init__()
        self.player, self.most = player, most

    async def submit(self, envelope: Envelope, accepted: Any) -> None:
        if len(self.taken) >= self.most:
            raise SubmissionRefused("554 5.4.6 Too many hops")
        await super().submit(envelope, accepted)
        where: dict[str, Any] = {"server": self.player.staged.sites[0].server, "connection": len(self.taken)}
        copy = message(self.player.staged.recipient, b"Received: x\r\n" + envelope.content)
        for event in (begun(), copy, closed()):
            self.player.journal.note(replace(event, **where))


@in_jumping_time
@pytest.mark.parametrize(("most", "rounds"), [(3, 3), (1000, 21)])
async def test_each_copy_is_sent_back_until_somebody_ends_it(most: int, rounds: int) -> None:
    player = _player("goes_around")
    relay = _Circle(player, most)
    await circling.play_circling(player, _watch(relay), Turns(1))
    assert len(relay.taken) == rounds
    counts = [
        envelope.content.count(b"\r\nReceived: ") + envelope.content.startswith(b"Received: ")
        for envelope in relay.taken
    ]
    assert counts[:3] == [0, 16, 32]
    refusals = [event.text for event in player.journal if isinstance(event, ClientReply)]
    assert refusals == (["554 5.4.6 Too many hops"] if most == rounds else [])
    assert player.staged.closed is not None


async def test_a_server_beside_is_broken_and_mended() -> None:
    journal, zone, lab = Journal(), Zone(), loopback()
    scenario = scenario_of("report_to_unknown_host")
    found = way_back(scenario, 0, lab)
    assert found is not None
    site, host = found
    server = Beside(site, host, journal, zone, Limits(at_once=9, connections=9, commands=99))
    await server.start()
    try:
        assert isinstance(zone.answer(site.name, "A")[0], NxDomain)
        server.mend()
        assert zone.answer(site.name, "A")[0] == Records(site.host)
    finally:
        await server.stop()


def test_where_servers_beside_are_and_what_leads_there() -> None:
    lab, scenario = loopback(), scenario_of("domains_refused_accepted_accepted")
    sites = [site for site, _ in elsewhere(scenario, 0, lab)]
    assert [site.name.split(".")[:2] for site in sites] == [["mx", "second"], ["mx", "third"]]
    assert len({site.host for site in sites}) == 2
    assert [each.smart_hosts for each in connectors_beside(scenario)] == [(site.name,) for site in sites]
    assert way_back(scenario, 0, lab) is None
    back = scenario_of("report_refused_at_dot")
    [connector] = connectors_beside(back)
    found = way_back(back, 0, lab)
    assert found is not None
    assert connector.smart_hosts == (found[0].name,)
