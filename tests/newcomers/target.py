"""The newcomers as targets: `--target=newcomers.target:OneSmartHost`, from the folder `tests`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from conformance.target import (
    Capability,
    Envelope,
    MessageRefused,
    QueuedMessage,
    RelayConfig,
    TargetError,
)
from conformance.targets.reference import ReferenceRelay, ReferenceTarget
from conformance.targets.reference_config import Files

from . import drop
from .alterations import FOLDER, QUEUE_RUN

_HERE = Path(__file__).parent
_FIVE_DAYS = 5 * 24 * 3600.0
_PATIENCE = 3.0  # seconds: what two of them wait for a reply, whatever they are asked for


class _Newcomer(ReferenceTarget):
    """One of them; `kind` is its name in `program.py`."""

    kind = ""
    kept_by: type[ReferenceRelay] = ReferenceRelay

    def relay(self, config: RelayConfig, command: list[str], files: Files) -> ReferenceRelay:
        """Return the relay of this kind."""
        return self.kept_by(config, command, files)

    def command(self, config_file: Path) -> list[str]:
        """Return the command line of this kind."""
        return [sys.executable, str(_HERE / "program.py"), self.kind, "serve", "--config", str(config_file)]

    def granted(self, config: RelayConfig) -> RelayConfig:
        """Return what it grants of what it was asked for."""
        return config

    @asynccontextmanager
    async def running(self, config: RelayConfig) -> AsyncIterator[ReferenceRelay]:
        """Start it with what it grants."""
        async with super().running(self.granted(config)) as relay:
            yield relay


class CommandLineRelay(ReferenceRelay):
    """A relay that is handed its messages by a command, and listens to nobody."""

    submission = None  # type: ignore[assignment]

    async def restart(self) -> None:
        """Start it."""
        self._folder.mkdir(exist_ok=True)
        await super().restart()
        self.submission = None  # type: ignore[assignment]

    async def submit(self, envelope: Envelope) -> None:
        """Run the command."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-ISE", str(_HERE / "drop.py"), str(self._folder)),
            *(envelope.sender, *envelope.recipients),
            stdin=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await process.communicate(envelope.content)
        if process.returncode == drop.REFUSED:
            raise MessageRefused(said.decode().strip())
        if process.returncode:
            raise TargetError(f"the command returned {process.returncode}: {said.decode().strip()}")

    async def queue(self) -> Sequence[QueuedMessage]:
        """Return what lies in the folder, then what was taken from there: so nothing is missed on its way."""
        waiting = [
            QueuedMessage(sender=each.sender, recipient=recipient)
            for each in drop.dropped(self._folder)
            for recipient in each.recipients
        ]
        taken = await super().queue()
        known = {(each.sender, each.recipient) for each in taken}
        return [*(each for each in waiting if (each.sender, each.recipient) not in known), *taken]

    @property
    def _folder(self) -> Path:
        return self._files.config.with_name(FOLDER)


class OneSmartHost(_Newcomer):
    """One smart host for all mail, messages by command line, a lifetime of five days for good, a log without codes."""

    name = "one-smart-host"
    kind = "one_smart_host"
    kept_by = CommandLineRelay
    capabilities = frozenset(
        {
            Capability.SMART_HOST,
            Capability.TLS_OPPORTUNISTIC,
            Capability.ONE_ROUTE,
            Capability.ANY_PORT,
            Capability.EVENTS,
            Capability.RESTART,
        }
    )

    def granted(self, config: RelayConfig) -> RelayConfig:
        """Keep to its own lifetime, and to the first host."""
        first = (replace(each, smart_hosts=each.smart_hosts[:1]) for each in config.connectors)
        return replace(config, queue_lifetime=_FIVE_DAYS, connectors=tuple(first))


class OnlyMx(_Newcomer):
    """Everything by MX records, AAAA before A, no log, a greeting that takes its time, time-outs of its own."""

    name = "only-mx"
    kind = "only_mx"
    capabilities = frozenset(
        {
            Capability.MX,
            Capability.TLS_OPPORTUNISTIC,
            Capability.MANY_CONNECTORS,
            Capability.ANY_PORT,
            Capability.RESTART,
        }
    )

    def granted(self, config: RelayConfig) -> RelayConfig:
        """Route nothing to named hosts, and be as patient as it is."""
        by_records = tuple(replace(each, smart_hosts=()) for each in config.connectors)
        return replace(config, connectors=by_records, command_timeout=_PATIENCE, dns_timeout=_PATIENCE)


class QueueRunnerRelay(ReferenceRelay):
    """A relay that looks at its queue only so often, and at new mail no sooner."""

    def __init__(self, config: RelayConfig, command: list[str], files: Files) -> None:
        super().__init__(config, command, files)
        self.schedule = replace(self.schedule, granularity=QUEUE_RUN)


class QueueRunner(_Newcomer):
    """Runs through its queue every so often, as `cron` does, and tries nothing in between."""

    name = "queue-runner"
    kind = "queue_runner"
    kept_by = QueueRunnerRelay
    capabilities = frozenset(
        {
            Capability.SMART_HOST,
            Capability.TLS_OPPORTUNISTIC,
            Capability.TLS_REQUIRED,
            Capability.MANY_CONNECTORS,
            Capability.ANY_PORT,
            Capability.EVENTS,
        }
    )
