"""The adapter that does what a declaration says."""

from __future__ import annotations

import asyncio
import glob
import os
import re
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from jinja2 import Environment

from conformance.target import (
    Address,
    Capability,
    Envelope,
    MessageRefused,
    QueuedMessage,
    Relay,
    RelayConfig,
    Schedule,
    TargetError,
)
from conformance.targets import patience, precedence
from conformance.targets.declared import queue, templates
from conformance.targets.declared.checks import compiled
from conformance.targets.declared.dry_run import granted
from conformance.targets.declared.format import Command, Declaration, Package, Submit
from conformance.targets.declared.log import DeclaredLog
from conformance.targets.declared.templates import Variables
from conformance.targets.faketime import Clock
from conformance.targets.kit import Daemons, Debian, Npm, ProcessRelay, View, find, free_port, possible, view
from conformance.targets.kit.lab import listening, own_addresses

_LIMIT = 9.0  # seconds for one command; the suite gives a call of an adapter ten
_LOOKS = 3  # at a file that no pattern fits, as it may be half written
_SHOWN = 200  # characters of it
LISTING = "queue.txt"  # what the queue's command has printed, each line once
_LARGEST = 65_536  # octets of a queue file that are read: its envelope stands at the top


class DeclaredTarget:
    """A target that was read from a file."""

    def __init__(self, declared: Declaration) -> None:
        self.name = declared.name
        self.capabilities = possible(*declared.capabilities)
        self.version = _version(declared)
        self._declared = declared

    @asynccontextmanager
    async def running(self, config: RelayConfig) -> AsyncIterator[Relay]:
        """Write its files, start its processes, and wait until it is ready; afterwards nothing of it is left."""
        declared, work = self._declared, config.work_directory
        async with AsyncExitStack() as stack:
            found = find(declared.name, _source(declared.package)) if declared.package else None
            config = replace(config, listen=_listen(config, self.capabilities))
            names: dict[str, Any] = {
                "config": config,
                "work": work,
                "here": declared.path.parent,
                "env": Variables(os.environ),
                "lab": "loopback" if config.listen.host.startswith("127.") else "namespace",
                "syslog": work / "syslog.log",
                "package": (found and found.folder) or "",
                "offered": sorted(self.capabilities),
                "clock": {},
            }
            made = templates.environment(config)
            for name, source in declared.values.items():
                names[name] = templates.value(source, names, made)
            names["granted"] = granted(declared, names, made)
            here = None
            if declared.lab is not None:
                unpacked = found.folder if found and declared.package and declared.package.debian else None
                here = await stack.enter_async_context(view(config, declared.name, unpacked))
            clock = self._clock(work, here)
            names["clock"] = dict(clock.environment) if clock else {}
            rendering = Rendering(names, made)
            await _furnish(declared, config, here, rendering)
            env = {name: rendering.text(source) for name, source in declared.environment.items()}
            daemons = Daemons(work, env=env, clock=clock, view=here)
            kind = SubmittedRelay if declared.submit else DeclaredRelay
            yield await stack.enter_async_context(kind(declared, config, rendering, daemons, clock))

    def _clock(self, work: Path, here: View | None) -> Clock | None:
        if Capability.CLOCK not in self.capabilities:
            return None
        assert self._declared.clock is not None
        if here is not None:
            return here.clock()
        return Clock(work / "clock", threads=self._declared.clock.threads)


class Rendering:
    """Turns templates of a declaration into what they stand for in one start of its relay.

    Args:
        names: What can stand in them.
        made: Where they are made.
    """

    def __init__(self, names: Mapping[str, Any], made: Environment) -> None:
        self.names = names
        self._made = made

    def text(self, source: str) -> str:
        """Return the text of a template."""
        return templates.render(source, self.names, self._made)

    def words(self, command: Command, **further: object) -> list[str]:
        """Return a command as it is run."""
        return templates.words(command, {**self.names, **further}, self._made)


