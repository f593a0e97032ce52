"""The way back to the sender, where a relay has one route for all mail: which rules, and when it is healed."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from typing import Any

import aiosmtplib
import pytest
from stories.staging import header, scenario_of, staged
from stories.wire import accepted, closed, fault, message

from conformance.catalogue.course import Course
from conformance.catalogue.destination import Tcp
from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.scenario import unsuitable
from conformance.evidence.record import QueueListing
from conformance.lab.addresses import loopback
from conformance.schedules.scenarios import scenario_of as schedule
from conformance.target import Capability, QueuedMessage
from conformance.wave import gone
from conformance.wave.envelope import envelope_of
from conformance.wave.gone import open_when_gone
from conformance.wave.player import Player
from conformance.wave.way_back import is_broken, only_reports, sparing_reports
from conformance.wave.world import World
from fake_servers import Journal, Reply, Rule, Script, Stage
from fake_servers.events import SmtpFault

ONE_ROUTE = frozenset({Capability.SMART_HOST, Capability.ONE_ROUTE})
BUSY = Reply(451, "4.3.2 Busy")


class TestRules:
    @pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT])
    def test_from_mail_on_a_fault_is_for_the_message_only(self, stage: Stage) -> None:
        script = Script(sparing_reports(Rule(stage, BUSY), scenario_of("close_at_mail")))
        assert script.action(stage, 1, null_path=False) == BUSY
        assert script.action(stage, 1, null_path=True) != BUSY

    @pytest.mark.parametrize("stage", [Stage.GREETING, Stage.EHLO, Stage.QUIT])
    def test_at_other_stages_nobody_knows_whose_mail_it_is(self, stage: Stage) -> None:
        rule = Rule(stage, BUSY)
        assert sparing_reports(rule, scenario_of("close_at_mail")) == rule

    def test_a_message_with_the_null_reverse_path_is_not_spared(self) -> None:
        rule = Rule(Stage.MAIL, BUSY)
        assert sparing_reports(rule, scenario_of("connection_refused", Course.NULL_SENDER)) == rule

    @pytest.mark.parametrize("null_path", [True, False])
    def test_healed_for_reports_nothing_of_the_message_passes(self, null_path: bool) -> None:
        scenario = scenario_of("one_recipient_rejected")
        script = Script(*only_reports(scenario))
        assert (script.action(Stage.MAIL, 1, null_path=null_path) == BUSY) is False
        for recipient in envelope_of(scenario).recipients:
            refused = [
                script.action(Stage.MAIL, 1, null_path=null_path),
                script.action(Stage.RCPT, 1, recipient, null_path=null_path),
            ]
            assert any(isinstance(action, Reply) and action.code == 451 for action in refused)
        assert script.action(Stage.RCPT, 1, "who@sender.test", null_path=True) == Script().action(
            Stage.RCPT, 1
        )


class TestIsBroken:
    @pytest.mark.parametrize(
        ("mode", "broken"),
        [
            ("connection_refused", True),
            ("dns_servfail", True),
            ("stale_address", True),
            ("greeting_421", True),
            ("certificate_expired", True),
            ("tls_not_offered", True),
            ("stall_at_ehlo", True),
            ("rejected_at_mail", False),
            ("close_at_data", False),
            ("one_recipient_rejected", False),
            ("plain", False),  # nothing is wrong
            ("expired_under_opportunistic", False),
            ("mx_servfail", False),  # reports are routed by the senders' own records
        ],
    )
    def test_where_something_is_wrong_before_mail(self, mode: str, broken: bool) -> None:
        assert is_broken(scenario_of(mode), ONE_ROUTE) is broken
        assert is_broken(scenario_of(mode), frozenset({Capability.MANY_CONNECTORS})) is False

    @pytest.mark.parametrize(
        ("text", "broken"),
        [
            ("connection_refused+rejected_at_dot", True),
            ("close_at_data+rejected_at_dot", False),
            ("reply_421_at_greeting+healthy", True),
        ],
    )
    def test_of_a_schedule_any_step_counts(self, text: str, broken: bool) -> None:
        assert is_broken(schedule(f"{text}.schedule"), ONE_ROUTE) is broken


class TestUnsuitable:
    @pytest.mark.parametrize(
        ("mode", "course", "told"),
        [
            ("beside_backlog", None, "waits for another destination"),
            ("connection_refused", Course.FIXED_NOW, "taken out of service"),
            ("connection_refused", Course.DELETED, "taken out of service"),
        ],
    )
    def test_what_needs_two_routes_does_not_apply(self, mode: str, course: Course | None, told: str) -> None:
        scenario = scenario_of(mode, course)
        assert told in unsuitable(scenario, scenario.needs | ONE_ROUTE, "loopback")
        assert unsuitable(scenario, scenario.needs, "loopback") == ""

    def test_all_else_does(self) -> None:
        scenario = scenario_of("connection_refused", Course.EXPIRES)
        assert unsuitable(scenario, scenario.needs | ONE_ROUTE, "loopback") == ""


class StillWorld:
    """Notes what is repaired, and how."""

    def __init__(self) -> None:
        self.repairs: list[tuple[Rule, ...]] = []

    async def repair(self, scenario: Any, index: int, rules: tuple[Rule, ...] = ()) -> None:
        self.repairs.append(rules)


class Watch:
    """Has listed what the test says."""

    def __init__(self, player: Player) -> None:
        self.listings: list[QueueListing] = []
        self._staged = player.staged

    def lists(self, at: float, *, waiting: bool) -> None:
        held = [QueuedMessage(sender=self._staged.sender, recipient=self._staged.recipient)]
        self.listings = [
            *self.listings[-1:],
            QueueListing(asked=at, at=at, waiting=held if waiting else [], relay=self._staged.relay),
        ]


def player_of(mode: str = "greeting_421", course: Course | None = None, *, one: bool = True) -> Player:
    scenario = scenario_of(mode, course)
    return Player(
        scenario,
        1,
        envelope_of(scenario),
        staged(mode, 1, course, repaired=None, closed=None),
        header(without=[Capability.MANY_CONNECTORS] * one, besides=[Capability.ONE_ROUTE] * one),
        StillWorld(),  # type: ignore[arg-type]
        1.0,
        Journal(),
    )


def meets_fault(player: Player, at: float) -> None:
    where: dict[str, Any] = {"server": player.staged.sites[0].server, "connection": int(at * 10)}
    for event in (accepted(at=at, **where), fault(at=at, **where), closed(at=at, **where)):
        player.note(event)


class TestOpenWhenGone:
    @pytest.fixture(autouse=True)
    def _quick(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(gone, "_LOOK_AGAIN", 0.001)
        # what stories note lies ahead of a journal that was just opened
        monkeypatch.setattr(Player, "attempts", lambda self, seen: list(seen.connections))

    async def opened(self, player: Player, watch: Watch) -> bool:
        """Tell whether the way is healed within a short time, which it is at once or never."""
        task = asyncio.create_task(open_when_gone(player, watch))  # type: ignore[arg-type]
        await asyncio.wait([task], timeout=0.1)
        task.cancel()
        return player.staged.reports_pass is not None

    def gone(self, player: Player) -> Watch:
        watch = Watch(player)
        watch.lists(2.0, waiting=False)
        watch.lists(2.1, waiting=False)
        return watch

    async def test_two_listings_without_it_after_an_attempt(self) -> None:
        player = player_of()
        meets_fault(player, 1.2)
        assert await self.opened(player, self.gone(player))
        assert player.world.repairs == [only_reports(player.scenario)]  # type: ignore[attr-defined]

    async def test_one_listing_without_it_proves_nothing(self) -> None:
        player = player_of()
        meets_fault(player, 1.2)
        watch = Watch(player)
        watch.lists(2.0, waiting=True)
        watch.lists(2.1, waiting=False)
        assert not await self.opened(player, watch)

    async def test_without_an_attempt_it_is_not_listed_yet(self) -> None:
        player = player_of()
        assert not await self.opened(player, self.gone(player))

    async def test_who_has_arrived_is_not_gone(self) -> None:
        player = player_of()
        meets_fault(player, 1.2)
        player.note(message(player.staged.recipient, at=1.5, server=player.staged.sites[0].server))
        assert not await self.opened(player, self.gone(player))

    @pytest.mark.parametrize("mode", ["close_at_mail", "mx_servfail"])
    async def test_where_reports_pass_all_along_nothing_is_done(self, mode: str) -> None:
        player = player_of(mode)
        meets_fault(player, 1.2)
        assert not await self.opened(player, self.gone(player))

    async def test_relays_with_another_way_for_reports_are_left_alone(self) -> None:
        player = player_of(one=False)
        meets_fault(player, 1.2)
        assert not await self.opened(player, self.gone(player))

    async def test_what_is_repaired_is_not_broken_again(self) -> None:
        player = player_of()
        await player.repair()
        await player.let_reports_pass()
        assert player.staged.reports_pass is None
        assert player.world.repairs == [()]  # type: ignore[attr-defined]
        meets_fault(player, 1.2)
        assert not await self.opened(player, self.gone(player))

    async def test_a_repair_comes_after_it_all_the_same(self) -> None:
        player = player_of()
        await player.let_reports_pass()
        await player.let_reports_pass()
        await player.repair()
        assert player.world.repairs == [only_reports(player.scenario), ()]  # type: ignore[attr-defined]
        assert player.staged.fault_ended == player.staged.reports_pass


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with World(loopback(), Journal(), one_route=True) as world:
        yield world
        world.stop_faults()


async def offered(world: World, site: Any, sender: str, recipient: str) -> int:
    """Offer a message to a server, under TLS if it is there; return the code that decided."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        async with aiosmtplib.SMTP(
            hostname=site.host, port=site.port, timeout=3, tls_context=context
        ) as client:
            await client.sendmail(sender, [recipient], b"A: 1\r\n\r\nx\r\n")
    except aiosmtplib.SMTPSenderRefused as error:
        return error.code
    except aiosmtplib.SMTPRecipientsRefused as error:
        return error.recipients[0].code
    except aiosmtplib.SMTPDataError as error:
        return error.code
    except (aiosmtplib.SMTPException, OSError):
        return 0
    return 250


