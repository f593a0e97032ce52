"""Whether a relay that cannot be asked is gone as a whole."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from conformance.evidence.record import Fault
from conformance.evidence.relays import Stopped
from conformance.target import Address
from conformance.wave import downfall
from conformance.wave.downfall import NoProcessLeft, Presence, stopped, trouble_of
from conformance.wave.unusable import EndedByItself, NotTaken, TargetUnusable
from conformance.wave.watch import RelayWatch
from fake_servers import Event, Journal
from fake_servers.events import SmtpFault, SmtpSent, TcpClosed

_GONE = TargetUnusable(Fault.TARGET, "no answer", log="panic")
_DEFECT = TargetUnusable(Fault.ADAPTER, "queue() raised KeyError")


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downfall, "_BETWEEN", 0.01)


@pytest.fixture
def nobody() -> Address:
    """Return an address at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return Address(*probe.getsockname())


@pytest.fixture
def somebody() -> Iterator[Address]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield Address(*listening.getsockname())


class _Relay:
    """A relay whose answers are a list; exceptions are raised, and the last answer is given for ever."""

    was_reached = True

    def __init__(self, submission: Address | None, *answers: Any) -> None:
        self.submission = submission
        self._answers = list(answers)

    async def queue(self) -> Any:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def last_words(self) -> tuple[str, str]:
        return "relayd ended with exit status 66", "panic"


class _Player:
    def __init__(self, name: str, *traffic: float | Event) -> None:
        self.scenario = type("Scenario", (), {"id": name})
        self._traffic = [each if isinstance(each, Event) else _sent(each) for each in traffic]

    def traffic(self, begin: float, end: float) -> list[Event]:
        return [each for each in self._traffic if begin <= each.at <= end]


def _sent(at: float) -> SmtpSent:
    return SmtpSent(at=at, stage="mail", text="250 2.1.0 OK")


_PLAYERS: Any = [_Player("early", 1.0), _Player("before", 8.5), _Player("at last", 9.9), _Player("never")]


def _watch(relay: _Relay, missed: float | None = 10.0) -> RelayWatch:
    watch = RelayWatch(relay, Journal(), lambda _: None, number=3)  # type: ignore[arg-type]
    watch.answered, watch.missed = 9.0, missed
    return watch


@pytest.mark.parametrize("trouble", [_GONE, _DEFECT])
async def test_gone_is_what_cannot_be_asked_and_refuses_mail(
    trouble: TargetUnusable, nobody: Address
) -> None:
    found = await stopped(trouble, _watch(_Relay(nobody, trouble)), _PLAYERS)
    assert isinstance(found, Stopped)
    assert (found.at, found.seen, found.relay) == (10.0, 9.0, 3)
    assert (found.message, found.log) == (str(trouble), trouble.log)
    assert found.scenarios == ["early", "before", "at last", "never"]
    assert sorted(found.suspects) == ["at last", "before"], "the last two seconds"


async def test_the_most_suspect_come_first_and_the_closing_of_all_connections_tells_nothing(
    nobody: Address,
) -> None:
    fault = SmtpFault(at=9.2, stage="starttls", action="raw", attempt=1)
    closed = [TcpClosed(at=9.9 + number / 100, by="peer", how="fin") for number in range(4)]
    players: Any = [
        _Player("busy", 9.1, 9.8, closed[0]),
        _Player("hung", 8.1, closed[1]),
        _Player("did it", 8.2, fault, closed[2]),
        _Player("came late", 9.5, closed[3]),
        _Player("only closed", closed[3]),
    ]
    found = await stopped(_GONE, _watch(_Relay(nobody, _GONE)), players)
    assert isinstance(found, Stopped)
    assert found.suspects == ["did it", "busy", "came late", "hung", "only closed"]


async def test_where_the_last_look_is_longer_ago_everything_since_is_suspect(nobody: Address) -> None:
    watch = _watch(_Relay(nobody, _GONE))
    watch.answered = 0.5
    found = await stopped(_GONE, watch, _PLAYERS)
    assert isinstance(found, Stopped)
    assert sorted(found.suspects) == ["at last", "before", "early"]


