"""Relays that a peer brings down as a whole, and one that comes back by itself."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from conformance.reference.classify import Cause, Stage
from conformance.reference.config import Address
from conformance.reference.errors import SessionFailed
from conformance.reference.message import Message
from conformance.reference.session import Reply, Session
from conformance.reference.settings import Settings
from conformance.reference.spool import Spool
from mutants.mutant import fails, hence, mutation
from mutants.patching import patch

_SURVIVES = ("survives", "relay/survives")
_INJECTED = ("injected_plaintext_under_opportunistic", "injected_plaintext_under_domain_validation")


def _die(word: str) -> NoReturn:
    print(word, file=sys.stderr, flush=True)
    os.abort()


def _free(option: str) -> Address:
    """Return an address of a configuration with a port that nobody listens on: every life of a relay has the same."""
    written = tomllib.loads(Path(sys.argv[-1]).read_text(encoding="utf-8"))[option]
    host = written.rpartition(":")[0] if isinstance(written, str) else written["host"]
    with socket.socket() as probe:
        probe.bind((host, 0))
        return Address(host, probe.getsockname()[1])


def _die_when_left(cause: Cause, times: int, end: Callable[[], object]) -> None:
    """End when a session has ended by a cause for so many times."""
    met = 0

    def make(original: Any) -> Any:
        async def read(self: Any, *args: Any) -> Any:
            nonlocal met
            try:
                return await original(self, *args)
            except SessionFailed as error:
                met += error.cause is cause
                if met == times:
                    end()
                raise

        return read

    patch(Session, "_read", make)


@mutation(
    scenarios=(
        *_INJECTED,
        "good_under_encryption_only",
        "greeting_421",
        "connection_refused",
        "rejected_at_rcpt",
    ),
    caught=(fails(*_SURVIVES, *_INJECTED),),
)
def dies_of_a_reply_behind_starttls() -> None:
    """Dies of a reply that comes in clear behind the one to STARTTLS."""

    def make(original: Any) -> Any:
        async def starttls(self: Any, *args: Any) -> None:
            old = self._protocol
            await original(self, *args)
            if old._buffer:
                _die("free(): double free detected in tcache 2")

        return starttls

    patch(Session, "starttls", make)


@mutation(
    scenarios=("reset_at_ehlo", "close_at_ehlo", "greeting_421"),
    caught=(fails(*_SURVIVES, "reset_at_ehlo"),),
)
def dies_of_the_second_reset() -> None:
    """Dies when a server resets a connection for the second time."""
    _die_when_left(Cause.RESET, 2, lambda: _die("corrupted double-linked list"))


@mutation(
    scenarios=("backlog_closed", "close_at_mail"),
    caught=(fails(*_SURVIVES, "backlog_closed"),),
)
def dies_of_many_lost_connections() -> None:
    """Dies when servers have closed connections for the twentieth time."""
    _die_when_left(Cause.CLOSED, 20, lambda: _die("too many open files"))


def _die_of_a_reply(stage: Stage, which: Callable[[Reply], bool]) -> None:
    """Die of a reply to a command."""

    def make(original: Any) -> Any:
        async def command(self: Any, at: Stage, line: str) -> Reply:
            reply: Reply = await original(self, at, line)
            if at is stage and which(reply):
                _die("panic: interface conversion")
            return reply

        return command

    patch(Session, "command", make)


@mutation(
    scenarios=("rejected_at_rcpt", "one_recipient_rejected", "rejected_at_data", "greeting_421"),
    caught=(fails(*_SURVIVES, "rejected_at_rcpt", "one_recipient_rejected"),),
)
def dies_of_a_refused_recipient() -> None:
    """Dies when a server refuses a recipient for good."""
    _die_of_a_reply(Stage.RCPT, lambda reply: reply.code >= 500)


@mutation(
    scenarios=("slow", "plain", "first_host_silent", "stall_at_ehlo"),
    caught=(fails(*_SURVIVES, "slow", "first_host_silent", "stall_at_ehlo"),),
)
def dies_of_waiting() -> None:
    """Dies when a server lets it wait for longer than a quarter of the time-out."""

    def make(original: Any) -> Any:
        async def read(self: Any, stage: Stage, reading: Any) -> Any:
            reply = asyncio.ensure_future(reading)
            done, _ = await asyncio.wait({reply}, timeout=self._timeouts.command / 4)
            if not done:
                _die("watchdog: no progress")
            return await original(self, stage, reply)

        return read

    patch(Session, "_read", make)


@mutation(scenarios=("reset_at_ehlo", "dns_nxdomain", "connection_refused"), profiles=("rfc",))
def comes_back_by_itself() -> None:
    """Ends when a server resets a connection for the second time, and is started again at once by its supervisor."""
    addresses = [_free(option) for option in ("listen", "control")]
    lives = 0
    while child := os.fork():
        lives += 1
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, _frame, child=child: os.kill(child, number))
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGABRT:
            sys.exit(os.waitstatus_to_exitcode(status))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)

    def make(original: Any) -> Any:
        def init(self: Any, path: Any) -> None:
            original(self, path)
            listen, control = addresses
            self.config = replace(self.config, listen=listen, control=control)

        return init

    patch(Settings, "__init__", make)
    if not lives:
        # once what came of the attempt is on disk
        _die_when_left(
            Cause.RESET, 2, lambda: asyncio.get_running_loop().call_later(0.2, _die, "starting anew")
        )


@mutation(
    scenarios=("killed_in_delivery", "killed_between_attempts", "connection_refused.restarted"),
    caught=(fails(*_SURVIVES, "killed_in_delivery", "killed_between_attempts", "connection_refused"),),
    also=tuple(
        hence("it does not come back", aspect, verdict="not_applicable")[0]
        for aspect in ("resumes", "nothing_lost", "survives_restart")
    ),
)
def dies_of_what_its_queue_holds() -> None:
    """Ends as it starts when there is mail in its queue."""

    def make(original: Any) -> Any:
        def load(self: Any) -> list[Message]:
            messages: list[Message] = original(self)
            if messages:
                _die("there is mail")
            return messages

        return load

    patch(Spool, "load", make)
