"""Exim, as Debian packages it, installed or unpacked: `--target=exim`.

Runs in the namespace lab, in a view of the machine that has it. What it grants: whole seconds, and a look at each
message every three seconds: each recipient domain has a queue of its own, for a queue run goes from message to message
and waits for each. A message is returned by the first failed attempt after its lifetime.

It cannot be told to look for another name in a certificate than the host's, so TLS_DOMAIN is not offered; its queue
shows no errors, so they come from the main log, which has no codes of Exim's own.

Where libfaketime is installed all of Exim runs with it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from conformance.target import Capability, QueuedMessage, Relay, RelayConfig
from conformance.targets import exim_config
from conformance.targets.exim_log import exim_log
from conformance.targets.exim_spool import read_spool
from conformance.targets.kit import (
    Daemons,
    ProcessRelay,
    find,
    granted,
    listening,
    possible,
    version,
    view,
)

_USER = "Debian-exim"  # chosen when it was compiled
_PROGRAM = "/usr/sbin/exim4"
_ETC = Path("/etc/exim4")
_SPOOL = Path("/var/spool/exim4")
_LOG = Path("/var/spool/exim4-log")
_READY = 40.0  # seconds; measured: 0.4
# A run of each queue in which there is any message; that without a name has reports. `-q3s` for each would cost more
# than all mail. Hundreds begin at once, and should not keep the fake world waiting, so they are polite; and none
# begins beside another one of the same queue, or on a busy machine there would be more and more of them.
_QUEUES = f"""\
for folder in {_SPOOL}/input {_SPOOL}/{exim_config.QUEUE}*/input; do
  set -- "$folder"/*-H
  name=${{folder#{_SPOOL}/}}
  case $name in input) name= ;; *) name=G${{name%/input}} ;; esac
  [ ! -e "$1" ] || run {_PROGRAM} -q$forced$name &
done"""
_ALONE, _AT_ONCE = 'run() { nice flock -no "$folder" "$@"; }', 'run() { "$@"; }'
# With forty runnable processes for two processors 9.6 s were seen; where there are more it is longer.
_GRANULARITY = 20.0  # seconds


class EximTarget:
    """Exim with stock behaviour: only times, routes, TLS and trust are set."""

    name = "exim"

    capabilities = possible(
        Capability.SMART_HOST,
        Capability.SEVERAL_SMART_HOSTS,
        Capability.LITERAL,
        Capability.WILDCARD,
        Capability.MX,
        Capability.TLS_OPPORTUNISTIC,
        Capability.TLS_REQUIRED,
        Capability.TLS_VERIFIED,
        Capability.MANY_CONNECTORS,
        Capability.EVENTS,
        Capability.RESTART,
        Capability.SUBMISSION_DSN,
        Capability.CLOCK,
        Capability.IPV6,
    )

    def __init__(self) -> None:
        self.version = version(self.name)

    @asynccontextmanager
    async def running(self, config: RelayConfig) -> AsyncIterator[Relay]:
        """Start Exim in a view of its own and wait for its greeting; afterwards nothing of it is left."""
        async with view(config, "Exim", find(self.name).folder) as here:
            here.add_user(_USER)
            here.spool(_SPOOL, _USER, 0o750)
            logs = here.folder(config.work_directory / "log", _USER, 0o750)
            here.show(logs, _LOG)
            clock = here.clock()
            daemons = Daemons(config.work_directory, clock=clock, view=here, logs=[logs / "paniclog"])
            listen = listening(config)
            files = exim_config.lists(config.connectors) | {
                "trust_anchors.pem": config.trust_anchors.read_text(encoding="ascii"),
                "exim4.conf": exim_config.configuration(
                    config,
                    etc=_ETC,
                    spool=_SPOOL,
                    log=_LOG,
                    port=listen.port,
                    ipv6=Capability.IPV6 in self.capabilities,
                    environment=clock.environment if clock else {},
                ),
            }
            for name, text in files.items():
                here.write(_ETC / name, text)
            schedule = granted(config, granularity=_GRANULARITY, whole=True)
            async with EximRelay(
                listen, schedule, daemons, log=exim_log(logs / "mainlog"), clock=clock
            ) as relay:
                yield relay


class EximRelay(ProcessRelay):
    """A running Exim. Made by `EximTarget.running`."""

    async def start(self) -> None:
        """Start the daemon on the spool that is there, wait for its greeting, and start the queue runners."""
        await self.daemons.start(_PROGRAM, "-bdf", greets=self.submission, within=_READY)
        await self.daemons.start("sh", "-c", f"{_ALONE}; while sleep 3; do {_QUEUES}\ndone")

    async def flush(self) -> None:
        """Try every message, whatever its retry time."""
        await self.daemons.start("sh", "-c", f"forced=ff; {_AT_ONCE}; {_QUEUES}\nwait", lasts=False)

    async def waiting(self) -> Sequence[QueuedMessage]:
        """Return every recipient in the spool; it has no errors."""
        return [message for folder in _folders() for message in read_spool(folder)]


def _folders() -> list[Path]:
    """Return the folders of all queues that there are."""
    return [_SPOOL / "input", *_SPOOL.glob(f"{exim_config.QUEUE}*/input")]
