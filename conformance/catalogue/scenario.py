"""Scenarios: a failure mode on a course, staged once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256

from conformance.catalogue.by_mx import SINCE as BY_MX_SINCE
from conformance.catalogue.by_mx import by_mx, looks_up_mx_only, why_not_by_mx
from conformance.catalogue.course import OWN_DOMAIN, SCHEDULES, TRAITS, Course, Timing
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.failure_modes import controls_of as controls_of_mode
from conformance.catalogue.versions import is_in, newest
from conformance.target import Capability

# Submitted after the last stop of a jumped clock: the date the relay stamps on it shows that the clock moved. The first
# goes to a smart host, the second is routed by MX.
CLOCK_CONTROLS = ("moved_clock", "moved_clock_mx")

# What an operator must be able to do on a course.
_OPERATED_BY: dict[Course, frozenset[Capability]] = {
    Course.ALERTED: frozenset({Capability.ALERTS}),
    Course.EDITED: frozenset({Capability.EDIT_CONNECTOR}),
    Course.EDIT_REFUSED: frozenset({Capability.EDIT_CONNECTOR}),
    Course.FIXED_NOW: frozenset({Capability.FIX_NOW, Capability.ACCEPTED_DOMAINS}),
    Course.SWITCHED_OFF: frozenset({Capability.EDIT_CONNECTOR, Capability.ACCEPTED_DOMAINS}),
    Course.FIXED_NOW_OFF: frozenset(
        {Capability.FIX_NOW, Capability.EDIT_CONNECTOR, Capability.ACCEPTED_DOMAINS}
    ),
    Course.DELETED: frozenset({Capability.EDIT_CONNECTOR, Capability.ACCEPTED_DOMAINS}),
    Course.FIXED_NOW_BESIDE: frozenset(
        {Capability.FIX_NOW, Capability.ACCEPTED_DOMAINS, Capability.MANY_CONNECTORS}
    ),
    Course.ALERTED_AMID: frozenset({Capability.ALERTS}),
    Course.ALERTED_RESTARTED: frozenset({Capability.ALERTS}),
    Course.ALERTED_SAVED: frozenset({Capability.ALERTS, Capability.EDIT_CONNECTOR}),
    Course.EDITED_AMID: frozenset({Capability.EDIT_CONNECTOR}),
    Course.FIXED_NOW_AMID: frozenset({Capability.FIX_NOW, Capability.ACCEPTED_DOMAINS}),
}

# What else a target lacks that can be given no smart host.
_OF_SMART_HOSTS = frozenset(
    {Capability.SMART_HOST, Capability.SEVERAL_SMART_HOSTS, Capability.LITERAL, Capability.WILDCARD}
)

# Some relays take host names of less than 64 octets only (OpenSMTPD's HOST_NAME_MAX), and no local part need be longer
# (RFC 5321 section 4.5.3.1.1). What is put around a label to make names of it, `alias1.mx1.` and `.test`, has 16.
_LONGEST_LABEL = 47
_HASHED = 6

__all__ = ["CLOCK_CONTROLS", "Course", "Scenario", "controls_of"]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One failure mode on one course.

    Attributes:
        failure_mode: What is broken.
        course: How it goes on.
        copy: 0, or the number of a further staging of the same thing, for measurements under load.
    """

    failure_mode: FailureMode
    course: Course
    copy: int = 0

    @property
    def id(self) -> str:
        """Identifier in plans and records."""
        return f"{self.failure_mode.name}.{self.course}" + (f".{self.copy}" if self.copy else "")

    @property
    def label(self) -> str:
        """The identifier in a form that is short enough for domain names and local parts.

        Of a name that is too long as much is kept as there is room for, and a hash of all of it instead of the rest.
        """
        name = self.failure_mode.name
        if self.course in SCHEDULES:
            number = f".{self.copy}" if self.copy else ""
            return f"schedule-{sha256(name.encode()).hexdigest()[:12]}.{self.course}{number}"
        if len(self.id) <= _LONGEST_LABEL:
            return self.id
        rest = self.id.removeprefix(name)
        kept = name[: _LONGEST_LABEL - len(rest) - _HASHED - 1].rstrip("_-")
        return f"{kept}-{sha256(name.encode()).hexdigest()[:_HASHED]}{rest}"

    @property
    def timing(self) -> Timing:
        """The clock it runs on."""
        return Timing.CRASHED if self.failure_mode.killed_amid_steps else TRAITS[self.course].timing

    @property
    def needs(self) -> frozenset[Capability]:
        """What a target must be capable of for this scenario to be staged."""
        needs = set(self.failure_mode.needs)
        if self.timing in (Timing.JUMPED, Timing.RESTARTED):
            needs.add(Capability.CLOCK)
        if self.timing is Timing.RESTARTED or self.course is Course.KILLED:
            needs.add(Capability.RESTART)
        if TRAITS[self.course].notify:
            needs.add(Capability.SUBMISSION_DSN)
        needs |= _OPERATED_BY.get(self.course, frozenset())
        return frozenset(needs)

    def as_staged_for(self, capabilities: frozenset[Capability]) -> Scenario:
        """Return the scenario as it is staged for a target: by MX if that can be given no smart host (`by_mx.py`)."""
        if not looks_up_mx_only(capabilities):
            return self
        return replace(self, failure_mode=by_mx(self.failure_mode, self.course))


