"""Sins with several hosts, and with hosts given by address."""

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
from mutants.patching import patch, sin
from mutants.sins_text import shows_no_error


@sin
def only_first_host() -> None:
    def make(original: Any) -> Any:
        async def find_hosts(*arguments: Any) -> list[str]:
            return (await original(*arguments))[:1]

        return find_hosts

    patch(hosts, "find_hosts", make)


@sin
def leaves_the_next_host_for_later() -> None:
    tries: dict[Any, int] = {}

    def finding(original: Any) -> Any:
        async def find_hosts(route: Any, *others: Any) -> list[str]:
            found = await original(route, *others)
            number = tries[route] = tries.get(route, -1) + 1
            return [found[number % len(found)]]

        return find_hosts

    patch(hosts, "find_hosts", finding)


@sin
def leaves_the_next_host_for_later_in_silence() -> None:
    leaves_the_next_host_for_later()
    shows_no_error()


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


@sin
def names_another_than_the_last() -> None:
    _telling(lambda met: replace(met[-1], server=met[0].server, address=met[0].address))


@sin
def keeps_the_first_error() -> None:
    _telling(lambda met: replace(met[0], server=met[-1].server, address=met[-1].address))


@sin
def blends_errors() -> None:
    _telling(
        lambda met: replace(met[-1], status="4.4.1" if len({f.status for f in met}) > 1 else met[-1].status)
    )


@sin
def hides_literals() -> None:
    def make(original: Any) -> Any:
        def deferral(*arguments: Any, server: str, address: str = "") -> Failure:
            failure: Failure = original(*arguments, server=server, address=address)
            return replace(failure, server="", address="") if is_ip_literal(server) else failure

        return deferral

    patch(errors, "deferral", make)


@sin
def looks_literals_up() -> None:
    patch(hosts, "is_ip_literal", lambda _: lambda host: False)


@sin
def knows_no_ipv6() -> None:
    def make(original: Any) -> Any:
        async def open_socket(address: str, port: int, timeout: float) -> Any:
            if ":" in address:
                raise SessionFailed(Stage.CONNECT, Cause.UNREACHABLE, os.strerror(errno.EAFNOSUPPORT))
            return await original(address, port, timeout)

        return open_socket

    patch(connect, "open_socket", make)
