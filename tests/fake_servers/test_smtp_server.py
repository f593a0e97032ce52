from __future__ import annotations

import asyncio
import errno
import logging
import socket

import pytest
from smtp_client import CONTENT, DEADLINE, SCRIPTS, Client, Start, kinds, noted, tls_context

from fake_servers.event_json import fields_of
from fake_servers.events import (
    FakeBroke,
    SmtpBody,
    SmtpMessage,
    SmtpReceived,
    SmtpSent,
    TcpAccepted,
    TcpClosed,
    TcpLate,
    TlsOffered,
)
from fake_servers.journal import Journal
from fake_servers.smtp import Reply, Reset, Rule, Script, Slow, SmtpServer, Stage
from fake_servers.smtp.healthy import HealthyProtocol
from fake_servers.smtp.session import Session


async def deliver(client: Client, last: Stage = Stage.DOT) -> None:
    await client.walk_to(last)
    assert (await client.reply()).startswith(b"250")


DIALOGUES = {
    "good": [b"EHLO c", b"MAIL FROM:<a@b.test>", b"RCPT TO:<r@b.test>", b"DATA", b"x\r\n.", b"QUIT"],
    "helo": [b"HELO c", b"MAIL FROM:<a@b.test>", b"RCPT TO:<r@b.test>", b"RSET", b"RCPT TO:<r@b.test>"],
    "null reverse-path": [b"EHLO c", b"MAIL FROM:<>", b"RCPT TO:<r@b.test>", b"DATA", b".", b"QUIT"],
    "no EHLO": [b"MAIL FROM:<a@b.test>", b"RCPT TO:<r@b.test>", b"DATA", b"NOOP", b"QUIT"],
    "sequence": [b"EHLO c", b"RCPT TO:<r@b.test>", b"DATA", b"MAIL FROM:<a@b.test>", b"DATA", b"QUIT"],
    "nested": [b"EHLO c", b"MAIL FROM:<a@b.test>", b"MAIL FROM:<a@b.test>", b"RSET", b"MAIL FROM:<a@b.test>"],
    "EHLO resets": [b"EHLO c", b"MAIL FROM:<a@b.test>", b"EHLO c", b"RCPT TO:<r@b.test>"],
    "after a message": [b"EHLO c", b"MAIL FROM:<>", b"RCPT TO:<r@b.test>", b"DATA", b".", b"DATA"],
    "grammar": [b"EHLO", b"EHLO c", b"MAIL", b"MAIL TO:<r@b.test>", b"MAIL FROM:<>", b"RCPT", b"QUIT now"],
    "unknown": [b"WHAT", b"EHLO c", b"MAIL FROM:<> WHAT=x", b"MAIL FROM:<>", b"RCPT TO:<r@b.test> WHAT=x"],
    "no arguments": [b"EHLO c", b"RSET x", b"MAIL FROM:<>", b"RCPT TO:<r@b.test>", b"DATA x", b"NOOP x"],
    "asking": [b"EHLO c", b"VRFY", b"VRFY r@b.test", b"HELP", b"noop", b"quit"],
    "DSN": [b"EHLO c", b"MAIL FROM:<> RET=HDRS", b"RCPT TO:<r@b.test> NOTIFY=NEVER", b"DATA", b"."],
    "size": [b"EHLO c", b"MAIL FROM:<a@b.test> SIZE=100 BODY=8BITMIME", b"RCPT TO:<r@b.test>", b"DATA", b"."],
    "no TLS": [b"EHLO c", b"STARTTLS", b"NOOP"],
}


@pytest.mark.parametrize("dialogue", DIALOGUES.values(), ids=list(DIALOGUES))
async def test_the_session_replies_as_aiosmtpd_does(start: Start, dialogue: list[bytes]) -> None:
    codes = {}
    for name, script in SCRIPTS.items():
        server = await start(script)
        async with Client(server.address) as client:
            replies = [await client.reply()]
            replies += [await client.ask(command + b"\r\n") for command in dialogue]
            codes[name] = [reply[:3] for reply in replies]
    assert codes["session"] == codes["aiosmtpd"]


