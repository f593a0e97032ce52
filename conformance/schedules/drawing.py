"""Draws fault schedules by hypothesis: the same for the same seed, wherever it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import cycle, product
from typing import TypeVar

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st

from conformance.catalogue.versions import is_in, newest, versions
from conformance.schedules.sequence import ENDINGS, FAULTS, FaultSequence
from conformance.schedules.settings import Sort, combinations_of, some_of, sorts_of

T = TypeVar("T")

DEFAULT_COUNT = 100
DEFAULT_SEED = 0
DEFAULT_DEPTH = 3

_FIRST = next(iter(versions()))
_EVEN_SINCE = "0.7"

# How often to ask hypothesis for more before the few schedules that are left are counted through.
_TURNS = 4
# Faults of a schedule in which the relay is killed, at most.
_BESIDE_A_KILL = 2

_BITS = 10  # enough for any part to be nearly as likely as any other


def sequences(depth: int, version: str = "") -> st.SearchStrategy[FaultSequence]:
    """Return a strategy for schedules of one to `depth` faults and an ending, which is healthy half of the time.

    Args:
        depth: The most faults in a row.
        version: The version of the catalogue whose settings may be drawn; empty: the newest.
    """
    fault = _one_of(tuple(FAULTS))
    faults = _one_of(range(1, depth + 1)).flatmap(lambda length: st.tuples(*[fault] * length))
    healthy, *others = ENDINGS
    unusual = _unusual(sorts_of(version or newest()))
    return st.builds(FaultSequence, faults, _one_of([healthy] * len(others) + others), unusual)


def _unusual(sorts: Sequence[Sort]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.tuples(*(_one_of(sort.drawn) for sort in sorts)).map(lambda drawn: tuple(filter(None, drawn)))


def _one_of(values: Sequence[T]) -> st.SearchStrategy[T]:
    """Return a strategy for one of some values, the first being the simplest.

    Put together from booleans: for integers, and all that is made of them, hypothesis likes constants that it
    finds in whatever modules the user has imported, and the same seed would mean something else elsewhere.
    """
    bits = st.tuples(*[st.booleans()] * _BITS)
    return bits.map(lambda drawn: values[int("".join("01"[bit] for bit in drawn), 2) % len(values)])


def draw(
    count: int = DEFAULT_COUNT, *, seed_: int = DEFAULT_SEED, depth: int = DEFAULT_DEPTH, version: str = ""
) -> list[FaultSequence]:
    """Return so many different schedules, or all there are if these are fewer.

    The draws depend on the arguments and on the version of hypothesis, and on nothing else: no database, no
    clock, no profile of the user's. To a closed version of the catalogue they are what they were.

    Args:
        count: How many.
        seed_: Which.
        depth: The most faults in a row.
        version: The version of the catalogue that is asked; empty: the newest.
    """
    found: dict[FaultSequence, None] = {}
    sorts = sorts_of(version or newest())
    rows = sum(len(FAULTS) ** length for length in range(1, depth + 1))
    wanted = min(count, rows * len(ENDINGS) * len(combinations_of(sorts)))
    for turn in range(_TURNS):
        if len(found) < wanted:
            found |= dict.fromkeys(_turn(wanted, seed_ * _TURNS + turn, depth, sorts))
    for sequence in _all(depth, sorts):
        if len(found) >= wanted:
            break
        found[sequence] = None
    drawn = list(found)[:wanted]
    return evened(drawn) if is_in(_EVEN_SINCE, version or newest()) else drawn


def evened(drawn: Sequence[FaultSequence]) -> list[FaultSequence]:
    """Return schedules in which every fault occurs if there is room: one that is missing takes a frequent one's place.

    Hypothesis varies what it has, so that some fault comes ten times and another never. What lasts as long as a
    time-out takes the place of what does so too, and the run lasts no longer.
    """
    evened, often = list(drawn), Counter(name for each in drawn for name in each.faults)
    for missing in FAULTS:
        if often[missing]:
            continue
        alike = [name for name in FAULTS if FAULTS[name].timeout == FAULTS[missing].timeout]
        for name in sorted(alike, key=lambda each: -often[each]):
            place = next((p for p, each in enumerate(evened) if name in each.faults), None)
            if often[name] < 2 or place is None:
                continue
            other = evened[place]
            at = other.faults.index(name)
            changed = replace(other, faults=(*other.faults[:at], missing, *other.faults[at + 1 :]))
            if changed not in evened:
                evened[place] = changed
                often.update({missing: 1, name: -1})
                break
    return evened


def _turn(count: int, number: int, depth: int, sorts: Sequence[Sort]) -> Iterator[FaultSequence]:
    """Yield schedules of one seed: those of the first version of the catalogue, and beside them what came later.

    One draw for all would meet fewer faults with each sort that comes, for hypothesis varies what it has.
    """
    later = [sort for sort in sorts if sort.since != _FIRST]
    more = _drawn(count, number, _one_of(some_of(later))) if later else [()]
    for each, added in zip(_drawn(count, number, sequences(depth, _FIRST)), cycle(more)):
        drawn = replace(each, settings=(*each.settings, *added))
        # who waits for a kill has no time for as many faults
        yield replace(drawn, faults=drawn.faults[:_BESIDE_A_KILL]) if drawn.is_killed else drawn


def _drawn(count: int, number: int, strategy: st.SearchStrategy[T]) -> list[T]:
    examples: list[T] = []

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        derandomize=False,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        backend="hypothesis",
    )
    @given(strategy)
    def collect(example: T) -> None:
        examples.append(example)

    collect()
    return examples


def _all(depth: int, sorts: Sequence[Sort]) -> Iterator[FaultSequence]:
    for length in range(1, depth + 1):
        for faults, ending, unusual in product(
            product(FAULTS, repeat=length), ENDINGS, combinations_of(sorts)
        ):
            yield FaultSequence(faults, ending, unusual)
