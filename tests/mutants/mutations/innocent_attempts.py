"""Attempts of an unusual shape that no requirement forbids: what is asked, in what order, and for how long."""

from __future__ import annotations

import asyncio
from typing import Any

from conformance.reference import delivery, hosts, transaction
from conformance.reference.classify import Cause, Stage
from conformance.reference.delivery import Delivery
from conformance.reference.errors import SessionFailed
from conformance.reference.resolver import LookupDetail, LookupFailed, Resolver
from conformance.reference.routing import Route
from conformance.reference.session import Session
from mutants.mutant import Expected, fails, hence, mutation
from mutants.patching import patch
from mutants.shared import retried

_ALL_PROFILES = ("rfc", "eop-observed")

# Seconds by which a connection outlives the attempt that opened it: more than any retry takes.
_LINGERS = 8.0

_SILENT = ("greeting_timeout", "stall_at_mail", "stall_at_rcpt")

_AUTH = (
    "offers_more_under_tls",
    "offers_size_zero_more_mixed_case",
    "offers_size_large_more_mixed_case_under_tls",
)

_abandoned: set[asyncio.Task[None]] = set()
_asking: set[asyncio.Task[Any]] = set()


@mutation(
    scenarios=(
        "dns_malformed",
        "dns_servfail",
        "dns_nxdomain",
        "dns_other_name",
        "dns_no_answer",
        "dns_cname_chain",
        "dns_cname_loop",
        "dns_truncated",
        "dns_aaaa_servfail",
        "greeting_421",
        "connection_refused",
    ),
    profiles=_ALL_PROFILES,
)
def asks_for_mx_of_a_smart_host() -> None:
    """Asks for MX records of a smart host's name first, and for addresses if there are none."""

    def make(original: Any) -> Any:
        async def find_addresses(host: str, route: Route, resolver: Resolver) -> Any:
            if route.smart_hosts:
                try:
                    await resolver.mail_exchangers(host)
                except LookupFailed as error:
                    if not error.detail.conclusive:
                        raise hosts.Unroutable(hosts.lookup_failure(error, route)) from error
            return await original(host, route, resolver)

        return find_addresses

    patch(hosts, "find_addresses", make)


@mutation(
    scenarios=("dns_aaaa_silent", "greeting_421", "mx_greeting_421_beside_address", "dns_servfail"),
    profiles=_ALL_PROFILES,
)
def asks_for_ipv6_and_does_not_wait() -> None:
    """Asks for IPv6 addresses once it has the IPv4 address, and connects without waiting for the answer."""

    def make(_: Any) -> Any:
        async def addresses(self: Any, host: str) -> list[str]:
            found = [record.address for record in await self._ask(host, "A")]
            asking = asyncio.create_task(self._ask(host, "AAAA"))
            _asking.add(asking)
            asking.add_done_callback(_forget)
            return found

        return addresses

    patch(Resolver, "addresses", make)


def _forget(asking: asyncio.Task[Any]) -> None:
    _asking.discard(asking)
    if not asking.cancelled():
        asking.exception()  # nobody waits for it


def _without_mx(pause: float) -> None:
    """Ask for the addresses of the domain as well where its MX records cannot be had, so many seconds apart."""

    def make(original: Any) -> Any:
        async def mail_exchangers(self: Any, domain: str) -> Any:
            try:
                return await original(self, domain)
            except LookupFailed as error:
                if not error.detail.conclusive:
                    for kind in ("AAAA", "A"):
                        await asyncio.sleep(pause)
                        try:
                            await self._ask(domain, kind)
                        except LookupFailed:
                            continue
                raise

        return mail_exchangers

    patch(Resolver, "mail_exchangers", make)


@mutation(scenarios=("mx_no_answer", "mx_servfail", "mx_nxdomain"), profiles=_ALL_PROFILES)
def asks_for_addresses_without_mx() -> None:
    """Asks for the addresses of a domain as well where its MX records cannot be had, and gives up."""
    _without_mx(0.0)


@mutation(
    scenarios=("mx_servfail", "hosts_close_then_421", "dns_servfail", "greeting_421", "connection_refused"),
    profiles=_ALL_PROFILES,
)
def dawdles() -> None:
    """Rests for 0.7 s between its questions, and between the last of them and the connection."""
    _without_mx(0.7)

    def make(original: Any) -> Any:
        async def open_session(self: Any, *where: Any) -> Any:
            await asyncio.sleep(0.7)
            return await original(self, *where)

        return open_session

    patch(Delivery, "_open_session", make)


