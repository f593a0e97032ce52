"""The configuration that a sendmail of the lab is started with, as text for m4.

Stock behaviour is the point: what is set here is about times, routes, TLS, trust and places, or keeps the machine's
load from holding mail back. Names are those of sendmail's `cf/README`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from conformance.target import Connector, RelayConfig, TargetError, TlsPolicy
from conformance.targets.kit import whole_seconds

RUNNERS = 40
"""Queue runners that share the messages that are due in one run (the default is 1)."""

_BACKLOG = 511  # connections that wait to be taken; the default is 10

# Not DATABLOCK, which is about content that sendmail takes: whoever hands it over on a busy machine would hear 421.
_COMMAND_PHASES = (
    "INITIAL",
    "HELO",
    "MAIL",
    "RCPT",
    "DATAINIT",
    "DATAFINAL",
    "RSET",
    "QUIT",
    "MISC",
    "STARTTLS",
)

# ENCR: encryption of so many bits; VERIFY: and a certificate of a trusted authority; CN: that bears the host's name.
_TLS_RULES = {
    TlsPolicy.ENCRYPTION_ONLY: "ENCR:112",
    TlsPolicy.CERTIFICATE_VALIDATION: "VERIFY:112",
    TlsPolicy.DOMAIN_VALIDATION: "VERIFY:112+CN",
}


def configuration(
    config: RelayConfig, *, etc: Path, spool: Path, port: int, environment: Mapping[str, str]
) -> str:
    """Return the source of sendmail.cf.

    Args:
        config: What the suite asks for.
        etc: The folder with the maps of `maps` and the trust anchors.
        spool: The queue directory.
        port: Where to accept mail.
        environment: Variables for sendmail itself, which clears those that it finds.
    """
    command, connect = whole_seconds(config.command_timeout), whole_seconds(config.connect_timeout)
    settings = {
        "confDOMAIN_NAME": config.hostname,
        "QUEUE_DIR": str(spool),
        "confPID_FILE": f"{spool.parent}/sendmail.pid",
        "STATUS_FILE": f"{spool.parent}/sendmail.st",
        "ALIAS_FILE": "",
        "confCACERT": f"{etc}/trust_anchors.pem",
        "confCACERT_PATH": f"{etc}/certs",
        # Times.
        "confMIN_QUEUE_AGE": f"{whole_seconds(config.retry_interval)}s",
        "confTO_QUEUERETURN": f"{whole_seconds(config.queue_lifetime)}s",
        "confTO_CONNECT": f"{connect}s",
        "confTO_ICONNECT": f"{connect}s",
        **{f"confTO_{phase}": f"{command}s" for phase in _COMMAND_PHASES},
        "confTO_RESOLVER_RETRANS": f"{whole_seconds(config.dns_timeout)}s",
        "confTO_RESOLVER_RETRY": "1",
        "confTO_HOSTSTATUS": "0s",  # what one message met says nothing of the next one
        "confTO_IDENT": "0s",
        "confMCI_CACHE_SIZE": "0",  # no connection is kept for the next message
        # A busy machine holds nothing back.
        "confQUEUE_LA": "10000",
        "confREFUSE_LA": "10000",
        "confMAX_RUNNERS_PER_QUEUE": str(RUNNERS),
        "confDOUBLE_BOUNCE_ADDRESS": "",  # nobody here reads reports of reports
        "confDONT_PROBE_INTERFACES": "True",
        # By default sendmail breaks lines of more than 990 characters, which RFC 5321 section 4.5.3.1.6 lets have 998:
        # all mail of the suite would arrive altered.
        "SMTP_MAILER_LL": "998",
    }
    defines = "\n".join(f"define(`{name}',`{value}')dnl" for name, value in settings.items())
    variables = "\n".join(f"E{name}={value}" for name, value in environment.items())
    return f"""\
OSTYPE(`linux')dnl
{defines}
FEATURE(`mailertable',`hash {etc}/mailertable')dnl
FEATURE(`access_db',`hash -T<TMPF> {etc}/access')dnl
FEATURE(`promiscuous_relay')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`nocanonify')dnl
FEATURE(`no_default_msa')dnl
FEATURE(`check_cert_altnames')dnl
DAEMON_OPTIONS(`Name=MTA,Addr={config.listen.host},Port={port},Listen={_BACKLOG}')dnl
MAILER(`smtp')dnl
LOCAL_CONFIG
{variables}
"""


def maps(connectors: Iterable[Connector]) -> dict[str, str]:
    """Return the sources of the maps `mailertable` and `access`.

    Raises:
        TargetError: Two connectors ask different things of one host; there is one rule for each.
    """
    routes = ""
    rules: dict[str, str] = {}
    for connector in connectors:
        hosts = [host.strip("[]").rstrip(".") for host in connector.smart_hosts]
        if hosts:
            routes += f"{connector.domain.removeprefix('*')}\tesmtp:{':'.join(map(_next_hop, hosts))}\n"
        if rule := _TLS_RULES.get(connector.tls):
            # A host's rule is asked before MAIL, the domain's before RCPT. Where MX records name the hosts, only the
            # domain is known; and a host whose address was not found at once is one in brackets from then on.
            keys = [f"TLS_Srv:{name}" for host in hosts for name in (host, f"[{host}]")]
            for key in (*keys, f"TLS_Rcpt:{connector.domain}"):
                if rules.setdefault(key, rule) != rule:
                    raise TargetError(
                        f"sendmail has one TLS rule for each host, but {key} was given two",
                        hint="Give each connector smart hosts of its own.",
                    )
    return {"mailertable": routes, "access": "".join(f"{key}\t{rule}\n" for key, rule in rules.items())}


def _next_hop(host: str) -> str:
    """Return a host as the mailertable has it: in brackets, which say that no MX record is asked for."""
    return f"[IPv6:{host}]" if ":" in host else f"[{host}]"
