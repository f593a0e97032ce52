"""Names in a wave are short enough for every relay, and no two scenarios share one."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

from conformance.catalogue.course import SCHEDULES, Course
from conformance.catalogue.destination import DnsName
from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.message import members
from conformance.catalogue.scenario import Scenario
from conformance.evidence.site import Site
from conformance.schedules.drawing import draw
from conformance.schedules.scenarios import scenario_of
from conformance.schedules.sequence import ENDINGS, FAULTS, FaultSequence
from conformance.wave.batch import KNOWN, KNOWN_LATER, STRANGER_LATER, STRANGERS
from conformance.wave.connectors import DEAD, SPARE, connectors
from conformance.wave.envelope import (
    author_of,
    backlog_of,
    dead_domain_of,
    domain_of,
    elsewhere_of,
    envelope_of,
    forged_of,
    recipient_of,
    sender_of,
)
from conformance.wave.names import new_name, point, publish_mx, smart_host
from fake_servers import Answer, Zone

LONGEST_HOST = 63  # octets
LONGEST_DOMAIN = 255  # octets (RFC 5321 section 4.5.3.1.2), of the recipient of a path that is to be long
LONGEST_LOCAL_PART = 64  # octets (RFC 5321 section 4.5.3.1.1)
COPIES = 999  # more than anybody stages for a measurement


class Names(Zone):
    """A zone that remembers what it was told of."""

    def __init__(self) -> None:
        super().__init__()
        self.told: set[str] = set()

    def set(self, name: str, rdtype: str, *answers: Answer) -> None:
        self.told.add(name)
        super().set(name, rdtype, *answers)

    def set_all(self, name: str, *answers: Answer) -> None:
        self.told.add(name)
        super().set_all(name, *answers)


@cache
def everything() -> tuple[Scenario, ...]:
    """Return every scenario there can be, whether or not an aspect asks for it, and very long fault schedules."""
    longest = FaultSequence((max(FAULTS, key=len),) * 9, max(ENDINGS, key=len))
    schedules = [*draw(depth=3), *draw(seed_=1, depth=6), longest]
    return (
        *(
            Scenario(failure_mode=mode, course=course, copy=copy)
            for mode in ALL.values()
            for course in Course
            for copy in (0, COPIES)
            if course not in SCHEDULES
        ),
        *(scenario_of(f"{each}.{course}") for each in dict.fromkeys(schedules) for course in SCHEDULES),
    )


def has_long_path(scenario: Scenario) -> bool:
    """Tell whether the path to the recipient is to be a long one, so that its domain is."""
    special = scenario.failure_mode.message.special
    return special is not None and special.path > 0


def hosts_of(scenario: Scenario) -> Iterator[str]:
    """Yield every name of a scenario that the wave publishes or hands to the relay."""
    mode, zone = scenario.failure_mode, Names()
    if not has_long_path(scenario):
        yield from (domain_of(scenario), dead_domain_of(scenario))
    yield from (smart_host(scenario, number) for number in (DEAD, SPARE))
    for number, host in enumerate(mode.hosts):
        for name in (smart_host(scenario, number), new_name(scenario, number)):
            yield name
            point(zone, name, "fd77::1:1" if host.dns.ipv6 else "127.1.1.1", host.dns)
            point(zone, name, "127.1.1.1", DnsName(aliases=host.dns.aliases, loops=True))
    publish_mx(zone, scenario)
    publish_mx(zone, scenario, repaired=True)
    yield from zone.told
    sites = [Site(name=smart_host(scenario, n), host="127.1.1.1", port=25) for n in range(len(mode.hosts))]
    for connector in connectors(scenario, sites):
        yield from (*connector.smart_hosts, connector.tls_domain)
        if not has_long_path(scenario):
            yield connector.domain


def addresses_of(scenario: Scenario) -> Iterator[str]:
    """Yield every address that a message of a scenario bears."""
    yield from (sender_of(scenario), author_of(scenario))
    yield from (address for each in backlog_of(scenario) for address in (each.sender, *each.recipients))
    locals_ = (*members(99), *KNOWN, KNOWN_LATER, *STRANGERS, STRANGER_LATER)
    yield from (f"{local}@{domain_of(scenario)}" for local in locals_)
    yield from (f"{local}@{domain_of(scenario)}" for local in scenario.failure_mode.message.recipients)
    apart = zip(scenario.failure_mode.message.elsewhere, elsewhere_of(scenario), strict=True)
    yield from (f"{each.local}@{domain}" for each, domain in apart)
    yield from (recipient_of(scenario), forged_of(scenario))


def test_host_names_have_less_than_64_octets() -> None:
    too_long = {name for each in everything() for name in hosts_of(each) if len(name.encode()) > LONGEST_HOST}
    assert not too_long


def test_addresses_are_within_the_limits_of_rfc_5321() -> None:
    for scenario in everything():
        for address in addresses_of(scenario):
            local, _, domain = address.rpartition("@")
            assert len(local.encode()) <= LONGEST_LOCAL_PART, address
            assert len(domain.encode()) <= (LONGEST_DOMAIN if has_long_path(scenario) else LONGEST_HOST), (
                address
            )
            assert all(len(label) <= LONGEST_HOST for label in domain.split(".")), address


def test_a_long_path_is_as_long_as_it_says_and_no_longer() -> None:
    scenarios = [each for each in everything() if has_long_path(each)]
    assert scenarios
    for scenario in scenarios:
        special = scenario.failure_mode.message.special
        assert special is not None
        assert len(f"<{recipient_of(scenario)}>") == special.path
        assert len(recipient_of(scenario).partition("@")[0]) == LONGEST_LOCAL_PART


def test_what_is_submitted_has_no_other_addresses() -> None:
    for mode in ALL.values():
        scenario = Scenario(failure_mode=mode, course=Course.HEALED)
        envelope = envelope_of(scenario)
        assert {envelope.sender, *envelope.recipients} - {""} <= {*addresses_of(scenario)}


def test_no_two_scenarios_have_the_same_domain() -> None:
    catalogue = [each for each in everything() if each.course not in SCHEDULES]
    assert len({domain_of(each) for each in catalogue}) == len(catalogue)


@pytest.mark.parametrize(
    ("mode", "course", "domain"),
    [
        ("connection_refused", Course.HEALED, "connection-refused.healed.test"),
        (
            "missing_intermediate_under_certificate_validation",
            Course.EDIT_REFUSED,
            "missing-intermediate-under-da189a.edit-refused.test",
        ),
    ],
)
def test_a_name_that_is_too_long_keeps_its_beginning_and_its_course(
    mode: str, course: Course, domain: str
) -> None:
    assert domain_of(Scenario(failure_mode=ALL[mode], course=course)) == domain
