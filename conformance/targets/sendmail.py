"""sendmail, as Debian packages it, installed or unpacked: `--target=sendmail`.

Runs in the namespace lab, in a view of the machine that has it. What it grants: whole seconds, one interval between
all attempts (`MinQueueAge`; the one that grows, `MaxQueueAge`, doubles with each attempt), and a queue run every
second, each of at most `sendmail_config.RUNNERS` runners. A message is returned by the first failed attempt after its
lifetime.

The name in a certificate is compared with the host's, so TLS_DOMAIN is not offered.

Where libfaketime is installed it runs with it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from conformance.target import Capability, QueuedMessage, Relay, RelayConfig
from conformance.targets import sendmail_config
from conformance.targets.kit import (
    Daemons,
    ProcessRelay,
    View,
    find,
    granted,
    listening,
    possible,
    queued_in,
    run,
    texts,
    version,
    view,
    whole_seconds,
)
from conformance.targets.sendmail_log import sendmail_log

_PROGRAM = "/usr/libexec/sendmail/sendmail"
_MAKEMAP = "/usr/libexec/sendmail/makemap"
_CF = "/usr/share/sendmail/cf"
_ETC = Path("/etc/mail")
_SPOOL = Path("/var/spool/mqueue")
_SENDMAIL = (_PROGRAM, "-C", str(_ETC / "sendmail.cf"))
# The daemon has a timer of its own (-q1s), but once the clock was moved by an hour it waits for an hour.
_QUEUE_RUNS = f"while sleep 1; do {' '.join(_SENDMAIL)} -q & done"
# DATA_PROGRESS_TIMEOUT of deliver.c: amid the content it looks once in so many seconds whether it made progress, and
# `Timeout.datablock` does not shorten that.
_CONTENT = 300.0
# A runner visits its share of the queue message by message, and each silent server holds it for two seconds: with 440
# messages on two processors gaps of up to 15.4 s were seen where 4 s had been asked for.
_GRANULARITY = 12.0  # seconds
# The sender, the error of the message, and recipients, each after flags and a colon.
_QUEUE_FILE = (r"S<?(?P<sender>.*?)>?", r"M(?P<error>.*)", r"R[^:]*:<?(?P<recipient>.*?)>?")
_QUEUE_FILE_ENDS = "\n.\n"
_READY = 40.0  # seconds; measured: 0.2


class SendmailTarget:
    """sendmail with stock behaviour: only times, routes, TLS and trust are set."""

    name = "sendmail"

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
        """Start sendmail in a view of its own and wait for its greeting; afterwards nothing of it is left."""
        async with view(config, "sendmail", find(self.name).folder) as here:
            here.spool(_SPOOL, mode=0o700)
            here.folder(_ETC / "certs", mode=0o700)
            clock, log = here.clock(), config.work_directory / "sendmail.log"
            daemons = Daemons(config.work_directory, log=log, clock=clock, view=here)
            listen = listening(config)
            await _configure(here, config, listen.port, daemons.env)
            # the name of a client is looked up, and should cost the lab's name server no question
            here.append("/etc/hosts", f"{listen.host} {config.hostname}\n")
            await here.syslog(log)
            schedule = granted(
                config,
                granularity=_GRANULARITY,
                whole=True,
                max_retry_interval=whole_seconds(config.retry_interval),
                content_timeout=_CONTENT,
            )
            async with SendmailRelay(listen, schedule, daemons, log=sendmail_log(log), clock=clock) as relay:
                yield relay


class SendmailRelay(ProcessRelay):
    """A running sendmail. Made by `SendmailTarget.running`.

    A queue run begins within a second of real time, so there is nothing to do once its clock was moved.
    """

    async def start(self) -> None:
        """Start the daemon on the queue that is there, wait for its greeting, and start the queue runs."""
        await self.daemons.start(*_SENDMAIL, "-bD", greets=self.submission, within=_READY)
        await self.daemons.start("sh", "-c", _QUEUE_RUNS)

    async def waiting(self) -> Sequence[QueuedMessage]:
        """Return every recipient in the queue, with the error of its message; `mailq` shortens what is long."""
        return read_queue_files(texts(_SPOOL, "qf*"))


def read_queue_files(files: Iterable[str]) -> list[QueuedMessage]:
    """Return who waits, by queue control files (Sendmail Installation and Operation Guide, appendix B)."""
    return queued_in((text.partition(_QUEUE_FILE_ENDS)[0] for text in files), *_QUEUE_FILE)


async def _configure(here: View, config: RelayConfig, port: int, environment: Mapping[str, str]) -> None:
    """Write the configuration, and make it and its maps what sendmail reads."""
    sources = sendmail_config.maps(config.connectors) | {
        "trust_anchors.pem": config.trust_anchors.read_text(encoding="ascii"),
        "sendmail.mc": sendmail_config.configuration(
            config, etc=_ETC, spool=_SPOOL, port=port, environment=environment
        ),
    }
    for name, text in sources.items():
        here.write(_ETC / name, text)
    made = await run("m4", f"-D_CF_DIR_={_CF}/", f"{_CF}/m4/cf.m4", str(_ETC / "sendmail.mc"), limit=_READY)
    here.write(_ETC / "sendmail.cf", made)
    for name in ("mailertable", "access"):
        await run("sh", "-c", f"{_MAKEMAP} hash {_ETC / name} < {_ETC / name}", limit=_READY)
