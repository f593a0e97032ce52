"""A relay process, a tiny name server and a tiny SMTP server to test them against each other."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiosmtplib
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

HOST = "127.1.0.5"
RELAY_HOST = "127.1.0.25"
DEADLINE = (
    45.0  # seconds for anything that must happen at once: on any machine, and before the next attempt is due
)

CONTENT = b"From: <a@sender.test>\r\nSubject: hello\r\nMessage-ID: <1@sender.test>\r\n\r\n.dot\r\n..two\r\n"


async def eventually(check: Callable[[], Any], deadline: float = DEADLINE) -> Any:
    """Return the first true value of `check`."""
    async with asyncio.timeout(deadline):
        while not (value := check()):  # noqa: ASYNC110 (another process is watched, it cannot set an Event)
            await asyncio.sleep(0.02)
    return value


class NameServer(asyncio.DatagramProtocol):
    """Answers from `records`.

    A `dns.rcode.Rcode` as value is the answer's code; "silence" is none, "truncated" is cut.
    """

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], Any] = {}
        self.asked: list[tuple[str, str]] = []
        self.address = ("", 0)

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.address = transport.get_extra_info("sockname")

    def datagram_received(self, data: bytes, peer: Any) -> None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        key = (
            question.name.to_text(omit_final_dot=True).lower(),
            dns.rdatatype.to_text(question.rdtype),
        )
        self.asked.append(key)
        answer = dns.message.make_response(query, recursion_available=True)
        found = self.records.get(key)
        if found == "silence":
            return
        if found == "truncated":
            answer.flags |= dns.flags.TC
        elif isinstance(found, dns.rcode.Rcode):
            answer.set_rcode(found)
        elif found:
            answer.answer.append(dns.rrset.from_text(question.name, 0, "IN", key[1], *found))
        elif key[0] not in {name for name, _ in self.records}:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self.transport.sendto(answer.to_wire(), peer)


@pytest.fixture
async def name_server() -> AsyncIterator[NameServer]:
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(NameServer, local_addr=("127.1.0.53", 0))
    yield server
    transport.close()


Reaction = str | bytes | Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class MailServer:
    """Speaks SMTP; `reactions[verb]` is a reply instead of the usual one, or a coroutine that takes over.

    Verbs: `CONNECT` (the greeting), `EHLO`, `STARTTLS`, `MAIL`, `RCPT` (or `RCPT <address>`), `DATA`, `.`,
    `QUIT`.
    """

    def __init__(self) -> None:
        self.reactions: dict[str, Reaction] = {}
        self.extensions = ["SIZE 1000000", "8BITMIME", "DSN"]
        self.tls: Any = None
        self.messages: list[tuple[str, list[str], bytes]] = []
        self.lines: list[str] = []
        self.connections = 0
        self.port = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, host: str = HOST, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._client, host, port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            await self._converse(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _react(
        self, verb: str, usual: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        reaction = self.reactions.get(verb, usual)
        if callable(reaction):
            await reaction(reader, writer)
            return False
        text = reaction.encode() if isinstance(reaction, str) else reaction
        writer.write(text + b"\r\n")
        await writer.drain()
        return text.startswith((b"2", b"3"))

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sender, recipients = "", list[str]()
        await self._react("CONNECT", "220 fake.test ESMTP", reader, writer)
        while line := (await reader.readuntil(b"\r\n")).decode().rstrip("\r\n"):
            self.lines.append(line)
            verb, _, argument = line.partition(" ")
            path = argument.partition("<")[2].partition(">")[0]
            if verb == "EHLO":
                extensions = self.extensions + (["STARTTLS"] if self.tls else [])
                usual = "\r\n".join(["250-fake.test", *(f"250-{each}" for each in extensions), "250 HELP"])
                await self._react("EHLO", usual, reader, writer)
            elif verb == "STARTTLS":
                if await self._react("STARTTLS", "220 go", reader, writer):
                    await writer.start_tls(self.tls)
            elif verb == "MAIL":
                await self._react("MAIL", "250 ok", reader, writer)
                sender, recipients = path, []
            elif verb == "RCPT":
                name = f"RCPT {path}" if f"RCPT {path}" in self.reactions else "RCPT"
                if await self._react(name, "250 ok", reader, writer):
                    recipients.append(path)
            elif verb == "DATA":
                if await self._react("DATA", "354 go", reader, writer):
                    body = await reader.readuntil(b"\r\n.\r\n")
                    content = (b"\r\n" + body[:-3]).replace(b"\r\n..", b"\r\n.")[2:]
                    if await self._react(".", "250 2.0.0 taken", reader, writer):
                        self.messages.append((sender, recipients, content))
            elif verb == "QUIT":
                await self._react("QUIT", "221 bye", reader, writer)
                return


@pytest.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    server = MailServer()
    await server.start()
    yield server
    await server.stop()


class RelayProcess:
    """The relay under test, as a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "relay.toml"
        self.options: dict[str, Any] = {}
        self.connectors: list[dict[str, Any]] = []
        self.accepted_domains: list[dict[str, Any]] = []

    def write_config(self, path: Path | None = None) -> None:
        """Write what `options`, `connectors` and `accepted_domains` say, into the relay's file or into another."""
        sections: dict[str, dict[str, Any]] = {"": {}, "schedule": {}, "timeouts": {}, "alert": {}}
        for key, value in self.options.items():
            section, _, name = key.rpartition(".")
            sections[section][name] = value
        lines = [f"{key} = {json.dumps(value)}" for key, value in sections.pop("").items()]
        for section, values in sections.items():
            lines += [f"[{section}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
        for name, tables in (("connector", self.connectors), ("accepted_domain", self.accepted_domains)):
            for table in tables:
                lines += [f"[[{name}]]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
        (path or self.config).write_text("\n".join(lines) + "\n")

    async def command(self, *arguments: str, status: int = 0) -> str:
        """Run a command with the relay's configuration; return what it printed, errors if it is to fail."""
        name, *others = arguments
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "conformance.reference", name, "--config", str(self.config), *others),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, errors = await process.communicate()
        assert process.returncode == status, errors.decode()
        return (errors if status else out).decode()

    async def reload(self) -> Any:
        """Save the configuration as it stands now by a draft; return the relay's answer."""
        draft = self.folder / "draft.toml"
        self.write_config(draft)
        return await self.ask(f"reload {draft}")

    def mailbox(self, domain: str, local: str) -> list[bytes]:
        folder = self.folder / "spool.sqlite3.mailboxes" / domain / local / "new"
        return [file.read_bytes() for file in sorted(folder.glob("*"))]

    async def start(self, *, configure: bool = True) -> None:
        if configure:
            self.write_config()
        with (self.folder / "stderr.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "conformance.reference", "serve", "--config", str(self.config)),
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        assert self.process.stdout is not None
        async with asyncio.timeout(DEADLINE):
            line = await self.process.stdout.readline()
        assert line, (self.folder / "stderr.log").read_text()
        self.ready = json.loads(line)

    async def stop(self, number: int = signal.SIGTERM) -> int:
        if self.process.returncode is None:
            self.process.send_signal(number)
        async with asyncio.timeout(DEADLINE):
            return await self.process.wait()

    async def submit(
        self,
        *recipients: str,
        sender: str = "a@sender.test",
        content: bytes = CONTENT,
        mail_options: list[str] | None = None,
        rcpt_options: list[str] | None = None,
    ) -> None:
        host, port = self.ready["submission"]
        async with aiosmtplib.SMTP(hostname=host, port=port, local_hostname="client.test") as client:
            await client.ehlo()
            await client.mail(sender, options=mail_options or [])
            for recipient in recipients:
                await client.rcpt(recipient, options=rcpt_options or [])
            await client.data(content)

    async def ask(self, request: str) -> Any:
        # a queue of thousands is one line
        reader, writer = await asyncio.open_connection(*self.ready["control"], limit=2**26)
        writer.write(request.encode() + b"\n")
        answer = json.loads(await reader.readline())
        writer.close()
        return answer

    def events(self, kind: str = "") -> list[dict[str, Any]]:
        path = self.folder / "events.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return [event for event in map(json.loads, lines) if not kind or event["event"] == kind]

    async def event(self, kind: str, number: int = 1, deadline: float = DEADLINE) -> dict[str, Any]:
        """Wait for the nth event of a kind and return it."""
        found = await eventually(lambda: self.events(kind)[number - 1 : number], deadline)
        return dict(found[0])


@pytest.fixture
async def relay(
    tmp_path: Path, name_server: NameServer, mail_server: MailServer
) -> AsyncIterator[RelayProcess]:
    """A relay that is configured, not started; all connectors lead to `mail_server` unless changed."""
    relay = RelayProcess(tmp_path)
    relay.options = {
        "hostname": "relay.test",
        "listen": f"{RELAY_HOST}:0",
        "control": f"{RELAY_HOST}:0",
        "resolver": f"{name_server.address[0]}:{name_server.address[1]}",
        "next_hop_port": mail_server.port,
        "spool": str(tmp_path / "spool.sqlite3"),
        "event_log": str(tmp_path / "events.jsonl"),
        "schedule.retry_interval": 60,
        "schedule.max_retry_interval": 120,
        "schedule.queue_lifetime": 86400,
        "timeouts.connect": 1,
        "timeouts.command": 1,
        "timeouts.dns": 1,
    }
    relay.connectors = [
        {"domain": "a.test", "smart_hosts": [HOST]},
        {"domain": "sender.test", "smart_hosts": [HOST]},
    ]
    yield relay
    if hasattr(relay, "process"):
        await relay.stop(signal.SIGKILL)
