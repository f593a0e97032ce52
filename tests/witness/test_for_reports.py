"""A report takes the way of the message: its traces are no attempt, in whatever order two sockets of ours were read."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from stories.reports import delay_notice
from stories.story import Story, observed
from stories.wire import accepted, answer, closed, fault, message, query, received, written

from conformance.catalogue.failure_modes import ALL
from conformance.judging.verdict import Verdict
from fake_servers.events import Event

TIME_OUT = INTERVAL = 2.0
FIRST, REPAIRED = 1.05, 8.0


class Route:
    """Two attempts at a message that meet silence at RCPT, and a notice of delay that is sent after the first, alike.

    Args:
        seed: For the small times that a relay needs.
        lag: Seconds by which at most we notice something too late; in each socket by itself.
    """

    def __init__(self, seed: int, lag: float = 0.0) -> None:
        self._random = Random(seed)
        self._lag = lag
        self.story = Story("stall_at_rcpt").change(repaired=REPAIRED, closed=20.0)
        self._true: list[tuple[float, int, Event]] = []
        self._connections = 100
        ended = self._attempt(FIRST)
        self._attempts(ended, self._attempt, after=INTERVAL)
        self._attempts(ended, self._notice, after=0.0)
        self.story.events = self._noted()
        for second in range(2, 9):
            self.story.look(float(second))
        self.story.look(19.0, None)

    def _attempts(self, ended: float, one: object, *, after: float) -> None:
        begin = ended + after
        while True:
            arrives = begin >= REPAIRED
            end = one(begin)  # type: ignore[operator]
            if arrives:
                return
            begin = end + INTERVAL + self._soon()

    def _attempt(self, at: float) -> float:
        staged = self.story.staged
        copy = message(staged.recipient, b"Received: here\r\n" + staged.content, mail_from=staged.sender)
        return self._session(at, copy)

    def _notice(self, at: float) -> float:
        return self._session(at, message(self.story.staged.sender, delay_notice(self.story.staged)))

    def _session(self, at: float, mail: object) -> float:
        site = self.story.site()
        self._connections += 1
        number, asked = self._connections, self._random.randrange(65536)
        to = {"server": site.server, "connection": number, "at": 0.0}
        at += self._soon()
        self._happens(
            at,
            0,
            query(site.name, id=asked, at=0.0),
            answer(site.name, "records", site.host, id=asked, at=0.0),
        )
        opened = at + self._soon()
        [recipient], sender = mail.recipients, mail.mail_from  # type: ignore[attr-defined]
        said = [
            received("mail", f"MAIL FROM:<{sender}>", **to),
            received("rcpt", f"RCPT TO:<{recipient}>", **to),
        ]
        self._happens(opened, number, accepted(**to), *said)
        if at >= REPAIRED:
            self._happens(
                opened + 0.02, number, replace(mail, **to), received("quit", "QUIT", **to), closed(**to)
            )  # type: ignore[type-var]
            return opened + 0.03
        end = opened + TIME_OUT + self._soon()
        self._happens(opened + 0.01, number, fault("stall", "rcpt", **to))
        self._happens(end, number, closed(**to))
        return end

    def _soon(self) -> float:
        return self._random.uniform(0.0, 0.01)

    def _happens(self, at: float, socket: int, *events: Event) -> None:
        self._true += [(at + number / 1000, socket, event) for number, event in enumerate(events)]

    def _noted(self) -> list[Event]:
        """Return the events with the times at which we notice them: in each socket one after the other."""
        last: dict[int, float] = {}
        noted = []
        for at, socket, event in sorted(self._true, key=lambda each: each[0]):
            last[socket] = max(last.get(socket, 0.0), at + self._random.uniform(0.0, self._lag))
            noted.append(written(replace(event, at=last[socket])))
        return noted


@pytest.mark.parametrize("lag", [0.0, 0.01, 0.1, 0.2])
@pytest.mark.parametrize("aspect", ["retried", "recovers", "times_out", "tidy"])
def test_a_notice_between_two_attempts_accuses_nobody(aspect: str, lag: float) -> None:
    found = [Route(seed, lag).story.judge(aspect, "rfc") for seed in range(20)]
    assert {(each.verdict, each.observed if each.verdict is not Verdict.PASS else "") for each in found} == {
        (Verdict.PASS, "")
    }


@pytest.mark.parametrize("lag", [0.0, 0.1])
def test_attempts_are_those_at_the_message(lag: float) -> None:
    for seed in range(20):
        story = Route(seed, lag).story
        evidence, mode = story.evidence(), ALL[story.mode]
        attempts = mode.witness.all_attempts(evidence, connections=mode.attempt.connections)
        carried = [attempt.connections for attempt in attempts]
        assert carried == [{each.number} for each in evidence.connections]


def _asks_then(*, reports: bool) -> Story:
    """An attempt, a look-up 0.5 s later, then a connection for a report or for the message."""
    story = Story("greeting_421").change(repaired=1.3).connects(1.2, fault()).looks_up(1.8)
    sender = "" if reports else story.staged.sender
    recipient = story.staged.sender if reports else story.staged.recipient
    return story.says_mail(1.85, sender, recipient)


def test_a_question_belongs_to_what_it_leads_to() -> None:
    [only] = _all(_asks_then(reports=True))
    assert only[1] == pytest.approx(1.25)
    [*_, last] = _all(_asks_then(reports=False))
    assert last[1] == pytest.approx(1.95)


def test_a_question_that_leads_nowhere_belongs_to_the_report_amid_which_it_was_asked() -> None:
    story = Story("greeting_421").connects(1.2, fault())
    story.says_mail(1.3, "", story.staged.sender).looks_up(1.36, "nodata", type="TLSA").looks_up(4.0)
    assert [begun for begun, _ in _all(story)] == [1.2, 4.0]


def test_a_question_that_met_the_fault_is_the_message_s_whatever_follows() -> None:
    story = Story("dns_servfail").looks_up(1.2, "servfail").looks_up(3.3, "servfail")
    story.says_mail(3.4, "", story.staged.sender)
    assert [begun for begun, _ in _all(story)] == [1.2, 3.3]


def test_a_relay_that_comes_back_at_once_is_hasty_whatever_it_sends_meanwhile() -> None:
    story = Story("greeting_421").change(repaired=6.0)
    story.connects(1.2, fault()).says_mail(1.35, "", story.staged.sender)
    story.looks_up(1.5).connects(1.55, fault()).delivers(8.0).look(2.0)
    assert "gaps of 0.2" in observed(story, "retried", Verdict.FAIL, "rfc")


def _all(story: Story) -> list[tuple[float, float]]:
    mode = ALL[story.mode]
    story.events.sort(key=lambda event: event.at)
    found = mode.witness.all_attempts(story.evidence(), connections=mode.attempt.connections)
    return [(each.at, each.end) for each in found]
