"""sendmail, as Debian packages it, unpacked and not installed: `nox -s sendmail`.

Runs in the namespace lab, in a view of the machine that has it (`private.py`). What it grants: whole seconds, one
interval between all attempts (`MinQueueAge`; the one that grows, `MaxQueueAge`, doubles with each attempt), and a
queue run every second, each of at most `sendmail_config.RUNNERS` runners. A message is returned by the first failed
attempt after its lifetime.

The name in a certificate is compared with the host's, so TLS_DOMAIN is not offered.

Where libfaketime is installed it runs with it.
"""

from __future__ import annotations

import os
import signal
import sys
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
from conformance.targets.process import Process, spawn, wait_for_port

from . import private, sendmail_config
from .sendmail_log import SendmailLog

PACKAGES = ("sendmail-bin", "sendmail-base", "sendmail-cf", "m4")

_PROGRAM = "/usr/libexec/sendmail/sendmail"
_MAKEMAP = "/usr/libexec/sendmail/makemap"
_CF = "/usr/share/sendmail/cf"
_ETC = Path("/etc/mail")
_SPOOL = Path("/var/spool/mqueue")
_CLOCK = Path("/var/spool/mqueue-clock")
_SENDMAIL = (_PROGRAM, "-C", str(_ETC / "sendmail.cf"))
# The daemon has a timer of its own (-q1s), but once the clock was moved by an hour it waits for an hour.
_QUEUE_RUNS = f"while sleep 1; do {' '.join(_SENDMAIL)} -q & done"
# DATA_PROGRESS_TIMEOUT of deliver.c: amid the content it looks once in so many seconds whether it made progress, and
# `Timeout.datablock` does not shorten that.
_CONTENT = 300.0
# A runner visits its share of the queue message by message, and each silent server holds it for two seconds: with 440
# messages on two processors gaps of up to 15.4 s were seen where 4 s had been asked for.
_GRANULARITY = 12.0  # seconds
_READY = 20.0  # seconds; measured: 0.2


class Sendmail:
    """sendmail with stock behaviour: only times, routes, TLS and trust are set."""

    name = "sendmail"

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
        self.version = private.version("sendmail", PACKAGES[0])

    @asynccontextmanager
    async def running(self, config: RelayConfig) -> AsyncIterator[Relay]:
        """Start sendmail in a view of its own and wait for its greeting; afterwards nothing of it is left."""
        unpacked = private.unpacked("sendmail", PACKAGES)
        private.check_lab(config, "sendmail")
        listen = Address(config.listen.host, config.listen.port or 25)
        async with private.view(unpacked, config.work_directory, syslog=True):
            for folder in (_SPOOL, _CLOCK, _ETC / "certs"):
                private.folder(folder, mode=0o700)
            clock = faketime.Clock(_CLOCK / "offset") if Capability.CLOCK in self.capabilities else None
            environment = {"TZ": "UTC", "LANG": "C", **(clock.environment if clock else {})}
            await _configure(config, listen.port, environment)
            # the name of a client is looked up, and should cost the lab's name server no question
            private.append("/etc/hosts", f"{listen.host} {config.hostname}\n")
            log = config.work_directory / "sendmail.log"
            logger = await spawn(
                [sys.executable, "-I", Path(__file__).with_name("syslog.py"), "/dev/log", log],
                cwd=config.work_directory,
                log=config.work_directory / "syslog.err",
            )
            relay = SendmailRelay(listen, _schedule(config), config.work_directory, environment, clock)
            try:
                await logger.wait_ready(_is_listening, _READY)
                await relay.restart()
                yield relay
            finally:
                await relay.kill()
                await logger.stop()


