"""What writes without end is ended and named, and what it wrote is cut; what is long in an answer is cut, too.

Before, a relay wrote 2.2 GB to its log within 12 s and passed, and one line of 32 MB of its log went through adapter,
record and report as it was.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from adapters import CONFIG, EVENT, AsyncRelay, AsyncTarget, trouble_of

from conformance.evidence.record import Fault
from conformance.target import TargetError
from conformance.targets.process import log_tail
from conformance.wave import flood
from conformance.wave.adapter import running
from conformance.wave.flood import TEXT_LIMIT, FloodWatch, cut, shortened
from conformance.wave.unusable import Flooded, TargetUnusable, from_target

_LIMIT = 256 * 1024


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flood, "LOG_LIMIT", _LIMIT)
    monkeypatch.setattr(flood, "_KEPT", 1024)
    monkeypatch.setattr(flood, "_LOOK", 0.01)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log that is too long."""
    file = tmp_path / "relay.log"
    file.write_bytes(b"first\n" + b"x" * 79 + b"\n" + b"y" * 79 + b"\n" + b"z\n" * _LIMIT + b"last\n")
    return file


async def _grow(log: Path) -> None:
    while True:
        with log.open("ab") as file:
            file.write(b"z\n" * 4096 + b"last\n")
        await asyncio.sleep(0.005)


async def _nothing_is_said_of(folder: Path) -> None:
    watch = asyncio.create_task(FloodWatch(folder).run())
    await asyncio.sleep(0.1)
    assert not watch.done()
    watch.cancel()


async def test_a_large_file_that_does_not_grow_is_no_flood(log: Path) -> None:
    """A database that was filled once."""
    await _nothing_is_said_of(log.parent)


async def test_room_that_is_only_reserved_counts_for_nothing(tmp_path: Path) -> None:
    """Before, a relay that reserves room for its database was accused of a flood."""
    with (tmp_path / "reserved.db").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, 2 * _LIMIT)
    with (tmp_path / "holes.db").open("wb") as file:
        file.truncate(4 * _LIMIT)
    await _nothing_is_said_of(tmp_path)


async def test_a_folder_that_is_gone_is_no_trouble(tmp_path: Path) -> None:
    await _nothing_is_said_of(tmp_path / "gone")


async def test_who_writes_without_end_is_named_with_the_last_lines(log: Path) -> None:
    with pytest.raises(Flooded, match=r"to relay\.log, so it was ended") as trouble:
        await asyncio.gather(FloodWatch(log.parent).run(), _grow(log))
    assert trouble.value.fault is Fault.TARGET
    assert trouble.value.log.endswith("z\nlast")


def test_of_a_log_that_is_too_long_both_ends_are_kept_and_it_is_said_what_is_not(log: Path) -> None:
    size = log.stat().st_size
    cut(log.parent)
    kept = log.read_bytes()
    assert kept.startswith(b"first\n")
    assert kept.endswith(b"z\nlast\n")
    assert f"[... {size - 2048} octets were left out here ...]".encode() in kept
    assert len(kept) < 2200


async def test_what_is_in_order_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "relay.log").write_bytes(b"x" * (_LIMIT // 2))
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "message").write_bytes(b"x" * _LIMIT * 2)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "link").symlink_to(tmp_path / "spool" / "message")
    with (outside / "holes").open("wb") as file:
        file.seek(_LIMIT * 2)
        file.write(b"x")
    for folder in (tmp_path, outside, tmp_path / "missing"):
        task = asyncio.create_task(FloodWatch(folder).run())
        assert not (await asyncio.wait({task}, timeout=0.1))[0]
        task.cancel()
        cut(folder)
    assert (tmp_path / "spool" / "message").stat().st_size == _LIMIT * 2


async def test_what_is_printed_without_end_is_the_adapters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "wave.log").open("wb") as file:
        file.write(b"z\n" * _LIMIT)
        file.flush()
        monkeypatch.setattr(flood, "_OWN_LOG", file.fileno())
        with pytest.raises(Flooded, match="the adapter, or a relay that it gave no output") as trouble:
            await FloodWatch(tmp_path / "relay-1").run()
        assert trouble.value.fault is Fault.ADAPTER
        cut(tmp_path / "relay-1")
        os.write(file.fileno(), b"goes on\n")
    kept = (tmp_path / "wave.log").read_bytes()
    assert kept.endswith(b"z\n\n[... the rest was left out ...]\ngoes on\n")


async def test_a_text_of_megabytes_is_cut_before_anybody_keeps_it() -> None:
    long = EVENT.__class__(recipient="c@d", outcome=EVENT.outcome, text="450 4.4.316 " + "x" * 2**20)

    class Relay(AsyncRelay):
        async def events(self) -> list[object]:
            return [long, EVENT]

    async with running(AsyncTarget(Relay()), CONFIG) as instance:
        first, second = await instance.events()
    assert second is EVENT
    assert first.text.startswith("450 4.4.316 xxx")
    assert first.text.endswith(f" [... {2**20 + 12 - TEXT_LIMIT} characters left out]")
    assert shortened("not one of ours") == "not one of ours"


async def test_what_is_shown_of_a_failure_can_be_read(tmp_path: Path) -> None:
    trouble = from_target(TargetError("x" * 2**20, log="y" * 2**20 + "\n" + "line\n" * 1000))
    assert len(str(trouble)) < 2100
    assert len(trouble.log) < 3000
    (tmp_path / "log").write_bytes(b"z" * 2**20)
    assert len(log_tail(tmp_path / "log")) < 1100

    class Relay(AsyncRelay):
        async def queue(self) -> object:
            raise ValueError("w" * 2**20)

    found: TargetUnusable = await trouble_of(AsyncTarget(Relay()), "queue")
    assert len(str(found)) < 2100
    assert len(found.log) < 20_000
