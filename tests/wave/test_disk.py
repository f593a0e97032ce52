"""Where there is no room to write, neither a relay nor an adapter is to blame."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from conformance.evidence.record import Fault
from conformance.wave import disk
from conformance.wave.unusable import TargetUnusable, defect


def _disk(monkeypatch: pytest.MonkeyPatch, *, blocks: int, files: int = 100) -> None:
    seen = SimpleNamespace(f_bfree=blocks, f_bavail=blocks, f_frsize=4096, f_files=1000, f_favail=files)
    monkeypatch.setattr(os, "statvfs", lambda _folder: seen)


@pytest.mark.parametrize(
    ("blocks", "files", "said"),
    [(0, 100, "the disk is full: 0 octets"), (100, 0, "takes no further file"), (100, 100, "")],
)
def test_a_full_disk(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, blocks: int, files: int, said: str
) -> None:
    _disk(monkeypatch, blocks=blocks, files=files)
    assert said in disk.full(tmp_path)
    assert bool(disk.full(tmp_path)) is bool(said)
    assert (disk.no_room("452 4.3.1 mail system full", tmp_path) is None) is not bool(said)
    assert disk.no_room("", tmp_path) is None


def test_a_file_system_that_counts_no_files_is_not_full(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen = SimpleNamespace(f_bfree=99, f_bavail=99, f_frsize=4096, f_files=0, f_favail=0)
    monkeypatch.setattr(os, "statvfs", lambda _folder: seen)
    assert disk.full(tmp_path) == ""


@pytest.mark.parametrize("fault", [Fault.TARGET, Fault.ADAPTER])
def test_what_a_relay_or_an_adapter_does_then_is_excused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fault: Fault
) -> None:
    trouble = TargetUnusable(fault, "it ended", log="its last words")
    _disk(monkeypatch, blocks=100)
    assert disk.excused(trouble, tmp_path) is trouble
    _disk(monkeypatch, blocks=0)
    excused = disk.excused(trouble, tmp_path)
    assert (excused.fault, excused.log) == (Fault.HARNESS, "its last words")
    assert str(excused).endswith("(it ended)")
    assert "--basetemp" in excused.hint


@pytest.mark.parametrize(
    ("number", "excused"), [(errno.ENOSPC, True), (errno.EDQUOT, True), (errno.EACCES, False)]
)
def test_an_adapter_may_write_elsewhere(tmp_path: Path, number: int, excused: bool) -> None:
    trouble = defect("running() raised")
    trouble.__cause__ = ValueError("configuration")
    trouble.__cause__.__cause__ = OSError(number, os.strerror(number), "/var/spool/x")
    assert (disk.excused(trouble, tmp_path).fault is Fault.HARNESS) is excused
