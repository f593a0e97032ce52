"""The deadlines of a course, played against a relay and a world that do nothing by themselves."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from jumping_clock import LoopJournal, in_jumping_time
from players import GRANTED, SLACK, Relay, arrives, attempts, play, player_of
from stories.reports import ndr
from stories.staging import ASKED, scenario_of, staged
from stories.story import Story, good, good_control
from stories.wire import SINK, accepted, answer, closed, message, query

from conformance.catalogue.destination import Host
from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.scenario import Course
from conformance.evidence.view import Evidence
from conformance.wave import player as courses
from conformance.wave.directory import Directory
from conformance.wave.player import Player, returned
from conformance.wave.windows import attempt_time
from fake_servers import Journal, Reply, Rule, Stage


@pytest.fixture(autouse=True)
def _short_transfer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courses, "TRANSFER", 0.1)
    monkeypatch.setattr(courses, "_LOOK_AGAIN", 0.01)


@in_jumping_time
async def test_a_refused_message_closes_its_window_at_once() -> None:
    player = player_of("close_at_greeting")
    await play(player, Relay("554 no"))
    assert (player.staged.refusal, player.staged.submitted, player.staged.repaired) == ("554 no", None, None)
    assert player.staged.closed is not None


@in_jumping_time
async def test_a_control_is_watched_for_a_second_copy() -> None:
    player, relay = player_of("plain"), Relay()
    playing = asyncio.create_task(play(player, relay))
    await asyncio.sleep(0.1)
    arrives(player)
    await playing
    [envelope] = relay.taken
    assert (envelope.sender, envelope.recipients) == (player.staged.sender, (player.staged.recipient,))
    assert envelope is player.envelope
    assert player.staged.submitted == 0.0
    assert player.staged.closed == pytest.approx(0.4, abs=0.01)  # one interval and the slack
    assert player.world.repaired == []  # type: ignore[attr-defined]


@in_jumping_time
async def test_after_two_attempts_comes_the_repair() -> None:
    player = player_of("close_at_greeting")
    playing = asyncio.create_task(play(player))
    await asyncio.sleep(0.1)
    attempts(player, 1)
    await asyncio.sleep(0.1)
    assert player.staged.repaired is None
    attempts(player, 2, over=False)
    await asyncio.sleep(0.1)
    assert player.staged.repaired is None  # the second attempt goes on
    player.journal.note(closed(server=player.staged.sites[0].server, connection=2))
    await asyncio.sleep(0.09)
    assert player.staged.repaired is None  # something more may belong to it
    await asyncio.sleep(0.02)
    assert player.staged.repaired == pytest.approx(0.4)
    assert not player.staged.unquiet
    assert player.world.repaired == [player.staged.repaired]  # type: ignore[attr-defined]
    arrives(player)
    await playing
    assert player.staged.closed == pytest.approx(0.71, abs=0.01)


@in_jumping_time
async def test_no_repair_while_the_relay_waits_for_an_answer() -> None:
    player = player_of("mx_servfail")
    playing = asyncio.create_task(play(player))
    name = player.staged.domain

    def asks(rdtype: str, way: str) -> None:
        player.journal.note(answer(name, way, type=rdtype, id=len(player._events)))

    for at in (0.1, 0.4):
        await asyncio.sleep(at - player.journal.now())
        asks("MX", "servfail")
    await asyncio.sleep(0.01)
    asks("AAAA", "silence")
    await playing
    # the time-out for DNS, 0.3 s, and half of the interval
    assert player.staged.repaired == pytest.approx(0.41 + 0.3 + 0.1, abs=0.03)


@in_jumping_time
async def test_an_attempt_that_only_time_can_end_is_waited_for() -> None:
    player = player_of("dns_no_answer")
    playing = asyncio.create_task(play(player))
    name = player.staged.sites[0].name
    for number, at in ((1, 0.1), (2, 0.6)):
        await asyncio.sleep(at - player.journal.now())
        player.journal.note(answer(name, "silence", id=number))
    await playing
    assert player.staged.repaired == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize(
    ("mode", "stretch", "granularity", "wait"),
    [
        # two attempts with the slack each, and one wait: interval, granularity and slack
        ("close_at_greeting", 1.0, 0.0, 2 * 0.1 + 0.3),
        ("close_at_greeting", 2.0, 0.0, 2 * (2 * 0.1 + 0.3)),
        # a time-out, and another for the answer to QUIT
        ("greeting_timeout", 1.0, 0.0, 2 * (0.3 + 0.3 + 0.1) + 0.3),
        # a relay that wakes only so often may begin that late as well
        ("close_at_greeting", 1.0, 0.3, 0.3 + 2 * 0.1 + 0.6),
    ],
)
@in_jumping_time
async def test_a_relay_that_does_nothing_is_given_its_time_and_no_more(
    mode: str, stretch: float, granularity: float, wait: float
) -> None:
    player = player_of(mode, stretch=stretch, granted=replace(GRANTED, granularity=granularity))
    await play(player)
    assert player.staged.submitted == 0.0
    assert player.staged.repaired == pytest.approx(wait, abs=0.01)
    longest = 0.2 + granularity + SLACK
    held = attempt_time(player.scenario.failure_mode, GRANTED, ASKED)
    after = stretch * (3 * longest + 2 * held + 0.1)
    assert player.staged.closed == pytest.approx(wait + after, abs=0.01)


def _report(player: Player, **report: str) -> None:
    content = ndr(player.staged, **report)
    player.journal.note(message(player.staged.sender, content, server=SINK, connection=98))


@in_jumping_time
async def test_a_backlog_waits_before_the_message_is_submitted() -> None:
    player, relay = player_of("beside_backlog"), Relay()
    playing = asyncio.create_task(play(player, relay))
    await asyncio.sleep(0.1)
    backlog = ALL["beside_backlog"].message.backlog
    assert len(relay.taken) == backlog  # nobody has gone to the dead server yet
    assert player.staged.submitted is None
    assert len({envelope.sender for envelope in relay.taken}) == backlog
    assert {envelope.recipients for envelope in relay.taken} == {
        ("recipient@dead.beside-backlog.healthy.test",)
    }
    attempts(player, 1, over=False)
    await asyncio.sleep(0.02)
    assert relay.taken[-1] is player.envelope
    arrives(player)
    await playing
    assert player.staged.closed == pytest.approx(0.1 + 0.3, abs=0.03)


@in_jumping_time
async def test_a_backlog_nobody_goes_to_is_not_waited_for_any_longer() -> None:
    player, relay = player_of("beside_backlog"), Relay()
    await play(player, relay)
    assert player.staged.submitted == pytest.approx(0.3, abs=0.02)  # one interval and the slack
    assert relay.taken[-1] is player.envelope


@in_jumping_time
async def test_a_refused_backlog_is_a_refused_message() -> None:
    player = player_of("beside_backlog")
    await play(player, Relay("452 full"))
    assert (player.staged.refusal, player.staged.submitted) == ("452 full", None)


@pytest.fixture
def eight_times(monkeypatch: pytest.MonkeyPatch) -> str:
    """Declare a failure mode that is over after eight connections, and return its name."""
    busy = Rule(Stage.RCPT, Reply(451, "4.7.1 Try again later"), connections=range(1, 9))
    mode = replace(ALL["greylisting"], name="eight_times", hosts=(Host(rules=(busy,)),))
    monkeypatch.setitem(ALL, mode.name, mode)  # type: ignore[arg-type]
    return mode.name


@in_jumping_time
async def test_a_fault_that_is_over_by_itself_is_waited_for_as_often_as_it_lasts(eight_times: str) -> None:
    player = player_of(eight_times)
    playing = asyncio.create_task(play(player))
    await asyncio.sleep(0)
    for number in range(1, 9):
        attempts(player, number)
        await asyncio.sleep(GRANTED.max_retry_interval + SLACK)  # the longest wait that is in order
    assert player.staged.closed is None
    arrives(player)
    await playing
    assert player.staged.closed == pytest.approx(
        2.4 + 0.3, abs=0.02
    )  # a second copy would come with the next retry


@in_jumping_time
@pytest.mark.parametrize(("mode", "waits"), [("greylisting", 1), ("eight_times", 8)])
async def test_nor_is_it_waited_for_any_longer(eight_times: str, mode: str, waits: int) -> None:
    player = player_of(mode)
    await play(player)
    # twice the wait that is in order for each attempt that fails, a transfer, and a second copy
    assert player.staged.closed == pytest.approx(waits * 2 * 0.3 + 0.1 + 0.3, abs=0.05)
    # in order is half of each wait
    assert player.estimate() == pytest.approx(waits * 0.3 + 1.0 + 0.3)


@in_jumping_time
async def test_a_report_ends_the_wait_for_a_refused_message() -> None:
    player = player_of("rejected_at_rcpt")
    playing = asyncio.create_task(play(player))
    await asyncio.sleep(0.1)
    _report(player, action="delayed")
    await asyncio.sleep(0.1)
    _report(player)
    await playing
    assert player.staged.repaired is None
    assert player.staged.closed == pytest.approx(0.2 + 0.3, abs=0.02)  # watched for another attempt


@in_jumping_time
async def test_a_message_that_arrives_ends_that_wait_as_well() -> None:
    """One that is refused in a way in which this relay never sends it, for instance; it took 0.7 s."""
    player = player_of("rejected_at_rcpt")
    playing = asyncio.create_task(play(player))
    await asyncio.sleep(0.1)
    arrives(player)
    await playing
    assert player.staged.closed == pytest.approx(0.1 + 0.3, abs=0.02)


@pytest.mark.parametrize("mode", ["eight_bit_not_offered", "close_at_greeting"])
@in_jumping_time
async def test_a_message_that_is_returned_is_not_waited_for(mode: str) -> None:
    """Before, one that no repair concerns was waited for as if it could still arrive: 0.7 s and a rest."""
    player = player_of(mode)
    playing = asyncio.create_task(play(player))
    await asyncio.sleep(0.1)
    _report(player, action="delayed")
    await asyncio.sleep(0.1)
    assert player.staged.closed is None
    _report(player)
    await playing
    # watched for another attempt; and repaired before, in a quiet moment, where that is the course
    calm = 0.1 if mode == "close_at_greeting" else 0.0
    assert player.staged.closed == pytest.approx(0.2 + calm + 0.3, abs=0.02)


@in_jumping_time
async def test_a_day_is_watched_to_its_end_and_a_little_longer() -> None:
    player = player_of("close_at_greeting", course=Course.DAY)
    await play(player)
    assert player.staged.repaired is None
    # a lifetime of 9 s, two longest waits and a transfer; then one more wait
    assert player.staged.closed == pytest.approx(9.0 + 0.6 + 0.1 + 0.3, abs=0.02)


@in_jumping_time
async def test_a_report_ends_the_day() -> None:
    player = player_of("close_at_greeting", course=Course.DAY)
    playing = asyncio.create_task(play(player))
    await asyncio.sleep(9.1)
    _report(player)
    await playing
    assert player.staged.closed == pytest.approx(9.1 + 0.3, abs=0.02)


@in_jumping_time
async def test_who_was_served_beside_does_not_end_the_wait_for_the_other() -> None:
    player = player_of("one_recipient_deferred")
    [other] = player.staged.others
    playing = asyncio.create_task(play(player))
    arrives(player, other)
    for number in (1, 2):
        await asyncio.sleep(0.05)
        attempts(player, number)
    await asyncio.sleep(0.12)
    assert player.staged.repaired is not None
    await asyncio.sleep(0.2)
    arrives(player, player.staged.recipient.replace(".test", ".TEST"))
    await playing
    assert player.staged.closed == pytest.approx(player.staged.repaired + 0.22 + 0.3, abs=0.05)


@pytest.mark.parametrize(
    ("mode", "seconds"),
    [("close_at_greeting", 0.0), ("connect_timeout", 0.3), ("dns_no_answer", 0.3), ("greeting_timeout", 0.3)],
)
def test_the_time_of_an_attempt(mode: str, seconds: float) -> None:
    assert attempt_time(scenario_of(mode).failure_mode, GRANTED, ASKED) == seconds
    silent = replace(GRANTED, connect_timeout=None, command_timeout=None, dns_timeout=None)
    assert attempt_time(scenario_of(mode).failure_mode, silent, ASKED) == (2.0 if seconds else 0.0)


@in_jumping_time
async def test_an_event_of_a_scenario_reaches_its_player() -> None:
    journal, directory = Journal(), Directory()
    player = player_of("dns_nxdomain")
    journal.note(query(player.staged.sites[0].name.upper() + "."))
    directory.add(player, journal)
    assert len(player._events) == 1
    assert directory.concerned(accepted(server=player.staged.sites[0].server)) is player
    for address in (player.staged.sender, player.staged.author.upper()):
        assert directory.concerned(message(("x@y.test", address), server=SINK)) is player
    assert directory.concerned(accepted(server="127.9.9.9:1")) is None
    assert directory.concerned(query("else.test")) is None


@in_jumping_time
async def test_a_wave_gives_each_player_what_its_record_will_show() -> None:
    journal, directory = LoopJournal(), Directory()
    ours, other = good("dns_nxdomain").returns(9.0), good_control("slow").returns(9.5)
    record = ours.record(other, control=False)
    for event in record.events:
        journal.note(event)
    for mode, story in {"dns_nxdomain": ours, "slow": other}.items():
        player = player_of(mode)
        player.staged = story.staged
        directory.add(player, journal)
        assert player._events == list(Evidence(record, story.staged).events) != []


def test_a_notice_in_other_words_is_believed_once_a_later_listing_is_without_the_message() -> None:
    story = Story("greeting_421").returns(5.0, action="")
    assert not returned(story.evidence())
    assert not returned(story.look(5.5, None).evidence())  # asked too soon
    assert returned(story.look(5.6, None).evidence())
    assert not returned(story.look(6.6).evidence())
    assert returned(Story("greeting_421").returns(5.0).evidence())
    assert not returned(Story("greeting_421").returns(5.0, action="delayed").look(6.0, None).evidence())


@in_jumping_time
async def test_a_report_reaches_the_player_of_its_sender_wherever_it_arrived() -> None:
    journal, directory = Journal(), Directory()
    ours, other = player_of("dns_nxdomain"), player_of("slow")
    other.staged = staged("slow", number=2)
    directory.add(ours, journal)
    directory.add(other, journal)
    at = other.staged.sites[0].server
    assert directory.concerned(message(ours.staged.sender, server=at)) is ours
    assert directory.concerned(message(ours.staged.sender, server=at, mail_from="a@b.test")) is other


@pytest.mark.parametrize(("at_once", "looks"), [(False, (3, 5)), (True, (21, 23))])
@in_jumping_time
async def test_what_an_attempt_leaves_is_looked_at_together_unless_each_event_counts(
    at_once: bool, looks: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courses, "_LOOK_AGAIN", 5.0)
    player = player_of("plain", granted=replace(GRANTED, retry_interval=2.0))
    seen: list[int] = []

    def reached(evidence: Evidence) -> bool:
        seen.append(len(evidence.events))
        return len(evidence.events) >= 20

    waiting = asyncio.create_task(player.until(reached, 60.0, at_once=at_once))
    for _ in range(20):
        await asyncio.sleep(0.004)
        player.journal.note(query(player.staged.sites[0].name))
    begun = player.journal.now()
    assert await waiting
    assert player.journal.now() - begun <= 0.05
    assert looks[0] <= len(seen) <= looks[1]
