"""The TLS ladder has every cell once, and what must follow is what each rule of a connector says."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, product

import pytest

from conformance.catalogue.connector import SmartHosts
from conformance.catalogue.destination import DnsName
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.failure_modes.presented import CERTIFICATES, IDENTITIES
from conformance.catalogue.failure_modes.tls_identity import PEERS, POLICIES, VERSIONS
from conformance.catalogue.message import Kind
from conformance.catalogue.section import Section
from conformance.suite import ASPECTS
from conformance.target import TlsPolicy
from conformance.wave.envelope import author_of, domain_of
from fake_servers import Certificate

# Certificates that do not pass, typed from the rules themselves; `common_name_only` is for the profiles to say.
REFUSED = {
    TlsPolicy.OPPORTUNISTIC: set(),
    TlsPolicy.ENCRYPTION_ONLY: set(),
    TlsPolicy.CERTIFICATE_VALIDATION: {
        "expired",
        "not_yet_valid",
        "self_signed",
        "unknown_ca",
        "missing_intermediate",
    },
    TlsPolicy.DOMAIN_VALIDATION: {
        "expired",
        "not_yet_valid",
        "self_signed",
        "unknown_ca",
        "missing_intermediate",
        "wrong_name",
        "parent_name",
        "wildcard_two_labels",
        "common_name_only",
        "ip_address",
    },
}

LADDER = {row.certificate for row in CERTIFICATES}


def _cells() -> list[FailureMode]:
    return [
        mode
        for mode in ALL.values()
        if mode.hosts
        and (tls := mode.hosts[0].tls)
        and not (mode.hosts[0].rules or tls.newest or tls.extensions == ())
        and not (mode.steps or mode.killed or len(mode.hosts) > 1)
        and mode.routing == SmartHosts()
        and mode.tls.name == "{host}"
        and mode.section not in (Section.OFFERS, Section.OFFERS_MANY)
        and mode.message.special is None
        and mode.message.batch is None
        and mode.hosts[0].dns == DnsName()
        and _presented(mode) in LADDER
    ]


def _presented(mode: FailureMode) -> Certificate | None:
    return mode.hosts[0].tls and mode.hosts[0].tls.certificate


def test_every_rule_meets_every_certificate_once() -> None:
    cells = Counter((mode.tls.policy, _presented(mode)) for mode in _cells())
    assert set(cells) == {(policy, certificate) for policy in TlsPolicy for certificate in LADDER}
    assert set(cells.values()) == {1}


@pytest.mark.parametrize("mode", _cells(), ids=lambda mode: mode.name)
def test_what_must_follow(mode: FailureMode) -> None:
    refused = str(_presented(mode)) in REFUSED[mode.tls.policy]
    assert (mode.kind is Kind.TRANSIENT) is refused
    assert (mode.section is Section.CERTIFICATE) is refused


def test_every_certificate_stands_in_one_table() -> None:
    rows = [row.certificate for row in (*CERTIFICATES, *IDENTITIES)]
    assert Counter(rows) == Counter(Certificate)
    assert {f"certificate_{row.certificate}" for row in IDENTITIES} <= ALL.keys()


def test_every_pair_of_what_servers_do_in_tls_is_staged() -> None:
    sets = (VERSIONS, (False, True), (False, True), POLICIES)
    for first, second in combinations(range(len(sets)), 2):
        staged = {(row[first], row[second]) for row in PEERS}
        assert staged == set(product(sets[first], sets[second])), (first, second)


def test_names_of_scenarios_fit_into_addresses_and_domains() -> None:
    for scenario in {s.id: s for aspect in ASPECTS for s in aspect.scenarios()}.values():
        # RFC 5321 section 4.5.3.1.1 and RFC 1035 section 2.3.4
        assert len(author_of(scenario).partition("@")[0]) <= 64, scenario.id
        assert all(len(label) <= 63 for label in domain_of(scenario).split(".")), scenario.id
