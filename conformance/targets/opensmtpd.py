"""OpenSMTPD, as Debian packages it, unpacked or installed. Tried with 6.8.0p2.

Runs in the namespace lab, in a view of the machine that has it. What it can be told is little: a
lifetime, routes, TLS. What it grants of the rest:

- Its own back-off is 400 s times the square of the number of attempts. Retries that are due earlier are asked for with
  `smtpctl schedule`, for each message that has waited for the interval, as an operator's script would do. A connection
  that failed makes it wait, with the message in flight, for 11 s before it defers it, and keeps its route out of use
  for 15 s: such retries come that much later, and `granularity` says so.
- A silent peer costs 300 s, which is fixed, and so does an open connection on which nothing moves.
- It connects for as long as the kernel tries; with one repetition of the SYN that is 3 s.
- It does not read the options of resolv.conf: a question that is not answered is asked four times in 75 s. For a host's
  address it asks for AAAA, A, AAAA and A, one after the other: 300 s, which is what `dns_timeout` says.
- A message is given up by its age alone, without a last attempt.

A smart host may be several, of which each attempt takes the next. TLS that is verified looks at the name of the host:
there is no other name to ask for (no TLS_DOMAIN), nor a rule that looks at the chain alone.

Where libfaketime is installed all of OpenSMTPD runs with it. Two of its processes are chrooted; the folder with the
clock's file is shown to them under the same path.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from math import ceil
from pathlib import Path
from typing import NamedTuple

from conformance.target import (
    Address,
    Capability,
    Connector,
    QueuedMessage,
    Relay,
    RelayConfig,
    Schedule,
    TargetError,
    TlsPolicy,
)
from conformance.targets import patience
from conformance.targets.kit import (
    Daemons,
    PatternLog,
    ProcessRelay,
    View,
    find,
    listening,
    own_addresses,
    possible,
    run,
    version,
    view,
)
from conformance.targets.opensmtpd_log import LINES

_DAEMON, _QUEUE = "opensmtpd", "opensmtpq"  # users, chosen when it was compiled
_PROGRAM = "/usr/sbin/smtpd"
_CONTROL = Path("/etc/smtpctl")  # a copy that lends the group of the queue, as the installed one does
_EMPTY, _SPOOL = Path("/var/lib/opensmtpd/empty"), Path("/var/spool/smtpd")  # both are chroots
_READY = 60.0  # seconds; measured: 0.1
_SHORTEST_INTERVAL = 5.0  # seconds; less gains nothing, see `_GRANULARITY`
_FIRST_BACKOFF, _THIRD_BACKOFF = 400.0, 3600.0  # seconds; what it does by itself
_SILENCE = 300.0  # seconds; SMTPD_SESSION_TIMEOUT
_CONNECT = 3.0  # seconds: SYN, and one more after 1 s, for which 2 s are waited
_DNS = 300.0  # seconds: 5, 10, 20 and 40 for each question; AAAA, A, and both once more, all in one attempt
_SHORTEST_LIFETIME = 60.0  # seconds
_COMMAND_AWAITED = 9.0  # seconds; the suite gives a call of an adapter ten
_COMMAND_ENDS = 300.0  # seconds
_LOOK = 1.0  # seconds between two looks of the script at the queue
# seconds: 11 from a failed connection to the deferral, up to 4 more until its route may be used again, the script's
# look, whole seconds; and a command for each of hundreds of messages
_GRANULARITY = 20.0


class OpenSmtpdTarget:
    """OpenSMTPD with stock behaviour: only lifetime, retries, routes, TLS and trust are set."""

    name = "opensmtpd"

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
        """Start OpenSMTPD in a view of its own and wait for its greeting; afterwards nothing of it is left."""
        async with view(config, "OpenSMTPD", find(self.name).folder) as here:
            listen, log = listening(config), config.work_directory / "smtpd.log"
            _write_files(here, config, listen)
            # without an address of IPv6 on a network device it asks for none
            own_addresses(config, ipv6=Capability.IPV6 in self.capabilities)
            clock = here.clock(chroots=(_EMPTY, _SPOOL))
            daemons = Daemons(config.work_directory, log=log, clock=clock, view=here)
            async with OpenSmtpdRelay(
                listen, _schedule(config), daemons, log=PatternLog(log, *LINES), clock=clock
            ) as relay:
                yield relay


class OpenSmtpdRelay(ProcessRelay):
    """A running OpenSMTPD, and the script that asks it to retry. Made by `OpenSmtpdTarget.running`."""

    _script: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it on the queue that is there, and wait for its greeting."""
        self._waiting: dict[str, tuple[int, float]] = {}  # by envelope: number of attempts, and since when
        self._asked: set[asyncio.Task[str]] = set()
        await self.daemons.start(_PROGRAM, "-d", "-v", greets=self.submission, within=_READY)
        self._script = asyncio.create_task(self._retry())

    async def kill(self) -> None:
        """End its processes and the script."""
        await self._end_script()
        await super().kill()
        await self._end_commands()

    async def stop(self) -> None:
        """End it."""
        await self._end_script()
        await super().stop()
        await self._end_commands()

    async def flush(self) -> None:
        """Have every message tried that is not too old; on a busy machine the command takes its time, and goes on."""
        with suppress(TargetError):  # a relay that is gone is told by queue()
            await self._control("schedule", "all")

    async def waiting(self) -> Sequence[QueuedMessage]:
        """Return every recipient in the queue with the error that is shown beside it."""
        return [
            QueuedMessage(sender=row.sender, recipient=row.recipient, error=row.error)
            for row in await self._listing()
        ]

    async def _control(self, *words: str) -> str:
        return await self._run(_CONTROL, *words)

    async def _run(self, *command: str | Path) -> str:
        """Run a command and return its output; it goes on if nobody waits for it any more.

        Where smtpctl is killed with an answer unread, smtpd ends as a whole: `control: exiting: Connection reset by
        peer`.
        """
        daemons = self.daemons
        task = asyncio.create_task(
            run(*command, env=daemons.env, cwd=daemons.folder, log=daemons.log, limit=_COMMAND_ENDS)
        )
        self._asked.add(task)
        task.add_done_callback(self._over)
        try:
            async with patience.timeout(_COMMAND_AWAITED):
                return await asyncio.shield(task)
        except TimeoutError as error:
            raise TargetError(
                f"{' '.join(map(str, command[:3]))}: not done after {_COMMAND_AWAITED:g} s"
            ) from error

    def _over(self, task: asyncio.Task[str]) -> None:
        self._asked.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waited for it has it

    async def _end_commands(self) -> None:
        """Wait for the end of commands, of which the relay's end is one."""
        await asyncio.gather(*self._asked, return_exceptions=True)

    async def _listing(self) -> list[_Row]:
        listing = await self._control("show", "queue")
        return [row for line in listing.split("\n") if (row := _row(line)) is not None]

    async def _retry(self) -> None:
        """Ask for a retry of each message that has waited for the interval, as an operator's script would."""
        while True:
            await asyncio.sleep(_LOOK)
            with suppress(TargetError):  # too busy to answer: the next look will show; or gone: queue() tells
                if due := self._due(await self._listing(), time.monotonic() + self._offset):
                    await self._schedule(due)

    async def _schedule(self, envelopes: Sequence[str]) -> None:
        """Have each of these tried now: smtpctl takes one at a time, and a shell starts it for less than we do.

        One that has gone meanwhile is none of our business.
        """
        each = f'for envelope; do {_CONTROL} schedule "$envelope"; done >/dev/null 2>&1; true'
        await self._run("sh", "-c", each, "sh", *envelopes)

    @property
    def _offset(self) -> float:
        return self._clock.offset if self._clock is not None else 0.0

    def _due(self, rows: Sequence[_Row], now: float) -> list[str]:
        """Return the envelopes that have waited long enough; note since when the others have."""
        waiting: dict[str, tuple[int, float]] = {}
        due = []
        for row in rows:
            if not row.pending or row.attempts == 0:
                continue
            attempts, since = self._waiting.get(row.envelope, (0, now))
            if attempts != row.attempts:
                since = now
            granted = self.schedule
            interval = granted.retry_interval if row.attempts <= 2 else granted.max_retry_interval
            if now - since >= interval:
                due.append(row.envelope)
                since = now  # asked once; it is in flight from now on
            waiting[row.envelope] = (row.attempts, since)
        self._waiting = waiting
        return due

    async def _end_script(self) -> None:
        if self._script is not None:
            self._script.cancel()
            with suppress(asyncio.CancelledError):
                await self._script
            self._script = None


