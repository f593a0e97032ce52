"""A relay's standard output is offered to its adapter, and no relay stands still because nobody reads it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from conformance.target import TargetError
from conformance.targets import spoken
from conformance.targets.process import Process, spawn

_MEBI = 2**20


async def _speaker(folder: Path, code: str) -> Process:
    command = [sys.executable, "-c", f"import sys; {code}"]
    return await spawn(command, cwd=folder, log=folder / "log", pipe_stdout=True)


async def _ended(process: Process) -> int | None:
    async with asyncio.timeout(60):
        while process.alive:  # noqa: ASYNC110 - it ends by itself, and tells nobody
            await asyncio.sleep(0.01)
    return process.returncode


async def test_who_goes_on_speaking_is_not_held_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before, it stood still for ever, once the pipe and 128 KiB more were full."""
    monkeypatch.setattr(spoken, "PATIENCE", 0.1)
    process = await _speaker(
        tmp_path, "print('ready'); sys.stdout.write(('y' * 79 + chr(10)) * 100_000); sys.exit(7)"
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    assert await _ended(process) == 7
    kept = await process.stdout.read()
    assert _MEBI < len(kept) < 3 * _MEBI, "no more is kept, and what is not wanted is dropped"
    await process.stop()


async def test_who_is_read_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spoken, "PATIENCE", 60.0)
    process = await _speaker(tmp_path, "sys.stdout.write(('y' * 79 + chr(10)) * 100_000)")
    assert process.stdout is not None
    lines = 0
    while line := await process.stdout.readline():
        assert len(line) == 80
        lines += 1
    assert lines == 100_000
    assert await _ended(process) == 0
    await process.stop()


async def test_a_line_without_end_is_the_relays_fault(tmp_path: Path) -> None:
    process = await _speaker(tmp_path, f"sys.stdout.write('x' * {3 * _MEBI}); sys.stdout.flush()")
    assert process.stdout is not None
    with pytest.raises(TargetError, match="a line of more than 1 MiB"):
        await process.stdout.readline()
    await process.stop()
