"""Every time in a text is told in seconds since the relay accepted the message, whenever the journal was opened."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from stories.days import after_jump, expired, healed_late, moved, whole_day
from stories.operated import corrected, taken_out, told, waits_for_alert
from stories.sequences import SequenceStory
from stories.shift import shifted
from stories.staging import TOLD
from stories.story import Story, good, good_control, refused, waiting
from stories.wire import message, received

from conformance.catalogue.course import Course
from conformance.catalogue.message import Kind
from conformance.catalogue.profile import load
from conformance.catalogue.scenario import Scenario
from conformance.evidence.record import Record
from conformance.judging.judge import Judged, judge
from conformance.report.timeline import timeline
from conformance.suite import ASPECTS
from conformance.target import Outcome
from fake_servers import Stage
from fake_servers.events import RelayClockMoved, RelayKilled, RelayRestarted, SmtpUnoffered, TlsEstablished

_LATER = 1000.0
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def _killed() -> Story:
    story = Story("killed_between_attempts").meets_fault(1.2)
    return story.note(
        RelayKilled(at=2.5, moment=story.mode, relay=1, asked=2.4),
        RelayRestarted(at=3.1, moment=story.mode, relay=1),
        RelayClockMoved(at=3.2, moment=story.mode, relay=1, seconds=60.0),
    )


def _in_clear(mode: str) -> Story:
    """Tell of a relay that says everything in clear, and under TLS what was offered in clear only."""
    story = waiting(mode)
    said = (
        received("mail", "MAIL FROM:<a@b.test> BODY=8BITMIME"),
        TlsEstablished(version="TLSv1.3", cipher="x"),
        SmtpUnoffered(stage=Stage.MAIL, parameters=("BODY=8BITMIME",)),
        message(story.staged.recipient, story.staged.content),
    )
    return story.connects(3.3, *said)


_STORIES: dict[str, Callable[[], Story]] = {
    "two copies": lambda: good("greeting_421").delivers(11.0),
    "delivered before the repair": lambda: waiting("greeting_421").delivers(2.0),
    "nothing arrived": lambda: waiting("greeting_421"),
    "returned while it should wait": lambda: waiting("dns_servfail").returns(3.0),
    "given up": lambda: waiting("greeting_421").says(3.0, "550 no", Outcome.PERMANENT),
    "not in the queue": lambda: waiting("greeting_421").look(3.5, None).look(3.6, None),
    "a delivery that never was": lambda: waiting("reply_control_characters").says(
        2.0, "250 OK", Outcome.DELIVERED
    ),
    "twice in the queue": lambda: waiting("reply_control_characters").look(2.2).look(2.3),
    "in clear": lambda: _in_clear("tls_not_offered"),
    "remembers": lambda: _in_clear("extensions_shrink_under_tls"),
    "a host where it may not go": lambda: good("mx_preference").connects(2.2, host=1),
    "refused": lambda: refused("rejected_at_rcpt").returns(3.0),
    "killed": _killed,
    "two copies after the kill": lambda: _killed().delivers(4.0).delivers(5.0),
    "a control, twice": lambda: good_control("plain").delivers(3.0),
    "expired": lambda: expired("greeting_421"),
    "expired too late": lambda: expired("greeting_421", at="30h"),
    "expired too early": lambda: moved("greeting_421", until="12h").returns(31.0),
    "healed late": lambda: healed_late("greeting_421", Course.HEALED_12H),
    "the clock": after_jump,
    "a day": lambda: whole_day("greeting_421"),
    "a hasty day": lambda: whole_day("greeting_421", gaps=(0.05,) * 9),
    "out of service": taken_out,
    "corrected": lambda: corrected("certificate_expired").gets(2.0, 0),
    "alerts": lambda: told(waits_for_alert(), waits_for_alert().alert(queue_start=1.0)),
    "early alerts": lambda: told(waits_for_alert(), waits_for_alert().alert(), early=[2.0]),
    **{f"good: {mode}": lambda mode=mode: good(mode) for mode in TOLD},  # type: ignore[misc]
    **{f"waiting: {mode}": lambda mode=mode: waiting(mode) for mode in TOLD},  # type: ignore[misc]
}


def _texts(record: Record, scenario: Scenario) -> Iterator[str]:
    """Yield everything that a reader is told of a scenario."""
    evidence, drawn = None, scenario.failure_mode.kind is Kind.SCHEDULE
    aspects = [a for a in ASPECTS if (Kind.SCHEDULE in a.kinds if drawn else scenario in a.scenarios())]
    assert aspects
    for profile in ("eop", "rfc"):
        for aspect in aspects:
            judged: Judged = judge(aspect, scenario, record, load(profile))
            evidence = evidence or judged.evidence
            yield f"{aspect.name}: {judged.verdict} {judged.reason}"
            yield from (f"{each.slot}: {each.expected}; {each.observed}" for each in judged.findings)
    assert evidence is not None
    yield from map(str, timeline(evidence))


def _differing(record: Record, scenario: Scenario) -> list[tuple[str, str]]:
    """Return the texts that the journal's zero changes, by more than rounding."""
    pairs = zip(_texts(record, scenario), _texts(shifted(record, _LATER), scenario), strict=True)
    return [(before, after) for before, after in pairs if not _alike(before, after)]


def _alike(before: str, after: str) -> bool:
    numbers = [[float(number) for number in _NUMBER.findall(text)] for text in (before, after)]
    same_words = _NUMBER.sub("#", before) == _NUMBER.sub("#", after)
    return same_words and numbers[0] == pytest.approx(numbers[1], abs=0.015)


@pytest.mark.parametrize("name", _STORIES)
def test_no_text_depends_on_when_the_journal_was_opened(name: str) -> None:
    story = _STORIES[name]()
    assert _differing(story.record(), story.scenario) == []


def test_nor_does_one_of_a_schedule() -> None:
    story = SequenceStory("dns_servfail+close_at_mail+healthy")
    story.looks_up(1.1, "servfail").armed(2, 2.1).fault(3.5, "close_at_mail").delivers(5.0).delivers(6.0)
    assert _differing(story.record(), story.scenario) == []


def test_times_of_the_journal_would_be_found() -> None:
    assert not _alike("an NDR at 3.00 s", "an NDR at 1003.00 s")
    assert _alike("an NDR at 3.005 s", "an NDR at 3.00 s")


def test_the_text_and_the_timeline_tell_the_same_time() -> None:
    story = waiting("greeting_421").change(submitted=1.15).returns(3.0)
    assert story.judge("stays_queued").observed.startswith("an NDR at 1.85 s")
    [entry] = [each for each in timeline(story.evidence()) if each.layer == "NDR"]
    assert entry.at == pytest.approx(1.85)


def test_of_a_message_that_was_never_accepted_times_count_from_the_offer() -> None:
    story = Story("greeting_421").change(submitted=None, offered=4.0, repaired=None)
    assert [entry.at for entry in timeline(story.evidence())] == [8.0]
