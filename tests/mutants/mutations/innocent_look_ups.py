"""Questions to a name server in another way than most ask them."""

from __future__ import annotations

from typing import Any

from conformance.reference.resolver import Resolver
from mutants.mutant import hence, mutation
from mutants.patching import patch

_TRUNCATED = ("dns_truncated", "mx_truncated")


@mutation(
    scenarios=("plain_mx", "dns_servfail", "dns_truncated_no_tcp", *_TRUNCATED),
    also=tuple(
        expected
        for profile in ("eop", "rfc")
        for expected in hence(
            "by TCP it gets all of the answer",
            "delivers_anyway",
            verdict="not_applicable",
            modes=_TRUNCATED,
            profile=profile,
        )
    ),
    profiles=("rfc",),
)
def asks_by_tcp_alone() -> None:
    """Asks its name server by TCP alone (RFC 7766 section 5), with EDNS and the wish for signatures."""

    def make(_: Any) -> Any:
        async def exchange(self: Any, name: Any, rdtype: Any) -> Any:
            import dns.asyncquery
            import dns.message

            query = dns.message.make_query(name, rdtype, use_edns=0, payload=1232, want_dnssec=True)
            return await dns.asyncquery.tcp(
                query, self._server.host, timeout=self._timeout, port=self._server.port
            )

        return exchange

    patch(Resolver, "_exchange", make)
