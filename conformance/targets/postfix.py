"""Postfix, as it is packaged (`postfix`) and taught the codes of the source document (`postfix-eop`).

Both run in the namespace lab: all of Postfix's folders are on a private tmpfs mounted over its packaged queue
directory, which every user can reach; the log is written to the work directory and stays there. Needs
Postfix 3.5 or later (lists of next hops); tried with 3.7.

What Postfix grants: whole seconds, and a look at the deferred queue every second. A message is returned by
the first failed attempt after its lifetime, so up to one retry interval and the length of one attempt later.
There is no TLS level that checks the chain but no name: CERTIFICATE_VALIDATION accepts any name below .test,
.example, .invalid and the top-level domains of the smart host and of the recipient domain.

Where libfaketime is installed all of Postfix runs with it, and its clock can be moved.
"""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path
from typing import NamedTuple

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
from conformance.targets import faketime, postfix_config
from conformance.targets.postfix_log import PostfixLog
from conformance.targets.process import Process, log_tail, spawn, wait_for_port

_SYSTEM_PATH = "/usr/sbin:/sbin"
_READY = 15.0  # seconds; measured: 0.1
_ENVIRONMENT = {"TZ": "UTC", "LANG": "C"}  # UTC in the log, English errors
_NULL_SENDER = "MAILER-DAEMON"  # how showq(8) writes the null reverse-path
# Owner and mode as in Postfix's own list, postfix-files; `postfix check` would take more than a second.
_QUEUE_FOLDERS = {
    **dict.fromkeys(("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold"), 0o700),
    **dict.fromkeys(("incoming", "private", "saved", "trace"), 0o700),
    "maildrop": 0o1730,
    "public": 0o2710,
}


class PostfixTarget:
    """Postfix with stock behaviour: only times, routes, TLS and trust are set."""

    name = "postfix"
    capabilities: frozenset[Capability]

    def __init__(self) -> None:
        offered = {
            Capability.SMART_HOST,
            Capability.SEVERAL_SMART_HOSTS,
            Capability.LITERAL,
            Capability.MX,
            Capability.TLS_OPPORTUNISTIC,
            Capability.TLS_REQUIRED,
            Capability.TLS_VERIFIED,
            Capability.TLS_DOMAIN,
            Capability.MANY_CONNECTORS,
            Capability.EVENTS,
            Capability.RESTART,
            Capability.STOP,
            Capability.SUBMISSION_DSN,
        }
        if faketime.available():
            offered.add(Capability.CLOCK)
        if namespace.has_ipv6():
            offered.add(Capability.IPV6)
        self.capabilities = frozenset(offered)

    @property
    def version(self) -> str | None:
        """The version of the machine's Postfix; None if it is not installed, or does not say."""
        postconf = _find("postconf")
        if postconf is None:
            return None
        asked = [postconf, "-dh", "mail_version"]
        said = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=_READY)
        return said.stdout.strip() or None

    @asynccontextmanager
    async def running(self, config: RelayConfig) -> AsyncIterator[Relay]:
        """Start Postfix on a tmpfs of its own and wait for its greeting; afterwards nothing of it is left."""
        installation = await _find_installation()
        dns_timeout = _check_lab(config, installation)
        listen = Address(config.listen.host, config.listen.port or 25)
        root, log = installation.queue_directory, config.work_directory / "postfix.log"
        await _run("mount", *_disk(config.work_directory), str(root))
        try:
            _make_folders(root, installation)
            # beside the queue, where the user that Postfix becomes can read it
            clock = faketime.Clock(root / "clock") if Capability.CLOCK in self.capabilities else None
            environment = {**_ENVIRONMENT, **(clock.environment if clock else {})}
            self._write_files(config, root, log, listen.port, environment)
            # Postfix insists that its own address is that of a network device.
            await _run("ip", "address", "replace", f"{listen.host}/32", "dev", "lo")
            # Reads the same configuration and complains aloud; master would complain to syslog only.
            await _run(installation.postqueue, "-c", str(root / "etc"), "-p")
            relay = PostfixRelay(
                listen, _schedule(config, dns_timeout), installation, environment, log, clock
            )
            try:
                await relay.restart()
                yield relay
            finally:
                await relay.stop()
        finally:
            await _run("umount", "--lazy", str(root))

    def _parameters(self, etc: Path) -> dict[str, str]:
        """Return main.cf parameters beyond the common ones."""
        return {}

    def _write_files(
        self, config: RelayConfig, root: Path, log: Path, port: int, environment: Mapping[str, str]
    ) -> None:
        hop = config.next_hop_port
        etc = root / "etc"
        files = {
            "main.cf": postfix_config.main_cf(
                config, root=root, log=log, environment=environment, extra=self._parameters(etc)
            ),
            "master.cf": postfix_config.master_cf(port),
            "transport": postfix_config.transport(config.connectors, hop),
            "tls_policy": postfix_config.tls_policy(config.connectors, hop),
            "trust_anchors.pem": config.trust_anchors.read_text(encoding="ascii"),
        }
        for name, text in files.items():
            _write(etc / name, text)


