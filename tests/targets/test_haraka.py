"""What Haraka is asked for: its lifetime is a number of failures, so intervals and lifetime must fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.target import Address, Connector, RelayConfig, TlsPolicy
from conformance.targets.haraka import _intervals, _repeated, _routes, _tls
from conformance.wave import plan as planning


def _config(first: float, later: float, lifetime: float, *connectors: Connector) -> RelayConfig:
    return RelayConfig(
        work_directory=Path("unused"),
        hostname="relay.test",
        listen=Address("10.77.0.25", 25),
        resolver=Address("10.77.0.53", 53),
        next_hop_port=25,
        connectors=connectors,
        trust_anchors=Path("unused"),
        retry_interval=first,
        max_retry_interval=later,
        queue_lifetime=lifetime,
        connect_timeout=2,
        command_timeout=2,
        dns_timeout=2,
    )


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ((2.0, 2.0, 900.0), "5s*180"),  # a steady clock
        ((0.125, 0.5, planning.COMPRESSED_DAY), "6s*2"),
        ((900.0, 3600.0, 86400.0), "972s*2,3672s*23"),
        ((2.0, 2.0, 3.0), "5s*1"),
        ((5.0, 5.0, 16.0), "5.334s*3"),
    ],
)
def test_intervals_add_up_to_the_lifetime(asked: tuple[float, float, float], text: str) -> None:
    intervals = _intervals(_config(*asked))
    assert _repeated(intervals) == text
    assert min(intervals) >= 5
    assert sum(intervals) >= asked[2]


def test_routes_and_rules() -> None:
    config = _config(
        2,
        2,
        900,
        Connector(domain="a.test", smart_hosts=("mx1.a.test",)),
        Connector(domain="b.test", smart_hosts=("mx1.b.test.", "fd77::1"), tls=TlsPolicy.DOMAIN_VALIDATION),
        Connector(domain="c.test", tls=TlsPolicy.CERTIFICATE_VALIDATION),
    )
    assert _routes(config).splitlines() == [
        "[domains]",
        'a.test = {"action": "continue", "nexthop": "mx1.a.test:25"}',
        'b.test = {"action": "continue", "nexthop": ["mx1.b.test:25", "[fd77::1]:25"]}',
    ]
    assert _tls(config).splitlines() == ["[outbound]", "force_tls_hosts[]=b.test", "force_tls_hosts[]=c.test"]
