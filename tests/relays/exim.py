"""Exim, as Debian packages it, unpacked and not installed: `nox -s exim`.

Runs in the namespace lab, in a view of the machine that has it (`private.py`). What it grants: whole seconds, and a
look at each message every other second: each recipient domain has a queue of its own, for a queue run goes from
message to message and waits for each. A message is returned by the first failed attempt after its lifetime.

It cannot be told to look for another name in a certificate than the host's, so TLS_DOMAIN is not offered; its queue
shows no errors, so they come from the main log, which has no codes of Exim's own.

Where libfaketime is installed all of Exim runs with it. Its program would ignore it where it is started by Exim's own
user and lends root's rights; the unpacked one lends none.
"""

from __future__ import annotations

import os
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
from .exim_spool import read_spool

PACKAGES = ("exim4-daemon-light", "exim4-base")

_USER = "Debian-exim"  # chosen when it was compiled
_PROGRAM = "/usr/sbin/exim4"
_ETC = Path("/etc/exim4")
_SPOOL = Path("/var/spool/exim4")
_LOG = Path("/var/spool/exim4-log")
_CLOCK = Path("/var/spool/exim4-clock")
_READY = 40.0  # seconds; measured: 0.4
# A run of each queue in which there is any message; that without a name has reports. `-q3s` for each would cost more
# than all mail.
_QUEUES = f"""\
for folder in {_SPOOL}/input {_SPOOL}/{exim_config.QUEUE}*/input; do
  set -- "$folder"/*-H
  name=${{folder#{_SPOOL}/}}
  case $name in input) name= ;; *) name=G${{name%/input}} ;; esac
  [ ! -e "$1" ] || {_PROGRAM} -q$forced$name &
done"""
_GRANULARITY = 6.0  # seconds


class Exim:
    """Exim with stock behaviour: only times, routes, TLS and trust are set."""

    name = "exim"

    def __init__(self) -> None:
        offered = {
            Capability.SMART_HOST,
            Capability.SEVERAL_SMART_HOSTS,
            Capability.LITERAL,
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
            relay = EximRelay(listen, config, environment, clock)
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
        config: RelayConfig,
        environment: Mapping[str, str],
        clock: faketime.Clock | None,
    ) -> None:
        self.submission = submission
        self.schedule = _schedule(config)
        self._folder = config.work_directory
        self._processes: list[Process] = []  # the daemon, and what runs its queues
        self._forced: list[Process] = []
        self._environment = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C", **environment}
        self._log = EximLog(config.work_directory / "log" / "mainlog")
        self._clock = clock

    async def restart(self) -> None:
        """Start the daemon on the spool that is there, wait for its greeting, and start the queue runners."""
        daemon = await self._spawn(_PROGRAM, "-bdf")
        try:
            await wait_for_port(self.submission, _READY, daemon, greeting=b"220")
        except TargetError as error:
            error.log += log_tail(self._folder / "log" / "paniclog")
            raise
        runs = await self._spawn("sh", "-c", f"while sleep 2; do {_QUEUES}\ndone")
        self._processes = [daemon, runs]

    async def _spawn(self, *command: str) -> Process:
        log = self._folder / "daemon.log"
        return await spawn(command, cwd=self._folder, log=log, env=self._environment)

    async def kill(self) -> None:
        """End every Exim of this lab by SIGKILL, all stopped first: deliveries may be groups of their own."""
        for process in (*self._processes, *self._forced):
            if process.alive:
                os.killpg(process.pid, signal.SIGSTOP)
        private.signal_all(_PROGRAM, signal.SIGSTOP)
        private.signal_all(_PROGRAM, signal.SIGKILL)
        for process in (*self._processes, *self._forced):
            await process.kill()
        self._processes.clear()
        self._forced.clear()

    async def move_clock(self, seconds: float) -> None:
        """Move the clock and try every message, whatever its retry time."""
        if self._clock is None:
            raise TargetError(
                "Exim was started without libfaketime", hint="apt-get install libfaketime", installation=True
            )
        self._clock.advance(seconds)
        self._forced.append(await self._spawn("sh", "-c", f"forced=ff; {_QUEUES}\nwait"))

    async def queue(self) -> Sequence[QueuedMessage]:
        """Return every recipient in the spool; it has no errors."""
        for process in self._processes:
            if not process.alive:
                raise process.failure(f"{process.command[0]} ended with exit status {process.returncode}")
        return [message for folder in _folders() for message in read_spool(folder)]

    async def events(self) -> Sequence[DeliveryEvent]:
        """Return every attempt in the main log."""
        self._log.read()
        return tuple(self._log.events)


def _folders() -> list[Path]:
    """Return the folders of all queues that there are."""
    return [_SPOOL / "input", *_SPOOL.glob(f"{exim_config.QUEUE}*/input")]


def _schedule(config: RelayConfig) -> Schedule:
    whole = exim_config.seconds
    return Schedule(
        retry_interval=whole(config.retry_interval),
        max_retry_interval=whole(config.max_retry_interval),
        queue_lifetime=whole(config.queue_lifetime),
        granularity=_GRANULARITY,
        connect_timeout=whole(config.connect_timeout),
        command_timeout=whole(config.command_timeout),
        dns_timeout=whole(config.dns_timeout),
    )
