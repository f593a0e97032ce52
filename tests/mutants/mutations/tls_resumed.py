"""TLS sessions that are kept and offered again: to whom they belong, or to whoever comes next."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from functools import cache
from typing import Any

from conformance.reference import delivery
from mutants.mutant import fails, mutation
from mutants.patching import patch

_MODES = (
    "session_of_another_host_under_certificate_validation",
    "session_of_another_host_under_domain_validation",
)


class _Keeping(ssl.SSLContext):
    """A client's context that offers the session of an earlier connection, by what it is kept under."""

    whose: Callable[[str], str]
    kept: dict[str, ssl.SSLObject]

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        key = self.whose(str(server_hostname))
        before = self.kept.get(key)
        session = _session_of(before) if before is not None else None
        tls = super().wrap_bio(incoming, outgoing, server_side, server_hostname, session)
        self.kept[key] = tls
        return tls


def _session_of(tls: ssl.SSLObject) -> ssl.SSLSession | None:
    try:
        return tls.session
    except ValueError:  # its handshake is not through
        return None


def _keeps_sessions(whose: Callable[[str], str]) -> None:
    """Keep one context for each rule, and in it the last session of each name that `whose` makes of a host's."""

    def make(original: Any) -> Any:
        @cache
        def client_context(policy: Any, anchors: str) -> ssl.SSLContext:
            plain: ssl.SSLContext = original(policy, anchors)
            context = _Keeping(ssl.PROTOCOL_TLS_CLIENT)
            context.whose, context.kept = whose, {}
            context.minimum_version = plain.minimum_version
            context.check_hostname = False
            context.verify_mode = plain.verify_mode
            if policy.verifies:
                context.load_verify_locations(cadata=anchors)
            return context

        return client_context

    patch(delivery, "client_context", make)


@mutation(
    scenarios=(*_MODES, "first_host_bad_certificate", "first_host_wrong_name"),
    caught=(
        fails("fit_host", "tls/fit-host", *_MODES),
        fails("fit_host", "tls/fit-host", *_MODES, profile="rfc"),
    ),
)
def offers_a_session_to_the_next_host() -> None:
    """Keeps the last TLS session of each destination, and offers it to whichever of its hosts comes next."""
    _keeps_sessions(lambda host: host.partition(".")[2])


@mutation(scenarios=(*_MODES, "greylisting", "certificate_expired"), profiles=("rfc",))
def resumes_sessions_with_the_same_host() -> None:
    """Keeps the last TLS session of each host, and offers it to that host alone (RFC 8446 section 4.6.1)."""
    _keeps_sessions(lambda host: host)
