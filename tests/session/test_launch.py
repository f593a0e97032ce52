"""Waves side by side: their progress is one, and what one says when it fails is told."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from conformance.catalogue.course import Timing
from conformance.session import launch
from conformance.session.launch import WaveFailed, launch_all
from conformance.wave.__main__ import EXIT_INSTALLATION
from conformance.wave.plan import Plan, schedule

# Says what the lines of its plan's target say; `wait` waits until a file of that name lies beside the plan's folder.
CHILD = """
import json, pathlib, sys, time
plan, record = map(pathlib.Path, sys.argv[1:])
for line in json.loads(plan.read_text())["target"].splitlines():
    word, _, rest = line.partition(" ")
    if word == "say":
        sys.stdout.write(rest.replace("NEWLINE", chr(10)))
        sys.stdout.flush()
    elif word == "complain":
        print(rest, file=sys.stderr)
    elif word == "touch":
        (plan.parent.parent / rest).touch()
    elif word == "wait":
        while not (plan.parent.parent / rest).exists():
            time.sleep(0.01)
    elif word == "exit":
        sys.exit(int(rest))
record.write_text("done")
"""


class Shown:
    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = []

    def advance(self, done: int, total: int) -> None:
        self.seen.append((done, total))


def _plans(folder: Path, *scripts: str) -> list[tuple[Plan, Path]]:
    plans = []
    for number, script in enumerate(scripts):
        (folder / str(number)).mkdir()
        plan = Plan(
            target=script,
            import_path=[],
            lab="loopback",
            scenarios=["plain.healthy"] * (number + 1),
            timing=Timing.STEADY,
            asked=schedule(),
        )
        plans.append((plan, folder / str(number)))
    return plans


@pytest.fixture(autouse=True)
def _child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        launch, "command", lambda plan, record: [sys.executable, "-c", CHILD, str(plan), str(record)]
    )


def _say(done: int, total: int) -> str:
    return f'say {{"done": {done}, "total": {total}}}NEWLINE'


def test_the_progress_of_several_waves_is_added_up(tmp_path: Path) -> None:
    first = "\n".join((_say(0, 1), _say(1, 1), "touch first"))
    second = "\n".join(("wait first", _say(1, 2), 'say {"done": 2, "tot', "touch half", 'say al": 2}NEWLINE'))
    shown = Shown()
    paths = launch_all(_plans(tmp_path, first, second), shown)
    assert [path.read_text() for path in paths] == ["done", "done"]
    assert [path.parent.name for path in paths] == ["0", "1"]
    # what a wave has not said yet counts by its plan: the whole is known from the beginning
    assert {total for _, total in shown.seen} == {3}
    assert shown.seen[-1] == (3, 3)
    assert [done for done, _ in shown.seen] == sorted(done for done, _ in shown.seen)


def test_a_wave_that_fails_says_why_and_the_others_end(tmp_path: Path) -> None:
    plans = _plans(tmp_path, "exit 0", "complain it broke\nexit 5")
    with pytest.raises(
        WaveFailed, match=r"(?s)exit status 5; its record, so far as it goes: .*it broke"
    ) as failed:
        launch_all(plans, Shown())
    assert not failed.value.installation


def test_what_the_machine_lacks_is_told_apart(tmp_path: Path) -> None:
    script = f'say {{"installation": "no postfix", "hint": "install it"}}NEWLINE\nexit {EXIT_INSTALLATION}'
    with pytest.raises(WaveFailed, match="no postfix\ninstall it") as failed:
        launch_all(_plans(tmp_path, script), Shown())
    assert failed.value.installation


def test_if_we_are_interrupted_all_children_end(tmp_path: Path) -> None:
    class Interrupted(Shown):
        def advance(self, done: int, total: int) -> None:
            raise KeyboardInterrupt

    scripts = ["\n".join((_say(0, 1), "wait never")), "wait never"]
    with pytest.raises(KeyboardInterrupt):  # and returns: the children were waited for
        launch_all(_plans(tmp_path, *scripts), Interrupted())
    assert not list(tmp_path.glob("*/record.jsonl"))
