"""Decides whether a run in which mail goes nowhere is ended early; what the waves saw must agree.

A false early end is worse than a run that is slow. So it takes a wave all of whose controls are overdue, and no wave
that knows better, or does not know yet: one connection in any wave, a message that has not waited long enough in
another, or a wave that is still to begin, and the run goes on.
"""

from __future__ import annotations

from collections.abc import Iterable

from conformance.wave.reach import Reach, Symptoms


class Unreached(Exception):
    """The mail of a run goes nowhere; carries what is seen of that."""

    def __init__(self, symptoms: Symptoms) -> None:
        super().__init__(symptoms.message)
        self.symptoms = symptoms


def unreached(waves: Iterable[tuple[Reach, bool]]) -> Symptoms | None:
    """Return what is seen of mail that goes nowhere; None: it goes somewhere, or that is not known yet.

    Args:
        waves: What each wave of a run said last, and whether it has ended.
    """
    known = list(waves)
    if any(reach.connected or not (reach.silent or ended) for reach, ended in known):
        return None
    seen = [reach.overdue for reach, _ in known if reach.overdue is not None]
    if not seen or len({symptoms.error for symptoms in seen}) > 1:
        return None
    if not seen[0].error and any(reach.asked for reach, _ in known):
        return None
    return seen[0]
