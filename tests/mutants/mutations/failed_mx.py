"""A look-up of MX records that failed, taken for one that found none."""

from __future__ import annotations

from typing import Any

from conformance.reference import hosts
from conformance.reference.hosts import Unroutable
from conformance.reference.resolver import LookupDetail
from mutants.expectations import delivered
from mutants.mutant import fails, mutation
from mutants.patching import patch

_BESIDE = ("mx_refused_beside_address",)
_UNANSWERED = ("mx_no_answer_beside_address",)


def _does_without_mx(where: LookupDetail) -> None:
    """Take one way in which a look-up of MX records fails for a domain without any."""

    def make(original: Any) -> Any:
        async def find_hosts(route: Any, *others: Any) -> list[str]:
            try:
                found: list[str] = await original(route, *others)
            except Unroutable as error:
                if route.smart_hosts or error.failure.detail != where:
                    raise
                return [route.domain]
            return found

        return find_hosts

    patch(hosts, "find_hosts", make)


@mutation(
    scenarios=(*_BESIDE, "mx_refused", "mx_servfail_beside_address", "mx_no_answer_beside_address"),
    caught=(fails("avoids", "mx/no-other-host", *_BESIDE), delivered(*_BESIDE)),
)
def takes_refused_for_no_mx() -> None:
    """Goes to the domain's own address where the name server refuses to tell its MX records."""
    _does_without_mx(LookupDetail.REFUSED)


@mutation(
    scenarios=(*_UNANSWERED, "mx_servfail_beside_address", "mx_no_answer"),
    caught=(fails("avoids", "mx/no-other-host", *_UNANSWERED), delivered(*_UNANSWERED)),
)
def takes_silence_for_no_mx() -> None:
    """Goes to the domain's own address where the name server never answers a question about its MX records."""
    _does_without_mx(LookupDetail.TIMEOUT)
