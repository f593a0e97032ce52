"""A run as the views see it: what was judged, and everything else as it is where nothing happened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conformance.catalogue.profile import load
from conformance.evidence.record import Record, Trouble
from conformance.evidence.relays import Stopped
from conformance.judging.judge import Judged
from conformance.judging.waived import Misfit
from conformance.report.results import PytestOutcome
from conformance.waivers import Waivers
from stories.saved import Named


@dataclass
class Results:
    """What views may know of it."""

    records: list[Record]
    judged: list[tuple[Named, Judged]]
    troubles: list[Trouble] = field(default_factory=list)
    stopped: list[tuple[Stopped, list[str]]] = field(default_factory=list)
    waivers: Waivers | None = None
    misfits: list[Misfit] = field(default_factory=list)
    xfailed: dict[str, str] = field(default_factory=dict)
    name: str = "hand-made"
    strict: bool = False
    target: Any = None
    profile: Any = field(default_factory=lambda: load("eop"))
    paths: Iterable[Path] = ()
    catalogue_digest: str = "sha256:0"
    part: dict[str, int] = field(default_factory=dict)
    busy: Iterable[Any] = ()
    asked: dict[str, object] = field(default_factory=lambda: {"schedules": {}})

    @property
    def outcomes(self) -> dict[str, PytestOutcome]:
        return {test.nodeid: PytestOutcome.FAILED for test, _ in self.judged}
