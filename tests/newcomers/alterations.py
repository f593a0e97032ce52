"""What a relay does its own way, and may: each a change of the reference relay in this process."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP
from mutants.patching import patch

from conformance.reference import errors, routing, service
from conformance.reference.control import Control
from conformance.reference.errors import Failure
from conformance.reference.events import EventLog, Outcome
from conformance.reference.message import Message, Recipient
from conformance.reference.relay import Relay
from conformance.reference.resolver import LookupFailed, Resolver
from newcomers.drop import dropped

FOLDER = "drop"  # beside the spool
_LOOK = 0.05  # seconds between two looks into it

QUEUE_RUN = 1.5  # seconds between two runs through the queue
_GREETS_AFTER = 0.5  # seconds


def one_route_for_all() -> None:
    """Route all mail to the one destination, whatever it is for."""

    def make(_: Any) -> Any:
        def choose_connector(_domain: str, connectors: Any) -> Any:
            return next((connector for connector in connectors if connector.enabled), None)

        return choose_connector

    patch(routing, "choose_connector", make)


def log_without_codes() -> None:
    """Have log and queue say what went wrong in words, and quote a server's reply where there was one."""

    def make(_: Any) -> Any:
        def format_error(failure: Failure, **_context: object) -> str:
            where = f" {failure.server}" * bool(failure.server)
            if failure.remote:
                return f"remote host{where} said: {failure.line}"
            return f"cannot deliver to{where or ' the destination'}: {failure.detail or failure.text}"

        return format_error

    patch(errors, "format_error", make)

    def quiet(original: Any) -> Any:
        def write(self: Any, outcome: Outcome, *, text: str, **known: Any) -> None:
            original(self, outcome, text="sent" if outcome is Outcome.DELIVERED else text, **known)

        return write

    patch(EventLog, "write", quiet)


def takes_from_a_folder() -> None:
    """Take messages from a folder in which a command puts them (`drop.py`), and listen to nobody."""

    def unheard(_: Any) -> Any:
        async def listen(settings: Any, relay: Relay, stack: AsyncExitStack) -> None:
            address = settings.config.control
            control = await asyncio.start_server(
                Control(relay, settings).serve_client, address.host, address.port
            )
            stack.callback(control.close)
            print(
                json.dumps({"submission": ["", 0], "control": control.sockets[0].getsockname()[:2]}),
                flush=True,
            )

        return listen

    patch(service, "_listen", unheard)

    def looking(original: Any) -> Any:
        async def run(self: Any) -> None:
            folder = self._config.spool.with_name(FOLDER)
            look = asyncio.create_task(_take_all(self, folder))
            try:
                await original(self)
            finally:
                look.cancel()
                with suppress(asyncio.CancelledError):
                    await look

        return run

    patch(Relay, "run", looking)


def asks_for_ipv6_first() -> None:
    """Ask for AAAA records, and for A when that is answered, or will not be."""

    def make(_: Any) -> Any:
        async def addresses(self: Any, host: str) -> list[str]:
            found: list[str] = []
            failures: list[LookupFailed] = []
            for family in ("AAAA", "A"):
                try:
                    found = [record.address for record in await self._ask(host, family)] + found
                except LookupFailed as error:
                    failures.append(error)
            if not found:
                raise min(failures, key=lambda failure: failure.detail.conclusive)
            return found

        return addresses

    patch(Resolver, "addresses", make)


def greets_late() -> None:
    """Let a client wait for the greeting."""

    def make(original: Any) -> Any:
        async def push(self: Any, status: Any) -> None:
            if str(status).startswith("220 ") and "STARTTLS" not in str(status):
                await asyncio.sleep(_GREETS_AFTER)
            await original(self, status)

        return push

    patch(SMTP, "push", make)


def runs_through_its_queue() -> None:
    """Look at the queue every so often, for new mail as for old."""

    def make(original: Any) -> Any:
        def start_what_is_due(self: Any, now: float) -> None:
            run = now // QUEUE_RUN
            if run != getattr(self, "_run_number", None):
                self._run_number = run
                original(self, now)

        return start_what_is_due

    patch(Relay, "_start_what_is_due", make)
    patch(Relay, "_nap", lambda _: lambda self: QUEUE_RUN - self.now() % QUEUE_RUN)


async def _take_all(relay: Any, folder: Path) -> None:
    while True:
        for file, sender, recipients, content in dropped(folder):
            # what it had taken when it was killed, before the file was gone
            if file.name not in relay._messages:
                message = _message(file.name, sender, recipients, relay.now())
                await relay.accept(message, _trace(message, relay._config.hostname) + content)
            file.unlink()
        await asyncio.sleep(_LOOK)


def _message(queue_id: str, sender: str, recipients: list[str], now: float) -> Message:
    return Message(
        queue_id=queue_id,
        sender=sender,
        accepted_at=now,
        recipients=[
            Recipient(number=number, address=address, next_retry=now)
            for number, address in enumerate(recipients)
        ],
        received_from="a command",
    )


def _trace(message: Message, hostname: str) -> bytes:
    date = format_datetime(datetime.fromtimestamp(int(message.accepted_at), UTC))
    return f"Received: by {hostname} id {message.queue_id}; {date}\r\n".encode("ascii")
