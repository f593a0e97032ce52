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

import json
import os
import pwd
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from conformance.target import (
    Address,
    Capability,
    QueuedMessage,
    Relay,
    RelayConfig,
    Schedule,
    TargetError,
)
from conformance.targets import postfix_config
from conformance.targets.kit import (
    Clock,
    Daemons,
    ProcessRelay,
    check_lab,
    granted,
    listening,
    mount_spool,
    own_addresses,
    possible,
    run,
    search_path,
)
from conformance.targets.kit.mounting import unmount
from conformance.targets.postfix_log import PostfixLog

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

    def __init__(self) -> None:
        self.capabilities = possible(
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
            Capability.EVENTS,
            Capability.RESTART,
            Capability.STOP,
            Capability.SUBMISSION_DSN,
            Capability.CLOCK,
            Capability.IPV6,
        )

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
        listen = listening(config)
        root, log = installation.queue_directory, config.work_directory / "postfix.log"
        mount_spool(root, config.work_directory, "postfix")
        try:
            _make_folders(root, installation)
            # beside the queue, where the user that Postfix becomes can read it
            clock = Clock(root / "clock") if Capability.CLOCK in self.capabilities else None
            imported = {**_ENVIRONMENT, **(clock.environment if clock else {})}
            self._write_files(config, root, log, listen.port, imported)
            # Postfix insists that its own address is that of a network device.
            own_addresses(config)
            # Reads the same configuration and complains aloud; master would complain to syslog only.
            await run(installation.postqueue, "-c", root / "etc", "-p")
            daemons = Daemons(
                root / "queue", log=log, env={"MAIL_CONFIG": str(root / "etc"), **_ENVIRONMENT}, clock=clock
            )
            schedule = granted(
                config,
                granularity=postfix_config.QUEUE_RUN_DELAY + 1,
                whole=True,
                dns_timeout=dns_timeout,
            )
            async with PostfixRelay(
                listen, schedule, daemons, installation, log=PostfixLog(log), clock=clock
            ) as relay:
                yield relay
        finally:
            unmount(root)

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


class PostfixRelay(ProcessRelay):
    """A running Postfix. Made by `PostfixTarget.running`."""

    def __init__(
        self,
        submission: Address,
        schedule: Schedule,
        daemons: Daemons,
        installation: _Installation,
        *,
        log: PostfixLog,
        clock: Clock | None,
    ) -> None:
        super().__init__(submission, schedule, daemons, log=log, clock=clock)
        etc = installation.queue_directory / "etc"
        self._master = (installation.daemon_directory / "master", "-c", etc, "-d")
        self._postqueue = (installation.postqueue, "-c", etc)

    async def start(self) -> None:
        """Start master on the queue that is there, and wait for the greeting of its SMTP server.

        Its daemons are of its process group; when it is stopped it ends them.
        """
        await self.daemons.start(*self._master, greets=self.submission, within=_READY)

    async def flush(self) -> None:
        """Flush the queue.

        That makes the queue manager forget which destinations are dead, and try every message whatever the time it
        was put off to. It also wakes it: its timers are kept as times of day, but it sleeps for as long as the first
        of them seemed to be away when it fell asleep.
        """
        await run(*self._postqueue, "-f", log=self.daemons.log)

    async def waiting(self) -> Sequence[QueuedMessage]:
        """Return every recipient in the queue with its `delay_reason`, which bears no status code."""
        listing = await run(*self._postqueue, "-j", log=self.daemons.log)
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


class _Installation(NamedTuple):
    """What the package has chosen."""

    postqueue: str
    daemon_directory: Path
    queue_directory: Path
    mail_owner: str
    setgid_group: str


def _find(program: str) -> str | None:
    return shutil.which(program, path=search_path())


async def _find_installation() -> _Installation:
    postconf, postqueue = _find("postconf"), _find("postqueue")
    if postconf is None or postqueue is None:
        raise TargetError(
            "Postfix is not installed",
            hint="Debian and Ubuntu: apt-get install postfix. Its own service need not run.",
            installation=True,
        )
    names = ("daemon_directory", "queue_directory", "mail_owner", "setgid_group")
    daemons, queue, owner, group = (await run(postconf, "-dh", *names)).splitlines()
    return _Installation(postqueue, Path(daemons), Path(queue), owner, group)


def _check_lab(config: RelayConfig, installation: _Installation) -> float:
    """Make sure that mounting is private and the resolver ours; return the time-out of one DNS question."""
    dns_timeout = check_lab(config, "Postfix")
    if os.path.ismount(installation.queue_directory):
        raise TargetError("one Postfix is already running here", hint="Run one instance at a time.")
    user = pwd.getpwnam(installation.mail_owner)
    if os.geteuid() != 0 or not _user_exists_here(user.pw_uid):
        raise TargetError(
            f"Postfix gives up root for the user {user.pw_name}, who does not exist in this user namespace",
            hint="Run as root, or install newuidmap (package uidmap) and have a range in /etc/subuid.",
            installation=True,
        )
    return dns_timeout


def _user_exists_here(uid: int) -> bool:
    ranges = [line.split() for line in Path("/proc/self/uid_map").read_text(encoding="ascii").splitlines()]
    return any(int(first) <= uid < int(first) + int(count) for first, _, count in ranges)


def _write(path: Path, text: str) -> None:
    """Write a file that seems old: Postfix waits up to two seconds for a fresh one to stop changing."""
    path.write_text(text, encoding="utf-8")
    os.utime(path, (0, 0))


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
