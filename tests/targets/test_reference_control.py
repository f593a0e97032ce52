"""Whose fault it is that the reference relay's control port gives no answer: the relay's, and not its adapter's."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from conformance.target import TargetError
from conformance.targets.reference import Files, ReferenceRelay


@pytest.mark.parametrize("request_", ["queue", "alerts", "flush"])
@pytest.mark.parametrize("answer", [b"", b"not JSON\n", b'{"error": "out of order"}\n'])
async def test_no_answer_is_the_relays_fault(request_: str, answer: bytes, tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answer)
        writer.close()

    relay: Any = object.__new__(ReferenceRelay)
    relay._process, relay._offset = None, 0.0
    relay._files = Files(*(tmp_path / name for name in ("config", "events", "clock", "mailboxes", "log")))
    server = await asyncio.start_server(serve, "127.0.0.1")
    async with server:
        relay._control = server.sockets[0].getsockname()
        asks = {"queue": relay.queue, "alerts": relay.alerts, "flush": lambda: relay.move_clock(1.0)}
        with pytest.raises(TargetError, match=f"control port answers '{request_}' with"):
            await asks[request_]()
