"""What a wave staged, by hand: its header, a scenario and the servers of its destination."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from conformance.catalogue.course import Timing, timing_of
from conformance.catalogue.destination import Tcp, addresses_of, named_like
from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.message import Kind
from conformance.catalogue.scenario import CLOCK_CONTROLS, Course, Scenario
from conformance.evidence.record import Header, Staged
from conformance.evidence.site import Site
from conformance.schedules.scenarios import scenario_of as scenario_by_id
from conformance.target import Capability, Envelope, Schedule
from conformance.wave.envelope import author_of, domain_of, envelope_of, sender_of
from conformance.wave.plan import schedule

ASKED = Schedule(
    retry_interval=2.0,
    max_retry_interval=2.0,
    queue_lifetime=900.0,
    granularity=0.0,
    connect_timeout=2.0,
    command_timeout=2.0,
    dns_timeout=2.0,
)
GRANTED = replace(ASKED, granularity=0.1)
DAY = 24.0  # seconds of a compressed day: one for each hour
# Where the server of a sender's own domain is.
BACK = "127.9.9.9"

COURSES = {
    Kind.CONTROL: Course.HEALTHY,
    Kind.HARMLESS: Course.PERSISTS,
    Kind.PASSING: Course.PERSISTS,
    Kind.CONTENT: Course.PERSISTS,
    Kind.TRANSIENT: Course.HEALED,
    Kind.PERMANENT: Course.REJECTED,
    Kind.MIXED: Course.MIXED,
    Kind.REPORTED: Course.REPORTED,
    Kind.BATCH: Course.BATCH,
    Kind.KILLED: Course.KILLED,
    Kind.AMID: Course.AMID,
}


def header(
    *,
    lab: str = "loopback",
    without: Iterable[Capability] = (),
    besides: Iterable[Capability] = (),
    slack: float = 1.0,
    timing: Timing = Timing.STEADY,
) -> Header:
    return Header(
        timing=timing,
        suite="0.1.0",
        target="hand-made",
        target_module="nowhere:Nothing",
        capabilities=sorted((set(Capability) - {Capability.ONE_ROUTE, *without}) | set(besides)),
        lab=lab,
        asked=ASKED if timing is Timing.STEADY else schedule(timing, day=DAY),
        platform="Linux",
        started="2026-01-01T00:00:00+00:00",
        slack=slack,
    )


def scenario_of(mode: str, course: Course | None = None) -> Scenario:
    usual = Course.AFTER_JUMP if mode in CLOCK_CONTROLS else COURSES[ALL[mode].kind]
    return Scenario(failure_mode=ALL[mode], course=course or usual)


@cache
def _envelope(scenario_id: str) -> Envelope:
    """Return the one message of a scenario: made again, it would have another date and identifier."""
    return envelope_of(scenario_by_id(scenario_id))


# The failure modes that stories are told of: one for each way in which a fault can show itself. What holds for all the
# others is shown on real waves, by the mutants and the anti-runs.
TOLD = (
    "dns_nxdomain",
    "dns_servfail",
    "dns_no_answer",
    "connect_timeout",
    "host_unreachable",
    "greeting_timeout",
    "connection_refused",
    "greeting_421",
    "greeting_421_every_host",
    "tls_not_offered",
    "close_at_greeting",
    "close_at_body",
    "reset_at_dot",
    "certificate_expired",
)


def staged(mode: str, number: int = 1, course: Course | None = None, **changes: object) -> Staged:
    """Return a scenario submitted at 1.0 s, its window closed at 12.0 s; if it is healed, then at 6.0 s."""
    scenario = scenario_of(mode, course)
    timing = timing_of(scenario.course)
    granted = GRANTED if timing is Timing.STEADY else replace(schedule(timing, day=DAY), granularity=0.01)
    domain = domain_of(scenario)
    sites = []
    own = ALL[mode].hosts
    hosts = [(f"mx{named_like(own, nth) + 1}.{domain}", host) for nth, host in enumerate(own)]
    hosts += [(f"mx.{each.local}.{domain}", each.host) for each in ALL[mode].message.elsewhere]
    for host_number, (name, host) in enumerate(hosts):
        beside = len(addresses_of(own, host_number)) > 1
        address = f"127.{1 + number // 256}.{number % 256}.{host_number + 1}"
        if host.tcp is Tcp.UNREACHABLE:
            sites.append(Site(name=name, host=f"239.{77 + number // 256}.{number % 256}.1", port=25))
        sites.append(Site(name=name, host=address, port=25, beside=beside))
    plain = Staged(
        scenario=scenario.id,
        failure_mode=mode,
        course=scenario.course,
        domain=domain,
        sender=sender_of(scenario),
        author=author_of(scenario),
        recipient=_envelope(scenario.id).recipients[0],
        sites=sites,
        content=_envelope(scenario.id).content,
        others=list(_envelope(scenario.id).recipients[1:]),
        granted=granted,
        submitted=1.0,
        repaired=6.0 if scenario.course in (Course.HEALED, Course.MIXED) else None,
        closed=12.0,
        null_path=ALL[mode].message.special is not None and not _envelope(scenario.id).sender,
        way_back=None if ALL[mode].way_back is None else Site(name=f"mx.back.{domain}", host=BACK, port=25),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]
