"""A syslog of one relay's own."""

from __future__ import annotations

import sys
from pathlib import Path

from conformance.targets.process import Process, spawn

_WRITER = Path(__file__).with_name("syslog_writer.py")
_READY = 40.0  # seconds; measured: 0.05


async def start_syslog(address: Path, log: Path, folder: Path) -> Process:
    """Start a process that writes what is said at a socket into a file, a line for each message; return it listening.

    Args:
        address: The socket; it is made, and everybody may write to it.
        log: The file.
        folder: For what the process itself has to say.

    Raises:
        TargetError: It does not listen.
    """
    # nothing of this program's surroundings is needed, so -I -S, which is ready sooner
    writer = await spawn(
        [sys.executable, "-I", "-S", _WRITER, address, log], cwd=folder, log=folder / "syslog.err"
    )

    async def listens() -> bool:
        return _exists(address)

    await writer.wait_ready(listens, _READY)
    return writer


def _exists(address: Path) -> bool:
    return address.exists()