class DeclaredRelay(ProcessRelay):
    """A running relay. Made by `DeclaredTarget.running`."""

    def __init__(
        self,
        declared: Declaration,
        config: RelayConfig,
        rendering: Rendering,
        daemons: Daemons,
        clock: Clock | None,
    ) -> None:
        log = None
        self._file = daemons.log
        if declared.log is not None:
            self._file = Path(rendering.text(declared.log.file)) if declared.log.file else daemons.log
            lines = [
                (re.compile(declared.log.begins + line.pattern), line.means) for line in declared.log.lines
            ]
            log = DeclaredLog(self._file, lines, escaped=declared.log.escaped)
        schedule = Schedule(**rendering.names["granted"])
        super().__init__(config.listen, schedule, daemons, log=log, clock=clock)
        self._declared = declared
        self._rendering = rendering
        self._has_run = False
        self._unread: dict[Path, int] = {}
        self._listed: set[str] = set()  # lines of listings that are kept
        self._patterns = [compiled(pattern) for pattern in declared.queue.patterns]

    async def start(self) -> None:
        """Start its processes; before the first time, what is to be run before."""
        declared, words = self._declared, self._rendering.words
        if not self._has_run:
            for command in declared.before:
                await self.daemons.run(*words(command))
            self._has_run = True
        ready = declared.ready
        said = compiled(ready.log) if ready.log else None
        places = {file: _size_of(file) for file in (self._file, self.daemons.log)}

        async def is_said() -> bool:
            texts = (_text_of(file, size) for file, size in places.items())
            return said is None or any(said.search(text) for text in texts)

        await self.daemons.start(
            *words(declared.start),
            greets=None if declared.submit else self.submission,
            ready=is_said,
            within=ready.within,
            lacks=f"ready.log: {ready.log!r} is found in none of {', '.join(map(str, places))}",
        )
        for command in declared.beside:
            await self.daemons.start(*words(command))

    async def flush(self) -> None:
        """Have the whole queue tried."""
        await self.daemons.start(*self._rendering.words(self._declared.flush), lasts=False)

    async def waiting(self) -> Sequence[QueuedMessage]:
        """Return who waits in the queue."""
        declared = self._declared.queue
        if declared.command:
            listing = await self.daemons.run(*self._rendering.words(declared.command))
            self._keep(listing)
            return queue.read(listing, self._patterns, declared.null)
        names = [Path(name) for each in declared.files for name in glob.glob(self._rendering.text(each))]
        return [each for name in names for each in self._waiting_in(name)]

    def _keep(self, listing: str) -> None:
        """Keep each line of a listing once, up to a limit, for whoever looks why no pattern fits."""
        new = [line for line in dict.fromkeys(listing.splitlines()) if line not in self._listed]
        room = _LARGEST - sum(map(len, self._listed))
        if new and room > 0:
            self._listed.update(new)
            with suppress(OSError), (self.daemons.folder / LISTING).open("a", encoding="utf-8") as kept:
                kept.write(
                    "\n".join(new)[:room] + "\n"
                )  # the disk may be full, as is staged, and nobody needs it

    def _waiting_in(self, file: Path) -> list[QueuedMessage]:
        """Return who waits of the message of one file."""
        declared = self._declared.queue
        text = _text_of(file, limit=_LARGEST)
        if declared.until and (end := compiled(declared.until).search(text)):
            text = text[: end.start()]
        found = queue.read_one(text, self._patterns, declared.null)
        if found is None:
            self._not_read(file, text)
            return []
        self._unread.pop(file, None)
        other = declared.companion
        if other is None or not file.name.endswith(other.ending):
            return found
        beside = _text_of(file.with_name(file.name.removesuffix(other.ending) + other.other), limit=_LARGEST)
        done = {match["done"] for match in compiled(other.pattern).finditer(beside)}
        return [each for each in found if each.recipient not in done]

    def _not_read(self, file: Path, text: str) -> None:
        """Note a file that says nothing; it may be half written, but not for ever.

        Raises:
            ValueError: It is the adapter's fault, lest mail be taken for lost that only was not read.
        """
        self._unread[file] = times = self._unread.get(file, 0) + 1
        if text.strip() and times > _LOOKS:
            raise ValueError(
                f"{self._declared.path.name}: queue.patterns: none fits anything in {file.name}: "
                f"{text.strip()[:_SHOWN]!r}"
            )


class SubmittedRelay(DeclaredRelay):
    """One that takes mail by a command."""

    async def submit(self, envelope: Envelope) -> None:
        """Hand over one message, by a command that reads it from its standard input."""
        assert self._declared.submit is not None
        await _submit(self._declared.submit, envelope, self._rendering, self.daemons)


