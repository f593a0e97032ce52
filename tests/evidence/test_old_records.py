"""A record of version 0.1, written by hand: all of it is found under the names of today."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.evidence.record import from_line, load, to_line
from conformance.evidence.view import Evidence
from fake_servers.events import RelayKilled

_GRANTED = {"retry_interval": 1.0, "max_retry_interval": 2.0, "queue_lifetime": 900.0, "granularity": 0.25}
_STAGED = {
    "scenario": "greeting_421.fixed_now", "failure_mode": "greeting_421", "course": "fixed_now",
    "domain": "a.test", "sender": "s@sender.test", "author": "author@else.test", "recipient": "one@a.test",
    "sites": [{"name": "mx1.a.test", "host": "127.1.1.1", "port": 2525}], "content": "SGVsbG8=",
    "granted": _GRANTED, "submitted": 1.25, "closed": 9.5, "moments": {"1h": 2.5, "12h": 4.5},
    "offers": [{"recipient": "two@a.test", "known": True, "content": "V29ybGQ=", "at": 1.5, "accepted": 1.75}],
    "acts": [{"name": "fix now", "asked": 5.25, "done": 5.5, "refused": True, "reason": "not today"}],
}  # fmt: skip
_HEADER = {
    "suite": "0.1.0", "target": "t", "target_module": "m:T", "capabilities": ["alerts"], "lab": "loopback",
    "asked": _GRANTED, "platform": "Linux", "started": "2026-01-01T00:00:00+00:00", "slack": 1.0,
    "timing": "operated", "network": {"sink": "127.1.0.99:25"}, "alert_messages": 4, "alert_age": 2.0,
}  # fmt: skip
_WAITING = {"sender": "s@sender.test", "recipient": "one@a.test", "error": "450 4.3.2 later"}
_ALERT = {"connector": "a.test", "queued": 4, "raised_at": 1e9, "last_error": "450 no"}
_LINES = [
    ("header", _HEADER),
    ("event", {
        "at": 1.5, "layer": "tcp", "kind": "accepted", "server": "127.1.1.1:2525", "connection": 7,
        "fields": {"peer": "127.0.0.1:40000", "attempt": 1},
    }),
    ("snapshot", {"asked": 1.5, "at": 1.625, "waiting": [_WAITING], "relay": 1}),
    ("reported", {"seen": 2.0, "event": {"recipient": "one@a.test", "outcome": "deferred", "text": "450 no"}}),
    ("alertlook", {"asked": 3.0, "at": 3.25, "epoch": 1e9 + 1, "alerts": [_ALERT], "relay": 1}),
    ("event", {
        "at": 4.5, "layer": "relay", "kind": "killed", "server": "", "connection": 0,
        "fields": {"moment": "12h", "asked": 4.25},
    }),
    ("snapshot", {"asked": 8.5, "at": 8.625, "waiting": [], "relay": 1}),
    ("trouble", {"at": 9.0, "fault": "adapter", "message": "broke", "hint": "h", "log": "l", "scenario": "x.y"}),
    ("staged", _STAGED),
    ("footer", {"lines": 10, "seconds": 10.0, "longest_window": 8.25, "cpu_seconds": 0.5}),
]  # fmt: skip
_TEXT = [json.dumps({"kind": kind, "entry": entry}) for kind, entry in _LINES]


def _leaves(value: object) -> Iterator[str]:
    """Yield every value in some JSON data that is no list and no object."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    if inner is None:
        yield json.dumps(value)
    else:
        for each in inner:
            yield from _leaves(each)


@pytest.mark.parametrize("line", _TEXT, ids=[f"{number}-{kind}" for number, (kind, _) in enumerate(_LINES)])
def test_no_value_of_a_line_is_lost(line: str) -> None:
    before, after = json.loads(line), json.loads(to_line(from_line(line)))
    assert not Counter(_leaves(before["entry"])) - Counter(_leaves(after["entry"]))
    assert from_line(to_line(from_line(line))) == from_line(line)  # in today's words it is read as well


def test_everything_stands_under_its_name_of_today(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    path.write_text("\n".join(_TEXT), encoding="utf-8")
    record = load(path)
    [staged] = record.staged.values()
    assert staged.milestones == {"1h": 2.5, "12h": 4.5}
    assert [(action.name, action.refused) for action in staged.operator_actions] == [("fix now", True)]
    assert [(listing.asked, len(listing.waiting)) for listing in record.queue_listings] == [
        (1.5, 1),
        (8.5, 0),
    ]
    assert [(listing.epoch, listing.alerts[0].queued) for listing in record.alert_listings] == [(1e9 + 1, 4)]
    assert [(reported.read_at, reported.event.text) for reported in record.reported] == [(2.0, "450 no")]
    assert [event.connection for event in record.events] == [7, 0]
    assert [(killed.moment, killed.relay) for killed in record.events if isinstance(killed, RelayKilled)] == [
        ("12h", 0)
    ]
    assert [trouble.message for trouble in record.troubles] == ["broke"]
    assert record.footer is not None
    [error] = Evidence(record, staged).errors
    assert (error.source, error.at) == ("event", 2.0)
