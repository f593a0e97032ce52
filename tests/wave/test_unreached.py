"""Whether mail goes anywhere at all: a run that is ended for it must never be that of a relay that is only slow."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from jumping_clock import LoopJournal, in_jumping_time
from players import GRANTED, player_of
from stories.wire import accepted, query, syn

from conformance.catalogue.course import Timing
from conformance.evidence.record import Reported
from conformance.target import DeliveryEvent, Outcome, Schedule
from conformance.wave.player import Player
from conformance.wave.reach import Reach
from conformance.wave.request import RELAY_NAME
from conformance.wave.unreached import Unreached
from fake_servers import Event

_SOON, _LATE = 9.0, 30.0


def _players(*modes: str, granted: Schedule = GRANTED, timing: Timing = Timing.STEADY) -> list[Player]:
    players = [player_of(mode, granted=granted) for mode in modes]
    network = {"resolver": "127.1.0.53:5300"}
    for player in players:
        player.header = replace(player.header, network=network, timing=timing)
        player.staged = replace(player.staged, submitted=0.0)
    return players


class _At:
    """A journal that stands at a time."""

    def __init__(self, now: float) -> None:
        self._now = now

    def now(self) -> float:
        return self._now


def _look(
    players: list[Player],
    at: float = _LATE,
    *,
    events: tuple[Event, ...] = (),
    errors: tuple[str, ...] = (),
    crowded: bool = False,
    concerned: bool = True,
    work: Path = Path("/nonexistent"),
) -> Reach:
    unreached = Unreached(players, _At(at), lambda *_: crowded, work, lambda _: None)  # type: ignore[arg-type]
    for event in events:
        unreached.note(event, concerned=concerned)
    for player, error in zip(players, errors, strict=False):
        staged = player.staged
        event = DeliveryEvent(recipient=staged.recipient, outcome=Outcome.DEFERRED, text=error)
        unreached.reported(Reported(read_at=1.0, event=event))
    return unreached.look()


@in_jumping_time
async def test_no_control_was_asked_for() -> None:
    seen = _look(_players("plain", "greeting_421"))
    assert seen.silent
    assert seen.overdue is not None
    assert seen.overdue.error == ""
    assert "the name server was asked for no destination" in seen.overdue.message
    assert (
        "mail for 2 destinations, the first 30 s ago; nothing is wrong with 1 of them: plain"
        in seen.overdue.message
    )
    assert "its queue lists mail for 0 of the 2" in seen.overdue.message
    assert "RelayConfig.resolver (127.1.0.53:5300)" in seen.overdue.hint
    assert "does it keep what it accepts?" in seen.overdue.hint


@in_jumping_time
async def test_a_relay_may_take_its_time() -> None:
    """In batches, after an interval, on a crowded machine: what was granted is waited for twice."""
    batches = replace(GRANTED, granularity=_LATE)
    minutes = replace(GRANTED, retry_interval=60.0, max_retry_interval=60.0)
    assert _look(_players("plain"), _SOON) == Reach()
    assert _look(_players("plain", granted=batches)) == Reach()
    assert _look(_players("plain", granted=minutes), 100.0) == Reach()
    assert _look(_players("plain", granted=minutes), 150.0).overdue is not None
    assert _look(_players("plain"), 12.0).overdue is not None
    assert _look(_players("plain", granted=minutes), 150.0, crowded=True) == Reach()


@in_jumping_time
async def test_every_control_must_be_overdue() -> None:
    """Where each scenario has a relay of its own, some are started late."""
    players = _players("plain", "plain_mx", "greeting_421")
    for change in ({"submitted": None}, {"submitted": _LATE - 1.0}):
        players[1].staged = replace(players[1].staged, **change)  # type: ignore[arg-type]
        seen = _look(players)
        assert (seen.silent, seen.overdue) == (True, None)
    players[1].staged = replace(players[1].staged, submitted=None, not_played="does not apply")
    assert _look(players).overdue is not None
    assert _look(_players("greeting_421")).overdue is None, "a wave without any control proves nothing"


@in_jumping_time
async def test_one_connection_to_anybody_is_proof_to_the_contrary() -> None:
    for event in (accepted(server="127.0.0.9:25"), syn("dropped", server="127.0.0.9:25")):
        assert _look(_players("plain"), events=(event,)).connected
    stray = syn("refused", server="127.0.0.9:587")
    assert not _look(_players("plain"), events=(stray,), concerned=False).connected, "the wrong port"


@in_jumping_time
async def test_one_question_is_proof_but_for_what_a_relay_asks_about_itself() -> None:
    assert _look(_players("plain"), events=(query("mx1.greeting-421.healed.test"),)).overdue is None
    own = (query(RELAY_NAME), query("1.0.0.127.in-addr.arpa", type="PTR"))
    assert _look(_players("plain"), events=own).overdue is not None


@pytest.mark.parametrize(("errors", "same"), [
    (("to 127.1.1.1:1: refused (id 4AF0)", "to 127.1.1.5:1: Refused (id 77C1)"), "to refused (id"),
    (("connection refused", "no route to host"), ""),
    (("connection refused",), ""),
    (("127.1.1.1", "127.1.1.5"), ""),
])  # fmt: skip
@in_jumping_time
async def test_where_names_were_asked_for_all_controls_must_show_the_same_error(
    errors: tuple[str, ...], same: str
) -> None:
    asked = (query("mx1.plain.healthy.test"),)
    seen = _look(_players("plain", "plain_mx", "greeting_421"), events=asked, errors=errors)
    assert (seen.overdue.error if seen.overdue else "") == same
    if seen.overdue:
        assert f"it shows for 2 of them: {errors[0]}" in seen.overdue.message
        assert "RelayConfig.next_hop_port" in seen.overdue.hint


@in_jumping_time
async def test_where_the_clock_is_moved_no_control_is_overdue() -> None:
    hours = replace(GRANTED, max_retry_interval=3600.0)
    players = _players("plain", granted=hours, timing=Timing.JUMPED)
    object.__setattr__(players[0], "scenario", _Moved(players[0].scenario))
    seen = _look(players)
    assert (seen.silent, seen.overdue) == (True, None)


class _Moved:
    """A scenario on a clock that is moved."""

    timing = Timing.JUMPED

    def __init__(self, scenario: object) -> None:
        self._scenario = scenario

    def __getattr__(self, name: str) -> object:
        return getattr(self._scenario, name)


@in_jumping_time
async def test_the_end_of_the_log_that_was_written_last_is_shown(tmp_path: Path) -> None:
    folder = tmp_path / "relay-1" / "var"
    folder.mkdir(parents=True)
    (folder / "relay.log").write_text("".join(f"line {n}\n" for n in range(40)))
    (folder / "spool").write_text("no log")
    seen = _look(_players("plain"), work=tmp_path).overdue
    assert seen is not None
    assert seen.log.splitlines()[-1] == "line 39"
    assert len(seen.log.splitlines()) < 20


@in_jumping_time
async def test_what_is_seen_is_told_when_it_changes_and_no_more_once_there_is_a_connection() -> None:
    told: list[Reach] = []
    journal = LoopJournal()
    players = _players("plain")
    unreached = Unreached(players, journal, lambda *_: False, Path("/nonexistent"), told.append)
    journal.subscribe(lambda event: unreached.note(event, concerned=True))
    looking = asyncio.create_task(unreached.run())
    await asyncio.sleep(60.0)
    assert [(reach.silent, reach.overdue is not None) for reach in told] == [(True, True)]
    journal.note(accepted(server="127.0.0.9:25"))
    await looking
    assert told[-1].connected
