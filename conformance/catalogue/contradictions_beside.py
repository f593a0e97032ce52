"""Which parts of a failure mode cannot go together with servers beside that of its destination."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from conformance.catalogue.destination import DnsName, Host
from conformance.catalogue.host_contradictions import of_host
from conformance.catalogue.message import Kind

if TYPE_CHECKING:
    from conformance.catalogue.failure_mode import FailureMode

# Kinds for which somebody says what becomes of each recipient.
_EACH_BY_ITSELF = (Kind.CONTROL, Kind.MIXED)


def of_servers_beside(mode: FailureMode) -> Iterator[str]:
    """Yield a sentence for each two parts that cannot go together, of further domains and of the way back."""
    apart, back = mode.message.elsewhere, mode.way_back
    if apart and mode.kind not in _EACH_BY_ITSELF:
        yield f"message.elsewhere with kind {mode.kind}, under which nobody tells recipients apart"
    if apart and mode.mx is not None and not mode.mx.stands_in:
        yield "message.elsewhere with MX routing: their servers are smart hosts"
    if apart and mode.message.backlog:
        yield "message.elsewhere with message.backlog, whose dead server has one of their addresses"
    if back is not None and mode.kind is not Kind.REPORTED:
        yield f"way_back with kind {mode.kind}, under which nobody looks at the way back"
    named = [(f"message.elsewhere {each.local}", each.host) for each in apart]
    named += [("way_back", back.host)] if back is not None else []
    for where, host in named:
        yield from (f"{where} has {sentence}" for sentence in of_host(host))
        if host != Host(rules=host.rules, extensions=host.extensions, dns=DnsName(answer=host.dns.answer)):
            yield f"{where} differs in more than rules, extensions and dns.answer, which is not staged there"
