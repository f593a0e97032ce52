"""A connector with several smart hosts: what is wrong with one keeps no mail from the next (RFC 5321 section 5.1).

The source document speaks of smart hosts in the plural and is silent on their order.
"""

from conformance.catalogue.connector import TlsRule
from conformance.catalogue.destination import DnsName, EachAttempt, Host, ServerTls, Tcp, Timeout
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import Kind
from conformance.catalogue.section import Section
from conformance.target import TlsPolicy
from conformance.witness.attempts import Witness
from conformance.witness.connections import fault_played, stalled, syn_dropped, syn_refused, unreachable
from conformance.witness.dns import query_failed, query_unanswered
from conformance.witness.tls import certificate_offered, starttls_missing
from fake_servers import (
    Action,
    Certificate,
    Close,
    NxDomain,
    Reply,
    Rule,
    ServFail,
    Silence,
    Stage,
    Stall,
)

_UNMET = "the order of smart hosts is not prescribed, and the relay began with the healthy one"


def _does(stage: Stage, action: Action) -> Host:
    return Host(rules=(Rule(stage=stage, action=action),))


def _first(
    name: str,
    what: str,
    first: Host,
    witness: Witness,
    *,
    section: Section = Section.HOSTS,
    timeout: Timeout | None = None,
    tls: TlsRule | None = None,
) -> FailureMode:
    """Return a failure mode in which something is wrong with the first of two smart hosts."""
    return FailureMode(
        name=f"first_host_{name}",
        section=section,
        staged=f"The first of two smart hosts {what}; the second is healthy.",
        kind=Kind.HARMLESS,
        hosts=(first, Host(tls=ServerTls() if tls else None)),
        tls=tls or TlsRule(),
        witness=witness,
        avoidable_because=_UNMET,
        attempt=EachAttempt(timeout=timeout),
    )


_UNAVAILABLE = "4.3.2 Service not available"
_LATER = "4.3.0 Try again later"

MODES = (
    _first("refused", "refuses the connection", Host(tcp=Tcp.REFUSE), syn_refused),
    _first(
        "hangs",
        "never answers a connection attempt (SYN)",
        Host(tcp=Tcp.HANG),
        syn_dropped,
        timeout=Timeout.CONNECT,
    ),
    _first("unreachable", "cannot be reached", Host(tcp=Tcp.UNREACHABLE), unreachable),
    _first(
        "silent",
        "accepts the connection and never says a word",
        _does(Stage.GREETING, Stall()),
        stalled,
        timeout=Timeout.COMMAND,
    ),
    _first(
        "closes", "closes the connection without a greeting", _does(Stage.GREETING, Close()), fault_played
    ),
    _first(
        "greets_421",
        f'greets with "421 {_UNAVAILABLE}"',
        _does(Stage.GREETING, Reply(421, _UNAVAILABLE)),
        fault_played,
    ),
    _first(
        "greets_554",
        'greets with "554 5.3.2 No SMTP service here"',
        _does(Stage.GREETING, Reply(554, "5.3.2 No SMTP service here")),
        fault_played,
    ),
    _first(
        "nxdomain",
        "has a name that does not exist (NXDOMAIN)",
        Host(dns=DnsName(answer=NxDomain())),
        query_failed,
    ),
    _first(
        "servfail",
        "has a name for which the look-up fails (SERVFAIL)",
        Host(dns=DnsName(answer=ServFail())),
        query_failed,
    ),
    _first(
        "dns_silent",
        "has a name for which the name server never answers",
        Host(dns=DnsName(answer=Silence())),
        query_unanswered,
        timeout=Timeout.DNS,
    ),
    _first(
        "bad_certificate",
        "presents an expired certificate where the connector insists on a valid one",
        Host(tls=ServerTls(certificate=Certificate.EXPIRED)),
        certificate_offered,
        tls=TlsRule(policy=TlsPolicy.CERTIFICATE_VALIDATION),
    ),
    _first(
        "wrong_name",
        "presents a valid certificate for another name where the connector insists on one below the recipient domain",
        Host(tls=ServerTls(certificate=Certificate.WRONG_NAME)),
        certificate_offered,
        tls=TlsRule(policy=TlsPolicy.DOMAIN_VALIDATION, name="*.{domain}"),
    ),
    _first(
        "no_starttls",
        "does not offer STARTTLS where the connector requires TLS",
        Host(),
        starttls_missing,
        tls=TlsRule(policy=TlsPolicy.ENCRYPTION_ONLY),
    ),
    _first(
        "defers_mail",
        f'answers MAIL with "451 {_LATER}"',
        _does(Stage.MAIL, Reply(451, _LATER)),
        fault_played,
        section=Section.HOSTS_4YZ,
    ),
    _first(
        "defers_rcpt",
        f'answers RCPT with "451 {_LATER}"',
        _does(Stage.RCPT, Reply(451, _LATER)),
        fault_played,
        section=Section.HOSTS_4YZ,
    ),
)
