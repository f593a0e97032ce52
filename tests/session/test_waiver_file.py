"""What is written of a run can be read again, and lets the same run pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from stories.results import Results
from stories.saved import Named
from stories.story import ASPECT

from conformance.catalogue.course import Course
from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.requirements import Level, catalogue
from conformance.catalogue.scenario import Scenario
from conformance.catalogue.versions import newest, versions
from conformance.judging.judge import Judged
from conformance.judging.verdict import Finding, Verdict, weightiest
from conformance.judging.waived import misfits, with_waivers
from conformance.session.waiver_file import WaiverFile
from conformance.suite import ASPECTS
from conformance.waivers import WaiverError, Waivers, load
from conformance.waivers.reading import GENERATED

CODE = "cannot-connect/error-code"
MODES = ("mx_relay_in_list", "stale_address")
REASON = "Known."


def _wrong(observed: str, requirement: str = CODE) -> Finding:
    return Finding(
        requirement=requirement, level=Level.MUST, holds=False, expected="another one", observed=observed
    )


def _holds(requirement: str = CODE) -> Finding:
    return replace(_wrong("as expected", requirement), holds=True)


def _judged(*findings: Finding) -> Judged:
    decisive = weightiest(findings)
    return Judged(
        verdict=decisive.verdict,
        requirement=catalogue()[decisive.requirement],
        level=decisive.level,
        findings=findings,
    )


def _test(mode: str, aspect: str = "error_code", course: Course = Course.HEALED) -> Named:
    return Named(ASPECT[aspect], Scenario(failure_mode=ALL[mode], course=course))


def _run(*tests: tuple[Named, Judged], waivers: Waivers | None = None) -> Results:
    passed = [(test, with_waivers(judged, test.aspect, test.scenario, waivers)) for test, judged in tests]
    return Results(records=[], judged=passed, waivers=waivers)


def _write(folder: Path, run: Results, *, reason: str = REASON) -> Waivers:
    """Write a file and read it, with another reason where there is none yet."""
    file = folder / "new.toml"
    file.unlink(missing_ok=True)
    WaiverFile(file).write(run)  # type: ignore[arg-type]
    file.write_text(file.read_text(encoding="utf-8").replace(GENERATED, reason), encoding="utf-8")
    return load(file, aspects=[aspect.name for aspect in ASPECTS])


def _fits(run: Results) -> bool:
    verdicts = {judged.verdict for _, judged in run.judged}
    return not misfits(run.waivers, run.judged, run.profile) and verdicts <= {Verdict.PASS, Verdict.WAIVED}


def test_what_is_wrong_twice_in_one_test_is_one_row(tmp_path: Path) -> None:
    """A reply code and an enhanced one, of the same requirement."""
    both = _judged(_wrong("reply code 451 (event: x)"), _wrong("enhanced status code 4.0.0 (event: x)"))
    one = _judged(_holds(), _wrong("enhanced status code 4.0.0 (event: y)"))
    tests = [(_test(MODES[0]), both), (_test(MODES[1]), one)]
    waivers = _write(tmp_path, _run(*tests))
    first, second = waivers.rows
    assert first.observed == ("enhanced status code 4.0.0 (*", "reply code 451 (*")
    assert (first.modes, second.modes) == ({MODES[0]}, {MODES[1]})
    assert _fits(_run(*tests, waivers=waivers))


def test_what_is_wrong_in_the_same_way_is_one_row_in_whatever_order_it_was_compared(tmp_path: Path) -> None:
    one, other = _wrong("reply code 451"), _wrong("enhanced status code 4.0.0")
    tests = [(_test(MODES[0]), _judged(one, other)), (_test(MODES[1]), _judged(other, one))]
    (row,) = _write(tmp_path, _run(*tests)).rows
    assert row.modes == set(MODES)


def test_a_file_is_brought_up_to_date_with_what_is_newer_than_it(tmp_path: Path) -> None:
    """Patterns are written as what they stood for, since in the new version they stand for more."""
    (older, *_), mode = versions(), _test("connection_refused", "destination_server")
    aspect = mode.aspect
    newer = next(scenario for scenario in aspect.scenarios() if not aspect.is_in(older, scenario))
    wrong = _judged(_wrong("no host is named", "error/destination-server"))
    waivers = _write(tmp_path, _run((mode, wrong)))
    old = replace(waivers, catalogue=older)
    run = _run((mode, wrong), (Named(aspect, newer), wrong), waivers=old)
    assert [judged.verdict for _, judged in run.judged] == [Verdict.WAIVED, Verdict.FAIL]
    again = _write(tmp_path, run, reason="New.")
    assert again.catalogue == newest()
    assert {(row.reason, *row.modes) for row in again.rows} == {
        (REASON, "connection_refused"),
        ("New.", newer.failure_mode.name),
    }


def test_where_something_new_is_wrong_the_reason_must_be_said_anew(tmp_path: Path) -> None:
    """Also where the day is over; what was said until now is there to be read."""
    known, test = _wrong("enhanced status code 4.0.0"), _test(MODES[0])
    waivers = _write(tmp_path, _run((test, _judged(known))))
    run = _run((test, _judged(known, _wrong("reply code 451"))), waivers=waivers)
    expired = [replace(row, expires=date(2026, 1, 1)) for row in waivers.rows]
    over = _run((test, _judged(known)), waivers=replace(waivers, rows=expired))
    for each in (run, over):
        with pytest.raises(WaiverError, match="reason is still the one that was generated"):
            _write(tmp_path, each, reason=GENERATED)
        (row,) = _write(tmp_path, each, reason="New").rows
        assert row.reason == f"New; until now: {REASON}"
        assert row.expires > date(2026, 1, 1)


def test_a_row_about_any_aspect_stays_one(tmp_path: Path) -> None:
    """What another aspect finds there is in it, since beside it there can be no row for that."""
    wrong = _judged(_wrong("enhanced status code 4.0.0"))
    waivers = _write(tmp_path, _run((_test(MODES[0]), wrong)))
    open_row = replace(waivers, rows=[replace(row, aspect="") for row in waivers.rows])
    other = (_test(MODES[0], "error_detail"), _judged(_wrong("detail: none")))
    run = _run((_test(MODES[0]), wrong), other, waivers=open_row)
    (row,) = _write(tmp_path, run, reason="New").rows
    assert row.aspect == ""
    assert set(row.observed) == {"enhanced status code 4.0.0", "detail: none"}


def _two_modes(folder: Path) -> tuple[Waivers, Judged]:
    """A file of one row with both failure modes, and what is wrong in each."""
    wrong = _judged(_wrong("enhanced status code 4.0.0"))
    return _write(folder, _run(*((_test(mode), wrong) for mode in MODES))), wrong


def test_what_a_part_of_the_suite_says_nothing_of_is_kept(tmp_path: Path) -> None:
    """With its reason; what was judged and holds is left out."""
    waivers, wrong = _two_modes(tmp_path)
    for judged, modes in ((wrong, set(MODES)), (_judged(_holds()), {MODES[1]})):
        (row,) = _write(tmp_path, _run((_test(MODES[0]), judged), waivers=waivers), reason="New.").rows
        assert (row.reason, row.modes) == (REASON, modes)
    (row,) = _write(tmp_path, _run(waivers=waivers)).rows
    assert (row.modes, row.expires, row.observed) == (set(MODES), *_said(waivers))


def _said(waivers: Waivers) -> tuple[date, tuple[str, ...]]:
    return waivers.rows[0].expires, waivers.rows[0].observed


@pytest.mark.parametrize("verdict", [Verdict.INCONCLUSIVE, Verdict.ERROR, Verdict.NOT_APPLICABLE])
def test_what_says_nothing_of_a_relay_takes_nothing_out(tmp_path: Path, verdict: Verdict) -> None:
    waivers, wrong = _two_modes(tmp_path)
    silent = replace(wrong, verdict=verdict, findings=())
    run = _run((_test(MODES[0]), wrong), (_test(MODES[1]), silent), waivers=waivers)
    (row,) = _write(tmp_path, run).rows
    assert row.modes == set(MODES)


def test_of_one_course_that_was_judged_the_others_are_kept(tmp_path: Path) -> None:
    """A row may name a failure mode for all courses of an aspect."""
    aspect, mode = ASPECT["stays_queued"], ALL["greeting_421"]
    courses = [course for course in aspect.courses if aspect.reads(mode, course)]
    queued = _wrong("returned", "queue/kept")
    tests = [(_test(mode.name, aspect.name, course), _judged(queued)) for course in courses]
    waivers = _write(tmp_path, _run(*tests))
    whole = replace(waivers, rows=[replace(waivers.rows[0], modes={mode.name}, failure_modes=(mode.name,))])
    run = _run((tests[0][0], _judged(_holds("queue/kept"))), waivers=whole)
    kept = {name for row in _write(tmp_path, run).rows for name in row.modes}
    assert kept == {f"{mode.name}-{course}" for course in courses[1:]}
    assert len(kept) == len(courses) - 1


def test_a_row_about_any_aspect_is_kept_while_none_has_judged_it(tmp_path: Path) -> None:
    waivers, _ = _two_modes(tmp_path)
    open_row = replace(waivers, rows=[replace(row, aspect="") for row in waivers.rows])
    (row,) = _write(tmp_path, _run((_test(MODES[0]), _judged(_holds())), waivers=open_row)).rows
    assert (row.aspect, row.modes) == ("", {MODES[1]})
