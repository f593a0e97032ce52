"""A wave whose interpreter is held does not beat, and its log says by whom it is held."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from conformance.evidence.record import Fault
from conformance.wave import heartbeat

# A wave's process in small: its main thread waits for events, and a function is called in another one.
_WAVE = """
import asyncio, sys, threading
sys.path.insert(0, {root!r})
from conformance.wave import heartbeat
from {module} import hold
heartbeat.HELD_LIMIT, heartbeat.BEAT = 1.0, 0.1
heartbeat.start(lambda: print(flush=True))
threading.Timer(0.3, hold).start()
asyncio.run(asyncio.sleep(1.5))
"""
_HOLD = "import ctypes\ndef hold():\n    ctypes.PyDLL(None).sleep(3)  # which keeps the interpreter's lock\n"


def _run(folder: Path, module: str) -> subprocess.CompletedProcess[str]:
    root = str(Path(heartbeat.__file__).parents[2])
    return subprocess.run(
        [sys.executable, "-c", _WAVE.format(root=root, module=module)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_says_who_held_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "relay.py").write_text(_HOLD, encoding="utf-8")
    ended = _run(tmp_path, "relay")
    assert ended.returncode == 0, (
        "the timer runs out as well where all were frozen for a while, and ends nothing"
    )
    assert ended.stdout.strip("\n") == "", "a beat is an empty line"
    assert len(ended.stdout) >= 2
    found = heartbeat.held("what was printed before\n" + ended.stderr)
    assert found is not None
    assert found.fault is Fault.ADAPTER
    assert found.message.startswith("the adapter held the interpreter for 30 s")
    assert found.message.endswith("it stands at relay.py, line 3")
    assert "in hold" in found.log
    assert "heartbeat" not in found.log


def test_where_no_adapter_stands_anywhere_it_was_we() -> None:
    root = Path(heartbeat.__file__).parents[2]
    log = (
        "Timeout (0:00:30)!\n"
        f'Thread 0x01 (most recent call first):\n  File "{root}/conformance/wave/group.py", line 1 in x\n'
    )
    found = heartbeat.held(log)
    assert found is not None
    assert found.fault is Fault.HARNESS
    log = log.replace("/wave/group.py", "/targets/postfix.py")
    assert heartbeat.held(log) == (
        Fault.ADAPTER,
        "the adapter held the interpreter for 30 s, so that nothing else could run; it stands at postfix.py, line 1",
        f'  File "{root}/conformance/targets/postfix.py", line 1 in x',
    )


def test_what_ended_otherwise_was_not_held() -> None:
    assert heartbeat.held("Traceback (most recent call last):\n  ...") is None