async def test_both_note_a_delivery_in_the_same_words(start: Start, journal: Journal) -> None:
    noted_by: list[list[tuple[str, str, str]]] = []
    for script in SCRIPTS.values():
        server = await start(script, tls=tls_context())
        before = len(journal)
        async with Client(server.address) as client:
            await client.walk_to(Stage.EHLO_TLS)
            await client.reply()
            for command in (b"MAIL FROM:<s@a.test> ENVID=Xy+3D", b"RCPT TO:<r@b.test>", b"DATA"):
                await client.ask(command + b"\r\n")
            await client.ask(CONTENT + b".\r\n")
            await client.ask(b"QUIT\r\n")
            assert await client.everything() == (b"", "fin")
        await noted(journal, TcpClosed, len(noted_by) + 1)
        events = [
            each for each in list(journal)[before:] if not isinstance(each, TcpAccepted | TcpLate | SmtpSent)
        ]
        noted_by.append(sorted((each.layer, each.kind, str(fields_of(each))) for each in events))
    assert noted_by[0] == noted_by[1]
    [message, _] = journal.of(SmtpMessage)
    assert message.content == CONTENT.replace(b"\r\n..", b"\r\n.")
    assert (message.tls, message.options) == (True, ("ENVID=Xy+3D",))


async def test_pipelined_commands_are_all_served(start: Start, journal: Journal, script: Script) -> None:
    server = await start(script)
    async with Client(server.address) as client:
        await client.walk_to(Stage.EHLO)
        await client.reply()
        await client.send(b"MAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test>\r\nDATA\r\n")
        assert [(await client.reply())[:3] for _ in range(3)] == [b"250", b"250", b"354"]
        await client.send(CONTENT + b".\r\nQUIT\r\n")
        received, how = await client.everything()
        assert [line[:3] for line in received.splitlines()] == [b"250", b"221"]
        assert how == "fin"
    stages = [event.stage for event in journal.of(SmtpSent)]
    assert stages == ["greeting", "ehlo", "mail", "rcpt", "data", "dot", "quit"]


async def test_what_came_before_a_half_close_is_served(
    start: Start, journal: Journal, script: Script
) -> None:
    server = await start(script)
    async with Client(server.address) as client:
        await client.walk_to(Stage.DATA)
        await client.reply()
        await client.send(CONTENT + b".\r\nQUIT\r\n")
        client.half_close()
        received, how = await client.everything()
        assert [line[:3] for line in received.splitlines()] == [b"250", b"221"]
        assert how == "fin"
    await noted(journal, SmtpMessage)


