"""A run is ended early only if all waves agree that mail goes nowhere."""

from __future__ import annotations

import pytest

from conformance.session.early_end import unreached
from conformance.wave.reach import Reach, Symptoms

_NAMES = Symptoms(message="no question")
_PORT = Symptoms(message="refused", error="connection refused")
_OTHER = Symptoms(message="no route", error="no route to host")
_SILENT = Reach(silent=True)
_VOID = Reach(silent=True, overdue=_NAMES)
_REFUSED = Reach(silent=True, asked=True, overdue=_PORT)
_YOUNG = Reach()

Waves = list[tuple[Reach, bool]]


@pytest.mark.parametrize(("waves", "seen"), [
    ([(_VOID, False)], _NAMES),
    ([(_REFUSED, False)], _PORT),
    ([(_VOID, False), (_SILENT, False)], _NAMES),
    ([(_REFUSED, False), (Reach(silent=True, asked=True), False)], _PORT),
    ([(_VOID, False), (_YOUNG, True)], _NAMES),
    ([(_VOID, True), (_SILENT, False)], _NAMES),
])  # fmt: skip
def test_all_agree(waves: Waves, seen: Symptoms) -> None:
    assert unreached(waves) is seen
    assert unreached(waves[::-1]) is seen


@pytest.mark.parametrize("waves", [
    [],
    [(_YOUNG, False)],
    [(_SILENT, False)],
    [(_SILENT, True), (_SILENT, False)],
    [(_VOID, False), (_YOUNG, False)],
    [(_VOID, False), (Reach(connected=True), False)],
    [(_VOID, False), (Reach(connected=True), True)],
    [(_VOID, False), (Reach(silent=True, asked=True), False)],
    [(_VOID, False), (_REFUSED, False)],
    [(_REFUSED, False), (Reach(silent=True, asked=True, overdue=_OTHER), False)],
])  # fmt: skip
def test_one_knows_better_or_does_not_know_yet(waves: Waves) -> None:
    assert unreached(waves) is None
    assert unreached(waves[::-1]) is None
