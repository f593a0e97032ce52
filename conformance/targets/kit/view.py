"""The namespace lab as one relay sees it: with its files at the places that were chosen when it was compiled.

What was unpacked is laid over /usr and /etc; folders of the system can be written to, in memory; the relay has users, a
spool and a syslog of its own. Nobody else sees it, each instance has its own, and afterwards nothing is left::

    async with view(config, "Exim", installed.folder) as here:
        here.add_user("Debian-exim")
        spool = here.spool("/var/spool/exim4", owner="Debian-exim", mode=0o750)
        here.write("/etc/exim4/exim4.conf", text)
        clock = here.clock()
        await here.syslog(config.work_directory / "mail.log")

An adapter reads and writes by the same paths in its asynchronous methods, in what they start, and in plain methods.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from conformance.target import RelayConfig, TargetError
from conformance.targets import faketime
from conformance.targets.kit import mounting, mounts, users
from conformance.targets.kit.lab import check_lab
from conformance.targets.kit.syslog import start_syslog
from conformance.targets.process import Process

_NAME_RESOLUTION = (
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
)  # the lab's own, over the real ones
_WAITING_WORDS = Path("/proc/sys/net/unix/max_dgram_qlen")  # of this lab, whose network is its own
_OURS = Path("/etc/mailflow-relay")  # for what is ours and every user must reach
_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"


@asynccontextmanager
async def view(config: RelayConfig, name: str, unpacked: Path | None = None) -> AsyncIterator[View]:
    """Give a relay a view of its own; at the end all that runs in it is ended, and what was mounted is gone.

    Args:
        config: What the suite asks for.
        name: The relay's, for errors.
        unpacked: The folder that has its `usr`, `etc` and `var`; None: it is installed.

    Raises:
        TargetError: This is not the namespace lab, or not root's; a mount failed.
    """
    check_lab(config, name, users=True)
    mounts.leave_shared_mounts()
    here = View(config.work_directory, unpacked)
    try:
        here.furnish()
        yield here
    finally:
        await here.end()


class View:
    """Made by `view`. Folders that are made, and files that are written, are in memory if nothing else is said."""

    def __init__(self, work_directory: Path, unpacked: Path | None) -> None:
        self._work = work_directory
        self._unpacked = unpacked
        self._scratch = work_directory / "private"
        self._mounted: list[Path] = []
        self._areas: set[Path] = set()
        self._writers: list[Process] = []

    def furnish(self) -> None:
        """Lay over /usr and /etc what was unpacked, and make /etc writable."""
        self._scratch.mkdir()
        self._mount(self._scratch, mounting.memory)
        self._make_writable(Path("/etc"))
        self.folder(_OURS)
        # its programs lend nobody's rights: those that do would ignore libfaketime
        usr = Path("/usr")
        if self._unpacked is None:
            self._mount(usr, partial(mounting.bind_all, usr))
            mounting.lend_nobody(usr)
        else:
            overlaid = self._unpacked / "usr"
            self._mount(usr, lambda where: mounting.reading_layers(where, overlaid, usr))

    async def end(self) -> None:
        """End every process that sees this view, and take away what was mounted."""
        try:
            await self.kill()
            for writer in self._writers:  # which has read the relay's last words by then
                await writer.stop()
            await self.kill(everybody=True)
        finally:
            while self._mounted:
                mounting.unmount(self._mounted.pop())

    async def kill(self, *, everybody: bool = False) -> None:
        """End every process of the relay by SIGKILL, whoever started it, all stopped first.

        Args:
            everybody: End what writes its syslog as well.
        """
        spared = frozenset(() if everybody else (writer.pid for writer in self._writers))
        await mounts.kill_all(spared)

    def add_user(self, name: str, home: str = "/nonexistent") -> int:
        """Add a user and a group of the relay's; return their number."""
        return users.add_user(name, home)

    def folder(self, path: str | Path, owner: str = "root", mode: int = 0o755) -> Path:
        """Make a folder, or give one that is there to somebody else; its parents too, as root's."""
        path = self._writable(path)
        path.mkdir(parents=True, exist_ok=True)
        shutil.chown(path, user=owner, group=owner)
        path.chmod(mode)
        return path

    def write(
        self, path: str | Path, content: str | bytes, *, owner: str = "root", mode: int = 0o644
    ) -> Path:
        """Write a file, in place of what is there."""
        path = self._writable(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # it may be a link to somewhere else
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        shutil.chown(path, user=owner, group=owner)
        path.chmod(mode)
        return path

    def append(self, path: str | Path, text: str) -> None:
        """Append text to a file."""
        with self._writable(path).open("a", encoding="utf-8") as lines:
            lines.write(text)

    def trust(self, authorities: Path) -> None:
        """Have the system trust these authorities and no others, for relays that have no setting for them."""
        self.write(_AUTHORITIES, authorities.read_bytes())

    def show(self, what: Path, where: str | Path) -> Path:
        """Show a folder at another place as well, which every user can reach; return the place."""
        where = self.folder(where)
        self._mount(where, partial(mounting.bind, what))
        return where

    def spool(self, path: str | Path, owner: str = "root", mode: int = 0o755) -> Path:
        """Make an empty folder for mail: on the work directory's disk where that is one of its own, else in memory.

        So a disk that is full is the spool's, and where nobody fills it no mail waits for a real one.
        """
        where = self._writable(path)
        where.mkdir(parents=True, exist_ok=True)
        self._mount(where, lambda where: mount_spool(where, self._work, where.name))
        shutil.chown(where, user=owner, group=owner)
        where.chmod(mode)
        return where

    def clock(self, chroots: Iterable[str | Path] = ()) -> faketime.Clock | None:
        """Return a clock that can be moved, for processes of any user; None without libfaketime.

        Args:
            chroots: Folders to which processes of the relay confine themselves.
        """
        if not faketime.available():
            return None
        folder = self.folder(_OURS / "clock")
        for root in chroots:
            self.show(folder, Path(root, *folder.parts[1:]))
        return faketime.Clock(folder / "offset")

    async def syslog(self, log: Path) -> None:
        """Have what is said to /dev/log written to a file, by a process that never lets the relay wait.

        Raises:
            TargetError: It does not listen.
        """
        shared = self._scratch / "shm"  # libfaketime keeps files there; the overlay would hide the mount
        shared.mkdir()
        mounting.bind(Path("/dev/shm"), shared)
        self._make_writable(Path("/dev"))
        self._mount(Path("/dev/shm"), partial(mounting.bind, shared))
        _let_words_wait()
        self._writers.append(await start_syslog(Path("/dev/log"), log, self._work))

    def _writable(self, path: str | Path) -> Path:
        """Return a path below which may be written, in memory; what is below the work directory is left as it is."""
        path = Path(path)
        real = Path(os.path.realpath(path.parent), path.name)
        if not real.is_relative_to(self._work) and not any(real.is_relative_to(area) for area in self._areas):
            # /etc, /run, /var/spool, /var/lib ...
            area = Path(*real.parts[: 3 if real.parts[1] == "var" else 2])
            self._make_writable(area if area.is_dir() else area.parent)
        return path

    def _make_writable(self, area: Path) -> None:
        """Lay a folder that can be written to over what is there and what was unpacked for it."""
        if area in (Path("/"), Path("/usr")):
            raise TargetError(
                f"nothing can be written to {area}", hint="Choose a folder below /etc, /run or /var."
            )
        kept = {Path(path): Path(path).read_bytes() for path in _NAME_RESOLUTION if area == Path(path).parent}
        upper = self._scratch / area.relative_to("/").as_posix().replace("/", "-")
        work = upper.with_name(f"{upper.name}.work")
        upper.mkdir()
        work.mkdir()
        lower = [area]
        if self._unpacked is not None and (beside := self._unpacked / area.relative_to("/")).is_dir():
            lower.insert(0, beside)
        back = self._scratch / f"{upper.name}.back"
        if self._work.is_relative_to(area):
            back.mkdir()
            mounting.bind_all(self._work, back)
        self._mount(area, lambda where: mounting.layers(where, *lower, upper=upper, work=work))
        if self._work.is_relative_to(area):
            mounting.bind_all(back, self._work)
        self._areas.add(area)
        for path, octets in kept.items():
            self.write(path, octets)

    def _mount(self, where: Path, mount: Callable[[Path], None]) -> None:
        mount(where)
        self._mounted.append(where)


def _let_words_wait() -> None:
    """Let so many messages wait for the reader of a syslog before a relay waits for it: by default it is ten."""
    _WAITING_WORDS.write_text("10000", encoding="ascii")


def mount_spool(where: Path, work_directory: Path, name: str) -> None:
    """Mount a spool: as a part of the work directory where that is a disk of its own, else in memory.

    The wave makes it one for `disk_full_in_attempt`; mail that is kept elsewhere never meets the full disk.

    Args:
        where: The place.
        work_directory: The relay's.
        name: What to call the part.
    """
    if not os.path.ismount(work_directory):
        mounting.memory(where)
        return
    part = work_directory / f"spool-{name}"
    part.mkdir(mode=0o755, exist_ok=True)
    mounting.bind(part, where)
