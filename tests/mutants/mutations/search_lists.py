"""Resolvers with a search list (resolv.conf(5)): each name is asked with a suffix as well; all innocent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.reference import errors
from conformance.reference.errors import Failure
from conformance.reference.resolver import LookupDetail, LookupFailed, Resolver
from mutants.mutant import mutation
from mutants.patching import patch

_ALL_PROFILES = ("rfc", "eop-observed")
_SUFFIX = "office.example.org"
_SCENARIOS = (
    "plain",
    "dns_nxdomain",
    "dns_nodata",
    "dns_servfail",
    "dns_refused",
    "dns_lame",
    "dns_malformed",
    "dns_no_answer",
    "dns_truncated_no_tcp",
    "dns_cname_loop",
    "dns_cname_chain",
    "mx_servfail",
    "mx_nxdomain",
    "mx_preference",
    "connection_refused",
)


@mutation(scenarios=_SCENARIOS, profiles=_ALL_PROFILES)
def asks_with_a_suffix_first() -> None:
    """Asks for each name with the suffix of its search list first, as with `options ndots:5`."""

    def make(original: Any) -> Any:
        async def ask(self: Any, name: str, rdtype: str) -> Any:
            try:
                return await original(self, f"{name}.{_SUFFIX}", rdtype)
            except LookupFailed:
                return await original(self, name, rdtype)

        return ask

    patch(Resolver, "_ask", make)


@mutation(scenarios=_SCENARIOS, profiles=_ALL_PROFILES)
def asks_with_a_suffix_after_a_failure() -> None:
    """Asks for a name with the suffix of its search list when it failed; what it is told last is what it says."""
    _ask_with_a_suffix_after_a_failure()


@mutation(
    scenarios=("dns_servfail", "dns_refused", "dns_no_answer", "mx_servfail"),
    profiles=("eop-observed",),
)
def bounces_what_no_suffix_makes_exist() -> None:
    """The same, and returns at once what does not exist: nothing of the kind is staged."""
    _ask_with_a_suffix_after_a_failure()

    def make(original: Any) -> Any:
        def deferral(stage: Any, cause: Any, detail: str, **where: Any) -> Failure:
            failure: Failure = original(stage, cause, detail, **where)
            if detail != LookupDetail.NONEXISTENT:
                return failure
            return replace(failure, code="550", status="5" + failure.status[1:])

        return deferral

    patch(errors, "deferral", make)


def _ask_with_a_suffix_after_a_failure() -> None:
    def make(original: Any) -> Any:
        async def ask(self: Any, name: str, rdtype: str) -> Any:
            try:
                return await original(self, name, rdtype)
            except LookupFailed as failed:
                try:
                    return await original(self, f"{name}.{_SUFFIX}", rdtype)
                except LookupFailed as last:
                    raise LookupFailed(failed.name, last.detail) from last

        return ask

    patch(Resolver, "_ask", make)
