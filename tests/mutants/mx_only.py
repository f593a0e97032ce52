"""Every mutant as a relay that can be given no smart host: `--target=mutants.mx_only:never_retries`.

What a mutant does wrong at a smart host it does wrong at a mail exchanger, so it must be caught by the same verdicts.
"""

from __future__ import annotations

from dataclasses import replace

from conformance.catalogue.scenario import unsuitable
from conformance.lab import addresses as labs
from conformance.target import Capability

from . import target
from .catalogue import Mutant
from .target import MutantTarget
from .waves import scenario_of

_WITHOUT = frozenset({Capability.SMART_HOST, Capability.SEVERAL_SMART_HOSTS, Capability.LITERAL})


def __getattr__(name: str) -> type[MutantTarget]:
    routed: type[MutantTarget] = getattr(target, name)
    members = {"capabilities": routed.capabilities - _WITHOUT, "__doc__": routed.__doc__}
    return type(name, (routed,), members)


def as_mx_only(mutant: Mutant) -> Mutant | None:
    """Return a mutant with those of its scenarios that such a relay is judged by; None: it is not caught by them."""
    capabilities = __getattr__(mutant.name).capabilities
    scenarios = {
        name: scenario
        for name, scenario in ((name, scenario_of(name)) for name in mutant.scenarios)
        if not unsuitable(scenario, capabilities, scenario.failure_mode.lab or labs.LOOPBACK)
    }
    by_mx_instead = {each.failure_mode.name for each in scenarios.values() if each.failure_mode.mx is None}
    caught = any(not each.modes or by_mx_instead & {*each.modes} for each in mutant.caught)
    return replace(mutant, scenarios=tuple(scenarios)) if by_mx_instead and caught else None
