"""Waves side by side: their progress is one, and what one says when it fails is told."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.catalogue.course import Timing
from conformance.evidence.record import Fault
from conformance.report.results import Windows
from conformance.session import ahead, launch
from conformance.session.again import BATCH
from conformance.session.launch import WaveFailed, launch_all
from conformance.wave.__main__ import EXIT_BROKEN, EXIT_INSTALLATION
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

    def advance(self, waves: Sequence[Windows]) -> None:
        self.last = waves
        self.seen.append((sum(wave.done for wave in waves), sum(wave.total for wave in waves)))


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
        ahead, "command", lambda plan, record, lab: [sys.executable, "-c", CHILD, str(plan), str(record)]
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


def test_how_long_a_wave_will_take_is_told_from_when_it_said_so(tmp_path: Path) -> None:
    shown = Shown()
    plans = _plans(tmp_path, 'say {"done": 0, "total": 1, "seconds": 500.0}NEWLINE', _say(0, 2))
    plans[1] = (replace(plans[1][0], stretch=2.0), plans[1][1])
    begun = time.monotonic()
    launch_all(plans, shown, patience=0.0)
    first, second = shown.last
    assert first.ends is not None
    assert begun + 500 <= first.ends <= time.monotonic() + 500
    assert (first.wave, second.wave, second.ends) == ("steady", "steady once more", None)


def test_a_wave_that_fails_says_why_and_the_others_end(tmp_path: Path) -> None:
    plans = _plans(tmp_path, "exit 0", "complain it broke\nexit 5")
    with pytest.raises(WaveFailed, match="exit status 5") as failed:
        launch_all(plans, Shown())
    assert failed.value.log == "it broke"
    assert failed.value.fault is Fault.HARNESS
    assert not failed.value.installation


def test_a_wave_says_itself_what_broke_it_for_its_log_may_lie_on_a_full_disk(tmp_path: Path) -> None:
    script = f'say {{"broken": "no room", "fault": "adapter"}}NEWLINE\nexit {EXIT_BROKEN}'
    with pytest.raises(WaveFailed, match="no room") as failed:
        launch_all(_plans(tmp_path, script), Shown())
    assert failed.value.fault is Fault.ADAPTER


def test_a_wave_that_cannot_be_started_has_failed(tmp_path: Path) -> None:
    plans = _plans(tmp_path, "exit 0")
    (plans[0][1] / "work").write_text("somebody was here")
    with pytest.raises(WaveFailed, match=r"it cannot be started: .*File exists"):
        launch_all(plans, Shown())


def test_what_the_machine_lacks_is_told_apart(tmp_path: Path) -> None:
    script = f'say {{"installation": "no postfix", "hint": "install it"}}NEWLINE\nexit {EXIT_INSTALLATION}'
    with pytest.raises(WaveFailed, match="no postfix\ninstall it") as failed:
        launch_all(_plans(tmp_path, script), Shown())
    assert failed.value.installation


def test_if_we_are_interrupted_all_children_end(tmp_path: Path) -> None:
    class Interrupted(Shown):
        def advance(self, waves: Sequence[Windows]) -> None:
            raise KeyboardInterrupt

    scripts = ["\n".join((_say(0, 1), "wait never")), "wait never"]
    with pytest.raises(KeyboardInterrupt):  # and returns: the children were waited for
        launch_all(_plans(tmp_path, *scripts), Interrupted())
    assert not list(tmp_path.glob("*/record.jsonl"))


class TestOneAfterTheOther:
    """Each starts when the one before is under way and the machine has room, and after some time whatever it does."""

    @pytest.fixture(autouse=True)
    def _soon(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(launch, "_LATELY", 0.02)
        monkeypatch.setattr(launch, "_LOOK_AGAIN", 0.01)

    def _run(self, folder: Path, first: str, *, patience: float) -> None:
        """Run two waves; the first ends only when the second has started."""
        launch_all(_plans(folder, f"{first}\nwait second", "touch second"), Shown(), patience=patience)

    def test_the_next_starts_when_the_first_is_under_way_and_there_is_room(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(launch, "stalled_so_far", lambda: 7.0)
        self._run(tmp_path, _say(0, 1), patience=3600)

    def test_a_wave_that_has_ended_keeps_nobody_waiting(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(launch, "stalled_so_far", lambda: None)
        launch_all(_plans(tmp_path, "exit 0", "exit 0"), Shown(), patience=3600)

    @pytest.mark.parametrize(("first", "share"), [(_say(0, 1), 0.9), ("touch silent", 0.0)])
    def test_else_it_is_waited_for_a_while(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str, share: float
    ) -> None:
        monkeypatch.setattr(launch, "stalled_so_far", lambda: share * time.monotonic())
        begun = time.monotonic()
        self._run(tmp_path, first, patience=0.5)
        assert time.monotonic() - begun >= 0.5

    def test_what_is_not_yet_started_counts_by_its_plan(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Touching(Shown):
            def advance(self, waves: Sequence[Windows]) -> None:
                super().advance(waves)
                (tmp_path / "shown").touch()

        monkeypatch.setattr(launch, "stalled_so_far", time.monotonic)
        shown = Touching()
        launch_all(_plans(tmp_path, _say(1, 1), f"wait shown\n{_say(2, 2)}"), shown, patience=0.2)
        assert shown.seen == [(1, 3), (3, 3)]


class TestBeside:
    """What comes to a wave that has ended is staged while others still run, if the machine has room."""

    @pytest.fixture(autouse=True)
    def _soon(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(launch, "_LATELY", 0.02)
        monkeypatch.setattr(launch, "_LOOK_AGAIN", 0.01)

    def _run(
        self, folder: Path, *scripts: str, then: str, many: int = 1, stretch: float = 2.0, early: bool = False
    ) -> list[bool]:
        """Run waves, and another one when the first has ended; return whether it began beside any of them."""
        (folder / "again").mkdir()
        began: list[bool] = []
        ends: list[int] = []

        def ended(number: int, record: Path) -> Sequence[tuple[Plan, Path]]:
            assert record.read_text() == "done"
            ends.append(number)
            (folder / f"ended-{number}").touch()
            return (
                [(replace(plan, target=then, scenarios=["x"] * many, stretch=stretch), folder / "again")]
                if number == 0
                else []
            )

        plans = _plans(folder, *scripts)
        [(plan, _), *_] = plans

        def begun(number: int, beside: bool) -> None:
            assert number == len(plans)
            began.append(beside)

        paths = launch_all(plans, Shown(), ended, begun=begun, patience=0.0, early=early)
        assert [path.parent.name for path in paths] == [*map(str, range(len(plans))), "again"]
        assert sorted(ends) == [*range(len(plans) + 1)]
        return began

    def test_it_begins_while_another_wave_runs(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(launch, "stalled_so_far", lambda: 7.0)
        others = f"{_say(0, 1)}\nwait further"
        assert self._run(tmp_path, "touch ended", others, then="touch further") == [True]

    def test_it_begins_at_once_where_nothing_else_runs(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(launch, "stalled_so_far", time.monotonic)
        assert self._run(tmp_path, "touch ended", then="touch ended") == [False]

    def test_it_waits_for_the_others_on_a_crowded_machine(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(launch, "stalled_so_far", time.monotonic)
        assert self._run(tmp_path, "touch ended", "wait ended-0", then="touch ended") == [False]

    def test_it_waits_for_the_others_if_it_is_a_crowd_by_itself(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(launch, "stalled_so_far", lambda: 7.0)
        assert self._run(tmp_path, "touch ended", "wait ended-0", then="touch ended", many=BATCH + 1) == [
            False
        ]

    def test_what_takes_the_place_of_one_that_has_ended_is_no_further_crowd(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its relay was brought down in the first seconds, and the others run for half an hour."""
        monkeypatch.setattr(launch, "stalled_so_far", lambda: 7.0)
        others = f"{_say(0, 1)}\nwait further"
        begun = self._run(tmp_path, "touch ended", others, then="touch further", many=BATCH + 1, stretch=1.0)
        assert begun == [True]

    @pytest.mark.parametrize(
        ("second", "beside"),
        [
            ('say {"reach": {"connected": true}}NEWLINE\nwait further', True),
            ('say {"reach": {"asked": true}}NEWLINE\nwait ended-0', False),
        ],
    )
    def test_as_long_as_mail_goes_nowhere_it_waits(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, second: str, beside: bool
    ) -> None:
        """Such a run may still be ended early."""
        monkeypatch.setattr(launch, "stalled_so_far", lambda: 7.0)
        assert self._run(tmp_path, "touch ended", second, then="touch further", early=True) == [beside]


@pytest.mark.parametrize("crowded", [False, True])
def test_records_are_read_while_waves_go_on_if_nobody_has_to_wait_for_that(
    crowded: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "stalled_so_far", time.monotonic if crowded else lambda: 7.0)
    monkeypatch.setattr(launch, "_LATELY", 0.02)
    monkeypatch.setattr(launch, "BEAT", 0.01)
    read: list[Path] = []

    def written(record: Path) -> None:
        read.append(record)
        (tmp_path / "read").touch()

    plans = _plans(tmp_path, f"{_say(0, 1)}\n" + ("" if crowded else "wait read"), _say(0, 2))
    records = launch_all(plans, Shown(), written=written, patience=0.0)
    assert set(read) <= set(records)
    assert bool(read) is not crowded