class TestWorld:
    @pytest.mark.parametrize(
        ("mode", "before"),
        [
            ("connection_refused", 0),
            ("greeting_554", 0),
            ("certificate_expired", 250),  # nobody here looks at it
            ("dns_servfail", 250),  # nor asks for the name
            ("stale_address", 0),
        ],
    )
    async def test_healed_for_reports_and_then_for_all(self, world: World, mode: str, before: int) -> None:
        scenario = scenario_of(mode)
        sites = await world.stage(scenario, 1, disarmed=False)
        ours = f"{scenario.label}@sender.test"
        recipient = envelope_of(scenario).recipients[0]
        assert await offered(world, sites[0], ours, recipient) == before
        await world.repair(scenario, 1, only_reports(scenario))
        await world.repair(scenario, 1, only_reports(scenario))
        assert await offered(world, sites[-1], "", ours) == 250
        assert await offered(world, sites[-1], "", recipient) == 451
        assert await offered(world, sites[-1], ours, recipient) == 451
        assert [each.stage for each in world.journal.of(SmtpFault)][-2:] == [Stage.RCPT, Stage.MAIL]
        await world.repair(scenario, 1)
        assert await offered(world, sites[-1], ours, recipient) == 250

    @pytest.mark.parametrize("mode", ["rejected_at_mail", "rejected_at_rcpt", "rejected_at_dot"])
    async def test_from_mail_on_reports_pass_all_along(self, world: World, mode: str) -> None:
        scenario = scenario_of(mode)
        [site] = await world.stage(scenario, 1, disarmed=False)
        recipient = envelope_of(scenario).recipients[0]
        assert await offered(world, site, f"{scenario.label}@sender.test", recipient) == 550
        assert await offered(world, site, "", f"{scenario.label}@sender.test") == 250

    async def test_the_last_step_of_a_schedule_likewise(self, world: World) -> None:
        scenario = schedule("reply_421_at_greeting+rejected_at_rcpt.schedule")
        [site, *_] = await world.stage(scenario, 1, disarmed=False)
        recipient = envelope_of(scenario).recipients[0]
        assert await offered(world, site, "", "who@sender.test") == 0
        await world.repair(scenario, 1, only_reports(scenario))
        assert await offered(world, site, "", "who@sender.test") == 250
        assert await offered(world, site, "who@sender.test", recipient) == 451
        await world.step(scenario, 1)
        assert await offered(world, site, "who@sender.test", recipient) == 550
        assert await offered(world, site, "", "who@sender.test") == 250


def test_a_fault_of_every_kind_is_known_to_hold_reports_up() -> None:
    """One that is forgotten would have a relay wait for a way that nobody heals."""
    early = list(Stage)[: list(Stage).index(Stage.MAIL)]
    for mode in ALL.values():
        broken = any(
            host.tcp is not Tcp.SERVE
            or host.dns.answer is not None
            or host.dns.loops
            or any(rule.stage in early for rule in host.rules)
            for host in mode.hosts
        )
        if broken and mode.mx is None:
            assert mode.holds_up_reports, mode.name