class SendmailRelay:
    """A running sendmail. Made by `Sendmail.running`."""

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
        self._environment = {"PATH": os.environ.get("PATH", os.defpath), **environment}
        self._log_file = work_directory / "sendmail.log"
        self._log = SendmailLog(self._log_file)
        self._clock = clock
        self._daemon: Process | None = None
        self._runner: Process | None = None

    async def restart(self) -> None:
        """Start the daemon on the queue that is there, wait for its greeting, and start the queue runs."""
        self._daemon = await spawn(
            [*_SENDMAIL, "-bD"], cwd=self._folder, log=self._log_file, env=self._environment
        )
        await wait_for_port(self.submission, _READY, self._daemon, greeting=b"220")
        self._runner = await spawn(
            ["sh", "-c", _QUEUE_RUNS], cwd=self._folder, log=self._log_file, env=self._environment
        )

    async def kill(self) -> None:
        """End every sendmail of this lab by SIGKILL, all stopped first."""
        for process in (self._runner, self._daemon):
            if process is not None and process.alive:
                os.killpg(process.pid, signal.SIGSTOP)
        private.signal_all(_PROGRAM, signal.SIGSTOP)
        private.signal_all(_PROGRAM, signal.SIGKILL)
        for process in (self._runner, self._daemon):
            if process is not None:
                await process.kill()

    async def move_clock(self, seconds: float) -> None:
        """Move the clock; the next queue run begins within a second of real time, and reads it anew."""
        if self._clock is None:
            raise TargetError(
                "sendmail was started without libfaketime",
                hint="apt-get install libfaketime",
                installation=True,
            )
        self._clock.advance(seconds)

    async def queue(self) -> Sequence[QueuedMessage]:
        """Return every recipient in the queue, with the error of its message.

        Read from the queue files: `mailq` shortens long addresses and errors.
        """
        for process in (self._daemon, self._runner):
            if process is not None and not process.alive:
                raise process.failure(f"{process.command[0]} ended with exit status {process.returncode}")
        return [message for text in private.texts(_SPOOL, "qf*") for message in read_queue_file(text)]

    async def events(self) -> Sequence[DeliveryEvent]:
        """Return every attempt in the log."""
        self._log.read()
        return tuple(self._log.events)


def read_queue_file(text: str) -> list[QueuedMessage]:
    """Return the recipients in a queue control file (Sendmail Installation and Operation Guide, appendix B)."""
    sender, error, recipients = "", "", []
    for line in text.split("\n"):
        match line[:1]:
            case "S":
                sender = line[1:]
            case "M":
                error = line[1:]
            case "R":  # flags, a colon, the address
                recipients.append(line.partition(":")[2])
            case ".":  # the end
                break
    return [
        QueuedMessage(sender=sender.strip("<>"), recipient=recipient.strip("<>"), error=error)
        for recipient in recipients
    ]


async def _configure(config: RelayConfig, port: int, environment: Mapping[str, str]) -> None:
    """Write the configuration, and make it and its maps what sendmail reads."""
    sources = sendmail_config.maps(config.connectors) | {
        "trust_anchors.pem": config.trust_anchors.read_text(encoding="ascii"),
        "sendmail.mc": sendmail_config.configuration(
            config, etc=_ETC, spool=_SPOOL, port=port, environment=environment
        ),
    }
    for name, text in sources.items():
        (_ETC / name).write_text(text, encoding="utf-8")
    made = await private.run("m4", f"-D_CF_DIR_={_CF}/", f"{_CF}/m4/cf.m4", str(_ETC / "sendmail.mc"))
    (_ETC / "sendmail.cf").write_text(made, encoding="utf-8")
    for name in ("mailertable", "access"):
        await private.run("sh", "-c", f"{_MAKEMAP} hash {_ETC / name} < {_ETC / name}")


async def _is_listening() -> bool:
    return private.exists("/dev/log")


def _schedule(config: RelayConfig) -> Schedule:
    whole = sendmail_config.seconds
    return Schedule(
        retry_interval=whole(config.retry_interval),
        max_retry_interval=whole(config.retry_interval),
        queue_lifetime=whole(config.queue_lifetime),
        granularity=_GRANULARITY,
        connect_timeout=whole(config.connect_timeout),
        command_timeout=whole(config.command_timeout),
        dns_timeout=whole(config.dns_timeout),
        content_timeout=_CONTENT,
    )
