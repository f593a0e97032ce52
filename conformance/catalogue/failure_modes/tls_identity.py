"""TLS identity: whom a certificate is for, by which chain it is trusted, and what else servers do in TLS.

The reference identity is the name that the connector gives, before any alias (RFC 9525 section 6.1): the smart host,
the mail exchanger, or the name of its own. What is staged once for each kind of certificate and each rule stands in
`tls_ladder.py`.
"""

from ssl import TLSVersion

from conformance.catalogue.connector import MxRouting, SmartHosts, TlsRule
from conformance.catalogue.destination import DnsName, Host, ServerTls
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.failure_modes.presented import IDENTITIES, NAME_WORDS, Presented
from conformance.catalogue.message import Kind
from conformance.catalogue.section import Section
from conformance.target import TlsPolicy
from conformance.witness.connections import fault_played
from conformance.witness.tls import presented, presented_or_failed
from fake_servers import Certificate, Close, Rule, Slow, Stage

_SECONDS = 1.0  # before the handshake: half of the time-outs that are asked for
_SLOW = (Rule(Stage.HANDSHAKE, Slow(_SECONDS)),)
_WHOSE = "The connector requires a certificate valid for the smart host"


def _mode(
    name: str,
    staged: str,
    certificate: Certificate,
    *,
    passes: bool,
    section: Section = Section.TLS_IDENTITY,
    dns: DnsName | None = None,
    routing: SmartHosts | MxRouting | None = None,
) -> FailureMode:
    return FailureMode(
        name=name,
        section=section if passes else Section.CERTIFICATE,
        staged=staged,
        kind=Kind.HARMLESS if passes else Kind.TRANSIENT,
        hosts=(Host(dns=dns or DnsName(), tls=ServerTls(certificate=certificate)),),
        routing=routing or SmartHosts(),
        tls=TlsRule(policy=TlsPolicy.DOMAIN_VALIDATION),
        witness=presented(certificate),
        explained_by=() if passes else NAME_WORDS,
        brief=not passes,
    )


def _presents(row: Presented) -> FailureMode:
    return _mode(
        f"certificate_{row.certificate}",
        f"{_WHOSE}; the server presents {row.what}.",
        row.certificate,
        passes=row.passes(TlsPolicy.DOMAIN_VALIDATION),
        section=Section.TLS_CHAIN if row.certificate is Certificate.CROSS_SIGNED else Section.TLS_IDENTITY,
    )


_NAMES = (
    _mode(
        "certificate_of_alias",
        f"{_WHOSE}, which is an alias; the server presents one for the alias.",
        Certificate.GOOD,
        passes=True,
        dns=DnsName(aliases=1),
    ),
    _mode(
        "certificate_of_alias_target",
        f"{_WHOSE}, which is an alias; the server presents one for the name that the alias leads to.",
        Certificate.CHILD_NAME,
        passes=False,
        dns=DnsName(aliases=1),
    ),
    _mode(
        "certificate_of_mixed_case_host",
        f"{_WHOSE}, which it writes with capitals; the server presents one in small letters.",
        Certificate.GOOD,
        passes=True,
        routing=SmartHosts(mixed_case=True),
    ),
    _mode(
        "certificate_of_domain_not_mx_host",
        "The connector requires a certificate for the mail exchanger, which is found by MX; the server presents one "
        "for the recipient domain.",
        Certificate.PARENT_NAME,
        passes=False,
        routing=MxRouting(),
    ),
)

_MX_HOST = FailureMode(
    name="certificate_of_mx_host",
    section=Section.TLS_MX,
    staged="The connector requires a certificate for the mail exchanger, found by MX; the server presents one.",
    kind=Kind.CONTROL,
    hosts=(Host(tls=ServerTls()),),
    routing=MxRouting(),
    tls=TlsRule(policy=TlsPolicy.DOMAIN_VALIDATION),
    witness=presented(Certificate.GOOD),
)

# What a server that is in order may do in TLS; a test says that every pair of these is staged.
VERSIONS = (TLSVersion.TLSv1_2, TLSVersion.TLSv1_3)
POLICIES = (TlsPolicy.OPPORTUNISTIC, TlsPolicy.ENCRYPTION_ONLY, TlsPolicy.DOMAIN_VALIDATION)
_RULES = {
    TlsPolicy.OPPORTUNISTIC: "The connector asks for no TLS",
    TlsPolicy.ENCRYPTION_ONLY: "The connector requires TLS with any certificate",
    TlsPolicy.DOMAIN_VALIDATION: _WHOSE,
}
PEERS = (
    # version, whether a certificate is asked of the client, whether the handshake is slow, rule of the connector
    (TLSVersion.TLSv1_2, True, False, TlsPolicy.OPPORTUNISTIC),
    (TLSVersion.TLSv1_3, False, True, TlsPolicy.OPPORTUNISTIC),
    (TLSVersion.TLSv1_2, False, True, TlsPolicy.ENCRYPTION_ONLY),
    (TLSVersion.TLSv1_3, True, False, TlsPolicy.ENCRYPTION_ONLY),
    (TLSVersion.TLSv1_2, False, False, TlsPolicy.DOMAIN_VALIDATION),
    (TLSVersion.TLSv1_3, True, True, TlsPolicy.DOMAIN_VALIDATION),
)


def _peer(version: TLSVersion, asks: bool, slow: bool, policy: TlsPolicy) -> FailureMode:
    number = version.name.removeprefix("TLSv1_")
    name = f"tls_1_{number}_only{'_asks' * asks}{'_slow' * slow}_under_{policy}"
    further = (", asks for a certificate of the client" * asks) + (
        f", takes {_SECONDS} s for the handshake" * slow
    )
    return FailureMode(
        name=name,
        section=Section.TLS_VERSIONS,
        staged=f"{_RULES[policy]}; the server speaks TLS 1.{number} only{further}, and presents a valid certificate.",
        kind=Kind.HARMLESS,
        hosts=(
            Host(
                tls=ServerTls(newest=version, oldest=version, asks_client=asks), rules=_SLOW if slow else ()
            ),
        ),
        tls=TlsRule(policy=policy),
        witness=presented_or_failed(Certificate.GOOD),
    )


_CLOSED = FailureMode(
    name="close_at_quit_under_tls",
    section=Section.QUIT,
    staged="The connector requires TLS; the server takes the message, and closes the connection at QUIT without a "
    "reply, and without a word in TLS.",
    kind=Kind.HARMLESS,
    hosts=(Host(tls=ServerTls(), rules=(Rule(Stage.QUIT, Close()),)),),
    tls=TlsRule(policy=TlsPolicy.ENCRYPTION_ONLY),
    witness=fault_played,
)

MODES = (*map(_presents, IDENTITIES), *_NAMES, _MX_HOST, *(_peer(*row) for row in PEERS), _CLOSED)
