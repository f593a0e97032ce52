"""The configuration that an Exim of the lab is started with, as text.

Stock behaviour is the point: what is set here is about times, routes, TLS, trust and places, or keeps the machine's
load from holding mail back. Options are those of the Exim specification, chapters 14 (main), 20 (manualroute), 17
(dnslookup), 30 (smtp) and 32 (retry rules). How a router treats a smart host without an address is as Debian's
configuration has it (`conf.d/router/200_exim4-config_primary`); the default would freeze the message.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from conformance.target import Connector, RelayConfig, TlsPolicy
from conformance.targets.kit import whole_seconds

_QUEUES = 5000  # at most
QUEUE = "of-"
"""What the names of queues begin with. Each recipient domain has its own (but for a few that share one),
for a queue run goes from message to message and waits for each."""

_TRANSPORTS = {
    TlsPolicy.OPPORTUNISTIC: (),
    TlsPolicy.ENCRYPTION_ONLY: ("hosts_require_tls = *",),
    TlsPolicy.CERTIFICATE_VALIDATION: (
        "hosts_require_tls = *",
        "tls_verify_hosts = *",
        "tls_verify_cert_hostnames =",
    ),
    TlsPolicy.DOMAIN_VALIDATION: (
        "hosts_require_tls = *",
        "tls_verify_hosts = *",
        "tls_verify_cert_hostnames = *",
    ),
}


def configuration(
    config: RelayConfig,
    *,
    etc: Path,
    spool: Path,
    log: Path,
    port: int,
    ipv6: bool,
    environment: Iterable[str],
) -> str:
    """Return exim4.conf.

    Args:
        config: What the suite asks for.
        etc: The folder with the lists of `lists` and the trust anchors.
        spool: Exim's spool directory.
        log: The folder of its logs.
        port: Where to accept mail.
        ipv6: Whether next hops may be reached by IPv6.
        environment: Names of the variables that Exim passes on to the programs it starts, itself among them.
    """
    transports = "\n".join(
        _transport(policy, config, etc, extra, config.next_hop_port) for policy, extra in _TRANSPORTS.items()
    )
    transport = f"${{lookup{{$domain}}partial-lsearch{{{etc}/transports}}{{$value}}{{smtp_opportunistic}}}}"
    return f"""\
primary_hostname = {config.hostname}
spool_directory = {spool}
log_file_path = {log}/%slog
pid_file_path = {spool}/exim.pid
notifier_socket =
timezone = UTC
log_selector = +millisec
keep_environment = {" : ".join(sorted(environment))}
local_interfaces = {config.listen.host}
daemon_smtp_ports = {port}
disable_ipv6 = {"false" if ipv6 else "true"}
tls_advertise_hosts =
dsn_advertise_hosts = *
acl_smtp_rcpt = acl_rcpt
smtp_accept_max = 0
smtp_connect_backlog = 511
smtp_accept_queue_per_connection = 0
dns_retrans = {whole_seconds(config.dns_timeout)}s
dns_retry = 1
delay_warning = 4h:99d
ignore_bounce_errors_after = 0s

begin acl

acl_rcpt:
  accept queue = {QUEUE}${{nhash_{_QUEUES}:$domain}}

begin routers

smart_host:
  driver = manualroute
  domains = partial-lsearch;{etc}/routes
  route_data = ${{lookup{{$domain}}partial-lsearch{{{etc}/routes}}}}
  transport = {transport}
  host_find_failed = ignore
  same_domain_copy_routing = yes
  no_more

by_mx:
  driver = dnslookup
  transport = {transport}
  same_domain_copy_routing = yes
  no_more

begin transports

{transports}
begin retry

* * {_retry_rule(config)}
"""


def _transport(policy: TlsPolicy, config: RelayConfig, etc: Path, extra: Sequence[str], port: int) -> str:
    command = whole_seconds(config.command_timeout)
    lines = [
        f"smtp_{policy.value}:",
        "driver = smtp",
        f"port = {port}",
        f"connect_timeout = {whole_seconds(config.connect_timeout)}s",
        f"command_timeout = {command}s",
        f"data_timeout = {command}s",
        f"final_timeout = {command}s",
        f"tls_verify_certificates = {etc}/trust_anchors.pem",
        *extra,
    ]
    return "\n  ".join(lines) + "\n"


def _retry_rule(config: RelayConfig) -> str:
    """Return the retry rule: the first interval holds for two gaps, counted from the first failure."""
    first, last = whole_seconds(config.retry_interval), whole_seconds(config.max_retry_interval)
    lifetime = whole_seconds(config.queue_lifetime)
    if first == last:
        return f"F,{lifetime}s,{last}s"
    return f"F,{min(2 * first - 1, lifetime)}s,{first}s; F,{lifetime}s,{last}s"


def lists(connectors: Iterable[Connector]) -> dict[str, str]:
    """Return the files in which the configuration looks a recipient domain up: its smart hosts, its transport."""
    routes, transports = [], []
    for connector in connectors:
        transports.append(f"{connector.domain}: smtp_{connector.tls.value}\n")
        if connector.smart_hosts:
            hosts = " ; ".join(host.strip("[]") for host in connector.smart_hosts)
            # another separator than the colon, which is part of an IPv6 address
            routes.append(f'{connector.domain}: "<; {hosts}"\n')
    return {"routes": "".join(routes), "transports": "".join(transports)}
