"""What the name server said, kept too long."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import dns.asyncquery
import dns.message
import dns.rdatatype

from conformance.reference.resolver import LookupFailed, Resolver
from mutants.mutant import Declare, deviates, fails, hence, mutation
from mutants.patching import patch

_RECOVERS = "queue/recovers"
_NEGATIVE = ("stale_nxdomain", "stale_nodata", "stale_mx_nodata")
_FAILURE = ("dns_servfail", "mx_servfail")


def _stale(mode: str) -> Declare:
    """Declare a mutant that goes on using what the name server once said of a destination that moved."""
    return mutation(
        scenarios=(mode, "greeting_421"),
        caught=(
            fails("refreshes", "dns-cache/address", mode),
            fails("recovers", _RECOVERS, mode),
            fails("refreshes", "dns-cache/address", mode, profile="rfc"),
        ),
        also=hence("it never learns of the new server", "recovers", modes=(mode,), profile="rfc"),
    )


def _known_for_ever(method: str) -> None:
    """Have a method of the resolver answer from memory what it has answered once."""
    known: dict[str, Any] = {}

    def make(original: Any) -> Any:
        async def answer(self: Any, name: str) -> Any:
            if name not in known:
                known[name] = await original(self, name)
            return known[name]

        return answer

    patch(Resolver, method, make)


@_stale("stale_address")
def caches_addresses_for_ever() -> None:
    """Looks the addresses of a name up once and for all."""
    _known_for_ever("addresses")


@_stale("stale_mx")
def caches_exchangers_for_ever() -> None:
    """Looks the MX records of a domain up once and for all."""
    _known_for_ever("mail_exchangers")


def _remembering(
    kept_for: Callable[[LookupFailed, int], float], *, records: bool = False, told: int = 1
) -> None:
    """Remember failed look-ups for as many seconds as `kept_for` says of the failure and the SOA of the answer.

    Args:
        kept_for: Gets the failure, and the minimum that the SOA record of the answer states.
        records: Whether what was found is remembered as well, for its time to live.
        told: How often a look-up must have failed to be remembered.
    """
    known: dict[tuple[str, str], tuple[float, Any]] = {}
    failed: Counter[tuple[str, str]] = Counter()
    minimum: dict[str, int] = {}

    def exchanging(original: Any) -> Any:
        async def exchange(self: Any, name: Any, rdtype: Any) -> Any:
            answer = await original(self, name, rdtype)
            soas = [
                record.minimum
                for rrset in answer.authority
                for record in rrset
                if rrset.rdtype == dns.rdatatype.SOA
            ]
            minimum[name.to_text(omit_final_dot=True)] = max(soas, default=0)
            return answer

        return exchange

    def asking(original: Any) -> Any:
        async def ask(self: Any, name: str, rdtype: str) -> Any:
            until, remembered = known.get((name, rdtype), (0.0, None))
            if time.monotonic() < until:
                if isinstance(remembered, LookupFailed):
                    raise remembered
                return remembered
            try:
                found = await original(self, name, rdtype)
            except LookupFailed as error:
                failed[name, rdtype] += 1
                if failed[name, rdtype] >= told:
                    known[name, rdtype] = time.monotonic() + kept_for(error, minimum.get(name, 0)), error
                raise
            if records:
                known[name, rdtype] = time.monotonic() + found.ttl, found
            return found

        return ask

    patch(Resolver, "_exchange", exchanging)
    patch(Resolver, "_ask", asking)


# What a relay believes from the first answer on it never asks again: one attempt is all that is seen of it.


@mutation(scenarios=(*_NEGATIVE, "dns_nxdomain"), caught=(fails("retried", "queue/retried", *_NEGATIVE),))
def keeps_negatives_ten_times() -> None:
    """Believes ten times too long that a name or a record does not exist."""
    _remembering(lambda error, minimum: 10 * minimum if error.detail.conclusive else 0)


@mutation(scenarios=(*_FAILURE, "dns_nxdomain"), caught=(fails("retried", "queue/retried", *_FAILURE),))
def caches_failures() -> None:
    """Remembers for five minutes that a look-up failed."""
    _remembering(lambda error, _: 0 if error.detail.conclusive else 300)


@mutation(
    scenarios=(*_NEGATIVE, "dns_nxdomain"),
    caught=(fails("refreshes", "dns-cache/negative", *_NEGATIVE), fails("recovers", _RECOVERS, *_NEGATIVE)),
)
def keeps_negatives_told_twice() -> None:
    """Believes ten times too long, once it was told so twice, that a name or a record does not exist."""
    _remembering(lambda error, minimum: 10 * minimum if error.detail.conclusive else 0, told=2)


@mutation(
    scenarios=(*_FAILURE, "dns_nxdomain"),
    caught=(deviates("refreshes", "dns-cache/failure", *_FAILURE), fails("recovers", _RECOVERS, *_FAILURE)),
)
def caches_failures_met_twice() -> None:
    """Remembers for five minutes that a look-up failed twice."""
    _remembering(lambda error, _: 0 if error.detail.conclusive else 300, told=2)


@mutation(scenarios=(*_NEGATIVE, *_FAILURE, "stale_address", "stale_mx"), profiles=("rfc",))
def caches_as_it_may() -> None:
    """Remembers what the name server says for as long as that allows, and failures for a second."""
    _remembering(lambda error, minimum: minimum if error.detail.conclusive else 1, records=True)