async def _submit(how: Submit, envelope: Envelope, rendering: Rendering, daemons: Daemons) -> None:
    given = {"sender": envelope.sender, "recipients": list(envelope.recipients), "notify": envelope.notify}
    words = rendering.words(how.command, **given)
    content = envelope.content if how.line_ends == "crlf" else envelope.content.replace(b"\r\n", b"\n")
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            cwd=daemons.folder,
            env=daemons.env,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise TargetError(f"cannot start {words[0]}: {error.strerror or error}", installation=True) from error
    precedence.have_fall_back(process.pid)
    try:
        async with patience.timeout(_LIMIT):
            said, _ = await process.communicate(content)
    except TimeoutError as error:
        raise TargetError(f"{words[0]} did not take a message within {_LIMIT:g} s") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        reply = said.decode("utf-8", "replace").strip() or f"{words[0]}: exit status {process.returncode}"
        raise MessageRefused(reply, temporary=process.returncode in how.temporary)


async def _furnish(
    declared: Declaration, config: RelayConfig, here: View | None, rendering: Rendering
) -> None:
    """Make users, folders and files."""
    work, lab = config.work_directory, declared.lab
    if lab is not None and here is not None:
        for user in lab.users:
            here.add_user(user)
        if lab.trust:
            here.trust(config.trust_anchors)
        if lab.addresses:
            own_addresses(config, ipv6=Capability.IPV6 in possible(*declared.capabilities))
        if lab.syslog:
            await here.syslog(rendering.names["syslog"])
    for folder in declared.folders:
        _make_folder(
            _inside(rendering.text(folder.path), work, here, "folders"), folder, work, here, rendering
        )
    for name, file in declared.files.items():
        path = _inside(rendering.text(name), work, here, f"files.{name!r}")
        text = rendering.text(file.text)
        if here is not None:
            here.write(path, text)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def _make_folder(path: Path, folder: Any, work: Path, here: View | None, rendering: Rendering) -> None:
    mode = int(folder.mode, 8)
    if here is None:
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(mode)
    elif folder.spool:
        here.spool(path, folder.owner, mode)
    elif folder.shows:
        shown = here.folder(
            _inside(rendering.text(folder.shows), work, None, "folders.shows"), folder.owner, mode
        )
        here.show(shown, path)
    else:
        here.folder(path, folder.owner, mode)


def _inside(path: str, work: Path, here: View | None, key: str) -> Path:
    """Return an absolute path; nothing is written outside the work directory, but what only this relay sees."""
    absolute = Path(os.path.normpath(work / path))
    if here is None and not absolute.is_relative_to(work):
        raise ValueError(f"{key}: {path} is not below the work directory; it needs a table [lab]")
    return absolute


def _size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _text_of(path: Path, begin: int = 0, limit: int = -1) -> str:
    """Return what is in a file; nothing if it has been renamed or removed meanwhile."""
    try:
        with path.open("rb") as file:
            file.seek(begin)
            return file.read(limit).decode("utf-8", "replace")
    except (FileNotFoundError, IsADirectoryError):
        return ""


def _listen(config: RelayConfig, capabilities: frozenset[Capability]) -> Address:
    if Capability.ANY_PORT not in capabilities:
        return listening(config)
    return Address(config.listen.host, config.listen.port or free_port(config.listen.host))


def _source(package: Package) -> Debian | Npm:
    if package.npm:
        return Npm(package.npm, package.version)
    return Debian(tuple(package.debian), package.program)


def _version(declared: Declaration) -> str:
    """Return the relay's version; empty if it is not known."""
    if declared.package is not None:
        try:
            return find(declared.name, _source(declared.package)).version
        except TargetError:
            return ""
    if declared.version is None:
        return ""
    names = {"here": declared.path.parent, "env": Variables(os.environ)}
    try:
        words = templates.words(declared.version.command, names, templates.environment())
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=_LIMIT)
    except (OSError, subprocess.TimeoutExpired, TargetError):
        return ""
    found = compiled(declared.version.pattern).search(done.stdout + done.stderr)
    return found["version"] if found else ""
