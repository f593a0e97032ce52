"""The TLS ladder: each milder rule of a connector with each certificate (New-OutboundConnector, TlsSettings).

Opportunistic TLS and encryption only take any certificate; certificate validation asks for a chain to a trust
anchor, in date, and for no name. The strictest rule is the section 4.7.320 (`certificate`).
"""

from conformance.catalogue.failure_mode import FailureMode, Host, Kind
from conformance.catalogue.failure_modes.presented import CERTIFICATES, Presented
from conformance.catalogue.section import Section
from conformance.target import TlsPolicy
from conformance.witness.tls import presented
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
    return FailureMode(
        name=f"{row.certificate}_under_{policy}",
        section=_section(policy, row),
        staged=f"{_RULES[policy]}; the server offers STARTTLS and presents {row.what}.",
        kind=_kind(policy, row),
        brief=not _passes(policy, row),
        hosts=(Host(certificate=row.certificate),),
        tls=policy,
        witness=presented(row.certificate),
        explained_by=row.explained_by,
        control="plain" if policy is TlsPolicy.OPPORTUNISTIC else "verified_tls",
    )


def _passes(policy: TlsPolicy, row: Presented) -> bool:
    return row.chained or policy is not TlsPolicy.CERTIFICATE_VALIDATION


def _kind(policy: TlsPolicy, row: Presented) -> Kind:
    if row.certificate is Certificate.GOOD:  # nothing is wrong
        return Kind.CONTROL
    return Kind.HARMLESS if _passes(policy, row) else Kind.TRANSIENT


def _section(policy: TlsPolicy, row: Presented) -> Section:
    if row.certificate is Certificate.GOOD:
        return Section.CONTROL
    if not _passes(policy, row):
        return Section.CERTIFICATE
    return Section.TLS if row.chained and row.named else _SECTIONS[policy]


MODES = tuple(_mode(policy, row) for policy in _RULES for row in CERTIFICATES)
