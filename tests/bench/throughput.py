"""What a fake mail server costs while it is healthy, beside an aiosmtpd that does nothing but keep each message."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from aiosmtpd.smtp import SMTP, Envelope, Session

from bench.served import ROUNDS, Serve, Told, in_turn, served
from fake_servers import Journal, SmtpServer

_CONNECTIONS = 20  # at once
_BODY = b"x" * 70 + b"\r\n"
_DIALOGUE = (b"MAIL FROM:<a@a.test>\r\n", b"RCPT TO:<b@b.test>\r\n", b"DATA\r\n", _BODY * 20 + b".\r\n")


class Load(NamedTuple):
    """What clients do.

    Attributes:
        name: What that is called.
        sessions: How many sessions each has, one after the other.
        messages: How many messages in each of them.
    """

    name: str
    sessions: int
    messages: int


LOADS = (Load("sessions of fifty messages", 1, 50), Load("sessions of one message", 20, 1))


class Cost(NamedTuple):
    """Seconds of a processor for each message."""

    ours: float
    stock: float


def cost_of(load: Load) -> Cost:
    """Measure both servers under a load."""
    messages = ROUNDS * _CONNECTIONS * load.sessions * load.messages
    ours, stock = in_turn(lambda: _cpu_for(load, _ours), lambda: _cpu_for(load, _stock))
    return Cost(ours / messages, stock / messages)


def _cpu_for(load: Load, serve: Serve) -> float:
    with served(serve) as server:
        asyncio.run(_clients(*server.address, load))
    return server.cpu


async def _clients(host: str, port: int, load: Load) -> None:
    await asyncio.gather(*(_client(host, port, load) for _ in range(_CONNECTIONS)))


async def _client(host: str, port: int, load: Load) -> None:
    for _ in range(load.sessions):
        await _session(host, port, load.messages)


async def _session(host: str, port: int, messages: int) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    await reader.readline()
    writer.write(b"EHLO client.test\r\n")
    while (await reader.readline())[3:4] == b"-":
        pass
    for _ in range(messages):
        for command in _DIALOGUE:
            writer.write(command)
            reply = await reader.readline()
            assert reply[:1] in b"23", reply
    writer.write(b"QUIT\r\n")
    await reader.readline()
    writer.close()
    await writer.wait_closed()


async def _ours(told: Told) -> None:
    server = SmtpServer(Journal(), hostname="mx.test")
    await server.start("127.0.0.1")
    await told(*server.address)
    await server.stop()


class _Keeping:
    def __init__(self) -> None:
        self._kept: list[tuple[str | None, tuple[str, ...], bytes | None]] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        self._kept.append((envelope.mail_from, tuple(envelope.rcpt_tos), envelope.original_content))
        return "250 OK"


async def _stock(told: Told) -> None:
    loop, keeping = asyncio.get_running_loop(), _Keeping()
    listener = await loop.create_server(lambda: SMTP(keeping, hostname="mx.test", loop=loop), "127.0.0.1", 0)
    async with listener:
        await told(*listener.sockets[0].getsockname())
