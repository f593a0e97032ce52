"""Writes what is said to a syslog socket into a file: `python syslog_writer.py SOCKET FILE`.

A program of its own, for a relay whose log waits for a reader waits with it.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
from pathlib import Path

_LONGEST = 65536
_ROOM = 4 * 1024 * 1024  # octets that wait for us, as far as the kernel allows
_PRIORITY = re.compile(rb"^<\d+>")


def main(address: str, file: str) -> None:
    """Read datagrams until SIGTERM, and then those that are there; each becomes one line, without its priority."""
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server,
        Path(file).open("ab", buffering=0) as log,
    ):
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _ROOM)
        ending = []

        def end(number: int, _: object) -> None:
            ending.append(number)
            server.shutdown(socket.SHUT_RD)  # what was said before is still read, and nothing behind it

        signal.signal(signal.SIGTERM, end)
        server.bind(address)  # who waits for us sees that
        os.chmod(address, 0o666)
        while (datagram := server.recv(_LONGEST)) or not ending:
            said = _PRIORITY.sub(b"", datagram).rstrip(b"\n\0")
            log.write(said.replace(b"\n", b" ") + b"\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
