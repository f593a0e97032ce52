"""Runs all servers of a plan file in one process, and follows the file when it changes."""

from __future__ import annotations

import asyncio
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from fake_servers.dns import DnsServer
from fake_servers.journal import Journal
from fake_servers.plan_file import Plan, PlanError, SmtpPlan, read
from fake_servers.smtp import SmtpServer
from fake_servers.tls import CertificateAuthority

_LOOK = 0.2  # seconds between two looks at the file

Serving = list[tuple[str, tuple[str, int]]]


@asynccontextmanager
async def running(path: Path, journal: Journal, authority: CertificateAuthority) -> AsyncIterator[Serving]:
    """Run the servers of a file, and yield what each is called, and its address.

    Args:
        path: The file.
        journal: Where all of them note what happens.
        authority: Issues their certificates.

    Raises:
        PlanError: The file cannot be used.
        OSError: An address cannot be had.
    """
    plan = read(path)
    async with AsyncExitStack() as stack:
        mail: dict[str, SmtpServer] = {}
        serving: Serving = []
        for name, each in plan.smtp.items():
            mail[name] = SmtpServer(
                journal,
                hostname=each.hostname,
                script=each.script,
                tls=_tls(each, authority),
                certificate=each.certificate or "",
            )
            await mail[name].start(*each.listen)
            stack.push_async_callback(mail[name].stop)
            serving.append((f"smtp.{name}", mail[name].address))
        for name, zone in plan.dns.items():
            server = DnsServer(journal, zone.zone)
            await server.start(*zone.listen)
            stack.push_async_callback(server.stop)
            serving.append((f"dns.{name}", server.address))
        following = asyncio.create_task(_follow(path, plan, mail))
        try:
            yield serving
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


def _tls(plan: SmtpPlan, authority: CertificateAuthority) -> ssl.SSLContext | None:
    if plan.certificate is None:
        return None
    return authority.server_context(plan.certificate, plan.hostname, address=plan.listen[0])


async def _follow(path: Path, plan: Plan, mail: dict[str, SmtpServer]) -> None:
    """Read the file again whenever it has changed."""
    seen = _stamp(path)
    while True:
        await asyncio.sleep(_LOOK)
        now = _stamp(path)
        if now == seen:
            continue
        seen = now
        try:
            new = read(path)
        except PlanError as error:
            _say(f"{error}; everything stays as it was")
            continue
        _change(plan, new, mail)
        _say(f"{path}: read again")


def _change(plan: Plan, new: Plan, mail: dict[str, SmtpServer]) -> None:
    for name, server in mail.items():
        if name in new.smtp:
            server.repair(new.smtp[name].script)
    for name, zone in plan.dns.items():
        if name in new.dns:
            zone.zone.become(new.dns[name].zone)
    if _fixed(plan) != _fixed(new):
        _say("servers, their addresses, names and certificates change when they are started again")


def _fixed(plan: Plan) -> object:
    """Return what only a new start changes."""
    return (
        {name: (each.listen, each.hostname, each.certificate) for name, each in plan.smtp.items()},
        {name: each.listen for name, each in plan.dns.items()},
    )


def _stamp(path: Path) -> tuple[int, ...]:
    """Return what differs once a file was written again; empty while it is not there."""
    try:
        now = path.stat()
    except OSError:
        return ()
    return now.st_ino, now.st_mtime_ns, now.st_size


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
