from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stories.staging import header, staged
from stories.wire import accepted

from conformance.evidence.inputs import Offer, OperatorAction
from conformance.evidence.record import (
    AlertListing,
    Entry,
    Fault,
    Footer,
    Header,
    QueueListing,
    Record,
    RecordError,
    Reported,
    Staged,
    Trouble,
    assemble,
    from_line,
    load,
    to_line,
)
from conformance.evidence.relays import Idling, Stopped
from conformance.evidence.site import Site
from conformance.target import Alert, DeliveryEvent, QueuedMessage, Schedule
from fake_servers.events import KINDS, Event, SmtpMessage

_TEXT = st.text(max_size=20)
_SECONDS = st.floats(0, 1e6)


def _entries(kind: type[Any]) -> st.SearchStrategy[Any]:
    times = {name: _SECONDS for name, given in kind.__annotations__.items() if given == "float"}
    optional = {n: st.none() | _SECONDS for n, g in kind.__annotations__.items() if g == "float | None"}
    return st.builds(kind, **times, **optional)


def _events(kind: type[Event]) -> st.SearchStrategy[Event]:
    hints = get_type_hints(kind)
    return st.builds(kind, **{field.name: _SECONDS for field in fields(kind) if hints[field.name] is float})


for _plain in (Schedule, Site, QueuedMessage, DeliveryEvent, Alert, Offer, OperatorAction):
    st.register_type_strategy(_plain, _entries(_plain))


@pytest.mark.parametrize(
    "kind",
    [
        *(Header, Staged, QueueListing, Reported, AlertListing, Trouble, Stopped, Idling, Footer),
        *KINDS.values(),
    ],
)
def test_every_kind_of_entry_makes_the_round_trip(kind: type[Any]) -> None:
    @given(_events(kind) if issubclass(kind, Event) else _entries(kind))
    def round_trip(entry: Entry) -> None:
        line = to_line(entry)
        assert "\n" not in line
        assert line.isascii()  # no reader can take a part of it for a line end
        assert from_line(line) == entry

    round_trip()


def test_octets_survive() -> None:
    entry = staged("plain", content=bytes(range(256)))
    assert from_line(to_line(entry)) == entry


@pytest.mark.parametrize(
    "line",
    ["", "{}", "[]", "1", "null", '"x"', "{", '{"kind": "nothing", "entry": {}}', '{"kind": "staged"}',
     '{"kind": "staged", "entry": null}', '{"kind": "staged", "entry": "x"}',
     '{"kind": "event", "entry": {"at": "soon"}}',
     '{"kind": [], "entry": {}}'],
)  # fmt: skip
def test_what_is_no_entry(line: str) -> None:
    with pytest.raises(ValueError, match="not an entry of a record"):
        from_line(line)


def _write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_record_is_read_back(tmp_path: Path) -> None:
    first, again = staged("plain"), staged("plain", lag=0.5)
    late, early = (accepted(at=at) for at in (2.0, 1.0))
    trouble = Trouble(at=3.0, fault=Fault.ADAPTER, message="broke")
    reported = Reported(read_at=1.0, event=DeliveryEvent(recipient="a@b", outcome="deferred", text="x"))  # type: ignore[arg-type]
    listing = QueueListing(asked=1.0, at=1.1, waiting=[QueuedMessage(sender="", recipient="a@b")], relay=2)
    footer = Footer(lines=9, seconds=3.0, longest_window=2.0, cpu_seconds=0.1)
    alert = Alert(connector="a.test", queued=4, raised_at=1.0)
    alerts = AlertListing(asked=1.0, at=1.1, epoch=1e9, alerts=[alert])
    entries: list[Entry] = [header(), first, late, early, listing, alerts, trouble, again, footer]
    record = load(_write(tmp_path / "r", *map(to_line, entries), to_line(footer)))
    assert record == Record(
        header=header(),
        staged={"plain.healthy": again},
        events=[early, late],
        queue_listings=[listing],
        reported=[],
        troubles=[trouble],
        footer=footer,
        alert_listings=[alerts],
    )
    assert assemble([header(), reported], "r").reported == [reported]


def test_a_line_cut_off_at_the_end_is_left_out(tmp_path: Path) -> None:
    line = to_line(staged("plain"))
    for length in (1, 20, len(line) - 1):
        record = load(_write(tmp_path / "r", to_line(header()), line[:length]))
        assert (record.staged, record.footer) == ({}, None)


def test_a_bad_line_elsewhere_is_named(tmp_path: Path) -> None:
    path = _write(tmp_path / "r", to_line(header()), "rubbish", to_line(staged("plain")))
    with pytest.raises(RecordError, match=r"r, line 2: not an entry"):
        load(path)


def test_an_event_that_is_none_is_named(tmp_path: Path) -> None:
    misspelt = to_line(accepted(at=1.5)).replace('"accepted"', '"acepted"')
    path = _write(tmp_path / "r", to_line(header()), misspelt, to_line(staged("plain")))
    with pytest.raises(RecordError, match=r"r, line 2: .*there is no kind of event tcp/acepted at 1\.5 s"):
        load(path)


def test_no_header_no_file_no_text(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="r: no header"):
        load(_write(tmp_path / "r", to_line(staged("plain"))))
    with pytest.raises(RecordError, match="r: no header"):
        load(_write(tmp_path / "r"))
    with pytest.raises(RecordError, match="missing"):
        load(tmp_path / "missing")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(RecordError, match="binary"):
        load(tmp_path / "binary")


def test_megabytes_survive_wherever_they_stand() -> None:
    octets = bytes(range(256)) * 1024
    message = SmtpMessage(
        at=1.0, mail_from="a@a.test", recipients=("b@b.test",), content=octets, tls=False, options=()
    )
    for entry in (staged("plain", content=octets), message, QueueListing(asked=1.0, at=2.0, waiting=[])):
        line = to_line(entry)
        assert from_line(line) == entry
        assert json.dumps(json.loads(line)) == line  # as if the encoder had seen all of it