class _Row(NamedTuple):
    envelope: str
    sender: str
    recipient: str
    attempts: int
    pending: bool
    error: str


def _row(line: str) -> _Row | None:
    """Return one line of `smtpctl show queue`: 14 fields, of which the error is the last and may hold bars."""
    fields = line.split("|", 13)
    if len(fields) < 14 or fields[2] != "mta":  # a bounce that is not yet a message is none
        return None
    return _Row(
        envelope=fields[0],
        sender="" if fields[4] == "@" else fields[4],
        recipient=fields[6],
        attempts=int(fields[10]),
        pending=fields[11] == "pending",
        error=fields[13],
    )


def _write_files(here: View, config: RelayConfig, listen: Address) -> None:
    """Make users, folders and files in the view."""
    for user in (_DAEMON, _QUEUE):
        here.add_user(user)
    here.folder(_EMPTY, mode=0o711)
    here.spool(_SPOOL, mode=0o711)
    here.folder("/run")  # for its socket
    here.write(_CONTROL, Path("/usr/sbin/smtpctl").read_bytes(), owner=_QUEUE, mode=0o2755)
    here.trust(config.trust_anchors)
    here.write("/etc/mailname", f"{config.hostname}\n")
    here.write("/etc/smtpd.conf", _configuration(config, listen))
    Path("/proc/sys/net/ipv4/tcp_syn_retries").write_text("1", encoding="ascii")


