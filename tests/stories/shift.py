"""The same record on a journal that was opened earlier: every moment is later, every duration the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

from conformance.evidence.record import Record, Staged
from fake_servers.events import Event, RelayKilled

T = TypeVar("T")


def shifted(record: Record, seconds: float) -> Record:
    """Return a record whose journal was opened so many seconds before the one of another."""

    def later(entry: T, *names: str) -> T:
        moments = {name: getattr(entry, name) for name in names}
        moved = {name: moment + seconds for name, moment in moments.items() if moment is not None}
        return replace(entry, **moved)  # type: ignore[type-var]

    def staged(entry: Staged) -> Staged:
        changes: dict[str, Any] = {
            "milestones": {name: moment + seconds for name, moment in entry.milestones.items()},
            "offers": [later(offer, "at", "accepted") for offer in entry.offers],
            "operator_actions": [later(action, "asked", "done") for action in entry.operator_actions],
        }
        return later(replace(entry, **changes), "offered", "submitted", "repaired", "closed")

    def event(entry: Event) -> Event:
        return later(entry, "at", "asked") if isinstance(entry, RelayKilled) else later(entry, "at")

    return replace(
        record,
        staged={name: staged(entry) for name, entry in record.staged.items()},
        events=[event(entry) for entry in record.events],
        queue_listings=[later(entry, "asked", "at") for entry in record.queue_listings],
        reported=[later(entry, "read_at") for entry in record.reported],
        alert_listings=[later(entry, "asked", "at") for entry in record.alert_listings],
        troubles=[later(entry, "at") for entry in record.troubles],
        views={},
    )
