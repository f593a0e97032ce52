"""The socket of one client, below SMTP: how the peer left is told by the first who looks, whoever that is."""

from __future__ import annotations

import select
import socket
import struct

import pytest

from fake_servers.smtp.channel import Channel

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends RST


async def test_a_write_after_a_reset_says_that_it_was_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        peer = socket.create_connection(listening.getsockname())
        ours, _ = listening.accept()
    ours.setblocking(False)
    channel = Channel(ours)
    try:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        peer.close()
        came = select.poll()
        came.register(ours, 0)  # errors and hang-ups alone
        assert came.poll(10_000), "no RST came"
        with pytest.raises(ConnectionResetError):
            await channel.write(b"250 OK\r\n")
    finally:
        channel.close()
