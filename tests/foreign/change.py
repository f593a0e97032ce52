"""How a fault, or an innocent oddity, is declared.

Every changed relay imports this as it starts, so nothing here may import what only judges: requirements are ids, and
scenarios are names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal[1, 2, 3, 4, 5, 6, 7, 8, 9]
Mutate = Callable[[], None]
Declare = Callable[[Mutate], Mutate]

KINDS: dict[int, str] = {
    1: "depth of addresses and MX",
    2: "after a final answer",
    3: "what peers offer",
    4: "many messages, one destination",
    5: "the fate of the report",
    6: "envelope and content",
    7: "TLS identity",
    8: "the long run",
    9: "between the moments",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Change:
    """A change of the reference relay.

    Attributes:
        name: The name of the function that makes it.
        summary: What the relay does then, one sentence.
        mutate: The function.
        kind: To which kind of situation it belongs (`KINDS`).
        requirements: Of a fault: ids of which one must be red; one that does not exist yet is the id it ought to
            have. Of an oddity: what judges these is staged, too.
        first: Names `mode` or `mode.course` of scenarios that are staged before all others.
        lacks: What the reference relay is capable of and this one is not, as `Capability` calls it.
    """

    name: str
    summary: str
    mutate: Mutate
    kind: Kind
    requirements: tuple[str, ...]
    first: tuple[str, ...]
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Fault(Change):
    """What somebody has suffered from.

    Attributes:
        reference: Where it was reported in public.
        reported: What was reported, in words of our own.
        free: Why no requirement can catch it, though somebody has suffered from it; empty: one ought to.
        unseen: Why nothing stages it so far, or sees it where it is staged.
    """

    reference: str
    reported: str
    free: str = ""
    unseen: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Oddity(Change):
    """What is unusual, and permitted.

    Attributes:
        permitted: The RFC and section that leaves the choice.
    """

    permitted: str


# What the files that were imported declare, by name.
DECLARED: dict[str, Change] = {}


def fault(
    *,
    kind: Kind,
    reference: str,
    reported: str,
    requirements: tuple[str, ...],
    first: tuple[str, ...] = (),
    free: str = "",
    unseen: str = "",
) -> Declare:
    """Declare a function that puts a fault into the reference relay of this process; its docstring is the summary.

    One that the RFCs leave to a relay says so (`free`), and one that is missed says why (`unseen`); both count as
    missed all the same.
    """

    def declare(mutate: Mutate) -> Mutate:
        return _declare(
            Fault(
                name=mutate.__name__,
                summary=mutate.__doc__ or "",
                mutate=mutate,
                kind=kind,
                requirements=requirements,
                first=first,
                reference=reference,
                reported=reported,
                free=free,
                unseen=unseen,
            )
        )

    return declare


def oddity(
    *,
    kind: Kind,
    permitted: str,
    scenarios: tuple[str, ...] = (),
    requirements: tuple[str, ...] = (),
    lacks: tuple[str, ...] = (),
) -> Declare:
    """Declare a function that makes the reference relay of this process unusual, and no worse.

    Args:
        kind: To which kind of situation it belongs.
        permitted: The RFC and section that leaves the choice.
        scenarios: What is staged: `mode` on the first course of its kind, or `mode.course`.
        requirements: What judges these is staged as well, as far as they exist.
        lacks: What it is not capable of, as `Capability` calls it.
    """

    def declare(mutate: Mutate) -> Mutate:
        return _declare(
            Oddity(
                name=mutate.__name__,
                summary=mutate.__doc__ or "",
                mutate=mutate,
                kind=kind,
                requirements=requirements,
                first=scenarios,
                lacks=lacks,
                permitted=permitted,
            )
        )

    return declare


def _declare(change: Change) -> Mutate:
    assert change.name not in DECLARED, f"two changes are called {change.name}"
    DECLARED[change.name] = change
    return change.mutate
