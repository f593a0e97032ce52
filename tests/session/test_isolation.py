"""What is staged again after a relay was brought down, or kept busy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from stories.story import ASPECT, good, waiting

from conformance.catalogue.course import Timing
from conformance.catalogue.profile import load
from conformance.evidence.record import Record
from conformance.judging.verdict import Verdict
from conformance.schedules.scenarios import scenario_of
from conformance.session import isolation
from conformance.session.isolation import ROUNDS, Isolation, killers
from conformance.session.run import Run
from conformance.wave.plan import Plan, schedule

_FIRST, _SECOND, _OTHER = "greeting_421.healed", "close_at_mail.healed", "close_at_dot.healed"
_ALL = ["plain.healthy", _FIRST, _SECOND, _OTHER]
_PLAN = Plan(
    target="x",
    import_path=[],
    lab="loopback",
    scenarios=_ALL,
    timing=Timing.STEADY,
    asked=schedule(),
    slack=1.0,
)


def _gone(*suspects: str) -> Record:
    return waiting("greeting_421").is_gone(4.0, *_ALL[2:], "plain.healthy", suspects=suspects).record()


def _alone(record: Record) -> Record:
    return replace(record, header=replace(record.header, alone=True))


def _isolate(record: Record, *rounds: Sequence[Record], plan: Plan = _PLAN) -> list[Sequence[Plan]]:
    """Return the plans of each round, to which records are given as answers, the last one first."""
    isolation = Isolation(plan, record)
    found: list[Sequence[Plan]] = []
    answers = list(rounds)
    while isolation.plans:
        found.append(isolation.plans)
        records = answers.pop(0)
        assert len(records) == len(isolation.plans)
        for number in reversed(range(1, len(records))):
            assert isolation.ended(number, records[number]) == [], "the others are waited for"
        isolation.ended(0, records[0])
    assert not answers
    return found


def test_nothing_is_staged_again_after_a_relay_that_was_there() -> None:
    assert _isolate(good("greeting_421").idles(0.1, 1.0, *_ALL).record()) == []


def test_suspects_are_staged_alone_and_all_others_together() -> None:
    rest = good("close_at_dot").record()
    alone = _alone(waiting("greeting_421").is_gone(3.0).record(good("close_at_mail")))
    [[first, second]] = _isolate(_gone(_FIRST, _SECOND), [alone, rest])
    assert (first.alone, first.scenarios) == (True, ["plain.healthy", _FIRST, _SECOND])
    assert (second.alone, second.scenarios) == (False, ["plain.healthy", _OTHER])
    assert first.asked == second.asked == _PLAN.asked


def test_a_relay_that_is_gone_again_is_started_again_so_often_and_no_more() -> None:
    again = waiting("close_at_dot").is_gone(4.0, "plain.healthy", suspects=[_OTHER]).record()
    rounds = [[_alone(good("greeting_421").record()), again]] * ROUNDS
    plans = _isolate(_gone(_FIRST), *rounds)
    assert len(plans) == ROUNDS
    assert [plan.scenarios for plan in plans[1]] == [["plain.healthy", _OTHER], ["plain.healthy"]]


def test_of_many_suspects_the_most_suspect_are_staged_alone_and_the_rest_with_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A hundred of a relay that cannot run beside another one took more than an hour."""
    monkeypatch.setattr(isolation, "NEAREST", 1)
    alone = _alone(waiting("greeting_421").is_gone(3.0).record())
    rest = good("close_at_mail").record(good("close_at_dot"))
    [[first, second]] = _isolate(_gone(_FIRST, _SECOND), [alone, rest])
    assert (first.alone, first.scenarios) == (True, ["plain.healthy", _FIRST])
    assert (second.alone, second.scenarios) == (False, ["plain.healthy", _SECOND, _OTHER])


def test_where_none_of_the_most_suspect_does_it_all_others_are_staged_alone_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(isolation, "NEAREST", 1)
    innocent = _alone(good("greeting_421").record())
    rest = good("close_at_mail").record(good("close_at_dot"))
    did_it = _alone(waiting("close_at_mail").is_gone(3.0).record())
    [_, [plan]] = _isolate(_gone(_FIRST, _SECOND), [innocent, rest], [did_it])
    assert (plan.alone, plan.scenarios) == (True, ["plain.healthy", _SECOND])
    assert killers([_gone(_FIRST, _SECOND), innocent, rest, did_it]) == {_SECOND}


def test_in_the_last_round_nobody_is_kept_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "NEAREST", 1)
    innocent = _alone(good("greeting_421").record())
    rounds = [[innocent, _gone(_FIRST, _SECOND, _OTHER)]] * (ROUNDS - 1)
    *_, [alone, rest] = _isolate(_gone(_FIRST, _SECOND, _OTHER), *rounds, [innocent, innocent])
    assert (alone.alone, rest.alone) == (True, False)
    assert set(alone.scenarios) >= {_FIRST, _SECOND, _OTHER}


