"""A relay that was unpacked, not installed: the namespace lab as it would be with it.

Many relays look for their files in places that were chosen when they were compiled. Inside the lab, whose mounts are
private, /usr and /etc are laid over with what `relays.packages` unpacked, /etc can be written to, and /var/spool is
empty; outside nothing changes, and afterwards nothing is left::

    unpacked = private.unpacked("exim", PACKAGES)
    async with private.view(unpacked, config.work_directory):
        private.add_user("Debian-exim")
        ...

/etc and /var/spool can be reached by every user; what is written there is kept in memory.
"""

from __future__ import annotations

import asyncio
import grp
import os
import pwd
import re
import shutil
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from conformance.target import RelayConfig, TargetError
from conformance.targets.process import log_tail

from .packages import versions

_NAME_RESOLUTION = (
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
)  # the lab's own, mounted over the real ones
_TAKEN = "/etc/mailflow-relay"  # a file that is there while there is a view
_SYSTEM_IDS = range(300, 1000)  # for users and groups of system services


def variable(name: str) -> str:
    """Return the environment variable that says where a relay was unpacked."""
    return f"MAILFLOW_RELAY_{name.upper()}"


def unpacked(name: str, packages: Sequence[str]) -> Path:
    """Return the folder in which a relay was unpacked.

    Raises:
        TargetError: There is none (`installation` is set).
    """
    folder = Path(os.environ.get(variable(name), ""))
    if not folder.is_absolute() or not set(packages) <= versions(folder).keys():
        raise TargetError(
            f"{name} is not unpacked: {variable(name)} names no folder with its packages",
            hint=f"Run `nox -s {name}`; or, in the folder tests: python -m relays.packages FOLDER "
            f"{' '.join(packages)}, and set {variable(name)}=FOLDER (absolute).",
            installation=True,
        )
    return folder


def version(name: str, package: str) -> str:
    """Return the version of an unpacked relay's package; empty if it is not unpacked."""
    return versions(Path(os.environ.get(variable(name), ""))).get(package, "")


def check_lab(config: RelayConfig, name: str) -> float:
    """Make sure that mounts are private and the system's resolver is the lab's.

    Returns:
        The time-out of one DNS question, all attempts together, if asked by the C library.

    Raises:
        TargetError: This is not the namespace lab, or not root (`installation` is set).
    """
    resolv = Path("/etc/resolv.conf").read_text(encoding="utf-8", errors="replace")
    if re.findall(r"(?m)^nameserver\s+(\S+)", resolv) != [config.resolver.host] or config.resolver.port != 53:
        raise TargetError(
            f"{name} needs a machine of its own: port 25 everywhere, and the system's resolver",
            hint="Run it in the namespace lab.",
            installation=True,
        )
    if Path("/proc/self/uid_map").read_text(encoding="ascii").split() != ["0", "0", "4294967295"]:
        raise TargetError(f"{name} needs users of its own", hint="Run it as root.", installation=True)
    options = dict(re.findall(r"\b(timeout|attempts):(\d+)", resolv))
    return float(options.get("timeout", 5)) * float(options.get("attempts", 2))


@asynccontextmanager
async def view(unpacked: Path, work_directory: Path, *, syslog: bool = False) -> AsyncIterator[None]:
    """Show what was unpacked at its places in /usr and /etc; make /etc writable and /var/spool empty.

    Args:
        unpacked: The folder.
        work_directory: The relay's; a folder `private` is made in it.
        syslog: Make /dev writable as well, so that a socket /dev/log can be made there.

    Raises:
        TargetError: A mount failed, or there is such a view already.
    """
    if exists(_TAKEN):
        raise TargetError("a relay has its view in this lab already", hint="Start one at a time.")
    scratch = work_directory / "private"
    scratch.mkdir()
    kept = _read_name_resolution()
    async with AsyncExitStack() as mounts:
        await _mount(mounts, scratch, "-t", "tmpfs", "-o", "mode=755", "tmpfs")
        await _overlay(mounts, scratch, Path("/etc"), f"{unpacked}/etc:/etc")
        append(_TAKEN, "")
        for path, octets in kept.items():
            path.write_bytes(octets)
        await _mount(mounts, Path("/usr"), "-t", "overlay", "-o", f"lowerdir={unpacked}/usr:/usr", "overlay")
        await _mount(mounts, Path("/var/spool"), "-t", "tmpfs", "-o", "mode=755", "tmpfs")
        if syslog:
            shared = folder(
                scratch / "shm"
            )  # libfaketime keeps files there; the overlay would hide the mount
            await run("mount", "--bind", "/dev/shm", str(shared))
            await _overlay(mounts, scratch, Path("/dev"), "/dev")
            await _mount(mounts, Path("/dev/shm"), "--bind", str(shared))
        yield