def unsuitable(
    scenario: Scenario, capabilities: frozenset[Capability], lab: str, version: str | None = None
) -> str:
    """Say why a scenario cannot be staged for a target with these capabilities in this lab; empty if it can.

    Args:
        scenario: What is to be staged, as it is declared.
        capabilities: What the target is capable of.
        lab: Where.
        version: The version of the catalogue that is asked; None: the newest.
    """
    mx_only = looks_up_mx_only(capabilities) and is_in(BY_MX_SINCE, version or newest())
    if mx_only:
        scenario = scenario.as_staged_for(capabilities)
    lacking = scenario.needs - capabilities
    if mx_only and Capability.SMART_HOST in lacking and lacking <= _OF_SMART_HOSTS:
        why = why_not_by_mx(scenario.failure_mode, scenario.course)
        return f"the target finds its way by MX records alone (it does not offer {Capability.SMART_HOST}), and {why}"
    if lacking:
        return (
            f"the target is not capable of {', '.join(sorted(lacking))}; "
            "an adapter that is lists it in `capabilities`"
        )
    if Capability.ONE_ROUTE in capabilities and (several := _needs_several_routes(scenario)):
        return f"the target has one route for all mail, and {several}"
    only = scenario.failure_mode.lab
    if only not in ("", lab):
        return f"it is staged in the {only} lab only: --conformance-lab={only}"
    return ""


def _needs_several_routes(scenario: Scenario) -> str:
    """Say what a scenario needs another route for; empty: it does with one."""
    if scenario.failure_mode.message.backlog:
        return "here other mail waits for another destination"
    if _takes_no_report(scenario.failure_mode):
        return "here the server takes nothing so large, of reports neither"
    if scenario.failure_mode.message.elsewhere:
        return "here the message has recipients in several domains, each with a way of its own"
    if scenario.failure_mode.way_back is not None:
        return "here what comes back to the sender has a way of its own"
    if scenario.course in OWN_DOMAIN:
        return "here its destination is taken out of service, so that no report could leave it"
    return ""


def _takes_no_report(mode: FailureMode) -> bool:
    """Tell whether the servers have a limit of size (RFC 1870) that the message is above, and a report may be."""
    limits = [line.split()[1:] for host in mode.hosts for line in host.extensions if line.startswith("SIZE ")]
    return any(int(most) < mode.message.octets for [most] in limits)


def controls_of(scenario: Scenario) -> list[Scenario]:
    """Return the positive controls that a scenario relies on, in the same wave."""
    modes = controls_of_mode(scenario.failure_mode)
    controls = [Scenario(failure_mode=mode, course=Course.HEALTHY) for mode in modes]
    if scenario.timing in (Timing.JUMPED, Timing.RESTARTED):
        mx = scenario.failure_mode.mx
        clock = CLOCK_CONTROLS[mx is not None and not mx.stands_in]
        controls.append(Scenario(failure_mode=ALL[clock], course=Course.AFTER_JUMP))
    return controls
