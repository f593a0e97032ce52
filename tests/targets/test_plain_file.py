"""A relay may put whatever it likes where its log is read or written.

Before, a pipe held the adapter's loop for ever, a link had any file of the machine shown as "the relay's log", or
written to, and a link to itself ended the wave.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.target import TargetError
from conformance.targets.plain_file import NotPlain, open_to_append, open_to_read
from conformance.targets.postfix_log import PostfixLog
from conformance.targets.process import last_words, log_tail, spawn


def _link(path: Path) -> None:
    outside = path.parent.parent / "secret"
    outside.write_text("what nobody may see\n", encoding="ascii")
    path.symlink_to(outside)


TRAPS: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "link": _link,
    "link to itself": lambda path: path.symlink_to(path.name),
    "link into proc": lambda path: path.symlink_to("/proc/self/environ"),
    "folder": Path.mkdir,
}


@pytest.fixture(params=TRAPS)
def trap(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    TRAPS[request.param](folder / "relay.log")
    return folder / "relay.log"


def test_what_is_no_file_is_neither_read_nor_written(trap: Path) -> None:
    for attempt in (open_to_read, open_to_append):
        with pytest.raises(NotPlain, match=r"relay\.log is a link"):
            attempt(trap)


async def test_whoever_asks_for_a_log_gets_an_answer(trap: Path) -> None:
    assert log_tail(trap).startswith("[not shown: relay.log is a link")
    assert last_words(trap.parent) == ("", "")
    with pytest.raises(TargetError, match=r"the log cannot be read: relay\.log"):
        PostfixLog(trap).read()
    with pytest.raises(TargetError, match="its adapter, has put it there"):
        await spawn([sys.executable, "-c", ""], cwd=trap.parent, log=trap)
    secret = trap.parent.parent / "secret"
    assert not secret.exists() or secret.read_text(encoding="ascii") == "what nobody may see\n"


def test_a_link_to_a_file_beside_it_is_followed(tmp_path: Path) -> None:
    (tmp_path / "2024.log").write_text("today\n", encoding="ascii")
    (tmp_path / "current.log").symlink_to("2024.log")
    assert log_tail(tmp_path / "current.log") == "today"
    with open_to_append(tmp_path / "fresh.log") as file:
        file.write(b"x")
    assert stat.S_ISREG((tmp_path / "fresh.log").lstat().st_mode)


async def test_a_log_elsewhere_may_be_a_device(tmp_path: Path) -> None:
    process = await spawn([sys.executable, "-c", "print('x')"], cwd=tmp_path, log=Path(os.devnull))
    await process.stop()
    assert process.log_tail() == ""
