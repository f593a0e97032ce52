"""Exim, as Debian packages it, unpacked and not installed: `nox -s exim`.

Runs in the namespace lab, in a view of the machine that has it (`private.py`). What it grants: whole seconds, and a
new queue runner every second, up to `exim_config.RUNNERS` at once, each of which goes through the whole queue. A
message is returned by the first failed attempt after its lifetime.

It cannot be told to look for another name in a certificate than the host's, so TLS_DOMAIN is not offered; its queue
listing shows no errors, so they come from the main log, which has no codes of Exim's own.

Where libfaketime is installed all of Exim runs with it. Its program would ignore it where it is started by Exim's own
user and lends root's rights; the unpacked one lends none.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from conformance.lab import namespace
from conformance.target import (
    Address,
    Capability,
    DeliveryEvent,
    QueuedMessage,
    Relay,
    RelayConfig,
    Schedule,
    TargetError,
)
from conformance.targets import faketime
from conformance.targets.process import Process, log_tail, spawn, wait_for_port

from . import exim_config, private
from .exim_log import EximLog

PACKAGES = ("exim4-daemon-light", "exim4-base")

_USER = "Debian-exim"  # chosen when it was compiled
_PROGRAM = "/usr/sbin/exim4"
_ETC = Path("/etc/exim4")
_SPOOL = Path("/var/spool/exim4")
_LOG = Path("/var/spool/exim4-log")
_CLOCK = Path("/var/spool/exim4-clock")
_READY = 20.0  # seconds; measured: 0.4
_AT_ONCE = 40  # forced deliveries side by side

_MESSAGE = re.compile(
    r"\s*\d+[mhd] +\S+ (?P<id>\w+-\w+-\w+) <(?P<sender>.*)>(?: \(.*\))?(?: \*\*\* frozen \*\*\*)?"
)
_RECIPIENT = re.compile(r" {10}(?P<recipient>\S.*)")


class Exim:
    """Exim with stock behaviour: only times, routes, TLS and trust are set."""

    name = "exim"

    def __init__(self) -> None:
        offered = {
            Capability.SMART_HOST,
            Capability.MX,
            Capability.TLS_OPPORTUNISTIC,
            Capability.TLS_REQUIRED,
            Capability.TLS_VERIFIED,
            Capability.MANY_CONNECTORS,
            Capability.EVENTS,
            Capability.RESTART,
            Capability.SUBMISSION_DSN,
        }
        if faketime.available():
            offered.add(Capability.CLOCK)
        if namespace.has_ipv6():
            offered.add(Capability.IPV6)
        self.capabilities = frozenset(offered)
        self.version = private.version("exim", PACKAGES[0])

    @asynccontextmanager
    async def running(self, config: RelayConfig) -> AsyncIterator[Relay]:
        """Start Exim in a view of its own and wait for its greeting; afterwards nothing of it is left."""
        unpacked = private.unpacked("exim", PACKAGES)
        private.check_lab(config, "Exim")
        listen = Address(config.listen.host, config.listen.port or 25)
        async with private.view(unpacked, config.work_directory):
            private.add_user(_USER)
            for folder in (_SPOOL, config.work_directory / "log"):
                private.folder(folder, _USER, 0o750)
            for folder in (_ETC, _CLOCK, _LOG):
                private.folder(folder)
            await private.show(config.work_directory / "log", _LOG)
            clock = faketime.Clock(_CLOCK / "offset") if Capability.CLOCK in self.capabilities else None
            environment = clock.environment if clock else {}
            files = exim_config.lists(config.connectors) | {
                "trust_anchors.pem": config.trust_anchors.read_text(encoding="ascii"),
                "exim4.conf": exim_config.configuration(
                    config,
                    etc=_ETC,
                    spool=_SPOOL,
                    log=_LOG,
                    port=listen.port,
                    ipv6=Capability.IPV6 in self.capabilities,
                    environment=environment,
                ),
            }
            for name, text in files.items():
                (_ETC / name).write_text(text, encoding="utf-8")
            relay = EximRelay(listen, _schedule(config), config.work_directory, environment, clock)
            try:
                await relay.restart()
                yield relay
            finally:
                await relay.kill()


class EximRelay:
    """A running Exim. Made by `Exim.running`."""

    def __init__(
        self,
        submission: Address,
        schedule: Schedule,
        work_directory: Path,
        environment: Mapping[str, str],
        clock: faketime.Clock | None,
    ) -> None:
        self.submission = submission
        self.schedule = schedule
        self._folder = work_directory
        self._environment = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C", **environment}
        self._log = EximLog(work_directory / "log" / "mainlog")
        self._clock = clock
        self._daemon: Process | None = None
        self._forced: set[asyncio.Task[None]] = set()

    async def restart(self) -> None:
        """Start the daemon on the spool that is there, and wait for its greeting."""
        self._daemon = await spawn(
            [_PROGRAM, "-bdf", "-q1s"],
            cwd=self._folder,
            log=self._folder / "daemon.log",
            env=self._environment,
        )
        try:
            await wait_for_port(self.submission, _READY, self._daemon, greeting=b"220")
        except TargetError as error:
            error.log += log_tail(self._folder / "log" / "paniclog")
            raise

    async def kill(self) -> None:
        """End every Exim of this lab by SIGKILL, all stopped first: deliveries may be groups of their own."""
        for task in self._forced:
            task.cancel()
        self._forced.clear()
        private.signal_all(_PROGRAM, signal.SIGSTOP)
        private.signal_all(_PROGRAM, signal.SIGKILL)
        if self._daemon is not None:
            await self._daemon.kill()

    async def move_clock(self, seconds: float) -> None:
        """Move the clock and try every message, whatever its retry time.

        One forced queue run (`-qff`) would go from message to message, and wait for each; several at once would try
        each message several times.
        """
        if self._clock is None:
            raise TargetError(
                "Exim was started without libfaketime", hint="apt-get install libfaketime", installation=True
            )
        self._clock.advance(seconds)
        listing = await self._list()
        turn = asyncio.Semaphore(_AT_ONCE)
        for message in re.finditer(_MESSAGE.pattern + "$", listing, re.MULTILINE):
            task = asyncio.create_task(self._force(message["id"], turn))
            self._forced.add(task)
            task.add_done_callback(self._forced.discard)

    async def _force(self, message: str, turn: asyncio.Semaphore) -> None:
        async with turn:
            # what becomes of it is seen in log and queue
            delivery = await asyncio.create_subprocess_exec(
                *(_PROGRAM, "-M", message),
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )
            await delivery.wait()

    async def queue(self) -> Sequence[QueuedMessage]:
        """Return every recipient in the queue; the listing shows no errors."""
        if self._daemon is not None and not self._daemon.alive:
            raise self._daemon.failure(f"Exim ended with exit status {self._daemon.returncode}")
        return read_listing(await self._list())

    async def _list(self) -> str:
        return await private.run(_PROGRAM, "-bpru", env=self._environment)

    async def events(self) -> Sequence[DeliveryEvent]:
        """Return every attempt in the main log."""
        self._log.read()
        return tuple(self._log.events)


def read_listing(listing: str) -> list[QueuedMessage]:
    """Return the recipients in what `exim -bpru` printed."""
    found, sender = [], ""
    for line in listing.split("\n"):
        if message := _MESSAGE.fullmatch(line):
            sender = message["sender"]
        elif recipient := _RECIPIENT.fullmatch(line):
            found.append(QueuedMessage(sender=sender, recipient=recipient["recipient"]))
    return found


def _schedule(config: RelayConfig) -> Schedule:
    whole = exim_config.seconds
    return Schedule(
        retry_interval=whole(config.retry_interval),
        max_retry_interval=whole(config.max_retry_interval),
        queue_lifetime=whole(config.queue_lifetime),
        granularity=3.0,
        connect_timeout=whole(config.connect_timeout),
        command_timeout=whole(config.command_timeout),
        dns_timeout=whole(config.dns_timeout),
    )
