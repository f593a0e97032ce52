"""Who brought a relay down: told by the scenario itself, where it had the relay to itself, or by a group of suspects.

A relay that serves many scenarios and is gone takes all of them with it, and only those with traffic shortly before can
have done it. So each of these is staged once more, alone, on a relay of its own (`session/isolation.py`): a relay that
is gone there as well was brought down by what it met there. Where none is, the group is all that can be named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from conformance.catalogue.failure_modes import ALL
from conformance.evidence.record import Record
from conformance.evidence.relays import Idling, Stopped
from conformance.evidence.view import Evidence
from conformance.judging.verdict import Inconclusive, Judgement, NotApplicable
from conformance.witness.amid import Amid

# What a relay breaks that is brought down by a destination, and one that is kept busy: judged of each scenario alone.
SURVIVES = "relay/survives"
PROCESSOR = "hygiene/processor"

# So many names of a group stand in one verdict; the terminal has all of them.
_SHOWN = 6


def is_named(stopped: Stopped) -> bool:
    """Tell whether it is known which scenario it was: the only one that this relay had."""
    return len(stopped.scenarios) == 1


def speaker(scenario: str) -> str:
    """Return the aspect that speaks of a relay that is gone in a scenario: a destination did it, or a full disk."""
    mode = ALL.get(scenario.partition(".")[0])
    return "full_disk" if mode is not None and mode.amid is Amid.FULL else "survives"


def why_unjudged(stopped: Stopped) -> Judgement:
    """Return why nothing else is said of a scenario whose relay was gone before its window closed."""
    if is_named(stopped):
        see = speaker(stopped.scenarios[0])
        return NotApplicable("the relay was brought down in this scenario", see=see)
    return Inconclusive(f"the relay was gone: {group(stopped)}")


def told(stopped: Stopped, evidence: Evidence) -> str:
    """Say when a relay was gone, in seconds since it accepted a scenario's message, and what it wrote at last."""
    words = f"; its last words: {' | '.join(stopped.log.splitlines()[-3:])}" if stopped.log else ""
    return (
        f"the relay was gone at {evidence.when(stopped.at)}, last seen at {evidence.when(stopped.seen)}: "
        f"{stopped.message}{words}"
    )


def group(stopped: Stopped) -> str:
    """Say of a relay that many scenarios shared which of them can have brought it down."""
    names = stopped.suspects
    more = f" and {len(names) - _SHOWN} others" if len(names) > _SHOWN else ""
    return f"brought down by one of {', '.join(names[:_SHOWN])}{more}, or by several of them together"


def culprits(stopped: Stopped, later: Iterable[Record]) -> list[str]:
    """Return the scenarios that brought a relay down: by themselves, or when they were staged again alone.

    Args:
        stopped: How it was gone.
        later: The records of the waves that followed, on the same clock.
    """
    if is_named(stopped):
        return stopped.scenarios
    again = [each for record in later if record.header.alone for each in record.stopped]
    return list(dict.fromkeys(each.scenarios[0] for each in again if each.scenarios[0] in stopped.suspects))


def unexplained(records: Sequence[Record]) -> list[Stopped]:
    """Return the relays that were brought down by nobody knows which of their scenarios."""
    return [
        stopped
        for number, record in enumerate(records)
        for stopped in record.stopped
        if not culprits(stopped, _later(records, number))
    ]


def all_busy(records: Sequence[Record]) -> list[tuple[Idling, list[str]]]:
    """Return every relay that many scenarios shared and that was kept busy at its end, with who does that alone."""
    found = []
    for number, record in enumerate(records):
        shared = [each for each in record.idling if each.is_busy and len(each.scenarios) > 1]
        if not shared:
            continue
        again = [each for later in _later(records, number) if later.header.alone for each in later.idling]
        names = [each.scenarios[0] for each in again if each.is_busy]
        found += [(idling, [name for name in names if name in idling.suspects]) for idling in shared]
    return found


def why_busy(records: Sequence[Record], scenario: str, is_judged: Callable[[str], bool]) -> str:
    """Say why it is not known whether a scenario keeps a relay busy; empty if it is, or there is none.

    It is not known where a relay that it shared was kept busy, and nobody of whom that is judged does it alone: it may
    have been any of the suspects, and where none of these is judged, any that was played on that relay. One that had
    much to do, or only waited for a processor of a crowded machine, was not kept busy.

    Args:
        records: The records of the run.
        scenario: The scenario.
        is_judged: Tells of a scenario whether a test of the run would be red for it.
    """
    for idling, names in all_busy(records):
        if scenario not in idling.scenarios or not idling.has_spun or any(map(is_judged, names)):
            continue
        if scenario in idling.suspects or not any(map(is_judged, idling.suspects)):
            used = f"{idling.cores:.2f} of a processor for {idling.seconds:.0f} s with nothing left to do"
            alone = (
                f"alone {', '.join(names[:_SHOWN])} does it"
                if names
                else "alone none of the suspects does it"
            )
            return f"a relay that served this scenario and others used {used}, and {alone}"
    return ""


def _later(records: Sequence[Record], number: int) -> list[Record]:
    timing = records[number].header.timing
    return [each for each in records[number + 1 :] if each.header.timing == timing]


def all_stopped(records: Sequence[Record]) -> list[tuple[Stopped, list[str]]]:
    """Return every relay that was gone, each once, with who did it.

    One that was gone where each had its own often tells only what a shared one was brought down by: then it is told of
    that one.
    """
    shared = [
        (stopped, culprits(stopped, _later(records, number)))
        for number, record in enumerate(records)
        if not record.header.alone
        for stopped in record.stopped
    ]
    known = {name for _, names in shared for name in names}
    alone: dict[str, Stopped] = {}
    for stopped in (each for record in records if record.header.alone for each in record.stopped):
        for name in stopped.scenarios:
            alone.setdefault(name, stopped)
    return [*shared, *((stopped, [name]) for name, stopped in alone.items() if name not in known)]
