"""A fake server in a process of its own, and what it prints."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
DEADLINE = 60  # seconds


@contextmanager
def running(command: str, *options: str) -> Iterator[tuple[subprocess.Popen[str], str, int]]:
    """Run a server in a process of its own; afterwards stop it as Ctrl-C does, and expect a clean end."""
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "fake_servers", command, "--listen", "127.0.0.1:0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    try:
        banner = process.stdout.readline()
        while " on 127.0.0.1:" not in banner:  # events may come first
            assert banner, process.communicate()[1]
            banner = process.stdout.readline()
        host, _, port = banner.split(";")[0].rpartition(" ")[2].partition(":")
        yield process, host, int(port)
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=DEADLINE)
    assert (process.returncode, errors) == (0, "")


def lines_until(process: subprocess.Popen[str], word: str) -> list[str]:
    assert process.stdout is not None
    lines = [process.stdout.readline()]
    while word not in lines[-1]:
        assert lines[-1], "the server has ended"
        lines.append(process.stdout.readline())
    return lines
