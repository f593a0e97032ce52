"""What a wave asks of its relays, and what it writes at the top and at the end of its record."""

from __future__ import annotations

import platform
import resource
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from conformance import __version__
from conformance.evidence.record import Footer, Header, Staged
from conformance.lab.addresses import Lab
from conformance.target import AcceptedDomain, Address, Connector, RelayConfig, Target
from conformance.wave.envelope import SENDER_DOMAIN
from conformance.wave.plan import ALERT_AGE, ALERT_MESSAGES, Plan

RELAY_NAME = "relay.test"


def relay_config(
    plan: Plan,
    lab: Lab,
    resolver: Address,
    anchors: Path,
    folder: str,
    connectors: Sequence[Connector],
    accepted: Sequence[AcceptedDomain] = (),
    host: str = "",
) -> RelayConfig:
    """Return the configuration to ask one relay for, at an address of its own if need be; makes its work directory."""
    directory = Path(plan.work_directory) / folder
    directory.mkdir(parents=True)
    asked = plan.asked
    config = RelayConfig(
        work_directory=directory,
        hostname=RELAY_NAME,
        listen=Address(host or lab.relay_host, 0),
        resolver=resolver,
        next_hop_port=lab.smtp_port,
        connectors=tuple(connectors),
        trust_anchors=anchors,
        retry_interval=asked.retry_interval,
        max_retry_interval=asked.max_retry_interval,
        queue_lifetime=asked.queue_lifetime,
        connect_timeout=asked.connect_timeout or 0.0,
        command_timeout=asked.command_timeout or 0.0,
        dns_timeout=asked.dns_timeout or 0.0,
        accepted_domains=tuple(accepted),
    )
    messages, age = alert_threshold(plan)
    if messages:
        config = replace(config, alert_messages=messages, alert_age=age)
    return config


def alert_threshold(plan: Plan) -> tuple[int, float]:
    """Return how many messages must have waited, and for how long, before an alert; none where none is asked for."""
    if not plan.asks_for_alerts:
        return 0, 0.0
    return ALERT_MESSAGES, ALERT_AGE * plan.stretch


def network(lab: Lab, resolver: Address) -> dict[str, str]:
    """Return the addresses that the fakes of a wave use, by what is there."""
    return {
        "resolver": f"{resolver.host}:{resolver.port}",
        "sink": f"{lab.sink_host}:{lab.smtp_port}",
        "sender domain": SENDER_DOMAIN,
    }


def header(plan: Plan, target: Target, network: Mapping[str, str]) -> Header:
    """Return the conditions of a wave, with the addresses of its network as far as it has come to have any."""
    adapter = type(target)
    messages, age = alert_threshold(plan)
    return Header(
        suite=__version__,
        target=target.name,
        target_module=f"{adapter.__module__}:{adapter.__qualname__}",
        capabilities=sorted(target.capabilities),
        lab=plan.lab,
        asked=plan.asked,
        platform=f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        slack=plan.slack,
        timing=plan.timing,
        network=dict(network),
        alert_messages=messages,
        alert_age=age,
        alone=plan.alone,
        scenarios=plan.scenarios,
    )


def footer(staged: Iterable[Staged], lines: int, seconds: float, pressure: float) -> Footer:
    """Return the end of the record."""
    windows = [s.closed - s.submitted for s in staged if s.closed is not None and s.submitted is not None]
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return Footer(
        lines=lines,
        seconds=seconds,
        longest_window=max(windows, default=0.0),
        cpu_seconds=sum(u.ru_utime + u.ru_stime for u in usage),
        relays_cpu_seconds=usage[1].ru_utime + usage[1].ru_stime,
        pressure=pressure,
        peak_memory=sum(u.ru_maxrss for u in usage) * 1024,  # getrusage(2): in kilobytes
    )
