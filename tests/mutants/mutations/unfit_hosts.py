"""Mail given to one of several hosts that is not fit for it, though another one is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.reference import hosts
from conformance.reference.config import TlsPolicy
from conformance.reference.delivery import Delivery
from mutants.mutant import Expected, fails, hence, mutation
from mutants.patching import patch

_UNFIT = ("first_host_bad_certificate", "first_host_wrong_name")


@mutation(
    scenarios=(*_UNFIT, "first_host_no_starttls", "certificate_expired"),
    caught=(
        fails("fit_host", "tls/fit-host", *_UNFIT),
        fails("fit_host", "tls/fit-host", *_UNFIT, profile="rfc"),
    ),
)
def takes_any_certificate_of_several_hosts() -> None:
    """Takes any certificate where a connector has several smart hosts."""

    def make(original: Any) -> Any:
        async def secure(self: Any, session: Any, host: str) -> None:
            strict = self._route
            if len(strict.smart_hosts) > 1:
                self._route = replace(strict, tls=TlsPolicy.ENCRYPTION_ONLY, tls_domain="")
            try:
                await original(self, session, host)
            finally:
                self._route = strict

        return secure

    patch(Delivery, "_secure", make)


_FIRST = (*_UNFIT, "first_host_no_starttls")


def _unmet(profile: str) -> tuple[Expected, ...]:
    why = "the order of smart hosts is not prescribed"
    return (
        *hence(
            why, "delivers_anyway", "never_in_clear", verdict="not_applicable", modes=_FIRST, profile=profile
        ),
        *hence(why, "fit_host", verdict="not_applicable", profile=profile),
    )


@mutation(scenarios=_FIRST, also=(*_unmet("eop"), *_unmet("rfc")))
def begins_with_the_last_host() -> None:
    """Tries smart hosts in the reverse order."""

    def make(original: Any) -> Any:
        async def find_hosts(route: Any, *others: Any) -> list[str]:
            return [*reversed(await original(route, *others))]

        return find_hosts

    patch(hosts, "find_hosts", make)
