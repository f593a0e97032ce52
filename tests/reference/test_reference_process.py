"""The reference relay as a process: mail in, mail out, killed, restarted, stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from contextlib import closing

from reference_world import CONTENT, MailServer, RelayProcess, eventually


async def test_a_message_is_delivered_with_one_received_field_and_nothing_else_changed(
    relay: RelayProcess, mail_server: MailServer
) -> None:
    await relay.start()
    await relay.submit("Bob@a.test")
    event = await relay.event("delivered")
    [(sender, recipients, content)] = mail_server.messages
    assert (sender, recipients) == ("a@sender.test", ["Bob@a.test"])
    trace, rest = content[: -len(CONTENT)], content[-len(CONTENT) :]
    assert rest == CONTENT
    assert trace.startswith(b"Received: from client.test ([")
    assert trace.endswith(b"+0000\r\n")
    assert trace.count(b"\r\nReceived:") == 0
    assert event["attempt"] == 1
    assert event["destination"] == "127.1.0.5"
    assert await relay.ask("queue") == []


def _attempts_on_disk(relay: RelayProcess) -> int:
    with closing(sqlite3.connect(relay.options["spool"])) as spool:
        [(attempts,)] = spool.execute("SELECT attempts FROM recipient")
    return int(attempts)


async def test_a_message_accepted_before_kill_is_delivered_once_after_restart(
    relay: RelayProcess, mail_server: MailServer
) -> None:
    mail_server.reactions["MAIL"] = "451 4.3.2 not now"
    await relay.start()
    await relay.submit("bob@a.test")
    await relay.event("deferred")
    await eventually(lambda: _attempts_on_disk(relay) == 1)
    await relay.stop(signal.SIGKILL)
    del mail_server.reactions["MAIL"]
    await relay.start()
    [waiting] = await relay.ask("queue")
    assert waiting["attempts"] == 1
    assert waiting["last_error"].startswith("451 4.3.2 not now [LastAttemptedServerName=127.1.0.5]")
    assert await relay.ask("flush") == {"flushed": 1}
    await relay.event("delivered")
    assert len(mail_server.messages) == 1


async def test_kill_during_the_attempt_loses_nothing(relay: RelayProcess, mail_server: MailServer) -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    mail_server.reactions["MAIL"] = hang
    relay.options["timeouts.command"] = 3600
    await relay.start()
    await relay.submit("bob@a.test")
    await eventually(lambda: any(line.startswith("MAIL") for line in mail_server.lines))
    await relay.stop(signal.SIGKILL)
    del mail_server.reactions["MAIL"]
    await relay.start()
    await relay.event("delivered")
    assert len(mail_server.messages) == 1


async def test_terminate_waits_for_no_attempt_that_is_under_way(
    relay: RelayProcess, mail_server: MailServer
) -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    mail_server.reactions["DATA"] = hang
    relay.options["timeouts.command"] = 3600
    await relay.start()
    await relay.submit("bob@a.test")
    await eventually(lambda: "DATA" in mail_server.lines)
    assert await relay.stop() == 0  # long before that time-out, or it raises
    assert "spool.sqlite3.control" not in os.listdir(relay.folder)
    assert "Traceback" not in (relay.folder / "stderr.log").read_text()


async def test_a_server_that_hangs_after_quit_delays_nothing(
    relay: RelayProcess, mail_server: MailServer
) -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    mail_server.reactions["QUIT"] = hang
    relay.options["timeouts.command"] = 3600
    await relay.start()
    await relay.submit("bob@a.test")
    await relay.event("delivered")
    assert await relay.ask("queue") == []


async def test_recipients_share_a_transaction_and_not_their_fate(
    relay: RelayProcess, mail_server: MailServer
) -> None:
    mail_server.reactions["RCPT gone@a.test"] = "550 5.1.1 no such user"
    mail_server.reactions["RCPT later@a.test"] = "450 4.2.1 busy"
    await relay.start()
    await relay.submit("bob@a.test", "gone@a.test", "later@a.test")
    assert (await relay.event("permanent"))["recipient"] == "gone@a.test"
    assert (await relay.event("deferred"))["recipient"] == "later@a.test"
    await relay.event("delivered", 2)  # the second is the report
    first, report = mail_server.messages
    assert first[1] == ["bob@a.test"]
    assert report[:2] == ("", ["a@sender.test"])
    assert b"gone@a.test" in report[2]
    assert b"later@a.test" not in report[2]
    del mail_server.reactions["RCPT later@a.test"]
    await relay.ask("flush")
    await relay.event("delivered", 3)
    assert mail_server.messages[2][1] == ["later@a.test"]
