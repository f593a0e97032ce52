"""What a relay makes of every message, so that it is said once and not of each fault.

Whatever a relay does to mail that nothing hinders it does everywhere: that is a *habit*, and no fault's doing. It is
said where it shows first: of the controls, and then of the messages that are not ordinary, in the order of the
catalogue. Everywhere else a change counts that is not of a sort seen there: what is missing at the end, there twice or
another message's in any case. Of a message that is not ordinary and has a fault schedule nothing else counts but its
envelope: the wave of schedules shows no habit of such messages. What is only a change of form is said of one failure
mode alone, by `carries`.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.message import Kind
from conformance.evidence.record import Record
from conformance.evidence.view import view_of
from conformance.judging.content import (
    CUT,
    ENCODED,
    FORM,
    MIXED,
    PATH,
    REPEATED,
    REVERSE_PATH,
    Change,
    changes,
)

_OF_FORM = (FORM, ENCODED)
_OF_ENVELOPE = (REVERSE_PATH, PATH)
_NO_HABIT = (CUT, REPEATED, MIXED)

# Failure modes are told apart by whether something is wrong at the server; those where it is come last.
_LAST = 2
_PLACES = {name: place for place, name in enumerate(ALL)}


def unaccustomed(found: list[Change], mode: FailureMode, record: Record) -> list[Change]:
    """Return those changes of a message that are said of this failure mode.

    Args:
        found: What was changed of a message.
        mode: The failure mode that it was staged for.
        record: The record of the wave.
    """
    if not found:
        return []
    if mode.kind is Kind.SCHEDULE and mode.message.special is not None:
        found = [change for change in found if change.sort in (*_NO_HABIT, *_OF_ENVELOPE)]
    known = {sort for place, sorts in _habits(record) if place < _place(mode) for sort in sorts}
    return [
        change
        for change in found
        if change.sort in _NO_HABIT or (change.sort not in known and change.sort not in _OF_FORM)
    ]


def _habits(record: Record) -> list[tuple[tuple[int, int], frozenset[str]]]:
    """Return the sorts of changes that each scenario shows in which nothing is wrong at the server, with its place."""
    if "habits" not in record.views:
        record.views["habits"] = list(_seen(record))
    habits: list[tuple[tuple[int, int], frozenset[str]]] = record.views["habits"]
    return habits


def _seen(record: Record) -> Iterator[tuple[tuple[int, int], frozenset[str]]]:
    for staged in record.staged.values():
        mode = ALL.get(staged.failure_mode)
        if mode is None or staged.offers or _place(mode)[0] == _LAST:
            continue
        copies = view_of(record, staged).messages
        yield _place(mode), frozenset(change.sort for copy in copies for change in changes(staged, copy))


def _place(mode: FailureMode) -> tuple[int, int]:
    """Return where a failure mode stands in the order in which habits are told; those with a fault come last."""
    first = 0 if mode.is_control else 1
    if mode.is_control or (mode.kind is Kind.CONTENT and not mode.failing_attempts):
        return first, _PLACES.get(mode.name, len(_PLACES))
    return _LAST, 0