class PostfixEopTarget(PostfixTarget):
    """The same Postfix, with filters that turn its codes into those of the source document."""

    name = "postfix-eop"

    def _parameters(self, etc: Path) -> dict[str, str]:
        for file in ("status.regexp", "bounce.regexp"):
            text = resources.files(__package__).joinpath(f"postfix_eop_{file}").read_text(encoding="utf-8")
            _write(etc / file, text)
        return {
            "default_delivery_status_filter": f"regexp:{etc}/status.regexp",
            # Messages for a destination held dead never reach the filter.
            "default_destination_concurrency_failed_cohort_limit": "0",
            "internal_mail_filter_classes": "bounce",
            "body_checks": f"regexp:{etc}/bounce.regexp",
            # RFC 8996; Postfix by itself still speaks TLS 1.0 and 1.1
            "smtp_tls_protocols": ">=TLSv1.2",
            "smtp_tls_mandatory_protocols": ">=TLSv1.2",
        }


class PostfixRelay:
    """A running Postfix. Made by `PostfixTarget.running`."""

    def __init__(
        self,
        submission: Address,
        schedule: Schedule,
        installation: _Installation,
        environment: Mapping[str, str],
        log: Path,
        clock: faketime.Clock | None,
    ) -> None:
        self.submission = submission
        self.schedule = schedule
        self._root = installation.queue_directory
        etc = str(self._root / "etc")
        self._command: list[str | Path] = [installation.daemon_directory / "master", "-c", etc, "-d"]
        self._postqueue = [installation.postqueue, "-c", etc]
        self._environment = {"PATH": _search_path(), "MAIL_CONFIG": etc, **environment}
        self._master: Process | None = None
        self._log_file = log
        self._log = PostfixLog(log)
        self._clock = clock

    async def restart(self) -> None:
        """Start master on the queue that is there, and wait for the greeting of its SMTP server."""
        self._master = await spawn(
            self._command, cwd=self._root / "queue", log=self._log_file, env=self._environment
        )
        await wait_for_port(self.submission, _READY, self._master, greeting=b"220")

    async def kill(self) -> None:
        """End master and its daemons, which are all of its process group, by SIGKILL."""
        if self._master is not None:
            await self._master.kill()

    async def stop(self) -> None:
        """End master, which ends its daemons."""
        if self._master is not None:
            await self._master.stop()

    async def move_clock(self, seconds: float) -> None:
        """Move the clock and flush the queue.

        The flush makes the queue manager forget which destinations are dead, and try every message whatever
        the time it was put off to. It also wakes it: its timers are kept as times of day, but it sleeps for as
        long as the first of them seemed to be away when it fell asleep.
        """
        if self._clock is None:
            raise TargetError(
                "Postfix was started without libfaketime",
                hint="apt-get install libfaketime",
                installation=True,
            )
        self._clock.advance(seconds)
        await _run(*self._postqueue, "-f", log=self._log_file)

    async def queue(self) -> Sequence[QueuedMessage]:
        """Return every recipient in the queue with its `delay_reason`, which bears no status code."""
        if self._master is not None and not self._master.alive:
            raise self._master.failure(f"Postfix ended with exit status {self._master.returncode}")
        listing = await _run(*self._postqueue, "-j", log=self._log_file)
        return [
            QueuedMessage(
                sender="" if message["sender"] == _NULL_SENDER else message["sender"],
                recipient=recipient["address"],
                error=recipient.get("delay_reason", ""),
            )
            # not splitlines(): a reply of a remote server may hold other line separators, U+2028 for one
            for message in map(json.loads, filter(None, listing.split("\n")))
            for recipient in message["recipients"]
        ]

    async def events(self) -> Sequence[DeliveryEvent]:
        """Return every attempt in the log."""
        self._log.read()
        return tuple(self._log.events)