def _configuration(config: RelayConfig, listen: Address) -> str:
    lines = [
        f"queue ttl {_lifetime(config)}s",
        # silent peers hold connections for minutes; no more than one message passes through each
        "mta limit max-conn-per-source 2000 session-keepalive 1",
        f"listen on {listen.host} port {listen.port}",
    ]
    for number, connector in enumerate(config.connectors):
        lines.append(f'action "c{number}" relay {_relay(connector, config.next_hop_port)}'.rstrip())
    lines.append('action "mx" relay backup')
    # the first match counts
    exact_first = sorted(enumerate(config.connectors), key=lambda each: each[1].domain.startswith("*"))
    for number, connector in exact_first:
        lines.append(f'match from any for domain "{connector.domain}" action "c{number}"')
    lines.append('match from any for any action "mx"')
    return "\n".join(lines) + "\n"


def _relay(connector: Connector, port: int) -> str:
    verified = connector.tls in (TlsPolicy.CERTIFICATE_VALIDATION, TlsPolicy.DOMAIN_VALIDATION)
    tls = "" if connector.tls is TlsPolicy.OPPORTUNISTIC else "tls" if verified else "tls no-verify"
    scheme = "smtp" if connector.tls is TlsPolicy.OPPORTUNISTIC else "smtp+tls"
    hosts = [f'"{scheme}://{_host(host)}:{port}"' for host in connector.smart_hosts]
    if not hosts:
        return f"backup {tls}"  # else it takes itself for a next hop where it is in the list
    return f"host {hosts[0] if len(hosts) == 1 else '{ ' + ', '.join(hosts) + ' }'} {tls}"


def _host(host: str) -> str:
    name = host.strip("[]").rstrip(".")
    return f"[{name}]" if ":" in name else name


def _lifetime(config: RelayConfig) -> int:
    """Return the lifetime in whole seconds, with room for a few retries: what is shorter could not be judged."""
    return max(ceil(config.queue_lifetime), ceil(_SHORTEST_LIFETIME))


def _schedule(config: RelayConfig) -> Schedule:
    first = min(max(_SHORTEST_INTERVAL, config.retry_interval), _FIRST_BACKOFF)
    return Schedule(
        retry_interval=first,
        max_retry_interval=max(first, min(config.max_retry_interval, _THIRD_BACKOFF)),
        queue_lifetime=float(_lifetime(config)),
        granularity=_GRANULARITY,
        connect_timeout=_CONNECT,
        command_timeout=_SILENCE,
        dns_timeout=_DNS,
    )
