"""Ten thousand messages for a dead destination hold up nobody else, and all arrive once it is repaired."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

import aiosmtplib
import pytest
from reference_world import CONTENT, MailServer, RelayProcess, eventually

DEAD = "127.1.0.6"
MANY = 10_000
SESSIONS = 20  # at a time, each for its share of them
PATIENCE = 900.0  # seconds for all of them, on any machine
PROMPT = 120.0  # seconds for the one: its own attempt takes none, and those before it would take ten minutes


async def _submit_many(relay: RelayProcess, share: range) -> None:
    host, port = relay.ready["submission"]
    async with aiosmtplib.SMTP(hostname=host, port=port, local_hostname="client.test", timeout=300) as client:
        for number in share:
            await client.sendmail("a@sender.test", [f"r{number}@dead.test"], CONTENT)


@pytest.mark.slow
async def test_a_queue_of_ten_thousand(relay: RelayProcess, mail_server: MailServer) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    dead = MailServer()
    dead.reactions["CONNECT"] = silent
    await dead.start(DEAD, mail_server.port)
    try:
        relay.connectors.append({"domain": "dead.test", "smart_hosts": [DEAD]})
        await relay.start()
        begun = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in range(SESSIONS):
                group.create_task(_submit_many(relay, range(number, MANY, SESSIONS)))
        submitted = time.monotonic()
        assert dead.connections, "nothing is in the way of the healthy destination yet"

        await relay.submit("bob@a.test")
        await eventually(lambda: mail_server.messages, PROMPT)
        assert mail_server.messages[0][1] == ["bob@a.test"]
        arrived = time.monotonic()
        assert len(await relay.ask("queue")) == MANY

        del dead.reactions["CONNECT"]
        await relay.ask("flush")
        await eventually(lambda: len(dead.messages) >= MANY, PATIENCE)
        copies = Counter(recipient for _, [recipient], _ in dead.messages)
        assert copies == Counter(f"r{number}@dead.test" for number in range(MANY))
        print(
            f"{MANY} accepted in {submitted - begun:.0f} s, the one beside them arrived after "
            f"{arrived - submitted:.1f} s, all of them {time.monotonic() - arrived:.0f} s later"
        )
    finally:
        await dead.stop()
