"""What is said to a relay's own syslog."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from pathlib import Path

from conformance.targets.kit.syslog import start_syslog


async def test_what_is_said_to_the_socket_becomes_lines(tmp_path: Path) -> None:
    address, file = tmp_path / "log", tmp_path / "file"
    writer = await start_syslog(address, file, tmp_path)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
            client.connect(str(address))
            client.send(b"<22>Nov 28 11:55:51 sendmail[1]: one\ntwo\n")
            client.send(b"")  # is no end
            client.send(b"three")
        async with asyncio.timeout(20):
            while not file.read_bytes().endswith(b"three\n"):  # noqa: ASYNC110 (another process writes it)
                await asyncio.sleep(0.02)
    finally:
        await writer.stop()
    assert file.read_bytes() == b"Nov 28 11:55:51 sendmail[1]: one two\n\nthree\n"


async def test_what_was_said_before_its_end_is_written(tmp_path: Path) -> None:
    """A machine with much to do had not written the last words of a relay when all of it was ended."""
    address, file = tmp_path / "log", tmp_path / "file"
    writer = await start_syslog(address, file, tmp_path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
        client.connect(str(address))
        os.kill(writer.pid, signal.SIGSTOP)
        for number in range(9):
            client.send(b"%d" % number)
        os.kill(writer.pid, signal.SIGTERM)
        os.kill(writer.pid, signal.SIGCONT)
        await writer._process.wait()
    assert file.read_bytes() == b"".join(b"%d\n" % number for number in range(9))
    await writer.stop()
