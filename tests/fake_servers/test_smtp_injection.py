"""Plaintext behind the reply to STARTTLS (RFC 3207, section 4.2)."""

from __future__ import annotations

import socket
import struct

from smtp_client import Serve, kinds, noted

from fake_servers.events import SmtpSent, SmtpUnoffered, TcpClosed
from fake_servers.journal import Journal
from fake_servers.smtp import Raw, Rule, Script, Stage

INJECTED = b"220 2.0.0 Ready\r\n250-evil\r\n250 SIZE 10\r\n"
_DATA_SEGMENTS_IN = 152  # offset of tcpi_data_segs_in in struct tcp_info, include/uapi/linux/tcp.h


def segments_in(sock: socket.socket) -> int:
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _DATA_SEGMENTS_IN + 4)
    return int(struct.unpack_from("=I", info, _DATA_SEGMENTS_IN)[0])


async def test_plaintext_can_share_a_segment_with_the_reply_to_starttls(
    serve: Serve, journal: Journal
) -> None:
    script = Script(Rule(Stage.STARTTLS, Raw(INJECTED)), tls_extensions=("8BITMIME",))
    async with await serve(script) as client:
        await client.walk_to(Stage.EHLO)
        await client.reply()
        before = segments_in(client.sock)
        await client.send(b"STARTTLS\r\n")
        assert await client.receive() == INJECTED
        assert segments_in(client.sock) == before + 1
        # A client that discards what it has read so far finds a server that is ready for TLS.
        await client.hello_tls()
        await client.finish_tls()
        assert await client.ask(b"EHLO c\r\n") == b"250-mx.test\r\n250-8BITMIME\r\n250 HELP\r\n"
        # What was injected is not what EHLO offered.
        assert (await client.ask(b"MAIL FROM:<> SIZE=10\r\n")).startswith(b"555")
        assert (await client.ask(b"MAIL FROM:<>\r\n")).startswith(b"250")
    await noted(journal, TcpClosed)
    assert kinds(journal, "tls") == ["offered", "established"]
    [sent] = [event.text for event in journal.of(SmtpSent) if event.stage == "starttls"]
    assert sent == INJECTED.decode()
    assert [event.parameters for event in journal.of(SmtpUnoffered)] == [("SIZE=10",)]
