"""Several waves leave several records: which of them tells of a scenario, and what is staged again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from stories.days import expired
from stories.story import ASPECT, Story, good, good_control, waiting
from stories.wire import query

from conformance.catalogue.course import Course, Timing, timing_of
from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.message import Kind
from conformance.catalogue.profile import load
from conformance.catalogue.scenario import Scenario
from conformance.catalogue.versions import newest
from conformance.evidence.record import Record
from conformance.judging.judge import judge
from conformance.judging.verdict import Verdict
from conformance.lab import addresses as labs
from conformance.report.results import Windows
from conformance.schedules.scenarios import scenario_of
from conformance.session.again import again
from conformance.session.options import _day
from conformance.session.plans import Plans, staged_on
from conformance.session.run import Run
from conformance.session.second import Seconds
from conformance.session.waiving import waivers_for
from conformance.target import Capability
from conformance.waivers import NAME
from conformance.wave.plan import COMPRESSED_DAY

EVERYTHING = frozenset(Capability) - {Capability.ONE_ROUTE}


def _run(*records: Record) -> Run:
    return Run("x", load("eop"), False, None, records=list(records))  # type: ignore[arg-type]


def _on(timing: Timing, story: Story) -> Record:
    record = story.record()
    return replace(record, header=replace(record.header, timing=timing))


class Silent:
    """Shows nothing."""

    def begin(self, text: str) -> None: ...

    def advance(self, waves: Sequence[Windows]) -> None: ...

    def tell(self, text: str) -> None: ...

    def end(self, text: str) -> None: ...


def _plain() -> Scenario:
    return scenario_of("plain.healthy")


def test_the_record_in_which_it_was_staged() -> None:
    steady, jumped = good("greeting_421").record(), expired("greeting_421").record()
    run = _run(steady, jumped)
    assert run.evidence_for(scenario_of("greeting_421.healed")) is steady
    assert run.evidence_for(scenario_of("greeting_421.expires")) is jumped
    assert run.knows("any", _plain())
    assert not run.knows("any", scenario_of("greeting_554.healed"))


def test_a_control_is_in_every_record_and_its_own_clock_comes_first() -> None:
    steady = _on(Timing.STEADY, good_control("plain"))
    jumped = _on(Timing.JUMPED, good_control("plain"))
    for records in ([steady, jumped], [jumped, steady]):
        assert _run(*records).evidence_for(_plain()) is steady
    assert _run(jumped).evidence_for(_plain()) is jumped


def test_what_was_staged_again_counts() -> None:
    first, second = good("greeting_421").record(), good("greeting_421").record()
    assert _run(first, second).evidence_for(scenario_of("greeting_421.healed")) is second


def test_what_was_never_staged_is_looked_for_in_the_first() -> None:
    first, second = good("greeting_421").record(), good("greeting_554").record()
    assert _run(first, second).evidence_for(scenario_of("dns_nxdomain.healed")) is first


def test_each_clock_gets_its_scenarios_with_the_controls_first() -> None:
    wanted = [scenario_of(f"connection_refused.{course}") for course in ("healed", "expires", "restarted")]
    assert staged_on(Timing.STEADY, wanted, EVERYTHING, "loopback") == [
        "plain.healthy",
        "connection_refused.healed",
    ]
    assert staged_on(Timing.COMPRESSED, wanted, EVERYTHING, "loopback") == []
    for timing, course in ((Timing.JUMPED, "expires"), (Timing.RESTARTED, "restarted")):
        assert staged_on(timing, wanted, EVERYTHING, "loopback") == [
            "plain.healthy",
            "moved_clock.after_jump",
            f"connection_refused.{course}",
        ]
    assert staged_on(Timing.JUMPED, wanted, EVERYTHING - {Capability.CLOCK}, "loopback") == []
    assert staged_on(Timing.RESTARTED, wanted, EVERYTHING - {Capability.RESTART}, "loopback") == []


def _names(capabilities: frozenset[Capability]) -> list[tuple[str, list[str]]]:
    plans = Plans(target="x", import_path=[], capabilities=capabilities, lab="loopback", day=12.0)
    wanted = [scenario_of(f"{name}.amid") for name in ("expired_in_attempt", "edited_in_attempt")]
    return [(plan.timing, plan.scenarios) for plan in plans.of(wanted, 1.0)]


def test_what_must_come_at_the_end_has_a_relay_of_its_own() -> None:
    assert _names(EVERYTHING) == [
        ("interrupted", ["plain.healthy", "edited_in_attempt.amid"]),
        ("interrupted", ["plain.healthy", "expired_in_attempt.amid"]),
    ]


def test_fault_schedules_have_a_relay_of_their_own_beside_hundreds_of_others() -> None:
    plans = Plans(target="x", import_path=[], capabilities=EVERYTHING, lab="loopback", day=12.0)
    drawn = [scenario_of("stall_at_dot+healthy.schedule"), scenario_of("backlog_hangs.batch")]
    transient = [mode for mode in ALL.values() if mode.kind is Kind.TRANSIENT]
    others = [Scenario(failure_mode=mode, course=Course.HEALED) for mode in transient]
    two, one = plans.of([*others, *drawn], 1.0)
    assert one.timing == two.timing == Timing.STEADY
    assert one.scenarios[-2:] == ["stall_at_dot+healthy.schedule", "backlog_hangs.batch"]
    assert {name.rpartition(".")[2] for name in one.scenarios[:-2]} == {"healthy"}
    assert "connection_refused.healed" in two.scenarios
    assert not set(two.scenarios) & set(one.scenarios[-2:])
    [one] = plans.of([*others[:10], *drawn], 1.0)
    assert one.scenarios[-2:] == ["stall_at_dot+healthy.schedule", "backlog_hangs.batch"]


def test_where_each_scenario_has_a_relay_of_its_own_there_is_one_wave_for_each_clock() -> None:
    """Nothing waits for anything there, and a wave costs something."""
    assert _names(EVERYTHING - {Capability.MANY_CONNECTORS}) == [
        ("interrupted", ["plain.healthy", "expired_in_attempt.amid", "edited_in_attempt.amid"]),
    ]


@pytest.mark.parametrize(
    ("timing", "interval", "day", "slack"),
    [
        (Timing.STEADY, 2.0, 1.0, 2.0),
        (Timing.OPERATED, 1.0, 1.0, 2.0),
        (Timing.JUMPED, 1.0, 1.0, 2.0),
        (Timing.COMPRESSED, 2.0, 2.0, 2.0),
    ],
)
def test_a_second_staging_is_asked_for_more_time(
    timing: Timing, interval: float, day: float, slack: float
) -> None:
    plans = Plans(target="x", import_path=[], capabilities=EVERYTHING, lab="loopback", day=12.0)
    first, second = (plans.one(["plain.healthy"], timing, stretch) for stretch in (1.0, 2.0))
    assert second.asked.retry_interval == interval * first.asked.retry_interval
    assert second.asked.queue_lifetime == day * first.asked.queue_lifetime
    assert second.slack == slack * first.slack
    assert second.asked.command_timeout == first.asked.command_timeout, "time-outs stay real"


def _late(run: Run, aspect: str, name: str) -> list[str]:
    wanted = [(ASPECT[aspect], scenario_of(name))]
    return [scenario.id for scenario in again(wanted, run.records, run.evidence_for, run.profile)]


def test_what_only_came_late_is_staged_again() -> None:
    story = Story("close_at_ehlo").change(repaired=20.0, closed=30.0).look(2.0).meets_fault(1.0)
    run = _run(story.meets_fault(6.0).record())
    assert _late(run, "retried", "close_at_ehlo.healed") == ["close_at_ehlo.healed"]
    wrong = _run(story.meets_fault(6.5).record())
    assert _late(wrong, "retried", "close_at_ehlo.healed") == []


def test_what_we_were_late_for_is_staged_again() -> None:
    run = _run(good("greeting_421").change(lag=1.5).record())
    assert _late(run, "recovers", "greeting_421.healed") == ["greeting_421.healed"]
    assert _late(_run(waiting("greeting_421").record()), "recovers", "greeting_421.healed") == []


@pytest.mark.parametrize(("pressure", "again"), [(0.5, False), (0.55, True)])
def test_what_failed_in_a_crowded_moment_is_staged_again(pressure: float, again: bool) -> None:
    wrong = waiting("greeting_421").says(2.0, "450 4.4.315 Connection timed out").change(pressure=pressure)
    expected = ["greeting_421.healed"] if again else []
    assert _late(_run(wrong.record()), "error_code", "greeting_421.healed") == expected
    in_order = good("greeting_421").change(pressure=pressure)
    assert _late(_run(in_order.record()), "error_code", "greeting_421.healed") == []


def test_what_a_waiver_knows_is_not_staged_again(tmp_path: Path) -> None:
    """It looks as it does on a machine at rest; in windows of minutes somebody always has to wait once."""
    wrong = waiting("greeting_421").says(2.0, "450 4.4.315 Connection timed out").change(pressure=0.9)
    run = _run(wrong.record())
    wanted = [(ASPECT["error_code"], scenario_of("greeting_421.healed"))]
    judged = run.judged_in(*wanted[0])
    row = f"""
        catalogue = "{newest()}"
        [[waiver]]
        verdict = "fail"
        requirement = "{judged.requirement.id}"
        aspect = "error_code"
        failure_modes = ["greeting_421"]
        observed = "{{}}"
        reason = "It is known."
        expires = {date.today() + timedelta(days=30)}
    """
    for observed, expected in (("*4.4.315*", []), ("*4.4.316*", ["greeting_421.healed"])):
        (tmp_path / NAME).write_text(row.format(observed))
        known, _ = waivers_for(None, start=tmp_path, root=tmp_path, target="x", profile="eop")
        found = again(wanted, run.records, run.evidence_for, run.profile, known)
        assert [scenario.id for scenario in found] == expected


@pytest.mark.parametrize(("lag", "judged", "staged_again"), [
    (0.0, Verdict.FAIL, False),
    (0.4, Verdict.FAIL, False),
    (0.6, Verdict.FAIL, True),
    (1.5, Verdict.INCONCLUSIVE, True),
])  # fmt: skip
def test_a_failure_is_staged_again_if_a_time_out_may_have_been_ours(
    lag: float, judged: Verdict, staged_again: bool
) -> None:
    story = waiting("greeting_421").says(3.1, "450 4.4.312 DNS query failed [Message=timed out]")
    story.note(query(story.site().name, at=3.0, lag=lag))
    assert story.verdict("error_code") is judged
    expected = ["greeting_421.healed"] if staged_again else []
    assert _late(_run(story.record()), "error_code", "greeting_421.healed") == expected


def test_what_passed_is_not_staged_again_for_a_lag_that_is_allowed() -> None:
    story = good("greeting_421")
    story.note(query(story.site().name, at=3.0, lag=0.9))
    assert _late(_run(story.record()), "error_code", "greeting_421.healed") == []


@pytest.mark.parametrize(("lag", "pressure", "why"), [
    (1.5, 0.0, "late"),
    (0.6, 0.0, "a little late"),
    (0.0, 0.9, "crowded"),
    (0.0, 0.0, ""),
])  # fmt: skip
def test_who_relies_on_a_control_that_we_may_have_spoilt_is_staged_again_with_it(
    lag: float, pressure: float, why: str
) -> None:
    story, plain = good("greeting_421"), good_control("plain").without_messages().change(pressure=pressure)
    plain.note(query(plain.site().name, at=2.0, lag=lag))
    run = _run(story.record(plain, control=False))
    assert story.verdict("recovers") is Verdict.PASS, "with a control that passes"
    judged = run.judged_in(ASPECT["recovers"], scenario_of("greeting_421.healed"))
    assert judged.verdict is Verdict.INCONCLUSIVE
    staged_again = _late(run, "recovers", "greeting_421.healed")
    assert ("greeting_421.healed" in staged_again) is bool(why)


def _staging(late: int, of: int) -> tuple[Run, list[Scenario]]:
    """Return a run whose last staging was of so many scenarios, and the suite late for some."""
    stages = ("greeting", "ehlo", "mail", "rcpt", "data", "dot")
    names = [f"{fault}_at_{stage}" for fault in ("close", "reset") for stage in stages][:of]
    first = [good(name).change(lag=1.5).record() for name in names]
    second = [good(name).change(lag=1.5 if i < late else 0.0).record() for i, name in enumerate(names)]
    return _run(*first, *second), [scenario_of(f"{name}.healed") for name in names]


@pytest.mark.parametrize(
    ("late", "of", "third"), [(0, 8, 0), (1, 8, 1), (2, 8, 2), (4, 8, 4), (5, 8, 0), (8, 8, 0), (1, 1, 0)]
)
def test_few_for_which_we_were_late_twice_are_staged_a_third_time(late: int, of: int, third: int) -> None:
    run, scenarios = _staging(late, of)
    recovers = [(ASPECT["recovers"], scenario) for scenario in scenarios]
    seconds = Seconds(recovers, run.profile, staged=scenarios[::-1])
    assert seconds.third(run.evidence_for) == scenarios[:third]
    # what ran beside it may have been the crowd
    seconds.beside.add(Timing.STEADY)
    assert seconds.third(run.evidence_for) == scenarios[:late]


def test_stagings_follow_each_other_until_nobody_is_late(
    monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    run, scenarios = _staging(1, 8)
    run.config = pytestconfig
    later, run.records = run.records[8:], []
    third = good("close_at_greeting").record()
    stagings = iter([[good(s.failure_mode.name).change(lag=1.5).record() for s in scenarios], later, [third]])
    asked: list[list[str]] = []

    def stage(staged: Sequence[Scenario], *_: object, **__: object) -> None:
        asked.append([scenario.id for scenario in staged])
        run.records += next(stagings)

    monkeypatch.setattr(run, "_stage", stage)
    monkeypatch.setattr(run, "target", SimpleNamespace(capabilities=EVERYTHING))
    monkeypatch.setattr(labs, "unsuitable", lambda *_: "")
    recovers = ASPECT["recovers"]
    run.provoke([(recovers, scenario) for scenario in scenarios], Silent())
    ids = [scenario.id for scenario in scenarios]
    assert [*map(sorted, asked)] == [sorted(ids), sorted(ids), ids[:1]]
    assert [run.judged_in(recovers, scenario).verdict for scenario in scenarios] == [Verdict.PASS] * 8


def test_who_asks_for_one_staging_gets_one(
    monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    run, scenarios = _staging(1, 8)
    run.config = pytestconfig
    run.records, run.once = [], True

    def stage(staged: Sequence[Scenario], *_: object, **__: object) -> None:
        assert not run.records
        run.records += [good(each.failure_mode.name).change(lag=1.5).record() for each in staged]

    monkeypatch.setattr(run, "_stage", stage)
    monkeypatch.setattr(run, "target", SimpleNamespace(capabilities=EVERYTHING))
    monkeypatch.setattr(labs, "unsuitable", lambda *_: "")
    recovers = ASPECT["recovers"]
    run.provoke([(recovers, scenario) for scenario in scenarios], Silent())
    assert {run.judged_in(recovers, each).verdict for each in scenarios} == {Verdict.INCONCLUSIVE}


@pytest.mark.parametrize(("given", "day"), [(None, COMPRESSED_DAY), ("30", 30.0), ("86400", 86400.0)])
def test_the_day(given: str | None, day: float) -> None:
    assert _day(given) == day


@pytest.mark.parametrize("given", ["", "soon", "-5", "1", "86401", "nan", "inf"])
def test_no_day(given: str) -> None:
    with pytest.raises(
        pytest.UsageError, match=f"--conformance-day={given}: seconds that stand for 24 hours"
    ):
        _day(given)


def test_every_clock_has_courses() -> None:
    assert {timing_of(course) for course in Course} == set(Timing)


@pytest.mark.parametrize("order", [1, -1])
def test_a_second_copy_is_not_taken_back_by_another_staging(order: int) -> None:
    twice = good("greeting_421").delivers(9.0).record()
    run = _run(*[twice, good("greeting_421").record()][::order])
    judged = run.judged_in(ASPECT["recovers"], scenario_of("greeting_421.healed"))
    assert (judged.verdict, judged.conclusive) == (Verdict.FAIL, True)
    assert "2 copies" in judged.observed


def test_what_may_be_the_machine_s_fault_is_taken_back() -> None:
    never = waiting("greeting_421").record()
    run = _run(never, good("greeting_421").record())
    recovers = ASPECT["recovers"]
    assert judge(recovers, scenario_of("greeting_421.healed"), never, load("eop")).verdict is Verdict.FAIL
    assert run.judged_in(recovers, scenario_of("greeting_421.healed")).verdict is Verdict.PASS


def test_a_control_that_took_a_second_attempt_is_staged_again_with_all_that_rely_on_it() -> None:
    """Though nobody was late and nothing crowded, as far as could be measured."""
    plain = good_control("plain").says(1.2, "450 4.4.316 Connection timed out")
    run = _run(good("greeting_421").record(plain, control=False))
    judged = run.judged_in(ASPECT["recovers"], scenario_of("greeting_421.healed"))
    assert judged.verdict is Verdict.INCONCLUSIVE
    assert "delivered, but not at the first attempt" in judged.observed
    assert _late(run, "recovers", "greeting_421.healed") == ["greeting_421.healed"]
    assert _late(run, "delivered", "plain.healthy") == ["plain.healthy"]
    in_order = good("greeting_421").record()
    assert _run(*run.records, in_order).judged_in(
        ASPECT["recovers"], scenario_of("greeting_421.healed")
    ).verdict is (Verdict.PASS)


@pytest.mark.parametrize(("pressures", "verdict"), [
    ((0.9, 0.9), Verdict.INCONCLUSIVE),
    ((0.9, 0.0), Verdict.FAIL),
    ((0.0, 0.9), Verdict.FAIL),
    ((0.0, 0.0), Verdict.FAIL),
    ((0.9,), Verdict.INCONCLUSIVE),
])  # fmt: skip
def test_lateness_is_the_relays_once_it_was_seen_in_peace(
    pressures: tuple[float, ...], verdict: Verdict
) -> None:
    def late(pressure: float, second: float = 6.0) -> Record:
        story = Story("close_at_ehlo").change(repaired=20.0, closed=30.0, pressure=pressure).look(2.0)
        return story.meets_fault(1.0).meets_fault(second).record()

    retried, scenario = ASPECT["retried"], scenario_of("close_at_ehlo.healed")
    judged = _run(*map(late, pressures)).judged_in(retried, scenario)
    assert judged.verdict is verdict
    assert ("too late, and the machine was crowded" in judged.observed) is (verdict is Verdict.INCONCLUSIVE)
    hasty = _run(*(late(pressure, second=1.5) for pressure in pressures)).judged_in(retried, scenario)
    assert hasty.verdict is Verdict.FAIL, "what is wrong otherwise is not excused"
