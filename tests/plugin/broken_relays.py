"""Relays that are broken in one way each, with their adapters; see `broken_adapters`, which names them too.

Run as a program this file is such a relay: a word says how it misbehaves.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import dns.message
import dns.query

from conformance.target import Address, Capability, QueuedMessage, RelayConfig, Schedule, TargetError
from conformance.targets.process import free_port, spawn, wait_for_port
from conformance.targets.reference import ReferenceTarget
from conformance.wave import flood


class Synchronous:
    """A plain context manager and plain functions, around a relay that is a thread: it takes mail and keeps it."""

    name = "synchronous"
    capabilities = frozenset({Capability.SMART_HOST, Capability.MANY_CONNECTORS, Capability.ANY_PORT})

    @contextmanager
    def running(self, config: RelayConfig) -> Iterator[Hoarder]:
        with Hoarder(config) as relay:
            yield relay


class Hoarder:
    """Says yes to everything, delivers nothing."""

    accepted_reply = "250 2.0.0 kept"
    dies_at = ""

    def __init__(self, config: RelayConfig) -> None:
        self.schedule = Schedule(
            retry_interval=config.retry_interval,
            max_retry_interval=config.max_retry_interval,
            queue_lifetime=config.queue_lifetime,
            granularity=0.0,
        )
        self._kept: list[QueuedMessage] = []
        self._socket = socket.create_server(config.listen)
        self.submission = Address(*self._socket.getsockname())

    def __enter__(self) -> Hoarder:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def queue(self) -> Sequence[QueuedMessage]:
        return list(self._kept)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rwb") as file:
            in_data, sender, recipient = False, "", ""
            file.write(b"220 hoarder\r\n")
            file.flush()
            for raw in file:
                line = raw.decode("ascii", "replace").strip()
                if in_data and line != ".":
                    continue
                reply, verb = "250 ok", line.upper()
                if self.dies_at and verb.startswith(self.dies_at):
                    print("panic: no room for content", flush=True)
                    os._exit(66)
                if in_data:
                    in_data, reply = False, self.accepted_reply
                    print("message", flush=True)
                    self._kept.append(QueuedMessage(sender=sender, recipient=recipient))
                elif verb.startswith("DATA"):
                    in_data, reply = True, "354 go on"
                elif verb.startswith("MAIL"):
                    sender = line.split("<")[1].split(">")[0]
                elif verb.startswith("RCPT"):
                    recipient = line.split("<")[1].split(">")[0]
                elif verb.startswith("QUIT"):
                    reply = "221 bye"
                file.write(f"{reply}\r\n".encode())
                file.flush()


class Asks(Synchronous):
    """Asks for a destination, and goes there never: something of it is at work."""

    name = "asks"

    @contextmanager
    def running(self, config: RelayConfig) -> Iterator[Hoarder]:
        question = dns.message.make_query("mx1.plain.healthy.test", "A")
        with Hoarder(config) as relay:
            dns.query.udp(question, config.resolver.host, timeout=5.0, port=config.resolver.port)
            yield relay


class RefusesMail(Synchronous):
    """Refuses every message at submission."""

    name = "refuses-mail"

    @contextmanager
    def running(self, config: RelayConfig) -> Iterator[Hoarder]:
        with Hoarder(config) as relay:
            relay.accepted_reply = "554 5.7.1 not from you"
            yield relay


class _Program(ReferenceTarget):
    """A relay that is this very file, run with a word that says how it misbehaves."""

    misbehaviour = ""
    capabilities = frozenset({Capability.SMART_HOST, Capability.MANY_CONNECTORS, Capability.ANY_PORT})

    @asynccontextmanager
    async def running(self, config: RelayConfig) -> AsyncIterator[Any]:
        address = Address(config.listen.host, free_port(config.listen.host))
        process = await spawn(
            [sys.executable, __file__, self.misbehaviour, address.host, str(address.port)],
            cwd=config.work_directory,
            log=config.work_directory / "relay.log",
        )
        try:
            await wait_for_port(address, 10.0, process, greeting=b"220")
            yield ProgramRelay(config, address, process)
        finally:
            await process.stop()


class ProgramRelay:
    def __init__(self, config: RelayConfig, address: Address, process: Any) -> None:
        self.submission = address
        self.schedule = Schedule(
            retry_interval=config.retry_interval,
            max_retry_interval=config.max_retry_interval,
            queue_lifetime=config.queue_lifetime,
            granularity=0.0,
        )
        self._process = process

    def queue(self) -> Sequence[QueuedMessage]:
        if not self._process.alive:
            raise TargetError("the relay is gone", log=self._process.log_tail())
        return []


class ExitsAtStart(_Program):
    misbehaviour = "exit"


class CrashesOnThirdMessage(_Program):
    misbehaviour = "crash"


class LeavesAtData(_Program):
    """Ends when its first message is handed over; its queue can be read without it."""

    misbehaviour = "leave"

    @asynccontextmanager
    async def running(self, config: RelayConfig) -> AsyncIterator[Any]:
        async with super().running(config) as relay:
            relay.queue = list
            yield relay


class DiesOfAReset(ReferenceTarget):
    """Its relay dies when a server resets a connection."""

    when = "error.cause is Cause.RESET"

    def command(self, config_file: Path) -> list[str]:
        return [sys.executable, "-c", _MORTAL.format(when=self.when), "serve", "--config", str(config_file)]


class DiesOfTwoThings(DiesOfAReset):
    """Its relay dies once it has met both a reset and a close, so of no scenario alone."""

    when = "{Cause.RESET, Cause.CLOSED} <= met"


class DiesOfAResetAlone(DiesOfAReset):
    """The same, with one instance for each connector."""

    capabilities = ReferenceTarget.capabilities - {Capability.MANY_CONNECTORS}


# The reference relay, and what it dies of.
_MORTAL = """
import os, sys
from conformance.reference.classify import Cause
from conformance.reference.cli import main
from conformance.reference.errors import SessionFailed
from conformance.reference.session import Session

