"""After a wave whose relay was brought down, or went round in circles at its end: which scenario does that to it?

A relay that serves many takes all of them with it. Those with traffic shortly before are its suspects: each is staged
once more, alone, on a relay of its own, all in one wave; and beside it everything else in another one, on a relay that
is started again. Should that relay be brought down as well, the same is done once more, for so many rounds; what was
not judged by then is inconclusive. Of a relay that only used a processor nothing has to be staged again but the
suspects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from conformance.catalogue.scenario import controls_of
from conformance.evidence.record import Record
from conformance.judging.survival import all_stopped, is_named
from conformance.schedules.scenarios import scenario_of
from conformance.wave.plan import Plan

# How often a relay that was brought down is started again for those who did not do it.
ROUNDS = 3

Launch = Callable[[Sequence[Plan]], Sequence[Record]]


def isolate(plans: Sequence[Plan], records: Sequence[Record], launch: Launch) -> list[Record]:
    """Stage again what must be, until it is known who brought which relay down, and return the further records.

    Args:
        plans: The plans of some waves.
        records: Their records, in the same order.
        launch: Stages plans, all at the same time, and returns their records in the same order.
    """
    found: list[Record] = []
    waves = list(zip(plans, records, strict=True))
    for _ in range(ROUNDS):
        further = [each for plan, record in waves for each in _further(plan, record)]
        if not further:
            break
        staged = launch(further)
        found += staged
        waves = list(zip(further, staged, strict=True))
    return found


def is_open(record: Record) -> bool:
    """Tell whether something is staged again before it is known who did what to a relay of a wave."""
    return any(_concerned(record))


def killers(records: Sequence[Record]) -> set[str]:
    """Return the scenarios that bring a relay down which serves others as well; never stage them with others again."""
    return {name for stopped, names in all_stopped(records) if not is_named(stopped) for name in names}


def _further(plan: Plan, record: Record) -> Iterator[Plan]:
    """Yield what is to be staged after a wave: the suspects alone, and the others together."""
    if plan.alone:
        return
    suspects, others = _concerned(record)
    if suspects:
        yield replace(plan, scenarios=_with_controls(suspects), alone=True)
    if others:
        yield replace(plan, scenarios=_with_controls(others))


def _concerned(record: Record) -> tuple[list[str], list[str]]:
    """Return who is suspected of what was done to a relay, and who else was on one that was brought down."""
    stopped = [each for each in record.stopped if not is_named(each)]
    idling = [each for each in record.idling if len(each.scenarios) > 1]
    lists = [*(each.suspects for each in stopped), *(each.suspects for each in idling)]
    suspects = list(dict.fromkeys(name for names in lists for name in names))
    return suspects, [name for each in stopped for name in each.scenarios if name not in suspects]


def _with_controls(names: Sequence[str]) -> list[str]:
    """Return scenarios and the controls that they rely on, which come first."""
    controls = [control.id for name in names for control in controls_of(scenario_of(name))]
    return list(dict.fromkeys((*controls, *names)))
