"""The TLS ladder: each milder rule of a connector with each certificate (New-OutboundConnector, TlsSettings).

Opportunistic TLS and encryption only take any certificate; certificate validation asks for a chain to a trust
anchor, in date, and for no name. The strictest rule is the section 4.7.320 (`certificate`).
"""

from conformance.failure_mode import FailureMode, Host, Kind
from conformance.failure_modes.presented import CERTIFICATES, Presented
from conformance.target import TlsPolicy
from conformance.witness import certificate_presented

_RULES = {
    TlsPolicy.OPPORTUNISTIC: "The connector asks for no TLS",
    TlsPolicy.ENCRYPTION_ONLY: "The connector requires TLS with any certificate",
    TlsPolicy.CERTIFICATE_VALIDATION: "The connector requires a certificate of a trusted authority, for any name",
}


def _mode(policy: TlsPolicy, row: Presented) -> FailureMode:
    passes = row.chained or policy is not TlsPolicy.CERTIFICATE_VALIDATION
    good = row.chained and row.named
    return FailureMode(
        name=f"{row.certificate}_under_{policy}",
        section=("tls" if good else f"tls-{policy}") if passes else "4.7.320",
        staged=f"{_RULES[policy]}; the server offers STARTTLS and presents {row.what}.",
        kind=Kind.HARMLESS if passes else Kind.TRANSIENT,
        hosts=(Host(certificate=row.certificate),),
        tls=policy,
        witness=certificate_presented,
        explained_by=row.explained_by,
        control="plain" if policy is TlsPolicy.OPPORTUNISTIC else "verified_tls",
    )


MODES = tuple(_mode(policy, row) for policy in _RULES for row in CERTIFICATES)
