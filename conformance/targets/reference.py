"""The reference relay as a target; also the worked example of an adapter."""

from __future__ import annotations

import asyncio
import json
import sys
import tomllib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from conformance.lab import namespace
from conformance.target import (
    AcceptedDomain,
    Address,
    Alert,
    Capability,
    Connector,
    DeliveryEvent,
    EditRefused,
    Outcome,
    QueuedMessage,
    RelayConfig,
    TargetError,
)
from conformance.targets.kit import Process, Tail, granted, spawn
from conformance.targets.reference_config import (
    Files,
    Table,
    accepted_table,
    connector_table,
    dump,
    replaced,
    settings,
)

_START_LIMIT = 20.0  # seconds
_GRANULARITY = 0.02  # seconds; it wakes when something is due, not every so often


class ReferenceTarget:
    """Runs `python -m conformance.reference serve` with a configuration written for the occasion."""

    name = "reference"
    capabilities = frozenset(
        {
            Capability.SMART_HOST,
            Capability.SEVERAL_SMART_HOSTS,
            Capability.LITERAL,
            Capability.MX,
            Capability.TLS_OPPORTUNISTIC,
            Capability.TLS_REQUIRED,
            Capability.TLS_VERIFIED,
            Capability.TLS_DOMAIN,
            Capability.WILDCARD,
            Capability.MANY_CONNECTORS,
            Capability.ANY_PORT,
            Capability.EVENTS,
            Capability.CLOCK,
            Capability.CLOCK_BACK,
            Capability.SECOND_INSTANCE,
            Capability.RESTART,
            Capability.STOP,
            Capability.SUBMISSION_DSN,
            Capability.ACCEPTED_DOMAINS,
            Capability.ALERTS,
            Capability.FIX_NOW,
            Capability.EDIT_CONNECTOR,
            Capability.MAILBOXES,
            *([Capability.IPV6] if namespace.has_ipv6() else []),
        }
    )

    def command(self, config_file: Path) -> list[str]:
        """Return the command line of the relay; a relay derived from it may say something else."""
        return [sys.executable, "-m", "conformance.reference", "serve", "--config", str(config_file)]

    def relay(self, config: RelayConfig, command: list[str], files: Files) -> ReferenceRelay:
        """Return the relay that is to be started; a target derived from this one may have another."""
        return ReferenceRelay(config, command, files)

    @asynccontextmanager
    async def running(self, config: RelayConfig) -> AsyncIterator[ReferenceRelay]:
        """Start the relay; it is ready when it says so."""
        directory = config.work_directory
        files = Files(
            config=directory / "relay.toml",
            events=directory / "events.jsonl",
            clock=directory / "clock-offset",
            mailboxes=directory / "mailboxes",
            log=directory / "relay.log",
        )
        files.config.write_text(dump(settings(config, files)), encoding="utf-8")
        relay = self.relay(config, self.command(files.config), files)
        try:
            await relay.restart()
            yield relay
        finally:
            await relay.stop()


