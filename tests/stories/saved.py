"""Stories as the file that a wave would have left, for runs that judge one again: no wave is needed to see a view."""

from __future__ import annotations

from pathlib import Path

from conformance.evidence.record import Entry, Footer, to_line
from stories.story import Story


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
