"""Opening a TCP connection in a way that tells apart why it failed."""

from __future__ import annotations

import asyncio
import errno
import os
import socket

from .classify import Cause, Stage
from .errors import SessionFailed


async def open_socket(address: str, port: int, timeout: float) -> socket.socket:
    """Return a connected, non-blocking socket.

    Args:
        address: An IP address.
        port: A TCP port.
        timeout: Seconds to wait for the far side's answer.

    Raises:
        SessionFailed: The cause says whether it was refused, unreachable, unanswered, or reset at once.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        connection = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise connect_failure(error) from error
    connection.setblocking(False)
    try:
        async with asyncio.timeout(timeout):
            await asyncio.get_running_loop().sock_connect(connection, (address, port))
    except OSError as error:
        connection.close()
        raise connect_failure(error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def connect_failure(error: OSError) -> SessionFailed:
    """Return what an error of connect(2) means; a time-out of our own counts like the kernel's."""
    number = errno.ETIMEDOUT if error.errno is None else error.errno
    stage, cause = connect_outcome(number)
    return SessionFailed(stage, cause, f"Socket error code {number}: {os.strerror(number)}")


def connect_outcome(number: int) -> tuple[Stage, Cause]:
    """Return stage and cause behind an errno of connect(2).

    A reset that answers the connection request shows as ECONNREFUSED. ECONNRESET is a connection that was
    made, and reset before this process was told of it.
    """
    if number == errno.ECONNRESET:
        return Stage.GREETING, Cause.RESET
    if number == errno.ECONNREFUSED:
        return Stage.CONNECT, Cause.REFUSED
    return Stage.CONNECT, Cause.UNANSWERED if number == errno.ETIMEDOUT else Cause.UNREACHABLE
