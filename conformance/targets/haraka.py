"""Haraka, as it comes from npm: only times, routes, TLS and trust are set. Tried with 3.3.4 on Node 20.

`mailflow-conformance unpack haraka` puts it into a folder. Runs in the namespace lab, because Haraka asks the name
servers of resolv.conf, and port 25 of next hops that it finds by MX.

What Haraka grants: no interval below 5 s, and a look at what is due once a second. It does not count a message's age
but its failures: the lifetime is the sum of the intervals in `temp_fail_intervals`, so attempts that take long make it
longer, and a moved clock means nothing to it (no CLOCK). One setting, `connect_timeout`, is the time-out for everything
that a next hop says. TLS is required of a recipient domain by `force_tls_hosts`, and that always verifies the
certificate and the name of the host: there is no rule without verification (no TLS_REQUIRED), and
CERTIFICATE_VALIDATION looks at the name too. Addresses of fc00::/7, as the lab has them, it takes for its own and skips
(no IPV6).
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

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
from conformance.targets.haraka_log import HarakaLog
from conformance.targets.kit import Daemons, ProcessRelay, check_lab, find, listening, version

_READY = (
    120.0  # seconds; measured: 1, and more than 30 on a machine with a hundred processes for each processor
)
_SHORTEST_INTERVAL = 5.0  # "delay time too small, should be >=5 seconds"
_TICK = 1.0  # seconds between two looks at what is due
_TEXT_LINE = 1001  # octets, and one for the dot that transparency adds
_WAITS = 3  # c-ares asks twice, and waits for twice as long the second time
_PARTIAL = "__tmp__."  # how the name of a queue file begins while it is written


class HarakaTarget:
    """Haraka with stock behaviour."""

    name = "haraka"
    capabilities = frozenset(
        {
            Capability.SMART_HOST,
            Capability.SEVERAL_SMART_HOSTS,
            Capability.LITERAL,
            Capability.MX,
            Capability.TLS_OPPORTUNISTIC,
            Capability.TLS_VERIFIED,
            Capability.MANY_CONNECTORS,
            Capability.EVENTS,
            Capability.RESTART,
        }
    )

    def __init__(self) -> None:
        self.version = version(self.name)

    @asynccontextmanager
    async def running(self, config: RelayConfig) -> AsyncIterator[Relay]:
        """Write the configuration below the work directory, start Haraka, and wait for its greeting."""
        package, node = _find_installation()
        check_lab(config, "Haraka")
        listen, intervals = listening(config), _intervals(config)
        _write_files(config, package, listen, intervals)
        environment = {
            "SSL_CERT_FILE": str(config.trust_anchors),
            "SSL_CERT_DIR": str(config.work_directory / "no-certificates"),
        }
        with _folder_for_logs(config.work_directory) as logs:
            daemons = Daemons(config.work_directory, log=logs / "haraka.log", env=environment)
            schedule, log = _schedule(config, intervals), HarakaLog(daemons.log)
            async with HarakaRelay(node, package, listen, schedule, daemons, log) as relay:
                yield relay


class HarakaRelay(ProcessRelay):
    """A running Haraka. Made by `HarakaTarget.running`."""

    def __init__(
        self,
        node: str,
        package: Path,
        submission: Address,
        schedule: Schedule,
        daemons: Daemons,
        log: HarakaLog,
    ) -> None:
        super().__init__(submission, schedule, daemons, log=log)
        # --use-openssl-ca: node trusts what SSL_CERT_FILE names, and not the authorities that it brings along
        self._command = (node, "--use-openssl-ca", package / "bin" / "haraka", "-c", daemons.folder)
        self._seen: dict[str, list[QueuedMessage]] = {}  # by the part of a file's name that it keeps for life

    async def start(self) -> None:
        """Start Haraka on the queue that is there, and wait for its greeting."""
        await self.daemons.start(*self._command, greets=self.submission, within=_READY)

    async def waiting(self) -> Sequence[QueuedMessage]:
        """Return every recipient in the queue's files, which bear no reason.

        A file begins with the length of a JSON object in four octets, and that object; its name says when the next
        attempt is due and changes with each.
        """
        seen: dict[str, list[QueuedMessage]] = {}
        folder = self.daemons.folder / "queue"
        for name in os.listdir(folder) if folder.is_dir() else ():
            parts = name.split("_")
            if (
                name.startswith(_PARTIAL) or len(parts) != 7
            ):  # arrival, next, attempts, pid, tag, counter, host
                continue
            identity = f"{parts[0]}_{parts[4]}"
            if identity in self._seen:
                seen[identity] = self._seen[identity]
            elif todo := _read_todo(folder / name):
                seen[identity] = _as_queued(todo)
        self._seen = seen
        return [message for messages in seen.values() for message in messages]


@contextmanager
def _folder_for_logs(work_directory: Path) -> Iterator[Path]:
    """Yield where to log: elsewhere, where the work directory is a disk that will be full, as the queue's is.

    A Haraka that cannot write its log ends, and nothing would be seen of what it does about mail.
    """
    if not os.path.ismount(work_directory):
        yield work_directory
        return
    with TemporaryDirectory(prefix="haraka-") as elsewhere:
        yield Path(elsewhere)


def _find_installation() -> tuple[Path, str]:
    """Return the folder of the package and the node to run it with."""
    folder = find("haraka").folder
    assert folder is not None
    node = shutil.which("node")
    if node is None:
        raise TargetError("node is not installed", hint="Install Node.js 20 or later.", installation=True)
    return (folder / "node_modules" / "Haraka").resolve(), node


def _intervals(config: RelayConfig) -> list[float]:
    """Return the waits before the second attempt, the third ..., whose sum is the lifetime that was asked for."""
    first = max(_SHORTEST_INTERVAL, config.retry_interval)
    later = max(_SHORTEST_INTERVAL, config.max_retry_interval)
    waits = [first, first][: max(1, int(config.queue_lifetime // first))]
    waits += [later] * int((config.queue_lifetime - sum(waits)) // later)
    # what is left of the lifetime is shared by all of them, in milliseconds
    share = ceil(max(0.0, config.queue_lifetime - sum(waits)) / len(waits) * 1000) / 1000
    return [round(wait + share, 3) for wait in waits]


def _schedule(config: RelayConfig, intervals: Sequence[float]) -> Schedule:
    timeout = _timeout(config)
    return Schedule(
        retry_interval=min(intervals),
        max_retry_interval=max(intervals),
        queue_lifetime=sum(intervals),
        granularity=_TICK,
        connect_timeout=timeout,
        command_timeout=timeout,
        dns_timeout=config.dns_timeout,
    )


def _timeout(config: RelayConfig) -> float:
    return max(config.connect_timeout, config.command_timeout)


def _write_files(config: RelayConfig, package: Path, listen: Address, intervals: Sequence[float]) -> None:
    folder = config.work_directory / "config"
    folder.mkdir()
    shutil.copyfile(package / "config" / "outbound.bounce_message", folder / "outbound.bounce_message")
    files = {
        "connection.ini": _connection_ini(package),
        "me": f"{config.hostname}\n",
        "plugins": "relay\n",
        "smtp.ini": f"listen={listen.host}:{listen.port}\npublic_ip={listen.host}\n",
        "log.ini": "[main]\nlevel=info\nformat=json\ntimestamps=true\n",
        "relay.ini": "[relay]\nall=true\nforce_routing=true\n",
        "relay_dest_domains.ini": _routes(config),
        "outbound.ini": (
            f"temp_fail_intervals={_repeated(intervals)}\nconnect_timeout={_timeout(config):g}\n"
        ),
        "net-utils.ini": f"[dns]\ntimeout={config.dns_timeout * 1000 / _WAITS:.0f}\ntries=2\n",
        "tls.ini": _tls(config),
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def _connection_ini(package: Path) -> str:
    """Return the package's own file, without which every connection dies, with room for the lines of RFC 5321.

    A stock Haraka breaks text lines of more than 992 octets, CRLF included, where section 4.5.3.1.6 allows 1000.
    """
    stock = (package / "config" / "connection.ini").read_text(encoding="utf-8")
    text, changes = re.subn(r"(?m)^;?\s*data_line_length\s*=.*$", f"data_line_length={_TEXT_LINE}", stock)
    if changes != 1:
        raise TargetError(
            "connection.ini of this Haraka has no data_line_length to change", installation=True
        )
    return text


def _routes(config: RelayConfig) -> str:
    """Return the routes: a list of next hops is not in the manual, and taken in its order."""
    lines = ["[domains]"]
    for connector in config.connectors:
        hops = [_next_hop(host, config.next_hop_port) for host in connector.smart_hosts]
        if hops:
            route = {"action": "continue", "nexthop": hops if len(hops) > 1 else hops[0]}
            lines.append(f"{connector.domain} = {json.dumps(route)}")
    return "\n".join(lines) + "\n"


def _next_hop(host: str, port: int) -> str:
    name = host.strip("[]").rstrip(".")
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


def _tls(config: RelayConfig) -> str:
    lines = ["[outbound]", *(f"force_tls_hosts[]={c.domain}" for c in config.connectors if _verified(c))]
    return "\n".join(lines) + "\n"


def _verified(connector: Connector) -> bool:
    return connector.tls in (TlsPolicy.CERTIFICATE_VALIDATION, TlsPolicy.DOMAIN_VALIDATION)


def _repeated(intervals: Sequence[float]) -> str:
    """Return the list as Haraka takes it: `15s*2,60s*23`."""
    texts = [f"{wait:g}s" for wait in intervals]
    return ",".join(f"{text}*{texts.count(text)}" for text in dict.fromkeys(texts))


def _read_todo(file: Path) -> dict[str, Any]:
    """Return what a queue file says of its message; nothing if the file has just been renamed or removed."""
    try:
        with file.open("rb") as opened:
            length = int.from_bytes(opened.read(4), "big")
            todo = json.loads(opened.read(length))
    except (FileNotFoundError, ValueError):
        return {}
    return todo if isinstance(todo, dict) else {}


def _as_queued(todo: dict[str, Any]) -> list[QueuedMessage]:
    sender = _address(todo["mail_from"])
    return [QueuedMessage(sender=sender, recipient=_address(rcpt)) for rcpt in todo["rcpt_to"]]


def _address(saved: dict[str, Any]) -> str:
    """Return an address as it was given in the envelope, without angle brackets."""
    return str(saved["original"]).removeprefix("<").removesuffix(">")
