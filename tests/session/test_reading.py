"""Records that are read while they are written."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from stories.staging import header, staged
from stories.wire import accepted

from conformance.evidence.record import Entry, Footer, RecordError, load, to_line
from conformance.session import reading
from conformance.session.reading import Growing

_ENTRIES: list[Entry] = [
    header(),
    *(accepted(at=float(number)) for number in range(20)),
    staged("plain"),
    Footer(lines=23, seconds=1.0, longest_window=1.0, cpu_seconds=1.0),
]
_LINES = [f"{to_line(entry)}\n".encode() for entry in _ENTRIES]


@pytest.mark.parametrize("at_a_time", [10, 400, 1_000_000])
@pytest.mark.parametrize("step", [7, 150, 1_000_000])
def test_it_is_the_same_record_however_it_was_written(
    at_a_time: int, step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_AT_A_TIME", at_a_time)
    octets, path = b"".join(_LINES), tmp_path / "record"
    growing = Growing(path)
    growing.read_on()
    with path.open("wb", buffering=0) as file:
        for begin in range(0, len(octets), step):
            file.write(octets[begin : begin + step])
            growing.read_on()
    assert growing.whole() == load(path)
    assert growing.whole().footer == _ENTRIES[-1]


def test_what_has_been_read_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "record"
    path.write_bytes(b"".join(_LINES[:-1]))
    growing = Growing(path)
    growing.read_on()
    assert len(growing._known) == len(_LINES) - 1
    path.write_bytes(b"x" * path.stat().st_size + _LINES[-1])
    assert growing.whole().footer == _ENTRIES[-1]


def test_where_it_was_cut_off_the_rest_counts(tmp_path: Path) -> None:
    path = tmp_path / "record"
    path.write_bytes(b"".join(_LINES)[:-9])
    growing = Growing(path)
    growing.read_on()
    assert growing.whole() == load(path)
    assert growing.whole().footer is None


def test_a_line_that_is_none_is_told_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "record"
    path.write_bytes(b"".join([*_LINES[:2], b"rubbish\n", *_LINES[2:]]))
    growing = Growing(path)
    for _ in range(2):
        growing.read_on()
    with pytest.raises(RecordError, match="line 3"):
        growing.whole()


def test_the_collector_is_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "record"
    path.write_bytes(b"".join(_LINES))
    growing = Growing(path)
    assert gc.isenabled()
    growing.read_on()
    growing.whole()
    assert gc.isenabled()