class _Installation(NamedTuple):
    """What the package has chosen."""

    postqueue: str
    daemon_directory: Path
    queue_directory: Path
    mail_owner: str
    setgid_group: str


def _search_path() -> str:
    return os.environ.get("PATH", os.defpath) + os.pathsep + _SYSTEM_PATH


def _find(program: str) -> str | None:
    return shutil.which(program, path=_search_path())


async def _find_installation() -> _Installation:
    postconf, postqueue = _find("postconf"), _find("postqueue")
    if postconf is None or postqueue is None:
        raise TargetError(
            "Postfix is not installed",
            hint="Debian and Ubuntu: apt-get install postfix. Its own service need not run.",
            installation=True,
        )
    names = ("daemon_directory", "queue_directory", "mail_owner", "setgid_group")
    daemons, queue, owner, group = (await _run(postconf, "-dh", *names)).splitlines()
    return _Installation(postqueue, Path(daemons), Path(queue), owner, group)


def _check_lab(config: RelayConfig, installation: _Installation) -> float:
    """Make sure that mounting is private and the resolver ours; return the time-out of one DNS question."""
    resolv = Path("/etc/resolv.conf").read_text(encoding="utf-8", errors="replace")
    servers = re.findall(r"(?m)^nameserver\s+(\S+)", resolv)
    if servers != [config.resolver.host] or config.resolver.port != 53:
        raise TargetError(
            "Postfix needs a machine of its own: port 25 everywhere, and the system's resolver",
            hint="Run it in the namespace lab.",
            installation=True,
        )
    if os.path.ismount(installation.queue_directory):
        raise TargetError("one Postfix is already running here", hint="Run one instance at a time.")
    user = pwd.getpwnam(installation.mail_owner)
    if os.geteuid() != 0 or not _user_exists_here(user.pw_uid):
        raise TargetError(
            f"Postfix gives up root for the user {user.pw_name}, who does not exist in this user namespace",
            hint="Run as root, or install newuidmap (package uidmap) and have a range in /etc/subuid.",
            installation=True,
        )
    options = dict(re.findall(r"\b(timeout|attempts):(\d+)", resolv))
    return float(options.get("timeout", 5)) * float(options.get("attempts", 2))


def _user_exists_here(uid: int) -> bool:
    ranges = [line.split() for line in Path("/proc/self/uid_map").read_text(encoding="ascii").splitlines()]
    return any(int(first) <= uid < int(first) + int(count) for first, _, count in ranges)


def _write(path: Path, text: str) -> None:
    """Write a file that seems old: Postfix waits up to two seconds for a fresh one to stop changing."""
    path.write_text(text, encoding="utf-8")
    os.utime(path, (0, 0))


def _disk(work_directory: Path) -> tuple[str, ...]:
    """Return how to mount the queue: a part of the work directory where that is a disk of our own, else a tmpfs."""
    if not os.path.ismount(work_directory):
        return ("-t", "tmpfs", "-o", "mode=755", "tmpfs")
    part = work_directory / "spool"
    part.mkdir(mode=0o755, exist_ok=True)
    return ("--bind", str(part))


def _make_folders(root: Path, installation: _Installation) -> None:
    for name in ("etc", "queue", "queue/pid", "data"):
        (root / name).mkdir(mode=0o755)
    for name, mode in _QUEUE_FOLDERS.items():
        folder = root / "queue" / name
        folder.mkdir()
        group = installation.setgid_group if mode & 0o070 else None
        shutil.chown(folder, user=installation.mail_owner, group=group)
        folder.chmod(mode)
    shutil.chown(root / "data", user=installation.mail_owner)


def _schedule(config: RelayConfig, dns_timeout: float) -> Schedule:
    whole = postfix_config.seconds
    return Schedule(
        retry_interval=whole(config.retry_interval),
        max_retry_interval=whole(config.max_retry_interval),
        queue_lifetime=whole(config.queue_lifetime),
        granularity=postfix_config.QUEUE_RUN_DELAY + 1,
        connect_timeout=whole(config.connect_timeout),
        command_timeout=whole(config.command_timeout),
        dns_timeout=dns_timeout,
    )


async def _run(*command: str, log: Path | None = None) -> str:
    """Run a command to its end and return its standard output; a failure is a TargetError."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    if process.returncode != 0:
        complaint = err.decode("utf-8", "replace").strip() or f"exit status {process.returncode}"
        raise TargetError(f"{' '.join(command)}: {complaint}", log=log_tail(log) if log else "")
    return out.decode("utf-8", "replace")