async def test_a_relay_without_submission_is_gone_by_its_queue_alone() -> None:
    assert isinstance(await stopped(_GONE, _watch(_Relay(None, _GONE)), _PLAYERS), Stopped)


async def test_an_adapter_that_raises_while_the_relay_takes_mail_is_a_defect(somebody: Address) -> None:
    assert await stopped(_DEFECT, _watch(_Relay(somebody, _DEFECT)), _PLAYERS) is _DEFECT


@pytest.mark.parametrize("answers", [([],), (_GONE, []), (_GONE, _GONE, [])])
async def test_a_relay_that_comes_back_is_not_gone(answers: tuple[Any, ...], nobody: Address) -> None:
    assert await stopped(_DEFECT, _watch(_Relay(nobody, *answers)), _PLAYERS) is _DEFECT


async def test_one_that_ends_by_itself_was_brought_down_by_nobody(nobody: Address) -> None:
    refused = TargetUnusable(Fault.TARGET, "it does not take mail")
    assert await stopped(refused, _watch(_Relay(nobody, _GONE)), _PLAYERS[:1]) is _GONE, "with its last words"


async def test_what_a_submission_meets_first_counts_from_then(nobody: Address) -> None:
    watch = _watch(_Relay(nobody, _GONE), missed=None)
    watch.answered = 0.0
    now = watch.journal.now()
    players: Any = [_Player("now", now)]
    found = await stopped(_GONE, watch, players)
    assert isinstance(found, Stopped)
    assert found.at == pytest.approx(now, abs=1.0)


async def test_a_queue_that_can_be_read_without_the_relay_does_not_hide_that_it_is_gone(
    nobody: Address,
) -> None:
    relay: Any = _Relay(nobody, [])
    looks = iter([[1], [1], [], [1]])
    watch = _watch(relay, missed=None)
    trouble = await trouble_of(Presence(relay, watch.journal, lambda: next(looks, [])).run())
    assert isinstance(trouble, NoProcessLeft)
    assert trouble.seen < trouble.at
    players: Any = [_Player("then", trouble.at)]
    found = await stopped(trouble, watch, players)
    assert isinstance(found, Stopped)
    assert (found.at, found.seen, found.suspects) == (trouble.at, trouble.seen, ["then"])


async def test_what_was_never_a_process_here_or_takes_mail_is_left_alone(
    nobody: Address, somebody: Address
) -> None:
    async def looks(address: Address | None, *found: list[int]) -> bool:
        relay: Any = _Relay(address, [])
        answers = iter(found)
        task = asyncio.create_task(Presence(relay, Journal(), lambda: next(answers, [])).run())
        done, _ = await asyncio.wait({task}, timeout=0.3)
        task.cancel()
        return bool(done) and task.exception() is not None

    assert not await looks(nobody)
    assert not await looks(somebody, [1])
    assert not await looks(None, [1])
    assert await looks(nobody, [1])


async def test_one_that_leaves_while_a_message_is_handed_over_is_gone_by_that(
    nobody: Address, somebody: Address
) -> None:
    """Before, where the queue can be read without it: "running() may yield only once", and no word of its log."""
    trouble = NotTaken(nobody, ConnectionResetError("connection lost"))
    found = await stopped(trouble, _watch(_Relay(nobody, [])), _PLAYERS[:1])
    assert isinstance(found, TargetUnusable)
    assert (found.fault, found.hint, found.log) == (Fault.TARGET, "", "panic")
    assert str(found) == ("the relay left while a message was handed to it: relayd ended with exit status 66")
    assert isinstance(await stopped(trouble, _watch(_Relay(nobody, [])), _PLAYERS), Stopped)
    assert await stopped(trouble, _watch(_Relay(somebody, [])), _PLAYERS) is trouble, "it is there"
    never = _Relay(nobody, [])
    never.was_reached = False
    assert await stopped(trouble, _watch(never), _PLAYERS) is trouble, "it never was there"


async def test_what_its_adapter_ended_was_brought_down_by_nobody(nobody: Address) -> None:
    ended = EndedByItself(_DEFECT)
    assert await stopped(ended, _watch(_Relay(nobody, ended)), _PLAYERS) is ended
    assert await stopped(_GONE, _watch(_Relay(nobody, ended)), _PLAYERS) is ended
