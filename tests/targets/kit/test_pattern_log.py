"""Events by patterns."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.target import Outcome
from conformance.targets.kit.pattern_log import Line, PatternLog

WORDS = {"sent": Outcome.DELIVERED, "deferred": Outcome.DEFERRED}
ATTEMPT = Line(
    r"(?P<at>\S+) (?P<id>\w+): to=<(?P<recipient>[^>]*)> (?:host=(?P<destination>\S+) )?(?P<outcome>\w+) (?P<text>.*)",
    WORDS,
)


def _log(*kinds: Line) -> PatternLog:
    return PatternLog(Path("unused"), *kinds)


def test_a_line_is_an_attempt() -> None:
    log = _log(ATTEMPT)
    log.feed(
        [
            "2026-01-02T03:04:05 A1: to=<b@c.test> host=mx.c.test deferred 4.4.1 refused\r",
            "1767323045.5 A1: to=<b@c.test> sent 250 to=<x@y.test> sent",
            "1767323045.5 A1: to=<b@c.test> held for now",
            "what else is said, 1767323045.5 A1: to=<b@c.test> sent 250",
        ]
    )
    first, second = log.events
    assert (first.recipient, first.outcome, first.text) == ("b@c.test", Outcome.DEFERRED, "4.4.1 refused")
    assert (first.destination, first.at) == ("mx.c.test", 1767323045)
    assert (second.recipient, second.outcome, second.at) == ("b@c.test", Outcome.DELIVERED, 1767323045.5)
    assert second.text == "250 to=<x@y.test> sent"
    assert second.destination == ""


def test_a_line_about_a_message_is_about_all_that_wait() -> None:
    log = _log(ATTEMPT, Line(r"(?P<at>\S+) (?P<id>\w+): too old", Outcome.EXPIRED))
    log.feed(
        [
            "1 A1: to=<b@c.test> host=mx.c.test deferred refused",
            "1 A1: to=<d@c.test> deferred refused",
            "2 A1: to=<d@c.test> sent 250",
            "1 A2: to=<e@c.test> deferred refused",
            "9 A1: too old",
            "9 A1: too old",
        ]
    )
    *_, last = log.events
    assert len(log.events) == 5
    assert (last.recipient, last.outcome, last.text) == ("b@c.test", Outcome.EXPIRED, "refused")
    assert (last.destination, last.at) == ("mx.c.test", 9)


def test_what_a_line_says_of_the_next_attempt_is_taken_once() -> None:
    log = _log(
        Line(r"(?P<id>\w+) H=(?P<destination>\S+): (?P<text>.*)"),
        Line(r"(?P<id>\w+) == (?P<recipient>\S+) (?P<text>.*)", Outcome.DEFERRED),
    )
    log.feed(
        ["A H=mx.c.test: 421 busy", "B == x@c.test later", "A == b@c.test put off", "A == b@c.test put off"]
    )
    assert [(each.text, each.destination) for each in log.events] == [
        ("later", ""),
        ("421 busy put off", "mx.c.test"),
        ("put off", ""),
    ]


def test_several_recipients_and_several_places() -> None:
    log = _log(
        Line(r"to=(?P<recipients><.*?>(?:,<.*?>)*) ok", Outcome.DELIVERED),
        Line(r"=> (?:\S+ <(?P<recipient>[^>]*)>|(?P<recipient2>\S+)) (?P<text>.*)", Outcome.DELIVERED),
    )
    log.feed(['to=<b@c.test>,<"a,b"@c.test> ok', "=> x@c.test 250", "=> x@c.test <X@C.test> 250"])
    assert [each.recipient for each in log.events] == [
        "b@c.test",
        '"a,b"@c.test',
        "x@c.test",
        "X@C.test",
    ]


def test_it_grows(tmp_path: Path) -> None:
    file = tmp_path / "log"
    log = PatternLog(file, ATTEMPT)
    log.read()
    file.write_text("1 A1: to=<b@c.test> sent 250\n1 A1")
    log.read()
    log.read()
    assert len(log.events) == 1


@pytest.mark.parametrize(
    ("pattern", "outcome", "complaint"),
    [
        ("(", Outcome.EXPIRED, "is no regular expression"),
        ("(?P<to>.*)", Outcome.EXPIRED, "no group is called to; there are at, code, destination"),
        ("(?P<recipient>.*)", WORDS, "a group `outcome` and a table of its words go together"),
        ("(?P<outcome>.*)(?P<recipient>.*)", Outcome.EXPIRED, "a group `outcome` and a table"),
        ("(?P<text>.*)", Outcome.EXPIRED, "neither `recipient`, `recipients` nor `id`"),
        ("(?P<recipient>.*)", None, "what became of the attempt is not said"),
    ],
)
def test_what_could_never_be_read_is_refused(pattern: str, outcome: Outcome | None, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Line(pattern, outcome)
