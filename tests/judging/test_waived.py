"""What waivers let pass, and those that do not fit what was judged."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from stories.saved import Named
from stories.story import ASPECT

from conformance.catalogue.course import Course
from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.profile import load as profile_named
from conformance.catalogue.requirements import Level, catalogue
from conformance.catalogue.scenario import Scenario
from conformance.catalogue.versions import newest, versions
from conformance.judging.judge import Judged
from conformance.judging.systematic import Told, is_the_same, once
from conformance.judging.verdict import Finding, Verdict, weightiest
from conformance.judging.waived import misfits, with_waivers
from conformance.waivers import Waiver, Waivers

EOP = profile_named("eop")
ASPECT_NAME = "destination_server"
HOST = "error/destination-server"
OTHER = "error/detail-names-cause"
MODES = ("close_at_ehlo", "close_at_mail", "close_at_rcpt", "close_at_data")
TODAY = date(2026, 11, 29)


def _finding(
    requirement: str = HOST,
    *,
    holds: bool = False,
    level: Level = Level.MUST,
    observed: str = "no host is named",
) -> Finding:
    return Finding(requirement=requirement, level=level, holds=holds, expected="one", observed=observed)


def _judged(*findings: Finding, verdict: Verdict | None = None) -> Judged:
    decisive = weightiest(findings) if findings else _finding()
    return Judged(
        verdict=verdict or decisive.verdict,
        requirement=catalogue()[decisive.requirement],
        level=decisive.level,
        findings=findings,
    )


def _scenario(mode: str) -> Scenario:
    return Scenario(failure_mode=ALL[mode], course=Course.HEALED)


def _waiver(*modes: str, number: int = 1, **changes: object) -> Waiver:
    waiver = Waiver(
        file=Path("waivers.toml"),
        number=number,
        verdict="fail",
        requirement=HOST,
        aspect=ASPECT_NAME,
        failure_modes=modes,
        modes=frozenset(modes),
        observed=("no host*",),
        reason="Known.",
        expires=date(2027, 1, 1),
    )
    return replace(waiver, **changes)  # type: ignore[arg-type]


def _waivers(*rows: Waiver) -> Waivers:
    return Waivers(
        file=Path("waivers.toml"), lies=Path("waivers.toml"), catalogue=newest(), rows=rows, today=TODAY
    )


def _run(waivers: Waivers, **modes: Judged) -> list[tuple[Named, Judged]]:
    """Judge some failure modes as a run does: waivers first, then what is missed everywhere."""
    aspect = ASPECT[ASPECT_NAME]
    told = {}
    for mode, judged in modes.items():
        scenario = _scenario(mode)
        passed = with_waivers(judged, aspect, scenario, waivers)
        told[aspect.test_name(scenario)] = Told(aspect, scenario, passed)
    verdicts = once(told, EOP)
    return [(Named(aspect, told[name].scenario), judged) for name, judged in verdicts.items()]


def _of(run: list[tuple[Named, Judged]]) -> dict[str, Verdict]:
    return {test.scenario.failure_mode.name: judged.verdict for test, judged in run}


def _why(waivers: Waivers, run: list[tuple[Named, Judged]]) -> list[str]:
    return [misfit.why for misfit in misfits(waivers, run, EOP)]


def test_what_is_waived_is_a_verdict_of_its_own_and_fits() -> None:
    waivers = _waivers(_waiver("close_at_ehlo"))
    run = _run(waivers, close_at_ehlo=_judged(_finding()), close_at_mail=_judged(_finding(holds=True)))
    assert _of(run) == {"close_at_ehlo": Verdict.WAIVED, "close_at_mail": Verdict.PASS}
    judged = run[0][1]
    assert (judged.requirement.id, judged.findings[0].unwaived) == (HOST, Verdict.FAIL)
    assert _why(waivers, run) == []


@pytest.mark.parametrize("verdict", [Verdict.INCONCLUSIVE, Verdict.ERROR, Verdict.NOT_APPLICABLE])
def test_nothing_else_is_waived_and_says_nothing_of_a_waiver(verdict: Verdict) -> None:
    waivers = _waivers(_waiver("close_at_ehlo"), _waiver("close_at_mail", expires=date(2026, 1, 1)))
    run = _run(waivers, close_at_ehlo=_judged(verdict=verdict), close_at_mail=_judged(verdict=verdict))
    assert set(_of(run).values()) == {verdict}
    assert _why(waivers, run) == []


def test_what_was_too_late_on_a_crowded_machine_is_waived_if_it_is_known() -> None:
    waivers = _waivers(_waiver("close_at_ehlo", "close_at_mail", "close_at_rcpt"))
    crowded = replace(_judged(verdict=Verdict.INCONCLUSIVE), reason="too late, and the machine was crowded")
    known, other = _finding(), _finding(OTHER)
    run = _run(
        waivers,
        close_at_ehlo=replace(crowded, doubted=(known,)),
        close_at_mail=replace(crowded, doubted=(known, other)),
        close_at_rcpt=replace(crowded, doubted=(_finding(observed="another one"),)),
    )
    assert _of(run) == {
        "close_at_ehlo": Verdict.WAIVED,
        "close_at_mail": Verdict.INCONCLUSIVE,
        "close_at_rcpt": Verdict.INCONCLUSIVE,
    }
    assert (run[0][1].observed, run[1][1].observed) == (known.observed, crowded.reason)
    assert _why(waivers, run) == []


def test_one_finding_is_waived_and_the_other_decides() -> None:
    waivers = _waivers(_waiver("close_at_ehlo"))
    deviates = _finding(OTHER, level=Level.SHOULD, observed="no cause")
    run = _run(waivers, close_at_ehlo=_judged(_finding(), deviates))
    judged = run[0][1]
    assert (judged.verdict, judged.requirement.id) == (Verdict.DEVIATION, OTHER)
    assert judged.observed == "no cause"
    assert _why(waivers, run) == []


def test_what_was_not_judged_in_a_run_asks_nothing_of_a_waiver() -> None:
    """With -k, --lf, in another part of a run, in another lab."""
    waivers = _waivers(_waiver("close_at_ehlo", "close_at_mail"))
    run = _run(waivers, close_at_ehlo=_judged(_finding()))
    assert _why(waivers, run) == []


def test_a_waiver_that_is_no_longer_needed() -> None:
    waivers = _waivers(_waiver("close_at_ehlo", "close_at_mail", number=7))
    run = _run(waivers, close_at_ehlo=_judged(_finding()), close_at_mail=_judged(_finding(holds=True)))
    (misfit,) = misfits(waivers, run, EOP)
    assert str(misfit) == (
        f"waivers.toml, row 7 ({HOST}): test_destination_server[close_at_mail]: waiver no longer needed: "
        f"{HOST} holds now; take this test out of the row"
    )


def test_what_need_not_be_seen_in_each_run() -> None:
    """All else that is wrong with such a row is told."""
    row = replace(_waiver("close_at_ehlo", "close_at_mail"), sometimes=True)
    waivers = _waivers(row)
    run = _run(waivers, close_at_ehlo=_judged(_finding()), close_at_mail=_judged(_finding(holds=True)))
    assert _of(run) == {"close_at_ehlo": Verdict.WAIVED, "close_at_mail": Verdict.PASS}
    assert _why(waivers, run) == []
    assert _why(waivers, _run(waivers, close_at_ehlo=_judged(_finding(observed="another one"))))
    expired = _waivers(replace(row, expires=date(2026, 11, 28)))
    assert _why(expired, _run(expired, close_at_ehlo=_judged(_finding(holds=True))))


def test_a_waiver_that_expired() -> None:
    waivers = _waivers(_waiver("close_at_ehlo", expires=date(2026, 11, 28)))
    run = _run(waivers, close_at_ehlo=_judged(_finding()))
    assert _of(run) == {"close_at_ehlo": Verdict.FAIL}
    (why,) = _why(waivers, run)
    assert why.startswith("the waiver expired on 2026-11-28")


def test_another_verdict_and_another_observation() -> None:
    waivers = _waivers(_waiver("close_at_ehlo"), _waiver("close_at_mail", number=2))
    run = _run(
        waivers,
        close_at_ehlo=_judged(_finding(level=Level.SHOULD)),
        close_at_mail=_judged(_finding(observed="the host is mx9 at 2.5 s")),
    )
    assert _of(run) == {"close_at_ehlo": Verdict.DEVIATION, "close_at_mail": Verdict.FAIL}
    assert _why(waivers, run) == [
        "the verdict is deviation now, and the waiver has fail",
        'observed is "the host is mx9 at _" now, and the waiver has "no host*"',
    ]


def test_another_requirement_that_is_broken_now() -> None:
    waivers = _waivers(_waiver("close_at_ehlo"))
    run = _run(waivers, close_at_ehlo=_judged(_finding(OTHER)))
    assert _of(run) == {"close_at_ehlo": Verdict.FAIL}
    assert _why(waivers, run) == [f"the waiver does not fire: what is wrong here now is {OTHER}"]


def test_what_is_missed_everywhere_hides_behind_no_waiver() -> None:
    """The one test that is red for all moves to the first that is not waived."""
    missed = dict.fromkeys(MODES, _judged(_finding()))
    waivers = _waivers(_waiver(MODES[0]))
    run = _run(waivers, **missed)
    assert list(_of(run).values()) == [
        Verdict.WAIVED,
        Verdict.FAIL,
        Verdict.NOT_APPLICABLE,
        Verdict.NOT_APPLICABLE,
    ]
    assert is_the_same(run[2][1])
    assert _why(waivers, run) == []


@pytest.mark.parametrize("kept", [MODES, MODES[:1], MODES[1:3], MODES[3:]])
def test_a_row_with_every_failure_mode_fits_whatever_is_selected(kept: tuple[str, ...]) -> None:
    waivers = _waivers(_waiver(*MODES))
    run = _run(waivers, **dict.fromkeys(kept, _judged(_finding())))
    assert set(_of(run).values()) == {Verdict.WAIVED}
    assert _why(waivers, run) == []


def test_what_is_told_once_looks_otherwise_than_its_waiver() -> None:
    missed = dict.fromkeys(MODES, _judged(_finding(observed="nobody is named")))
    waivers = _waivers(_waiver(*MODES))
    assert len(_why(waivers, _run(waivers, **missed))) == len(MODES)


def test_without_aspect_one_test_of_a_failure_mode_is_enough() -> None:
    waivers = _waivers(_waiver("close_at_ehlo", "close_at_mail", aspect=""))
    holds = _judged(_finding(holds=True))
    other, mode = ASPECT["error_detail"], _scenario("close_at_ehlo")
    run = _run(waivers, close_at_ehlo=_judged(_finding()))
    run.append((Named(other, mode), _judged(_finding(holds=True))))
    assert _why(waivers, run) == []
    run += _run(waivers, close_at_mail=holds)
    assert len(_why(waivers, run)) == 1


def test_what_is_newer_than_the_file_is_not_covered_and_asks_nothing() -> None:
    """A failure mode that an aspect did not reach in the version of the catalogue that the file names."""
    reached, (older, *_) = ASPECT[ASPECT_NAME], versions()
    name = next(
        name
        for name, mode in ALL.items()
        if reached.reads(mode, Course.HEALED) and not reached.is_in(older, _scenario(name))
    )
    waivers = replace(_waivers(_waiver(name)), catalogue=older)
    run = _run(waivers, **{name: _judged(_finding())})
    assert _of(run) == {name: Verdict.FAIL}
    assert _why(waivers, run) == []
    run = _run(_waivers(_waiver(name)), **{name: _judged(_finding())})
    assert _of(run) == {name: Verdict.WAIVED}
