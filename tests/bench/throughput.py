"""Messages per second of the fake server's healthy side, beside an aiosmtpd that does nothing else."""

import asyncio
import time

from aiosmtpd.smtp import SMTP, Envelope, Session

from fake_servers import Journal, SmtpServer

CONNECTIONS = 20
MESSAGES = 50  # on each connection
BODY = b"x" * 70 + b"\r\n"
DIALOGUE = (b"MAIL FROM:<a@a.test>\r\n", b"RCPT TO:<b@b.test>\r\n", b"DATA\r\n", BODY * 20 + b".\r\n")


async def _client(host: str, port: int) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    await reader.readline()
    writer.write(b"EHLO client.test\r\n")
    while (await reader.readline())[3:4] == b"-":
        pass
    for _ in range(MESSAGES):
        for command in DIALOGUE:
            writer.write(command)
            reply = await reader.readline()
            assert reply[:1] in b"23", reply
    writer.write(b"QUIT\r\n")
    await reader.readline()
    writer.close()
    await writer.wait_closed()


async def _measure(host: str, port: int) -> float:
    began = time.monotonic()
    await asyncio.gather(*(_client(host, port) for _ in range(CONNECTIONS)))
    return CONNECTIONS * MESSAGES / (time.monotonic() - began)


async def ours() -> float:
    server = SmtpServer(Journal(), hostname="mx.test")
    await server.start("127.0.0.1")
    try:
        return await _measure(*server.address)
    finally:
        await server.stop()


class _Sink:
    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        return "250 OK"


async def stock() -> float:
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(lambda: SMTP(_Sink(), hostname="mx.test", loop=loop), "127.0.0.1", 0)
    async with listener:
        host, port = listener.sockets[0].getsockname()
        return await _measure(host, port)