async def test_a_half_close_right_behind_the_commands_loses_none(
    start: Start, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    received = HealthyProtocol.data_received

    def received_with_eof(protocol: HealthyProtocol, data: bytes) -> None:
        received(protocol, data)
        if b"QUIT" in data:  # as if FIN had come in the same moment
            protocol.eof_received()

    monkeypatch.setattr(HealthyProtocol, "data_received", received_with_eof)
    server = await start()
    async with Client(server.address) as client:
        await client.walk_to(Stage.DATA)
        await client.reply()
        await client.send(CONTENT + b".\r\nQUIT\r\n")
        assert [line[:3] for line in (await client.everything())[0].splitlines()] == [b"250", b"221"]
    await noted(journal, SmtpMessage)


async def test_content_that_does_not_wait_for_354_is_no_command(
    start: Start, journal: Journal, script: Script
) -> None:
    server = await start(script)
    async with Client(server.address) as client:
        await client.walk_to(Stage.RCPT)
        await client.reply()
        await client.send(b"DATA\r\nNOOP is content here\r\n.\r\nNOOP\r\n")
        assert [(await client.reply())[:3] for _ in range(3)] == [b"354", b"250", b"250"]
    lines = [event.line for event in journal.of(SmtpReceived)]
    assert lines[-2:] == ["DATA", "NOOP"]


async def test_a_long_command_is_served_whoever_else_connects(start: Start, script: Script) -> None:
    server = await start(script)
    address = b"a" * 1000 + b"@a.test"  # above the 512 octets of RFC 5321, section 4.5.3.1.4
    async with Client(server.address) as client:
        await client.walk_to(Stage.EHLO)
        await client.reply()
        async with Client(server.address) as other:
            await other.reply()
        assert (await client.ask(b"MAIL FROM:<" + address + b">\r\n")).startswith(b"250")


async def test_a_message_of_a_megabyte_with_long_lines(
    start: Start, journal: Journal, script: Script
) -> None:
    lines = [b"%d" % (number % 10) * 998 + b"\r\n" for number in range(1024)]
    server = await start(script, receive_buffer=4096)
    async with Client(server.address) as client:
        await client.walk_to(Stage.DATA)
        await client.reply()
        assert (await client.ask(b"".join(lines) + b".\r\n")).startswith(b"250")
    [message] = await noted(journal, SmtpMessage)
    assert message.content == b"".join(lines)
    assert [event.octets for event in journal.of(SmtpBody)] == [1000 * 1024]


@pytest.mark.parametrize("leave", ["fin", "rst"])
async def test_a_client_that_leaves_amid_content(
    start: Start, journal: Journal, script: Script, leave: str
) -> None:
    server = await start(script)
    async with Client(server.address) as client:
        await client.walk_to(Stage.BODY)
        if leave == "rst":
            client.reset()
    [end] = await noted(journal, TcpClosed)
    assert (end.by, end.how) == ("peer", leave)
    if leave == "fin":
        [body] = await noted(journal, SmtpBody)
        assert body.octets == len(CONTENT)
    assert "message" not in kinds(journal, "smtp")


async def test_repair_holds_from_the_next_connection_on(start: Start, journal: Journal) -> None:
    server = await start(Script(Rule(Stage.MAIL, Reply(450, "4.3.0 Later"))))
    async with Client(server.address) as old:
        await old.walk_to(Stage.EHLO)
        await old.reply()
        server.repair()
        async with Client(server.address) as new:
            await deliver(new)
        assert await old.ask(b"MAIL FROM:<>\r\n") == b"450 4.3.0 Later\r\n"
    assert [event.attempt for event in journal.of(TcpAccepted)] == [1, 2]


async def test_repair_spares_a_connection_that_was_just_accepted(start: Start, journal: Journal) -> None:
    server = await start(Script(Rule(Stage.GREETING, Reply(554, "5.3.2 No"))))
    journal.subscribe(lambda event: server.repair() if isinstance(event, TcpAccepted) else None)
    async with Client(server.address) as client:
        assert await client.reply() == b"554 5.3.2 No\r\n"


async def test_repair_can_change_the_certificate(start: Start, journal: Journal) -> None:
    server = await start(tls=tls_context())
    server.repair(tls=tls_context(), certificate="better")
    async with Client(server.address) as client:
        await client.walk_to(Stage.EHLO_TLS)
    assert [event.certificate for event in journal.of(TlsOffered)] == ["better"]
    server.repair(tls=None)
    async with Client(server.address) as client:
        await client.walk_to(Stage.STARTTLS)
        assert (await client.reply()).startswith(b"502")


async def test_megabytes_are_read_in_large_pieces(
    start: Start, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each piece costs a turn of a loop that serves hundreds of others, while the peer waits."""
    pieces: list[int] = []
    received = HealthyProtocol.data_received

    def count(self: HealthyProtocol, data: bytes) -> None:
        pieces.append(len(data))
        received(self, data)

    monkeypatch.setattr(HealthyProtocol, "data_received", count)
    server = await start(receive_buffer=4096)
    server.repair(receive_buffer=None)
    async with Client(server.address) as client:
        await client.walk_to(Stage.BODY)
        pieces.clear()
        # as much as there is room for: nobody reads meanwhile
        sent = client.sock.send((b"x" * 70 + b"\r\n") * 20_000)
        await client.send(b"\r\n.\r\n")
        assert (await client.reply()).startswith(b"250")
    assert sum(pieces) > sent > 500_000
    assert len(pieces) < sent / 65_536 / 2
    [message] = journal.of(SmtpMessage)
    assert len(message.content) > sent


async def test_a_bound_socket_is_taken_over(journal: Journal) -> None:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    server = SmtpServer(journal, hostname="mx.test")
    await server.start(sock=sock)
    assert server.address == sock.getsockname()
    async with Client(server.address) as client:
        await deliver(client)
    await server.stop()


async def test_an_address_in_use_is_an_error(start: Start, journal: Journal) -> None:
    server = await start()
    second = SmtpServer(journal, hostname="mx.test")
    with pytest.raises(OSError, match="in use") as caught:
        await second.start(*server.address)
    assert caught.value.errno == errno.EADDRINUSE
    await second.stop()


@pytest.mark.parametrize("stage", [Stage.GREETING, Stage.EHLO_TLS, Stage.BODY])
async def test_stop_resets_what_is_open(start: Start, journal: Journal, script: Script, stage: Stage) -> None:
    server = await start(script, tls=tls_context())
    async with Client(server.address) as client:
        await client.walk_to(stage)
        if stage is not Stage.BODY:
            await client.reply()
        await server.stop()
        _, how = await client.everything()
        assert how == "rst"
        with pytest.raises(ConnectionRefusedError):
            async with Client(server.address):
                pass
    [end] = journal.of(TcpClosed)
    assert (end.by, end.how) == ("server", "rst")


async def test_stop_ends_a_slow_one_at_once(start: Start) -> None:
    server = await start(Script(Rule(Stage.GREETING, Slow(3600))))
    async with Client(server.address) as client:
        async with asyncio.timeout(DEADLINE):
            await server.stop()
        assert (await client.everything())[1] == "rst"


@pytest.mark.parametrize("side", ["session", "aiosmtpd"])
async def test_a_defect_of_the_fake_is_a_reset_and_an_event(
    start: Start, journal: Journal, monkeypatch: pytest.MonkeyPatch, side: str
) -> None:
    async def defective(*_arguments: object) -> str:
        raise ZeroDivisionError("a bug")

    if side == "session":
        monkeypatch.setattr(Session, "received", lambda *_, **__: 1 / 0)
        server = await start(SCRIPTS["session"])
    else:
        monkeypatch.setattr(HealthyProtocol, "smtp_EHLO", defective)
        server = await start()
    async with Client(server.address) as client:
        await client.reply()
        await client.send(b"EHLO c\r\n")
        assert await client.everything() == (b"", "rst")
    [broke] = await noted(journal, FakeBroke)
    assert "ZeroDivisionError" in broke.error


async def test_many_connections_at_once(start: Start, journal: Journal) -> None:
    server = await start(Script(Rule(Stage.DOT, Reset(), connections=range(1, 51))))

    async def visit() -> str:
        async with Client(server.address) as client:
            await client.walk_to(Stage.DOT)
            try:
                return (await client.reply())[:3].decode()
            except ConnectionResetError:
                return "rst"

    endings = await asyncio.gather(*(visit() for _ in range(100)))
    assert (endings.count("rst"), endings.count("250")) == (50, 50)
    assert len(await noted(journal, SmtpMessage, 50)) == 50


async def test_nothing_is_logged_above_info(
    start: Start, script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, logger="asyncio")
    server = await start(script)
    async with Client(server.address) as client:
        await client.walk_to(Stage.BODY)
        client.reset()
    await server.stop()
    assert [record.getMessage() for record in caplog.records] == []
