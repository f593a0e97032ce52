"""Twenty kills from one seed; `nox -s crash` makes it two hundred, with any seed."""

from __future__ import annotations

from pathlib import Path
from random import Random

from .moments import HOW, draw
from .storm import Storm


async def test_twenty_kills_lose_nothing(tmp_path: Path) -> None:
    outcome = await Storm(1, tmp_path).run(20)
    assert outcome.balance.wrong == []
    assert outcome.kills.total() == 20
    assert outcome.balance.reported > 0
    assert outcome.accepted > 10


def test_the_same_seed_draws_the_same_kills() -> None:
    def series(seed: int) -> list[str]:
        chance = Random(seed)
        return [repr(draw(chance, number)) for number in range(50)]

    assert series(1) == series(1)
    assert series(1) != series(2)


def test_every_way_to_kill_is_drawn() -> None:
    chance = Random(1)
    assert {draw(chance, number).how for number in range(20)} == set(HOW)
