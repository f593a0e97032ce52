"""Times that are read, rounded and granted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from conformance.target import Address, Capability, RelayConfig
from conformance.targets.kit import granted, listening, possible, seconds_of, whole_seconds


@pytest.mark.parametrize(
    "stamp", ["2026-01-02 03:04:05", "2026-01-02T03:04:05Z", "2026-01-02T04:04:05+01:00", "1767323045"]
)
def test_a_time_is_read_in_utc(stamp: str) -> None:
    assert seconds_of(stamp) == 1767323045


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(days=6), timedelta(days=-40)])
def test_a_time_without_a_year_is_the_nearest(ahead: timedelta) -> None:
    moment = (datetime.now(UTC) + ahead).replace(microsecond=0)
    assert seconds_of(moment.strftime("%b %e %H:%M:%S")) == moment.timestamp()


def test_the_29th_of_february_is_a_date() -> None:
    assert datetime.fromtimestamp(seconds_of("Feb 29 03:04:05"), UTC).strftime("%m-%d") == "02-29"


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="yesterday"):
        seconds_of("yesterday")


def _config(tmp_path: Path) -> RelayConfig:
    return RelayConfig(
        work_directory=tmp_path,
        hostname="relay.test",
        listen=Address("10.77.0.25", 0),
        resolver=Address("10.77.0.53", 53),
        next_hop_port=25,
        connectors=(),
        trust_anchors=tmp_path,
        retry_interval=0.5,
        max_retry_interval=1.2,
        queue_lifetime=900.0,
        connect_timeout=2.0,
        command_timeout=2.0,
        dns_timeout=2.0,
    )


def test_what_is_granted_is_what_was_asked_for_but_for_what_is_said(tmp_path: Path) -> None:
    as_asked = granted(_config(tmp_path), granularity=1.5, queue_lifetime=432000.0)
    assert (as_asked.retry_interval, as_asked.max_retry_interval) == (0.5, 1.2)
    assert (as_asked.queue_lifetime, as_asked.granularity, as_asked.dns_timeout) == (432000.0, 1.5, 2.0)
    whole = granted(_config(tmp_path), granularity=1.5, whole=True, content_timeout=300.0)
    assert (whole.retry_interval, whole.max_retry_interval, whole.content_timeout) == (1, 2, 300.0)
    assert [whole_seconds(value) for value in (0.01, 1.0, 1.01)] == [1, 1, 2]


def test_no_two_instances_listen_at_one_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.targets.kit.lab._PORTS", iter([25, 2525, 2526]))
    config = _config(tmp_path)
    assert [listening(config).port for _ in range(3)] == [25, 2525, 2526]
    assert listening(replace(config, listen=Address("10.77.0.25", 587))) == ("10.77.0.25", 587)
    on_loopback = replace(config, listen=Address("127.0.0.1", 0), next_hop_port=2525)
    assert listening(on_loopback).port not in (0, 25)


def test_what_the_machine_lacks_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = (Capability.MX, Capability.CLOCK, Capability.IPV6)
    monkeypatch.setattr("conformance.targets.faketime.available", lambda: True)
    monkeypatch.setattr("conformance.lab.namespace.has_ipv6", lambda: True)
    assert possible(*asked) == frozenset(asked)
    monkeypatch.setattr("conformance.targets.faketime.available", lambda: False)
    monkeypatch.setattr("conformance.lab.namespace.has_ipv6", lambda: False)
    assert possible(*asked) == {Capability.MX}
