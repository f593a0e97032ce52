"""Stories for views: as the file that a wave would have left, and the names of tests of them; no wave is needed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from conformance.catalogue.scenario import Scenario
from conformance.evidence.record import Entry, Footer, to_line
from conformance.judging.aspect import Aspect
from stories.story import Story


@dataclass(frozen=True)
class Named:
    """A test, by its names only."""

    aspect: Aspect
    scenario: Scenario

    @property
    def name(self) -> str:
        return f"test_{self.aspect.name}[{self.scenario.failure_mode.name}]"

    @property
    def nodeid(self) -> str:
        return f"conformance/suite/test_{self.aspect.name}.py::{self.name}"


def save(path: Path, story: Story, *others: Story) -> None:
    """Write what happened in some stories, and in the controls of the first, as one complete record."""
    record = story.record(*others)
    entries: list[Entry] = [
        record.header,
        *record.events,
        *record.queue_listings,
        *record.reported,
        *record.troubles,
        *record.stopped,
        *record.idling,
        *record.staged.values(),
    ]
    footer = Footer(lines=len(entries) + 1, seconds=9.0, longest_window=8.0, cpu_seconds=1.0)
    path.write_text("".join(f"{to_line(entry)}\n" for entry in [*entries, footer]), encoding="utf-8")