async def _overlay(mounts: AsyncExitStack, scratch: Path, where: Path, lower: str) -> None:
    """Lay a folder that can be written to over others; what is written stays below `scratch`."""
    upper, work = folder(scratch / where.name), folder(scratch / f"{where.name}.work")
    layers = f"lowerdir={lower},upperdir={upper},workdir={work}"
    await _mount(mounts, where, "-t", "overlay", "-o", layers, "overlay")


def _read_name_resolution() -> dict[Path, bytes]:
    """Return the lab's own files, which are mounted over the real ones and would be hidden."""
    return {path: path.read_bytes() for path in map(Path, _NAME_RESOLUTION) if path.exists()}


async def _mount(mounts: AsyncExitStack, where: Path, *how: str) -> None:
    await run("mount", *how, str(where))
    mounts.push_async_callback(run, "umount", "--lazy", str(where))


def add_user(name: str) -> int:
    """Add a user and a group of a service to the view's /etc; return their number, which is the same."""
    taken = {entry.pw_uid for entry in pwd.getpwall()} | {entry.gr_gid for entry in grp.getgrall()}
    number = next(number for number in _SYSTEM_IDS if number not in taken)
    for file, line in (
        ("/etc/passwd", f"{name}:x:{number}:{number}::/nonexistent:/usr/sbin/nologin\n"),
        ("/etc/group", f"{name}:x:{number}:\n"),
    ):
        append(file, line)
    return number


def append(file: str, text: str) -> None:
    """Append text to a file of the view."""
    with Path(file).open("a", encoding="utf-8") as lines:
        lines.write(text)


def exists(path: str) -> bool:
    """Tell whether there is something at a path."""
    return Path(path).exists()


def folder(path: Path, owner: str = "root", mode: int = 0o755) -> Path:
    """Make a folder of a user of the view; its parents too, as root's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir()
    shutil.chown(path, user=owner, group=owner)
    path.chmod(mode)
    return path


async def show(what: Path, where: Path) -> None:
    """Show a folder of the work directory at another place, which every user can reach; it is gone with the view."""
    await run("mount", "--bind", str(what), str(where))


def signal_all(program: str, number: signal.Signals) -> int:
    """Send a signal to every process of this lab that runs a program, whoever started it.

    Args:
        program: Its path, with all links followed.
        number: The signal.

    Returns:
        How many there were.
    """
    found = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            # it may have ended meanwhile
            with suppress(FileNotFoundError, ProcessLookupError):
                if str((entry / "exe").readlink()) == program:
                    os.kill(int(entry.name), number)
                    found += 1
    return found


def has_entries(folder: Path) -> bool:
    """Tell whether there is anything in a folder; not if there is none."""
    return folder.is_dir() and any(folder.iterdir())


def texts(folder: Path, pattern: str) -> list[str]:
    """Return what is in the files of a folder, to the octet, without those that are taken away meanwhile."""
    found = []
    for path in folder.glob(pattern):
        with suppress(FileNotFoundError):
            found.append(path.read_bytes().decode("utf-8", "replace"))
    return found


async def run(*command: str, log: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """Run a command to its end and return its standard output.

    Raises:
        TargetError: It failed; with the last lines of `log`.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        env=env,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    if process.returncode != 0:
        complaint = err.decode("utf-8", "replace").strip() or f"exit status {process.returncode}"
        raise TargetError(f"{' '.join(command)}: {complaint}", log=log_tail(log) if log else "")
    return out.decode("utf-8", "replace")