class ReferenceRelay:
    """The running relay, asked through its control port; its events are a file of JSON lines."""

    submission: Address

    def __init__(self, config: RelayConfig, command: list[str], files: Files) -> None:
        self.schedule = granted(config, granularity=_GRANULARITY)
        self._command = command
        self._files = files
        self._process: Process | None = None
        self._second: Process | None = None
        self._control = Address("", 0)
        self._offset = 0.0
        self._events: list[DeliveryEvent] = []
        self._log = Tail(files.events)

    async def restart(self) -> None:
        """Start the process and wait for the line that says it is ready."""
        self._process = await self._spawn()
        ready = await _ready(self._process)
        self.submission = Address(*ready["submission"])
        self._control = Address(*ready["control"])

    async def start_second(self) -> None:
        """Start another process on the same spool, which refuses to run."""
        self._second = await self._spawn()
        with suppress(TargetError):
            await _ready(self._second)

    async def _spawn(self) -> Process:
        return await spawn(
            self._command,
            cwd=self._files.config.parent,
            log=self._files.log,
            # the very packages of this process, whatever lies in the working directory
            env={"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONSAFEPATH": "1"},
            pipe_stdout=True,
        )

    async def kill(self) -> None:
        """End the process without a goodbye."""
        if self._second is not None:
            await self._second.kill()
        if self._process is not None:
            await self._process.kill()

    async def stop(self) -> None:
        """End the process."""
        if self._second is not None:
            await self._second.stop()
        if self._process is not None:
            await self._process.stop()

    async def move_clock(self, seconds: float) -> None:
        """Move the clock by its offset file, and have the whole queue tried."""
        self._offset += seconds
        fresh = self._files.clock.with_suffix(".new")
        fresh.write_text(str(self._offset), encoding="ascii")
        fresh.replace(self._files.clock)
        if "flushed" not in (answer := await self._ask("flush")):
            raise self._broken("flush", answer)

    async def queue(self) -> Sequence[QueuedMessage]:
        """Ask the control port."""
        return [
            QueuedMessage(sender=row["sender"], recipient=row["recipient"], error=row["last_error"] or "")
            for row in await self._rows("queue")
        ]

    async def alerts(self) -> Sequence[Alert]:
        """Ask the control port."""
        return [Alert(**row) for row in await self._rows("alerts")]

    async def fix_now(self, domain: str) -> None:
        """Have the relay do it; its file says so when this returns."""
        await self._change(f"fix-now {domain}")

    async def edit_connector(
        self, connector: Connector, *, enabled: bool = True, trust_anchors: Path | None = None
    ) -> None:
        """Save a draft of the configuration file."""
        data = self._settings()
        fresh = connector_table(connector, enabled=enabled)
        data["connector"] = replaced(data.get("connector", []), connector.domain, fresh)
        if trust_anchors is not None:
            data["trust_anchors"] = str(trust_anchors)
        await self._save(data)

    async def delete_connector(self, domain: str) -> None:
        """Save a draft without it."""
        data = self._settings()
        await self._save(data | {"connector": replaced(data.get("connector", []), domain)})

    async def set_accepted_domain(self, accepted: AcceptedDomain) -> None:
        """Save a draft with it."""
        data = self._settings()
        tables = replaced(data.get("accepted_domain", []), accepted.domain, accepted_table(accepted))
        await self._save(data | {"accepted_domain": tables})

    def mailbox(self, recipient: str) -> Sequence[bytes]:
        """Read its maildir."""
        local, _, domain = recipient.lower().rpartition("@")
        folder = self._files.mailboxes / domain / quote(local, safe="+=") / "new"
        return [_without_return_path(file.read_bytes()) for file in folder.glob("*")]

    def _settings(self) -> Table:
        """Return what is in force: the file, which every change goes through."""
        return tomllib.loads(self._files.config.read_text(encoding="utf-8"))

    async def _save(self, data: Table) -> None:
        draft = self._files.config.with_suffix(".draft")
        draft.write_text(dump(data), encoding="utf-8")
        await self._change(f"reload {draft}")

    async def _change(self, request: str) -> None:
        answer = await self._ask(request)
        if "error" in answer:
            raise EditRefused(answer["error"])

    async def _rows(self, request: str) -> list[dict[str, Any]]:
        answer = await self._ask(request)
        if not isinstance(answer, list):
            raise self._broken(request, answer)
        return answer

    async def _ask(self, request: str) -> Any:
        """Return the answer to a request: one line for one line."""
        try:
            reader, writer = await asyncio.open_connection(*self._control, limit=2**24)
        except OSError as error:
            raise TargetError(
                f"the relay's control port does not answer: {error}", log=self._log_tail()
            ) from error
        try:
            writer.write(request.encode() + b"\n")
            line = await reader.readline()
        except ConnectionError as error:
            raise self._broken(request, error) from error
        finally:
            writer.close()
        try:
            return json.loads(line)
        except ValueError as error:
            raise self._broken(request, line) from error

    def _broken(self, request: str, answer: object) -> TargetError:
        """Return what is told of a relay whose answer is none: it is the relay's fault, and not this adapter's."""
        command = request.partition(" ")[0]
        return TargetError(
            f"the relay's control port answers {command!r} with {answer!r:.200}", log=self._log_tail()
        )

    def _log_tail(self) -> str:
        return self._process.log_tail() if self._process else ""

    def events(self) -> Sequence[DeliveryEvent]:
        """Read on in the event log."""
        self._events += (_event(json.loads(line)) for line in self._log.lines())
        return list(self._events)


def _without_return_path(content: bytes) -> bytes:
    """Strip the line that final delivery puts on top (RFC 5321 4.4)."""
    return content.partition(b"\r\n")[2]


def _event(row: dict[str, Any]) -> DeliveryEvent:
    return DeliveryEvent(
        at=row["at"],
        recipient=row["recipient"],
        outcome=Outcome(row["event"]),
        text=row["text"],
        destination=row.get("destination") or "",
    )


async def _ready(process: Process) -> dict[str, Any]:
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), _START_LIMIT)
    except TimeoutError as error:
        raise TargetError(
            f"the reference relay said nothing for {_START_LIMIT:.0f} s", log=process.log_tail()
        ) from error
    if not line:
        raise TargetError("the reference relay ended before it was ready", log=process.log_tail())
    ready: dict[str, Any] = json.loads(line)
    return ready
