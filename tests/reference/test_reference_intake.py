"""What the relay takes in, refuses, and passes on; and its command line."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from typing import cast

import aiosmtplib
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from reference_world import CONTENT, MailServer, RelayProcess, eventually

from conformance.reference.intake import SubmissionHandler
from conformance.reference.message import Message
from conformance.reference.relay import Relay


async def talk(relay: RelayProcess, *lines: bytes) -> list[bytes]:
    """Return the reply to each line (the last line of it)."""
    reader, writer = await asyncio.open_connection(*relay.ready["submission"])
    replies = []
    await reader.readline()
    for line in lines:
        writer.write(line + b"\r\n")
        while (reply := await reader.readline())[3:4] == b"-":
            continue
        replies.append(reply.rstrip())
    writer.close()
    return replies


async def test_dsn_parameters_travel_unchanged(relay: RelayProcess, mail_server: MailServer) -> None:
    await relay.start()
    await relay.submit(
        "Bob@a.test",
        mail_options=["RET=HDRS", "ENVID=Q+2BQ", "BODY=8BITMIME"],
        rcpt_options=["NOTIFY=FAILURE,DELAY", "ORCPT=rfc822;BoB@Old.test"],
    )
    await relay.event("delivered")
    [mail] = [line for line in mail_server.lines if line.startswith("MAIL")]
    assert mail.startswith("MAIL FROM:<a@sender.test> SIZE=")
    assert mail.endswith(" BODY=8BITMIME RET=HDRS ENVID=Q+2BQ")
    assert "RCPT TO:<Bob@a.test> NOTIFY=FAILURE,DELAY ORCPT=rfc822;BoB@Old.test" in mail_server.lines


async def test_dsn_parameters_are_kept_from_a_server_without_dsn(
    relay: RelayProcess, mail_server: MailServer
) -> None:
    mail_server.extensions = []
    await relay.start()
    await relay.submit("Bob@a.test", mail_options=["RET=HDRS"], rcpt_options=["NOTIFY=FAILURE"])
    await relay.event("delivered")
    assert {"MAIL FROM:<a@sender.test>", "RCPT TO:<Bob@a.test>"} <= set(mail_server.lines)


async def test_refusals(relay: RelayProcess) -> None:
    await relay.start()
    replies = await talk(
        relay,
        b"EHLO client.test",
        b"RCPT TO:<b@a.test>",
        b"MAIL FROM:<nobody>",
        b"MAIL FROM:<> FOO=1",
        b"MAIL FROM:<>",
        b"MAIL FROM:<>",
        b"RCPT TO:<>",
        b"RCPT TO:<b@a.test>",
        b"DATA",
        b"bare\nline feed\r\n.",
    )
    assert [reply[:3] for reply in replies] == [
        *(b"250", b"503", b"501", b"555", b"250", b"503", b"501", b"250", b"354", b"550"),
    ]
    assert await relay.ask("queue") == []


async def test_a_message_that_runs_in_circles_is_refused(relay: RelayProcess) -> None:
    await relay.start()
    with pytest.raises(aiosmtplib.SMTPDataError, match=r"5\.4\.6"):
        await relay.submit("bob@a.test", content=b"Received: from x\r\n" * 100 + CONTENT)


async def test_no_250_when_the_spool_fails(relay: RelayProcess) -> None:
    await relay.start()
    blocker = sqlite3.connect(relay.options["spool"], isolation_level=None)
    blocker.execute("DROP TABLE recipient")
    blocker.close()
    with pytest.raises(aiosmtplib.SMTPDataError, match=r"4\.3\.0"):
        await relay.submit("bob@a.test")


class SlowRelay:
    """Stands in for the relay; takes a message only when told to."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.entered = asyncio.Event()
        self.taken: list[Message] = []

    def now(self) -> float:
        return 1000.0

    async def accept(self, message: Message, content: bytes) -> None:
        self.entered.set()
        await self.go_on.wait()
        self.taken.append(message)


async def test_a_client_that_hangs_up_behind_the_dot_does_not_undo_the_acceptance() -> None:
    slow = SlowRelay()
    session, envelope = Session(asyncio.get_running_loop()), Envelope()
    session.host_name = "client.test"
    envelope.mail_from, envelope.rcpt_tos, envelope.rcpt_options = "a@b.test", ["c@d.test"], [""]
    envelope.original_content = CONTENT
    handler = SubmissionHandler(cast(Relay, slow), "relay.test")
    talking = asyncio.create_task(handler.handle_DATA(cast(SMTP, None), session, envelope))
    await slow.entered.wait()
    talking.cancel()  # what aiosmtpd does when the client is gone
    await asyncio.wait({talking})
    slow.go_on.set()
    await eventually(lambda: slow.taken)


async def run_cli(*arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "conformance.reference", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode(), errors.decode()


async def test_queue_and_flush_on_the_command_line(relay: RelayProcess, mail_server: MailServer) -> None:
    mail_server.reactions["MAIL"] = "451 4.3.2 no"
    await relay.start()
    await relay.submit("bob@a.test")
    await relay.event("deferred")
    (status, output, _), (_, flushed, _) = await asyncio.gather(
        run_cli("queue", "--config", str(relay.config)), run_cli("flush", "--config", str(relay.config))
    )
    assert status == 0
    assert [waiting["recipient"] for waiting in json.loads(output)] == ["bob@a.test"]
    assert json.loads(flushed) == {"flushed": 1}
    await eventually(lambda: len(relay.events("deferred")) == 2)
    assert "valid requests: queue, flush" in (await relay.ask("dance"))["error"]


async def test_configuration_errors_end_with_status_2_and_no_traceback(relay: RelayProcess) -> None:
    relay.options["colour"] = "blue"
    relay.write_config()
    status, output, errors = await run_cli("serve", "--config", str(relay.config))
    assert (status, output) == (2, "")
    assert "unknown key 'colour'" in errors
    assert "Traceback" not in errors


async def test_a_spool_has_one_relay(relay: RelayProcess) -> None:
    await relay.start()
    status, _, errors = await run_cli("serve", "--config", str(relay.config))
    assert status == 1
    assert "another relay is using this spool" in errors
    assert await relay.ask("queue") == []
