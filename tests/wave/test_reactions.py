"""A relay that is known to have been prompt had its processor, whatever the machine's pressure was."""

from __future__ import annotations

import pytest

from conformance.catalogue.course import Timing
from conformance.wave.plan import SLACK
from conformance.wave.plan import slack as plan_slack
from conformance.wave.reactions import Reactions, unattended
from conformance.wave.watch import Pressure
from fake_servers import Event, Journal, Stage
from fake_servers.events import (
    SmtpBody,
    SmtpFault,
    SmtpReceived,
    SmtpSent,
    TcpAccepted,
    TcpClosed,
    TlsOffered,
)


def _told(*events: Event, relay: int = 1, slack: float = SLACK) -> Reactions:
    reactions = Reactions(slack)
    for event in events:
        reactions.note(event, relay)
    return reactions


def _sent(at: float, connection: int = 1, stage: Stage = Stage.EHLO) -> SmtpSent:
    return SmtpSent(at=at, connection=connection, stage=stage, text="250 OK")


def _received(at: float, connection: int = 1) -> SmtpReceived:
    return SmtpReceived(at=at, connection=connection, stage=Stage.MAIL, line="MAIL FROM:<>")


def _prompt(at: float, times: int = 5) -> list[Event]:
    return [each for _ in range(times) for each in (_sent(at), _received(at + 0.01))]


def test_several_prompt_reactions_show_it() -> None:
    assert _told(*_prompt(3.2)).were_prompt(1, 3.0, 3.9)
    assert not _told(*_prompt(3.2, times=4)).were_prompt(1, 3.0, 3.9), "fewer may have been lucky"


def test_where_a_day_passes_in_seconds_more_is_asked() -> None:
    slow = [event for _ in range(5) for event in (_sent(3.2), _received(3.34))]
    a_day = plan_slack(Timing.COMPRESSED)
    assert _told(*slow).were_prompt(1, 3.0, 3.9)
    assert not _told(*slow, slack=a_day).were_prompt(1, 3.0, 3.9)
    assert _told(*_prompt(3.2), slack=a_day).were_prompt(1, 3.0, 3.9)


def test_they_show_nothing_of_another_time_or_another_relay() -> None:
    reactions = _told(*_prompt(3.2))
    assert not reactions.were_prompt(1, 5.0, 5.9)
    assert not reactions.were_prompt(2, 3.0, 3.9)


@pytest.mark.parametrize(("octets", "prompt"), [(1_000, False), (4_500_000, True)])
def test_large_content_takes_its_time_however_prompt_a_relay_is(octets: int, prompt: bool) -> None:
    content = SmtpBody(at=4.5, connection=2, octets=octets)
    reactions = _told(*_prompt(3.2), _sent(3.3, 2, Stage.DATA), content)
    assert reactions.were_prompt(1, 3.0, 3.9) is prompt


@pytest.mark.parametrize(("begin", "end"), [(3.0, 3.9), (4.1, 4.4), (5.0, 5.9)])
def test_one_slow_reaction_spoils_all_the_time_that_it_took(begin: float, end: float) -> None:
    prompt = [event for at in (3.2, 4.2, 5.2, 7.2) for event in _prompt(at)]
    reactions = _told(*prompt, _sent(3.3, 2), _received(5.1, 2))
    assert not reactions.were_prompt(1, begin, end)
    assert reactions.were_prompt(1, 7.0, 7.9)


@pytest.mark.parametrize(
    "event",
    [
        _received(5.0, 2),
        SmtpBody(at=5.0, connection=2, octets=3),
        TlsOffered(at=5.0, connection=2, certificate="good"),
        TcpClosed(at=5.0, connection=2, by="peer", how="fin"),
    ],
    ids=lambda event: f"{event.layer}-{event.kind}",
)
def test_whatever_the_relay_does_next_is_its_reaction(event: Event) -> None:
    assert not _told(*_prompt(3.2), _sent(3.2, 2), event).were_prompt(1, 3.0, 3.9)


@pytest.mark.parametrize(
    "events",
    [
        (SmtpFault(at=3.1, connection=2, stage=Stage.RCPT, action="raw", attempt=1), _sent(3.2, 2), _received(5.0, 2)),
        (_sent(3.2, 2, Stage.DOT), _received(5.0, 2)),
        (_sent(3.2, 2, Stage.QUIT), TcpClosed(at=5.0, connection=2, by="peer", how="fin")),
        (_sent(3.2, 2), TcpClosed(at=5.0, connection=2, by="server", how="fin")),
    ],
    ids=["after a fault", "after the final dot", "after QUIT", "closed by the server"],
)  # fmt: skip
def test_where_a_relay_may_wait_nothing_is_counted(events: tuple[Event, ...]) -> None:
    assert _told(*_prompt(3.2), *events).were_prompt(1, 3.0, 3.9)


def test_a_moment_without_harm_is_not_the_worst() -> None:
    pressure = Pressure(Journal())
    pressure._samples = [(0.0, 0.0), (0.5, 0.45), (1.0, 0.9), (1.5, 1.2), (2.0, 1.2), (2.5, 1.2)]
    assert pressure.worst(0.0, 2.5) == pytest.approx(0.9)
    assert pressure.worst(0.0, 2.5, harmless=lambda _, end: end <= 1.5) == pytest.approx(0.3)
    assert pressure.worst(0.0, 2.5, harmless=lambda _begin, _end: True) == 0.0


def test_a_message_that_waits_for_its_first_attempt_tells_for_itself() -> None:
    """Those with a connection have their process; this one's may not have been begun."""
    closed = TcpClosed(at=10.1, connection=1, by="peer", how="fin")
    begun = TcpAccepted(at=14.9, connection=2, peer="10.77.0.25:4711", attempt=1)
    assert unattended([closed, begun], 10.0, 30.0, granularity=2.0) == 14.9
    assert unattended([closed], 10.0, 30.0, granularity=2.0) == 30.0, "and nothing came of it"


@pytest.mark.parametrize("first", [10.05, 12.4])
def test_one_that_is_attended_to_within_what_was_granted_does_not(first: float) -> None:
    begun = TcpAccepted(at=first, connection=2, peer="10.77.0.25:4711", attempt=1)
    assert unattended([begun, _received(18.0)], 10.0, 30.0, granularity=2.0) == 10.0