met, read = set(), Session._read

async def mortal(self, *args):
    try:
        return await read(self, *args)
    except SessionFailed as error:
        met.add(error.cause)
        if {when}:
            print("panic: slice bounds out of range", file=sys.stderr, flush=True)
            os.abort()
        raise

Session._read = mortal
sys.exit(main())
"""


class WritesWithoutEnd(_Program):
    """Writes to its log what is always the same, as fast as it can; here a small log is too long already."""

    misbehaviour = "write"

    @asynccontextmanager
    async def running(self, config: RelayConfig) -> AsyncIterator[Any]:
        flood.LOG_LIMIT = 8 * 2**20
        async with super().running(config) as relay:
            yield relay


class Lingers(_Program):
    """Its relay ignores SIGTERM and leaves a daemon behind that is in a session of its own."""

    misbehaviour = "linger"


def main(misbehaviour: str, host: str, port: str) -> None:
    print(f"relay starting, to {misbehaviour}", flush=True)
    if misbehaviour == "exit":
        sys.exit("fatal: no licence")
    if misbehaviour == "linger":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(300)
            os._exit(0)
    config: Any = type("Config", (), {"listen": (host, int(port))})
    config.retry_interval = config.max_retry_interval = config.queue_lifetime = 0.0
    Hoarder.dies_at = "DATA" if misbehaviour == "leave" else ""
    with Hoarder(config) as relay:
        while misbehaviour == "write":
            print("trying again " * 5000, flush=True)
            time.sleep(0.001)
        while misbehaviour != "crash" or len(relay.queue()) < 3:
            time.sleep(0.01)
        print("panic: index out of range", flush=True)
        os._exit(70)


if __name__ == "__main__":
    main(*sys.argv[1:])
