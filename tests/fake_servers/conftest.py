from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from smtp_client import SCRIPTS, Client, Serve, Start, tls_context

from fake_servers.events import FakeBroke, TcpAccepted, TcpClosed
from fake_servers.journal import Journal
from fake_servers.smtp import Script, SmtpServer


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
async def start(journal: Journal) -> AsyncIterator[Start]:
    servers = []

    async def started(script: Script | None = None, **options: Any) -> SmtpServer:
        server = SmtpServer(journal, hostname="mx.test", script=script, certificate="good", **options)
        servers.append(server)
        await server.start("127.0.0.1")
        return server

    yield started
    for server in servers:
        await server.stop()
    accepted = [event.connection for event in journal.of(TcpAccepted)]
    assert sorted(event.connection for event in journal.of(TcpClosed)) == accepted


@pytest.fixture(params=list(SCRIPTS))
def script(request: pytest.FixtureRequest) -> Script:
    script = SCRIPTS[request.param]
    assert isinstance(script, Script)
    return script


@pytest.fixture
async def serve(journal: Journal) -> AsyncIterator[Serve]:
    server = SmtpServer(journal, hostname="mx.test", tls=tls_context(), receive_buffer=4096)
    await server.start("127.0.0.1")

    async def connect(script: Script) -> Client:
        server.repair(script)
        return Client(server.address)

    yield connect
    await server.stop()
    assert [event.error for event in journal.of(FakeBroke)] == []
    accepted = [event.connection for event in journal.of(TcpAccepted)]
    assert [event.connection for event in journal.of(TcpClosed)] == accepted
