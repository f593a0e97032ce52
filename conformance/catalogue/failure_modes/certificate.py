"""Error code: 450 4.7.320 Certificate validation failed.

The connector insists on a certificate that is valid for a name, and the server presents another: the column
DOMAIN_VALIDATION of the TLS ladder. Its good certificate is the control `verified_tls`.
"""

from conformance.catalogue.connector import SmartHosts, TlsRule
from conformance.catalogue.destination import Host, ServerTls
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.failure_modes.presented import CERTIFICATES, Presented
from conformance.catalogue.message import Kind
from conformance.catalogue.section import Section
from conformance.target import TlsPolicy
from conformance.witness.tls import certificate_offered, presented
from fake_servers import Certificate

# The others fail for the same reasons as these.
_LASTING = (
    Certificate.EXPIRED,
    Certificate.NOT_YET_VALID,
    Certificate.WRONG_NAME,
    Certificate.SELF_SIGNED,
    Certificate.UNKNOWN_CA,
)
_MISMATCH = ("mismatch", "subject", "name", "hostname", "notverified", "match")


def _mode(row: Presented) -> FailureMode:
    passes = row.passes(TlsPolicy.DOMAIN_VALIDATION)
    return FailureMode(
        name=f"certificate_{row.certificate}",
        section=Section.TLS_WILDCARD if passes else Section.CERTIFICATE,
        staged=f"The connector requires a certificate valid for the smart host; the server presents {row.what}.",
        kind=Kind.HARMLESS if passes else Kind.TRANSIENT,
        hosts=(Host(tls=ServerTls(certificate=row.certificate)),),
        tls=TlsRule(policy=TlsPolicy.DOMAIN_VALIDATION),
        witness=certificate_offered,
        explained_by=() if passes else row.explained_by,
        brief=not passes and row.certificate not in _LASTING,
    )


# What the name of the connector makes of a certificate (New-OutboundConnector, TlsDomain; RFC 9525 section 6).
_NAMES = (
    FailureMode(
        name="certificate_tls_domain_wildcard",
        section=Section.TLS_DOMAIN,
        staged="The connector requires a certificate for any name below the recipient domain (`*.domain`); the server "
        "presents one.",
        kind=Kind.CONTROL,
        hosts=(Host(tls=ServerTls()),),
        tls=TlsRule(policy=TlsPolicy.DOMAIN_VALIDATION, name="*.{domain}"),
        witness=presented(Certificate.GOOD),
    ),
    FailureMode(
        name="certificate_of_host_not_tls_domain",
        section=Section.CERTIFICATE,
        staged="The connector requires a certificate for another name than the smart host's; the server presents one "
        "for its own.",
        hosts=(Host(tls=ServerTls()),),
        tls=TlsRule(policy=TlsPolicy.DOMAIN_VALIDATION, name="gateway.{domain}", proper=Certificate.WILDCARD),
        witness=presented(Certificate.GOOD),
        explained_by=_MISMATCH,
        brief=True,
    ),
    FailureMode(
        name="certificate_for_ip_literal",
        section=Section.TLS_IP,
        staged="The smart host is an IP address, for which the connector requires a certificate; the server presents "
        "one.",
        kind=Kind.CONTROL,
        hosts=(Host(tls=ServerTls(certificate=Certificate.IP_ADDRESS)),),
        routing=SmartHosts(literal=True),
        tls=TlsRule(policy=TlsPolicy.DOMAIN_VALIDATION),
        witness=presented(Certificate.IP_ADDRESS),
    ),
    FailureMode(
        name="certificate_of_host_for_ip_literal",
        section=Section.CERTIFICATE,
        staged="The smart host is an IP address, for which the connector requires a certificate; the server presents "
        "one for its host name.",
        hosts=(Host(tls=ServerTls()),),
        routing=SmartHosts(literal=True),
        tls=TlsRule(policy=TlsPolicy.DOMAIN_VALIDATION, proper=Certificate.IP_ADDRESS),
        witness=presented(Certificate.GOOD),
        explained_by=_MISMATCH,
        brief=True,
    ),
)

MODES = (*(_mode(row) for row in CERTIFICATES if row.certificate is not Certificate.GOOD), *_NAMES)