def test_after_a_relay_that_was_only_kept_busy_nothing_but_the_suspects_is_staged_again() -> None:
    busy = good("greeting_421").idles(1.0, 10.0, _SECOND).record()
    [[plan]] = _isolate(busy, [_alone(good("greeting_421").record())])
    assert (plan.alone, plan.scenarios) == (True, ["plain.healthy", _FIRST, _SECOND])


@pytest.mark.parametrize("alone", [True, False])
def test_where_each_has_a_relay_of_its_own_nobody_else_is_concerned(alone: bool) -> None:
    record = waiting("greeting_421").is_gone(4.0).record()
    assert _isolate(record, plan=replace(_PLAN, alone=alone)) == []


def _run(*records: Record) -> Run:
    return Run("x", load("eop"), False, None, records=list(records))  # type: ignore[arg-type]


def test_who_does_it_alone_fails_and_who_does_not_passes() -> None:
    alone = _alone(waiting("greeting_421").is_gone(3.0).change(closed=None).record(good("close_at_mail")))
    run = _run(_gone(_FIRST, _SECOND), alone)
    verdicts = [run.judged_in(ASPECT["survives"], scenario_of(name)).verdict for name in (_FIRST, _SECOND)]
    assert verdicts == [Verdict.FAIL, Verdict.PASS]
    assert killers(run.records) == {_FIRST}
    assert [names for _, names in run.stopped] == [[_FIRST]]


def _busy(*names: str, spun: float = 0.9) -> Record:
    story = good(names[0].partition(".")[0]).idles(1.0, 10.0, *names[1:], spun=spun)
    return story.record(*(good(name.partition(".")[0]) for name in names[1:]))


def _tidy(run: Run, *names: str) -> list[Verdict]:
    run.selected = frozenset(ASPECT["tidy"].test_name(scenario_of(name)) for name in names)
    return [run.judged_in(ASPECT["tidy"], scenario_of(name)).verdict for name in names]


def test_a_relay_that_was_kept_busy_by_nobody_knows_whom_is_no_pass_of_anybody() -> None:
    """Before, those who were suspected were idle alone, and nothing said that somebody had done it."""
    idle = [_alone(good(mode).idles(0.0, 1.0).record()) for mode in ("greeting_421", "close_at_mail")]
    run = _run(_busy(_FIRST, _SECOND), *idle)
    assert _tidy(run, _FIRST, _SECOND) == [Verdict.INCONCLUSIVE] * 2
    told = run.judged_in(ASPECT["tidy"], scenario_of(_FIRST)).observed
    assert "used 1.00 of a processor for 10 s" in told
    assert "alone none of the suspects does it" in told
    assert run.judged_in(ASPECT["survives"], scenario_of(_FIRST)).verdict is Verdict.PASS


@pytest.mark.parametrize("spun", [0.0, 0.09])
def test_one_that_had_much_to_do_or_waited_for_others_is_innocent(spun: float) -> None:
    idle = [_alone(good(mode).idles(0.0, 1.0).record()) for mode in ("greeting_421", "close_at_mail")]
    assert _tidy(_run(_busy(_FIRST, _SECOND, spun=spun), *idle), _FIRST, _SECOND) == [Verdict.PASS] * 2


def test_who_keeps_it_busy_alone_is_named_and_nobody_else_is_suspected_any_more() -> None:
    alone = [
        _alone(good("greeting_421").idles(1.0, 10.0).record()),
        _alone(good("close_at_mail").idles(0.0, 1.0).record()),
    ]
    assert _tidy(_run(_busy(_FIRST, _SECOND), *alone), _FIRST, _SECOND) == [Verdict.DEVIATION, Verdict.PASS]


def test_one_whom_no_test_is_about_leaves_everybody_in_doubt() -> None:
    """A fault schedule did it, and is judged for something else."""
    together = _busy(_FIRST, _SECOND)
    [idling] = together.idling
    together = replace(together, idling=[replace(idling, suspects=["reply_421_at_quit.schedule"])])
    other = _alone(good("close_at_mail").idles(1.0, 10.0).record())
    [alone] = other.idling
    other = replace(other, staged={}, idling=[replace(alone, scenarios=["reply_421_at_quit.schedule"])])
    run = _run(together, other)
    run.selected = frozenset()
    judged = run.judged_in(ASPECT["tidy"], scenario_of(_FIRST))
    assert judged.verdict is Verdict.INCONCLUSIVE
    assert "alone reply_421_at_quit.schedule does it" in judged.observed


def test_where_none_does_it_alone_each_is_inconclusive_and_the_group_is_named() -> None:
    run = _run(
        _gone(_FIRST, _SECOND), *(_alone(good(mode).record()) for mode in ("greeting_421", "close_at_mail"))
    )
    for name in (_FIRST, _SECOND):
        judged = run.judged_in(ASPECT["survives"], scenario_of(name))
        assert judged.verdict is Verdict.INCONCLUSIVE
        assert f"one of {_FIRST}, {_SECOND}, or by several" in judged.observed
        assert run.judged_in(ASPECT["recovers"], scenario_of(name)).verdict is Verdict.PASS
    assert killers(run.records) == set()
