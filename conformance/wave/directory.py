"""Finds the scenario that an event belongs to."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.wave.player import Player
from fake_servers import Event, Journal
from fake_servers.events import DnsEvent, SmtpMessage


class Directory:
    """All players of a wave, found by server address, by DNS name and by sender."""

    def __init__(self) -> None:
        self._players: list[Player] = []
        self._by_server: dict[str, Player] = {}
        self._by_name: dict[str, Player] = {}
        self._by_sender: dict[str, Player] = {}

    def add(self, player: Player, journal: Journal) -> None:
        """Add a player and tell it what was noted of its scenario before."""
        staged = player.staged
        self._players.append(player)
        self._by_sender |= {staged.sender.lower(): player, staged.author.lower(): player}
        self._by_server |= {site.server: player for site in staged.sites}
        self._by_name |= {site.name.lower(): player for site in staged.sites}
        self._by_name[staged.domain.lower()] = player  # its MX records, and what lies below
        for event in journal:
            if self.concerned(event) is player:
                player.note(event)

    def concerned(self, event: Event) -> Player | None:
        """Return the player whose scenario an event is part of."""
        if isinstance(event, DnsEvent):
            return self._of_name(event.host)
        if event.server in self._by_server:
            return self._by_server[event.server]
        if isinstance(event, SmtpMessage):
            known = (self._by_sender.get(recipient.lower()) for recipient in event.recipients)
            return next((player for player in known if player is not None), None)
        return None

    def _of_name(self, name: str) -> Player | None:
        while name and name not in self._by_name:
            name = name.partition(".")[2]
        return self._by_name.get(name)

    def __iter__(self) -> Iterator[Player]:
        return iter(self._players)

    def __len__(self) -> int:
        return len(self._players)
