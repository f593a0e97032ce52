"""The worked example of docs/adding-a-failure-mode.md, executed: a declaration, and every aspect judges it."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.catalogue import profile as profiles
from conformance.catalogue.course import Timing
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.scenario import Course, Scenario, controls_of
from conformance.evidence.record import Entry, assemble
from conformance.judging.judge import judge
from conformance.suite import ASPECTS
from conformance.targets.reference import ReferenceTarget
from conformance.wave.plan import Plan, schedule
from conformance.wave.staging import run

PAGE = Path(__file__).parents[1] / "docs" / "adding-a-failure-mode.md"


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> Iterator[FailureMode]:
    """Declare what the page declares."""
    [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, tuple[FailureMode, ...]] = {}
    exec(code, names)  # the page is ours
    [mode] = names["MODES"]
    monkeypatch.setitem(ALL, mode.name, mode)  # type: ignore[arg-type]
    profiles.load.cache_clear()
    yield mode
    profiles.load.cache_clear()


def test_every_aspect_of_its_kind_judges_it(declared: FailureMode, tmp_path: Path) -> None:
    scenario = Scenario(failure_mode=declared, course=Course.HEALED)
    aspects = [each for each in ASPECTS if scenario.id in (s.id for s in each.scenarios())]
    plan = Plan(
        target="reference",
        import_path=[],
        lab="loopback",
        scenarios=[each.id for each in (*controls_of(scenario), scenario)],
        timing=Timing.STEADY,
        asked=schedule(),
        work_directory=str(tmp_path),
    )
    entries: list[Entry] = []
    asyncio.run(run(plan, ReferenceTarget(), entries.append, lambda *_: None))
    record = assemble(entries, "this wave")
    judged = {each.name: judge(each, scenario, record, profiles.load("eop")) for each in aspects}
    assert {"error_code", "error_detail", "destination_server", "stays_queued", "retried", "recovers"} <= set(
        judged
    )
    assert {name: each.observed for name, each in judged.items() if each.verdict != "pass"} == {}
