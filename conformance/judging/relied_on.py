"""What a scenario relied on in the wave that staged it, which may have been one of an earlier version of this suite."""

from __future__ import annotations

from conformance.catalogue.course import Course
from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.scenario import CLOCK_CONTROLS, Scenario, controls_of
from conformance.evidence.record import Record
from conformance.target import Capability

# What earlier versions asked of every target with SMART_HOST, so that their records do not name it.
_ONCE_IMPLIED = frozenset({Capability.SEVERAL_SMART_HOSTS, Capability.LITERAL})


def capabilities_for(scenario: Scenario, record: Record) -> frozenset[Capability]:
    """Return what the target was capable of when a scenario was staged, or would have been.

    No wave stages what a target is not capable of; so what was staged could be, and older records do not say so.
    """
    named = frozenset(map(Capability, record.header.capabilities))
    return named | _ONCE_IMPLIED if scenario.id in record.staged else named


def relied_on(scenario: Scenario, record: Record) -> list[Scenario]:
    """Return the controls of a scenario as they were staged.

    Earlier versions had three of them. Where a control of today was not staged, the one that was in its place counts.
    """
    return [_as_staged(control, scenario, record) for control in controls_of(scenario)]


def _as_staged(control: Scenario, scenario: Scenario, record: Record) -> Scenario:
    if control.id in record.staged:
        return control
    mode = scenario.failure_mode
    if control.course is Course.AFTER_JUMP:
        name = CLOCK_CONTROLS[0]
    else:
        name = "verified_tls" if mode.tls.required else "plain_mx" if mode.mx else "plain"
    older = Scenario(failure_mode=ALL[name], course=control.course)
    return older if older.id in record.staged else control
