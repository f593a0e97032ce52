"""The control service: one request line in, one JSON line out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .config import Address, Config
from .config_reader import ConfigError
from .relay import Relay
from .schedule import expires_at
from .settings import Settings

_LONGEST_WAIT = 10.0  # seconds for a request or an answer


class Control:
    """Answers `queue`, `flush`, `alerts`, `reload [DRAFT]` and `fix-now DOMAIN`.

    What is refused is answered by an object with the key `error`.
    """

    def __init__(self, relay: Relay, settings: Settings) -> None:
        self._relay = relay
        self._settings = settings

    async def serve_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request and close."""
        try:
            async with asyncio.timeout(_LONGEST_WAIT):
                request = (await reader.readline()).decode("utf-8", "replace").strip()
                writer.write(json.dumps(self.answer(request)).encode("ascii") + b"\n")
                await writer.drain()
        except (TimeoutError, ConnectionError, ValueError):
            writer.transport.abort()  # the client is gone, silent or talks without end
        finally:
            writer.close()

    def answer(self, request: str) -> Any:
        """Return what `request` asks for, ready for JSON."""
        if request == "queue":
            return self._queue()
        if request == "flush":
            return {"flushed": self._relay.flush()}
        if request == "alerts":
            return self._relay.alerts()
        command, _, argument = request.partition(" ")
        if command == "reload":
            return self._changed(lambda: self._settings.reload(Path(argument) if argument else None))
        if command == "fix-now":
            return self._changed(lambda: self._settings.fix_now(argument))
        valid = "queue, flush, alerts, reload [DRAFT], fix-now DOMAIN"
        return {"error": f"unknown request {request!r}; valid requests: {valid}"}

    def _changed(self, change: Callable[[], Config]) -> dict[str, object]:
        try:
            self._relay.apply(change())
        except (ConfigError, OSError) as error:
            return {"error": f"{error}; nothing has changed"}
        return {"in_force": True}

    def _queue(self) -> list[dict[str, object]]:
        return [
            {
                "queue_id": message.queue_id,
                "sender": message.sender,
                "recipient": recipient.address,
                "attempts": recipient.attempts,
                "last_error": recipient.last_error,
                "next_retry": recipient.next_retry,
                "accepted_at": message.accepted_at,
                "expires_at": expires_at(message.accepted_at, self._settings.config.schedule),
                "destination": self._relay.destination(recipient),
            }
            for message, recipient in self._relay.queue()
        ]


async def ask(address: Address, request: str) -> str:
    """Return the answer of a running relay, one line of JSON.

    Raises:
        OSError: No relay answers there (a time-out included).
    """
    async with asyncio.timeout(_LONGEST_WAIT):
        reader, writer = await asyncio.open_connection(address.host, address.port, limit=1 << 30)
        try:
            writer.write(request.encode("utf-8") + b"\n")
            return (await reader.readline()).decode("ascii").rstrip("\n")
        finally:
            writer.close()


def find(config: Config) -> Address:
    """Return where the control service of the relay with this configuration listens.

    Raises:
        ConfigError: The port is not fixed, and no relay is running that could tell.
    """
    if config.control.port:
        return config.control
    try:
        host, port = json.loads(config.control_file.read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{config.control_file}: no relay is running with this configuration") from error
    return Address(host, port)
