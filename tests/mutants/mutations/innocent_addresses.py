"""Addresses and hosts tried in an unusual order, few of them, or several at once (RFC 5321 section 5.1)."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from conformance.reference import hosts
from conformance.reference.delivery import Delivery
from mutants.mutant import Expected, hence, mutation
from mutants.mutations.many_addresses import choosing
from mutants.patching import patch
from mutants.selection import Selection, modes

_PROFILES = ("eop", "rfc")
_ADDRESSES = modes(lambda mode: mode.name.startswith("address_"))
_SILENT = modes(lambda mode: mode.name.startswith("address_") and mode.stalls)
_DEEP = modes(lambda mode: mode.name.startswith("deep_"))


def _unmet(why: str, *unmet: str | Selection) -> tuple[Expected, ...]:
    return tuple(
        expected
        for profile in _PROFILES
        for aspect, where in (("delivers_anyway", unmet), ("times_out", (_SILENT,)))
        for expected in hence(
            why, aspect, verdict="not_applicable", modes=where, profile=profile, certain=False
        )
    )


@mutation(
    scenarios=(_ADDRESSES, _DEEP),
    also=_unmet("it may begin with the healthy one", _ADDRESSES, "deep_addresses"),
)
def tries_addresses_in_reverse() -> None:
    """Tries the addresses of a host in the reverse of their order, IPv6 first."""
    choosing(lambda found: found[::-1])


def _at_most(number: int) -> None:
    """Try so many addresses in all, of all hosts together, and no more in one attempt."""

    def running(original: Any) -> Any:
        async def run(self: Any, *arguments: Any) -> Any:
            self.tried = 0
            return await original(self, *arguments)

        return run

    def trying(original: Any) -> Any:
        async def try_address(self: Any, *arguments: Any) -> bool:
            self.tried += 1
            return bool(await original(self, *arguments)) and self.tried < number

        return try_address

    patch(Delivery, "run", running)
    patch(Delivery, "_try_address", trying)


@mutation(
    scenarios=(_ADDRESSES, _DEEP, "first_host_refused", "mx_best_refused"),
    also=_unmet("two are all that it tries, or it begins with the healthy one", _DEEP, _ADDRESSES),
)
def tries_two_addresses() -> None:
    """Tries two addresses in each attempt, and no more."""
    _at_most(2)


@mutation(
    scenarios=(_ADDRESSES, "deep_addresses", "deep_mx_addresses", "ipv6_only"),
    also=_unmet("it begins with the healthy one", _ADDRESSES),
)
def knocks_at_all_addresses() -> None:
    """Opens connections to all addresses of a host at once, goes on with one, and closes the others (RFC 8305)."""

    def trying(original: Any) -> Any:
        async def try_address(self: Any, host: str, address: str, *arguments: Any) -> bool:
            found = await hosts.find_addresses(host, self._route, self._resolver)
            port = self._config.next_hop_port
            await asyncio.gather(*(_knock(each, port) for each in found if each != address))
            return bool(await original(self, host, address, *arguments))

        return try_address

    patch(Delivery, "_try_address", trying)


async def _knock(address: str, port: int) -> None:
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(1):
            _, writer = await asyncio.open_connection(address, port)
        writer.close()
