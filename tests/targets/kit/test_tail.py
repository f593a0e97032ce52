"""A log is read line by line while it is written, renamed and cut short."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.target import TargetError
from conformance.targets.kit.log import Tail


def _say(file: Path, text: str) -> None:
    with file.open("a", encoding="utf-8", newline="") as log:
        log.write(text)


def test_what_is_new_is_read_once_and_half_a_line_later(tmp_path: Path) -> None:
    file = tmp_path / "log"
    tail = Tail(file)
    assert tail.lines() == []
    _say(file, "one\ntw")
    assert tail.lines() == ["one"]
    assert tail.lines() == []
    _say(file, "o\n\nthree\u2028still three\n")
    assert tail.lines() == ["two", "", "three\u2028still three"]


def test_a_log_that_was_renamed_is_read_to_its_end_and_the_new_one_from_its_beginning(tmp_path: Path) -> None:
    file = tmp_path / "log"
    tail = Tail(file)
    _say(file, "one\n")
    assert tail.lines() == ["one"]
    _say(file, "two\nthr")
    file.rename(tmp_path / "log.1")
    assert tail.lines() == []  # there is none for a moment
    _say(tmp_path / "log.1", "ee")
    _say(file, "four\n")
    assert tail.lines() == ["two", "three", "four"]
    assert tail.lines() == []


def test_a_log_that_was_replaced_while_nobody_keeps_the_old_one(tmp_path: Path) -> None:
    file = tmp_path / "log"
    tail = Tail(file)
    _say(file, "one\ntw")
    assert tail.lines() == ["one"]
    other = tmp_path / "other"
    _say(other, "three\n")
    other.replace(file)
    assert tail.lines() == ["tw", "three"]


def test_a_log_that_was_cut_short_is_read_from_its_beginning(tmp_path: Path) -> None:
    file = tmp_path / "log"
    tail = Tail(file)
    _say(file, "one\ntwo\nthr")
    assert tail.lines() == ["one", "two"]
    file.write_text("")
    assert tail.lines() == []
    _say(file, "four\n")
    assert tail.lines() == ["four"]


def test_what_is_no_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    with pytest.raises(TargetError, match="the log cannot be read"):
        Tail(tmp_path / "log").lines()
