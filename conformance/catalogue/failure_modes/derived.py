"""Controls that nobody declared: for each failure mode there is one with its circumstances, and nothing wrong.

Most failure modes share a declared one: `plain`, `verified_tls`, `plain_mx`, the good rows of the TLS ladder. For the
others a control is made here, one for all that have the same circumstances.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conformance.catalogue.circumstances import Circumstances, circumstances_of, in_words, is_plain_control
from conformance.catalogue.connector import MxRouting, TlsRule
from conformance.catalogue.destination import addresses_of, with_names
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.failure_modes.presented import CERTIFICATES
from conformance.catalogue.message import Elsewhere, Kind, Message
from conformance.catalogue.section import Section
from conformance.target import TlsPolicy
from conformance.witness.connections import delivered
from fake_servers import Certificate

_PRESENTED = {row.certificate: row.what for row in CERTIFICATES}

_RULES = {
    TlsPolicy.OPPORTUNISTIC: "asks for no TLS",
    TlsPolicy.ENCRYPTION_ONLY: "requires TLS with any certificate",
    TlsPolicy.CERTIFICATE_VALIDATION: "requires a certificate of a trusted authority, for any name",
    TlsPolicy.DOMAIN_VALIDATION: "requires a certificate that is valid for a name",
}

# Where a control belongs whose certificate not every relay can match: what is asked there is a SHOULD.
_SECTIONS = {
    Certificate.WILDCARD: Section.TLS_WILDCARD,
    Certificate.IP_ADDRESS: Section.TLS_IP,
}


def controls_for(modes: Sequence[FailureMode]) -> dict[Circumstances, FailureMode]:
    """Return a control for the circumstances of each failure mode: the first one declared, or else one made here."""
    found: dict[Circumstances, FailureMode] = {}
    for mode in modes:
        if is_plain_control(mode):
            found.setdefault(circumstances_of(mode), mode)
    for mode in modes:
        circumstances = circumstances_of(mode)
        if circumstances not in found:
            found[circumstances] = _control(circumstances)
    return found


def _control(circumstances: Circumstances) -> FailureMode:
    tls = circumstances.hosts[0].tls
    together = circumstances.recipients - circumstances.domains + 1
    return FailureMode(
        name=circumstances.name,
        section=_section(circumstances),
        staged=" ".join(_sentences(circumstances)),
        kind=Kind.CONTROL,
        hosts=circumstances.hosts,
        routing=circumstances.routing,
        tls=circumstances.tls if tls else TlsRule(),
        message=Message(
            also_to=tuple(f"recipient-{number}" for number in range(2, together + 1)),
            elsewhere=tuple(
                Elsewhere(local=f"r{number}") for number in range(together + 1, circumstances.recipients + 1)
            ),
        ),
        witness=delivered,
    )


def _section(circumstances: Circumstances) -> Section:
    tls = circumstances.hosts[0].tls
    if tls is None or circumstances.tls.policy is not TlsPolicy.DOMAIN_VALIDATION:
        return Section.CONTROL
    if tls.certificate is Certificate.GOOD and circumstances.tls.name != TlsRule.name:
        return Section.TLS_DOMAIN
    return _SECTIONS.get(tls.certificate, Section.CONTROL)


def _sentences(circumstances: Circumstances) -> Iterator[str]:
    named = with_names(circumstances.hosts)
    number, routing = len(named), circumstances.routing
    several = number > 1
    who = f"{in_words(number).capitalize()} healthy servers" if several else "A healthy server"
    match routing:
        case MxRouting(preferences=()):
            way = ", found by the address of the recipient domain (implicit MX)"
        case MxRouting():
            way = f", found by the MX record{'s' * several} of the recipient domain"
        case _:
            way = f", given by {'their addresses' if several else 'its address'}" if routing.literal else ""
    ipv6 = [host.dns.ipv6 for host in circumstances.hosts]
    family = " by IPv6 alone" if all(ipv6) else " by IPv6 in part" if any(ipv6) else ""
    counts = [in_words(len(addresses_of(circumstances.hosts, each))) for each in named]
    further = f", with {' and '.join(counts)} addresses" if len(named) < len(circumstances.hosts) else ""
    yield f"{who}{way}{', reached' * bool(family)}{family}{further}."
    tls = circumstances.hosts[0].tls
    if tls is not None:
        each = "each presents" if several else "the server presents"
        yield f"The connector {_RULES[circumstances.tls.policy]}; {each} {_PRESENTED[tls.certificate]}."
    if circumstances.recipients > 1:
        apart = f" in {in_words(circumstances.domains)} domains" if circumstances.domains > 1 else ""
        yield f"The message has {in_words(circumstances.recipients)} recipients{apart}."
