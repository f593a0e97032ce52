"""Peculiarities that no requirement forbids: whoever accuses these relays raises a false alarm."""

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
from mutants.mutant import hence, mutation
from mutants.patching import patch
from mutants.shared import say_quit_into_the_silence

_ALL_PROFILES = ("rfc", "eop-observed")


@mutation(
    scenarios=("connection_refused", "host_unreachable", "dns_nxdomain", "dns_servfail", "greeting_421"),
    profiles=_ALL_PROFILES,
)
def asks_twice() -> None:
    """Asks every question of its name server twice."""

    def make(original: Any) -> Any:
        async def exchange(self: Any, *question: Any) -> Any:
            await original(self, *question)
            return await original(self, *question)

        return exchange

    patch(Resolver, "_exchange", make)


@mutation(
    scenarios=(
        "connection_refused",
        "dns_nodata",
        "dns_refused",
        "connect_timeout",
        "dns_aaaa_refused",
        "mx_refused",
        "mx_refused_beside_address",
        "mx_no_answer_beside_address",
        "mx_target_servfail",
    ),
    profiles=_ALL_PROFILES,
)
def asks_for_ipv6_first() -> None:
    """Asks for IPv6 addresses first, and for IPv4 addresses when it has the answer."""

    def make(_: Any) -> Any:
        async def addresses(self: Any, host: str) -> list[str]:
            try:
                return [record.address for record in await self._ask(host, "AAAA")]
            except LookupFailed:
                return [record.address for record in await self._ask(host, "A")]

        return addresses

    patch(Resolver, "addresses", make)


@mutation(
    scenarios=("connection_refused", "dns_nxdomain", "greeting_421", "close_at_dot", "certificate_expired"),
    profiles=_ALL_PROFILES,
)
def words_its_own() -> None:
    """Words its errors without the titles of the source document."""

    def make(original: Any) -> Any:
        return lambda *args, **kwargs: replace(original(*args, **kwargs), text="Not delivered yet")

    patch(errors, "deferral", make)


@mutation(
    scenarios=("connection_refused", "greeting_421_every_host", "host_unreachable"), profiles=_ALL_PROFILES
)
def names_addresses_only() -> None:
    """Names the destination server by its address alone."""

    def make(original: Any) -> Any:
        def deferral(*args: Any, **kwargs: Any) -> Failure:
            failure: Failure = original(*args, **kwargs)
            return replace(failure, server="") if failure.address else failure

        return deferral

    patch(errors, "deferral", make)


@mutation(
    scenarios=(
        "greeting_421_every_host",
        "greeting_421",
        "hosts_close_then_421",
        "hosts_421_then_close",
        "hosts_close_then_421.expires",
        "first_host_greets_421",
    ),
    also=tuple(
        expected
        for profile in ("eop", *_ALL_PROFILES)
        for expected in hence(
            "it never meets the one that is broken",
            "delivers_anyway",
            verdict="not_applicable",
            modes=("first_host_greets_421",),
            profile=profile,
        )
    ),
    profiles=_ALL_PROFILES,
)
def tries_the_last_host_first() -> None:
    """Tries the smart hosts of a connector in the reverse order."""

    def make(original: Any) -> Any:
        async def find_hosts(*args: Any) -> list[str]:
            return list(reversed(await original(*args)))

        return find_hosts

    patch(hosts, "find_hosts", make)


@mutation(scenarios=("greeting_421", "connection_refused"), profiles=_ALL_PROFILES)
def sends_a_notice_of_delay() -> None:
    """Tells the sender after the first attempt that the message is delayed."""

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


@mutation(scenarios=("plain", "greeting_421"), profiles=_ALL_PROFILES)
def adds_a_trace_field() -> None:
    """Adds a second trace field on top of the message."""

    def make(original: Any) -> Any:
        async def run(self: Any, message: Message, content: bytes, *others: Any) -> None:
            await original(self, message, b"X-Trace: relay.test;\r\n second=yes\r\n" + content, *others)

        return run

    patch(Transaction, "run", make)


@mutation(
    scenarios=(
        "greeting_421",
        "connect_timeout",
        "connection_refused.expires",
        "greeting_421.day",
        "certificate_expired.restarted",
    ),
    profiles=_ALL_PROFILES,
)
def misses_what_moves() -> None:
    """Lists the folders of its queue one after the other, and misses what moves between them."""
    # what was tried before moved while the folders were read, one after the other
    asked = itertools.count()

    def make(original: Any) -> Any:
        def listing(self: Any) -> list[dict[str, object]]:
            rows: list[dict[str, object]] = original(self)
            return [row for row in rows if not row["attempts"]] if next(asked) % 2 else rows

        return listing

    patch(Control, "_queue", make)


@mutation(scenarios=("reply_like_log_lines", "reply_nul", "connection_refused"), profiles=_ALL_PROFILES)
def shows_twice_what_moves() -> None:
    """Lists the folders of its queue one after the other, and shows twice what moves between them."""
    # what was tried before moved on while the folders were read
    asked = itertools.count()

    def make(original: Any) -> Any:
        def listing(self: Any) -> list[dict[str, object]]:
            rows: list[dict[str, object]] = original(self)
            moved = [row for row in rows if row["attempts"]] if next(asked) % 2 else []
            return [*rows, *moved]

        return listing

    patch(Control, "_queue", make)


@mutation(scenarios=("greeting_421", "connection_refused", "connect_timeout"), profiles=_ALL_PROFILES)
def a_little_late() -> None:
    """Waits a tenth longer than the interval."""
    patch(
        schedule,
        "next_attempt_at",
        lambda _: lambda ended_at, attempts, granted: ended_at + 1.1 * granted.retry_interval,
    )


@mutation(
    scenarios=(
        "greeting_timeout",
        "first_host_silent",
        "stall_at_ehlo",
        "stall_at_starttls",
        "stall_at_handshake",
        "stall_at_ehlo_tls",
        "stall_at_mail",
        "stall_at_rcpt",
        "stall_at_data",
        "stall_at_body",
        "stall_at_dot",
        "stall_at_quit",
    ),
    profiles=_ALL_PROFILES,
)
def says_quit_after_a_time_out() -> None:
    """Says QUIT after a time-out, and waits for the answer."""
    say_quit_into_the_silence()


@mutation(scenarios=("reply_multi_line", "reply_499"), profiles=("rfc",))
def logs_errors_in_short_lines() -> None:
    """Has the first words of an error in its log, and all of it in its queue."""

    def make(original: Any) -> Any:
        def log(self: Any, outcome: Any, at: float, *what: Any) -> None:
            message, recipient, text, destination = what
            original(self, outcome, at, message, recipient, text[:24], destination)

        return log

    patch(Relay, "_log", make)