@mutation(scenarios=("dns_servfail", "greeting_421", "close_at_data"), profiles=_ALL_PROFILES)
def fails_a_look_up_of_its_own() -> None:
    """Asks for the address at the third attempt, and takes the answer for a failure."""

    def make(original: Any) -> Any:
        async def run(self: Any, message: Any, content: bytes, recipients: Any) -> Any:
            self.third = bool(message.sender) and recipients[0].attempts == 2
            return await original(self, message, content, recipients)

        return run

    patch(Delivery, "run", make)

    def fail(original: Any) -> Any:
        async def try_address(self: Any, host: str, *others: Any) -> Any:
            waiting, results = others[-2:]
            if self.third:
                error = LookupFailed(host, LookupDetail.RETRY)
                results.update(dict.fromkeys(waiting, hosts.lookup_failure(error, self._route)))
                return False
            return await original(self, host, *others)

        return try_address

    patch(Delivery, "_try_address", fail)


@mutation(
    scenarios=("dns_no_answer", "dns_malformed", "mx_no_answer", "dns_servfail", "greeting_421"),
    granted={"dns_timeout": 4.0},
    profiles=_ALL_PROFILES,
)
def waits_long_for_answers() -> None:
    """Grants eight seconds for an answer of its name server, and takes them."""


@mutation(
    scenarios=("dns_no_answer", "mx_no_answer", "dns_servfail"),
    granted={"dns_timeout": 4.0},
    profiles=_ALL_PROFILES,
    also=tuple(
        expected
        for profile in ("eop", *_ALL_PROFILES)
        for expected in hence(
            "nobody sees when it gave up, so its gap may be anything",
            "retried",
            verdict="not_applicable",
            modes=("dns_no_answer", "mx_no_answer"),
            profile=profile,
        )
    ),
)
def waits_less_than_it_grants() -> None:
    """Grants eight seconds for an answer of its name server, and gives up after three."""

    def make(original: Any) -> Any:
        def init(self: Any, server: Any, timeout: float) -> None:
            original(self, server, 3.0 / 8.0 * timeout)

        return init

    patch(Resolver, "__init__", make)


def _untidy(*modes: str, profile: str = "eop") -> tuple[Expected, ...]:
    """Return what follows from a connection that is still there when its attempt is over."""
    why = "what it had given up may be there still when the window closes"
    return hence(why, "tidy", verdict="deviation", modes=modes, profile=profile, certain=False)


def _linger() -> None:
    """Keep a connection open after it has failed, as if it were forgotten."""

    def make(original: Any) -> Any:
        def part(session: Session, error: SessionFailed | None) -> None:
            if error is None:
                original(session, error)
                return

            async def forget() -> None:
                await asyncio.sleep(_LINGERS)
                session.abort()

            task = asyncio.create_task(forget())
            _abandoned.add(task)
            task.add_done_callback(_abandoned.discard)

        return part

    patch(delivery, "part", make)


@mutation(
    scenarios=("slow", "slow_one_by_one", "flushed_in_delivery", "stall_at_rcpt", "stall_at_data", "plain"),
    profiles=_ALL_PROFILES,
)
def has_the_same_patience_for_a_whole_group() -> None:
    """Counts the time-out for each reply to a group of commands from when the group was sent."""
    sent: dict[int, float] = {}

    def make_group(original: Any) -> Any:
        def group(self: Session, lines: Any) -> None:
            original(self, lines)
            sent[id(self)] = asyncio.get_running_loop().time()

        return group

    def make_command(original: Any) -> Any:
        async def command(self: Session, stage: Stage, line: str) -> Any:
            if not self._group:
                return await original(self, stage, line)
            try:
                async with asyncio.timeout_at(sent[id(self)] + self._timeouts.command):
                    return await original(self, stage, line)
            except TimeoutError as error:
                raise SessionFailed(stage, Cause.SILENT, "Timed out") from error

        return command

    patch(Session, "group", make_group)
    patch(Session, "command", make_command)


@mutation(scenarios=(*_AUTH, "plain"), profiles=_ALL_PROFILES)
def says_that_nobody_is_authenticated() -> None:
    """Says AUTH=<> with MAIL where AUTH is offered, as everybody may (RFC 4954 section 5)."""

    def make(original: Any) -> Any:
        def mail_command(message: Any, content: bytes, extensions: dict[str, str]) -> str:
            mail: str = original(message, content, extensions)
            return f"{mail} AUTH=<>" if "auth" in extensions else mail

        return mail_command

    patch(transaction, "mail_command", make)


@mutation(
    scenarios=("greeting_421", *_SILENT, "certificate_expired"),
    also=tuple(
        expected for profile in ("eop", *_ALL_PROFILES) for expected in _untidy(*_SILENT, profile=profile)
    ),
    profiles=_ALL_PROFILES,
)
def keeps_what_has_failed() -> None:
    """Keeps a connection open for eight seconds after its attempt has failed, and tries again meanwhile."""
    _linger()


@mutation(
    scenarios=("greeting_421", "stall_at_mail"),
    caught=(fails("retried", "queue/retried"),),
    also=_untidy("stall_at_mail"),
)
def comes_back_before_it_leaves() -> None:
    """Tries again after a quarter of the interval, while the connection of the attempt before is still open."""
    _linger()
    retried(lambda attempts, granted: 0.25 * granted.retry_interval)
