"""Peculiarities that no requirement forbids."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

from conformance.reference import errors, hosts, schedule
from conformance.reference.control import Control
from conformance.reference.dsn import build_dsn
from conformance.reference.errors import Failure
from conformance.reference.message import Message, Recipient
from conformance.reference.relay import Relay
from conformance.reference.resolver import LookupFailed, Resolver
from conformance.reference.transaction import Transaction
from mutants.patching import patch, sin
from mutants.sins_grid import say_quit_into_the_silence


@sin
def asks_twice() -> None:
    def make(original: Any) -> Any:
        async def exchange(self: Any, *question: Any) -> Any:
            await original(self, *question)
            return await original(self, *question)

        return exchange

    patch(Resolver, "_exchange", make)


@sin
def asks_for_ipv6_first() -> None:
    def make(_: Any) -> Any:
        async def addresses(self: Any, host: str) -> list[str]:
            try:
                return [record.address for record in await self._ask(host, "AAAA")]
            except LookupFailed:
                return [record.address for record in await self._ask(host, "A")]

        return addresses

    patch(Resolver, "addresses", make)


@sin
def words_its_own() -> None:
    def make(original: Any) -> Any:
        return lambda *args, **kwargs: replace(original(*args, **kwargs), text="Not delivered yet")

    patch(errors, "deferral", make)


@sin
def names_addresses_only() -> None:
    def make(original: Any) -> Any:
        def deferral(*args: Any, **kwargs: Any) -> Failure:
            failure: Failure = original(*args, **kwargs)
            return replace(failure, server="") if failure.address else failure

        return deferral

    patch(errors, "deferral", make)


@sin
def tries_the_last_host_first() -> None:
    def make(original: Any) -> Any:
        async def find_hosts(*args: Any) -> list[str]:
            return list(reversed(await original(*args)))

        return find_hosts

    patch(hosts, "find_hosts", make)


@sin
def sends_a_notice_of_delay() -> None:
    def make(original: Any) -> Any:
        async def conclude(self: Any, message: Message, results: Any) -> None:
            await original(self, message, results)
            delayed = {r: f for r, f in results.items() if isinstance(f, Failure) and r.attempts == 1}
            if delayed and message.sender:
                now, content = self.now(), await self._spool.content(message.queue_id)
                report = build_dsn(message, content, delayed, hostname=self._config.hostname, at=now)
                back = Recipient(number=0, address=message.sender, next_retry=now)
                await self.accept(
                    Message(sender="", accepted_at=now, recipients=[back]),
                    report.replace(b"Action: failed", b"Action: delayed"),
                )

        return conclude

    patch(Relay, "_conclude", make)


@sin
def adds_a_trace_field() -> None:
    def make(original: Any) -> Any:
        async def run(self: Any, message: Message, content: bytes, *others: Any) -> None:
            await original(self, message, b"X-Trace: relay.test;\r\n second=yes\r\n" + content, *others)

        return run

    patch(Transaction, "run", make)


@sin
def misses_what_moves() -> None:
    """Every other listing misses what was tried before: it moved while the folders were read, one after the other."""
    asked = itertools.count()

    def make(original: Any) -> Any:
        def listing(self: Any) -> list[dict[str, object]]:
            rows: list[dict[str, object]] = original(self)
            return [row for row in rows if not row["attempts"]] if next(asked) % 2 else rows

        return listing

    patch(Control, "_queue", make)


@sin
def says_quit_after_a_time_out() -> None:
    say_quit_into_the_silence()


@sin
def shows_twice_what_moves() -> None:
    """Every other listing shows twice what was tried before: it moved on while the folders were read."""
    asked = itertools.count()

    def make(original: Any) -> Any:
        def listing(self: Any) -> list[dict[str, object]]:
            rows: list[dict[str, object]] = original(self)
            moved = [row for row in rows if row["attempts"]] if next(asked) % 2 else []
            return [*rows, *moved]

        return listing

    patch(Control, "_queue", make)


@sin
def a_little_late() -> None:
    patch(
        schedule,
        "next_attempt_at",
        lambda _: lambda ended_at, attempts, granted: ended_at + 1.1 * granted.retry_interval,
    )
