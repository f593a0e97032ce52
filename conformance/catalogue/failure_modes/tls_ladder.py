"""The TLS ladder: each milder rule of a connector with each certificate (New-OutboundConnector, TlsSettings).

Opportunistic TLS and encryption only take any certificate; certificate validation asks for a chain to a trust
anchor, in date, and for no name. The strictest rule is the section 4.7.320 (`certificate`).
"""

from conformance.catalogue.connector import TlsRule
from conformance.catalogue.destination import Host, ServerTls
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.failure_modes.presented import CERTIFICATES, Presented
from conformance.catalogue.message import Kind
from conformance.catalogue.section import Section
from conformance.target import TlsPolicy
from conformance.witness.tls import presented, presented_or_left
from fake_servers import Certificate

_RULES = {
    TlsPolicy.OPPORTUNISTIC: "The connector asks for no TLS",
    TlsPolicy.ENCRYPTION_ONLY: "The connector requires TLS with any certificate",
    TlsPolicy.CERTIFICATE_VALIDATION: "The connector requires a certificate of a trusted authority, for any name",
}
_SECTIONS = {
    TlsPolicy.OPPORTUNISTIC: Section.TLS_OPPORTUNISTIC,
    TlsPolicy.ENCRYPTION_ONLY: Section.TLS_ENCRYPTION_ONLY,
    TlsPolicy.CERTIFICATE_VALIDATION: Section.TLS_CERTIFICATE_VALIDATION,
}


def _mode(policy: TlsPolicy, row: Presented) -> FailureMode:
    passes, kind = row.passes(policy), _kind(policy, row)
    return FailureMode(
        name=f"{row.certificate}_under_{policy}",
        section=_section(policy, row),
        staged=f"{_RULES[policy]}; the server offers STARTTLS and presents {row.what}.",
        kind=kind,
        hosts=(Host(tls=ServerTls(certificate=row.certificate)),),
        tls=TlsRule(policy=policy),
        witness=(presented_or_left if kind is Kind.HARMLESS else presented)(row.certificate),
        explained_by=() if passes else row.explained_by,
        brief=not passes,
    )


def _kind(policy: TlsPolicy, row: Presented) -> Kind:
    if row.certificate is Certificate.GOOD:  # nothing is wrong
        return Kind.CONTROL
    return Kind.HARMLESS if row.passes(policy) else Kind.TRANSIENT


def _section(policy: TlsPolicy, row: Presented) -> Section:
    if row.certificate is Certificate.GOOD:
        return Section.CONTROL
    if not row.passes(policy):
        return Section.CERTIFICATE
    return Section.TLS if row.chained and row.named else _SECTIONS[policy]


MODES = tuple(_mode(policy, row) for policy in _RULES for row in CERTIFICATES)
