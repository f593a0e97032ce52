"""Hands each event of a wave to the player of the scenario that it is part of."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.evidence.attribution import traits_of_event, traits_of_scenario
from conformance.wave.player import Player
from fake_servers import Event, Journal


class Directory:
    """All players of a wave, found by what an event has in common with a scenario."""

    def __init__(self) -> None:
        self._players: list[Player] = []
        self._by_trait: dict[str, Player] = {}

    def add(self, player: Player, journal: Journal) -> None:
        """Add a player and tell it what was noted of its scenario before."""
        self._players.append(player)
        self._by_trait |= dict.fromkeys(traits_of_scenario(player.staged), player)
        for event in journal:
            if self.concerned(event) is player:
                player.note(event)

    def concerned(self, event: Event) -> Player | None:
        """Return the player whose scenario an event is part of."""
        known = (self._by_trait.get(trait) for trait in traits_of_event(event))
        return next((player for player in known if player is not None), None)

    def __iter__(self) -> Iterator[Player]:
        return iter(self._players)

    def __len__(self) -> int:
        return len(self._players)
