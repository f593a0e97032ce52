"""The files that a Postfix of the lab is configured with, as text.

Stock behaviour is the point: a parameter is set here only if it is about times, routes, TLS, trust, places on
disk, or about not altering submitted mail. Parameters are those of postconf(5).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from conformance.target import Connector, RelayConfig, TargetError, TlsPolicy
from conformance.targets.kit import whole_seconds

QUEUE_RUN_DELAY = 1
"""Seconds between two looks at the deferred queue; Postfix counts in whole seconds."""

DELIVERY_AGENTS = 200
"""SMTP clients at once, so that time-outs of one destination cost another no time (default: 100)."""

_RESERVED = frozenset({".example", ".invalid", ".test"})  # RFC 2606, section 2

_COMMAND_PHASES = (
    "helo",  # the wait for the greeting too
    "starttls",
    "xforward",
    "mail",
    "rcpt",
    "data_init",
    "data_xfer",
    "data_done",
    "rset",
    "quit",
)

# service, type, private, unprivileged, wake-up time, process limit, command: as packaged, but without chroot
# jails and without what reaches other mail systems.
_SERVICES = f"""
pickup      unix        n  -  n  60     1  pickup
cleanup     unix        n  -  n  -      0  cleanup
qmgr        unix        n  -  n  300    1  qmgr
tlsmgr      unix        -  -  n  1000?  1  tlsmgr
rewrite     unix        -  -  n  -      -  trivial-rewrite
bounce      unix        -  -  n  -      0  bounce
defer       unix        -  -  n  -      0  bounce
trace       unix        -  -  n  -      0  bounce
verify      unix        -  -  n  -      1  verify
flush       unix        n  -  n  1000?  0  flush
proxymap    unix        -  -  n  -      -  proxymap
proxywrite  unix        -  -  n  -      1  proxymap
smtp        unix        -  -  n  -      {DELIVERY_AGENTS}  smtp
relay       unix        -  -  n  -      {DELIVERY_AGENTS}  smtp
showq       unix        n  -  n  -      -  showq
error       unix        -  -  n  -      -  error
retry       unix        -  -  n  -      -  error
discard     unix        -  -  n  -      -  discard
local       unix        -  n  n  -      -  local
virtual     unix        -  n  n  -      -  virtual
lmtp        unix        -  -  n  -      -  lmtp
anvil       unix        -  -  n  -      1  anvil
scache      unix        -  -  n  -      1  scache
postlog     unix-dgram  n  -  n  -      1  postlogd
"""


def _backoff(value: float) -> str:
    """Return a back-off time that keeps a message waiting for at least `value` seconds.

    Postfix counts from the beginning of the second in which the attempt ended.
    """
    return f"{whole_seconds(value) + 1}s"


def main_cf(
    config: RelayConfig,
    *,
    root: Path,
    log: Path,
    environment: Mapping[str, str],
    extra: Mapping[str, str],
) -> str:
    """Return main.cf.

    Args:
        config: What the suite asks for.
        root: The folder with `etc`, `queue` and `data`.
        log: The log file.
        environment: What the daemons find in their environment besides MAIL_CONFIG.
        extra: Further parameters, or other values.
    """
    etc = root / "etc"
    command_timeout = f"{whole_seconds(config.command_timeout)}s"
    parameters = {
        "compatibility_level": "3.6",
        "queue_directory": str(root / "queue"),
        "data_directory": str(root / "data"),
        "maillog_file": str(log),
        "maillog_file_prefixes": str(log.parent),
        "import_environment": " ".join(
            ["MAIL_CONFIG", *(f"{{{name} = {value}}}" for name, value in environment.items())]
        ),
        "myhostname": config.hostname,
        "inet_interfaces": config.listen.host,
        "mynetworks": f"127.0.0.0/8 [::1]/128 10.77.0.0/16 {config.listen.host}/32",
        # No mail is for this machine, and nobody here reads notices.
        "mydestination": "",
        "alias_maps": "",
        "alias_database": "",
        "local_recipient_maps": "",
        "notify_classes": "",
        # Mail passes unaltered and unhindered; looking up the client's name would ask the lab's resolver.
        "local_header_rewrite_clients": "",
        "smtpd_peername_lookup": "no",
        "in_flow_delay": "0",
        # Before Postfix 3.9 LF, a dot and LF end a message, and later too if it comes from its own networks.
        "smtpd_forbid_bare_newline": "normalize",
        "smtpd_forbid_bare_newline_exclusions": "",
        # Times.
        "queue_run_delay": f"{QUEUE_RUN_DELAY}s",
        "minimal_backoff_time": _backoff(config.retry_interval),
        "maximal_backoff_time": _backoff(config.max_retry_interval),
        "maximal_queue_lifetime": f"{whole_seconds(config.queue_lifetime)}s",
        "bounce_queue_lifetime": f"{whole_seconds(config.queue_lifetime)}s",
        "delay_warning_time": "0",
        "smtp_connect_timeout": f"{whole_seconds(config.connect_timeout)}s",
        # Routes, TLS and trust.
        "transport_maps": f"texthash:{etc}/transport",
        "smtp_tls_security_level": "may",
        "smtp_tls_policy_maps": f"texthash:{etc}/tls_policy",
        "smtp_tls_CAfile": f"{etc}/trust_anchors.pem",
        "smtp_tls_loglevel": "1",
    }
    for phase in _COMMAND_PHASES:
        parameters[f"smtp_{phase}_timeout"] = command_timeout
    if config.next_hop_port != 25:
        parameters["smtp_tcp_port"] = str(config.next_hop_port)
    parameters.update(extra)
    return "".join(f"{name} = {value}\n" for name, value in parameters.items())


def master_cf(port: int) -> str:
    """Return master.cf, with mail accepted on `port`."""
    return f"{port}  inet  n  -  n  -  -  smtpd{_SERVICES}"


def next_hops(connector: Connector, port: int) -> list[str]:
    """Return the next hops as Postfix names them: `[host]:port`, or the domain for MX look-ups."""
    return [f"[{host.strip('[]').rstrip('.')}]:{port}" for host in connector.smart_hosts] or [
        connector.domain
    ]


def transport(connectors: Iterable[Connector], port: int) -> str:
    """Return the transport map: one line for each connector with smart hosts; the others go by MX."""
    return "".join(
        # Postfix writes *.a.test as .a.test
        f"{connector.domain.removeprefix('*')} smtp:{', '.join(next_hops(connector, port))}\n"
        for connector in connectors
        if connector.smart_hosts
    )


def tls_policy(connectors: Iterable[Connector], port: int) -> str:
    """Return the TLS policy map: one line for each next hop.

    Raises:
        TargetError: Two connectors ask different things of one next hop; Postfix has one rule for each.
    """
    rules: dict[str, str] = {}
    for connector in connectors:
        for hop, name in zip(next_hops(connector, port), connector.smart_hosts or ("",), strict=True):
            rule = _tls_rule(connector, name)
            if rules.setdefault(hop, rule) != rule:
                raise TargetError(
                    f"Postfix has one TLS rule for each next hop, but {hop} was given two",
                    hint="Give each connector smart hosts of its own.",
                )
    return "".join(f"{hop} {rule}\n" for hop, rule in rules.items())


def _tls_rule(connector: Connector, smart_host: str) -> str:
    match connector.tls:
        case TlsPolicy.OPPORTUNISTIC:
            return "may"
        case TlsPolicy.ENCRYPTION_ONLY:
            return "encrypt"
        case TlsPolicy.CERTIFICATE_VALIDATION:
            # Postfix has no level that checks the chain but no name. Nearest: any name below these
            # top-level domains, which in the lab is every name.
            names = _top_level_domains([smart_host, connector.domain, connector.tls_domain])
            return f"verify match={':'.join(names)}"
        case TlsPolicy.DOMAIN_VALIDATION:
            name = connector.tls_domain or smart_host or connector.domain
            return f"secure match={name.removeprefix('*')}"  # Postfix writes *.a.test as .a.test


def _top_level_domains(names: Sequence[str]) -> list[str]:
    last_labels = {name.rstrip(".").rpartition(".")[2] for name in names}
    return sorted(_RESERVED | {f".{label}" for label in last_labels if label and not label.isdigit()})
