"""The server that refused, as a report names it to programs: another one, in another form, without a type."""

from __future__ import annotations

from mutants.mutant import fails, mutation
from mutants.reporting import field_changed

_LITERAL = ("refused_plus", "refused_at_literal")


@mutation(scenarios=("refused_plus",), caught=(fails("report_says", "report/remote-mta"),))
def names_itself_as_the_remote_server() -> None:
    """Names itself as the server that refused."""
    field_changed(rb"Remote-MTA: dns; \S+", b"Remote-MTA: dns; relay.conformance.test")


@mutation(
    scenarios=_LITERAL,
    caught=(fails("report_says", "report/remote-mta", "refused_plus"),),
)
def remote_names_in_brackets() -> None:
    """Writes the name of the server that refused as though it were an address."""
    field_changed(rb"Remote-MTA: dns; ([a-z]\S+)", rb"Remote-MTA: dns; [\1]")


@mutation(
    scenarios=_LITERAL,
    caught=(fails("report_says", "report/remote-mta", "refused_at_literal"),),
)
def remote_addresses_of_another_kind() -> None:
    """Writes the IPv4 address of the server that refused as though it were one of IPv6."""
    field_changed(rb"Remote-MTA: dns; \[(\d)", rb"Remote-MTA: dns; [IPv6:\1")


@mutation(scenarios=_LITERAL, profiles=("rfc",))
def remote_addresses_without_brackets() -> None:
    """Writes the address of the server that refused without brackets."""
    field_changed(rb"Remote-MTA: dns; \[([\d.]+)\]", rb"Remote-MTA: dns; \1")


@mutation(scenarios=("refused_plus",), caught=(fails("report_says", "ndr/types"),))
def remote_servers_without_a_type() -> None:
    """Names the server that refused without the type of its name."""
    field_changed(rb"Remote-MTA: dns; ", b"Remote-MTA: ")
