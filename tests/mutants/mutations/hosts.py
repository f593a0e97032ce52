"""Several hosts of which no good use is made, and hosts given by address."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

from conformance.reference import connect, errors, hosts
from conformance.reference.classify import Cause, Stage
from conformance.reference.config_reader import is_ip_literal
from conformance.reference.delivery import Delivery
from conformance.reference.errors import Failure, SessionFailed
from conformance.reference.message import Message, Recipient
from mutants.mutant import deviates, fails, hence, mutation
from mutants.patching import patch
from mutants.selection import modes
from mutants.shared import TOLD_OF_EACH, never_says_a_word

_HOSTS = modes(lambda mode: mode.section == "hosts" and mode.mx is None)
_AFTER_4YZ = modes(lambda mode: mode.section == "hosts-4yz")
_EACH_ITS_OWN = ("hosts_close_then_421", "hosts_421_then_close")
_IPV6_CONTROLS = modes(lambda mode: mode.is_control and all(host.dns.ipv6 for host in mode.hosts))


@mutation(
    scenarios=(_HOSTS, _AFTER_4YZ, "mx_best_refused", "greeting_421"),
    caught=(
        fails("delivers_anyway", "hosts/next-host", _HOSTS),
        deviates("delivers_anyway", "hosts/after-4yz", _AFTER_4YZ),
        fails("delivers_anyway", "harmless/delivered", "mx_best_refused"),
        fails("delivers_anyway", "hosts/next-host", _HOSTS, profile="rfc"),
        deviates("delivers_anyway", "hosts/after-4yz", _AFTER_4YZ, profile="rfc"),
        fails("delivers_anyway", "harmless/delivered", "mx_best_refused", profile="rfc"),
    ),
    also=tuple(
        each
        for profile in ("eop", "rfc")
        for each in hence(
            "nobody was met whose certificate would do",
            "server_name",
            verdict="not_applicable",
            modes=("first_host_bad_certificate", "first_host_no_starttls"),
            profile=profile,
        )
    ),
)
def only_first_host() -> None:
    """Tries the first host only."""

    def make(original: Any) -> Any:
        async def find_hosts(*arguments: Any) -> list[str]:
            return (await original(*arguments))[:1]

        return find_hosts

    patch(hosts, "find_hosts", make)


@mutation(scenarios=(_HOSTS, _AFTER_4YZ), caught=(deviates("delivers_anyway", "harmless/at-once"),))
def leaves_the_next_host_for_later() -> None:
    """Tries one host at each attempt."""
    tries: dict[Any, int] = {}

    def finding(original: Any) -> Any:
        async def find_hosts(route: Any, *others: Any) -> list[str]:
            found = await original(route, *others)
            number = tries[route] = tries.get(route, -1) + 1
            return [found[number % len(found)]]

        return find_hosts

    patch(hosts, "find_hosts", finding)


@mutation(
    scenarios=("first_host_greets_421", "first_host_refused", "mx_best_defers"),
    caught=(deviates("delivers_anyway", "harmless/at-once"),),
    brings=dict.fromkeys(
        (*TOLD_OF_EACH, "connection-refused/error-code", "session/transient", "alert/tells-error"),
        "it shows no error at all, and the error of each failure mode is a requirement of its own",
    ),
)
def leaves_the_next_host_for_later_in_silence() -> None:
    """Tries one host at each attempt, and shows nothing of it in its log and in its queue."""
    leaves_the_next_host_for_later()
    never_says_a_word()


def _telling(choose: Any) -> None:
    """Have failures told otherwise: `choose` gets those of an attempt in their order, for one recipient."""
    attempt: ContextVar[list[Failure]] = ContextVar("attempt")

    def deferring(original: Any) -> Any:
        def deferral(*arguments: Any, **more: Any) -> Failure:
            failure: Failure = original(*arguments, **more)
            attempt.get([]).append(failure)
            return failure

        return deferral

    def running(original: Any) -> Any:
        async def run(self: Any, message: Message, content: bytes, recipients: Sequence[Recipient]) -> Any:
            met: list[Failure] = []
            attempt.set(met)
            results = await original(self, message, content, recipients)
            return {
                who: choose(met) if isinstance(result, Failure) and met else result
                for who, result in results.items()
            }

        return run

    patch(errors, "deferral", deferring)
    patch(Delivery, "run", running)


@mutation(
    scenarios=(*_EACH_ITS_OWN, "greeting_421"),
    caught=(fails("destination_server", "error/destination-server", *_EACH_ITS_OWN),),
)
def names_another_than_the_last() -> None:
    """Reports the error of the last host, and names the first one."""
    _telling(lambda met: replace(met[-1], server=met[0].server, address=met[0].address))


@mutation(
    scenarios=(*_EACH_ITS_OWN, "greeting_421"),
    caught=(deviates("last_host", "hosts/last-error", *_EACH_ITS_OWN),),
)
def keeps_the_first_error() -> None:
    """Reports the error of the first host, and names the last one."""
    _telling(lambda met: replace(met[0], server=met[-1].server, address=met[-1].address))


@mutation(
    scenarios=(*_EACH_ITS_OWN, "greeting_421_every_host"),
    caught=(fails("error_code", "hosts/one-of-their-codes", *_EACH_ITS_OWN),),
)
def blends_errors() -> None:
    """Reports a status of its own where the hosts failed in different ways."""
    _telling(
        lambda met: replace(met[-1], status="4.4.1" if len({f.status for f in met}) > 1 else met[-1].status)
    )


@mutation(
    scenarios=("literal_greeting_421", "literal_ipv6_greeting_421", "greeting_421"),
    caught=(
        fails(
            "destination_server",
            "error/destination-server",
            "literal_greeting_421",
            "literal_ipv6_greeting_421",
        ),
    ),
)
def hides_literals() -> None:
    """Does not name a host that is given by its address."""

    def make(original: Any) -> Any:
        def deferral(*arguments: Any, server: str, address: str = "") -> Failure:
            failure: Failure = original(*arguments, server=server, address=address)
            return replace(failure, server="", address="") if is_ip_literal(server) else failure

        return deferral

    patch(errors, "deferral", make)


@mutation(scenarios=("literal_ipv4",), caught=(fails("delivered", "control/delivered", "literal_ipv4"),))
def looks_literals_up() -> None:
    """Takes an address for a name."""
    patch(hosts, "is_ip_literal", lambda _: lambda host: False)


@mutation(
    scenarios=(_IPV6_CONTROLS, "dns_a_servfail", "plain"),
    caught=(fails("delivered", "control/delivered", _IPV6_CONTROLS),),
    also=hence("the control says it", "delivers_anyway", verdict="inconclusive", modes=("dns_a_servfail",)),
)
def knows_no_ipv6() -> None:
    """Connects to no IPv6 address."""

    def make(original: Any) -> Any:
        async def open_socket(address: str, port: int, timeout: float) -> Any:
            if ":" in address:
                raise SessionFailed(Stage.CONNECT, Cause.UNREACHABLE, os.strerror(errno.EAFNOSUPPORT))
            return await original(address, port, timeout)

        return open_socket

    patch(connect, "open_socket", make)
