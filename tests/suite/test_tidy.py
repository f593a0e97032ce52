"""What is over costs nothing more: no connection is left open, no processor kept busy."""

from __future__ import annotations

import pytest
from stories.story import Story, good, observed
from stories.wire import fault

from conformance.judging.verdict import Verdict

_NEVER = 1000.0


def _stalls(*lasting: float, action: str = "stall") -> Story:
    """Two attempts that meet silence, 4 s apart, on connections that last so long; the window closes at 20 s."""
    story = Story("stall_at_mail").change(repaired=9.0, closed=20.0)
    for number, seconds in enumerate(lasting):
        story.connects(1.0 + 4 * number, fault(action, "mail"), lasting=seconds)
    return story


@pytest.mark.parametrize("lasting", [(2.0, 2.0), (18.5, 2.0), (2.0, _NEVER)])
def test_a_connection_that_is_closed_or_was_not_given_up_is_in_order(lasting: tuple[float, float]) -> None:
    assert _stalls(*lasting).verdict("tidy") is Verdict.PASS


@pytest.mark.parametrize("action", ["stall", "trickle", "endless"])
def test_a_connection_that_stays_open_though_there_was_another_attempt_is_left(action: str) -> None:
    seen = observed(_stalls(_NEVER, 2.0, action=action), "tidy", Verdict.DEVIATION)
    assert seen == "#101, given up by 4.00 s, was still open at 19.00 s"
    judged = _stalls(_NEVER, 2.0).judge("tidy")
    assert (judged.requirement.id, judged.level) == ("hygiene/connections", "HYGIENE")


def test_so_is_one_whose_message_was_delivered_elsewhere_or_returned() -> None:
    assert _stalls(_NEVER).delivers(4.5).verdict("tidy") is Verdict.DEVIATION
    assert _stalls(_NEVER).returns(4.5).verdict("tidy") is Verdict.DEVIATION
    assert _stalls(_NEVER).verdict("tidy") is Verdict.PASS, "it is still waiting"


def test_one_that_was_waited_for_too_long_is_left_to_that() -> None:
    """A relay that has no end of its patience does not close it either: that is one thing to mend."""
    story = _stalls(_NEVER).delivers(9.5)
    judged = story.judge("tidy")
    assert story.verdict("times_out") is Verdict.FAIL
    assert (judged.verdict, judged.because) == (
        Verdict.NOT_APPLICABLE,
        "test_times_out[stall_at_mail-healed]",
    )


def test_one_that_may_still_be_closed_is_not_left() -> None:
    # 2 s were granted, the slack is 1 s and the granularity 0.1 s
    assert _stalls(_NEVER, 2.0).change(closed=8.0).verdict("tidy") is Verdict.PASS
    assert _stalls(_NEVER, 2.0).change(closed=8.3).verdict("tidy") is Verdict.DEVIATION


def test_one_on_which_nothing_was_held_may_be_kept_for_the_next_message() -> None:
    refused = Story("reply_4yz_at_mail").change(repaired=9.0, closed=20.0)
    refused.connects(1.0, fault("reply", "mail"), lasting=_NEVER).connects(4.0, fault("reply", "mail"))
    assert refused.verdict("tidy") is Verdict.NOT_APPLICABLE, "none was held, so none can have been left"
    assert [each.slot for each in refused.idles(0.0, 1.0).judge("tidy").findings] == ["tidy.processor"]


@pytest.mark.parametrize(
    ("cores", "seconds", "verdict"),
    [
        (0.0, 1.0, Verdict.PASS),
        (0.5, 10.0, Verdict.PASS),
        (1.0, 9.0, Verdict.PASS),
        (0.6, 10.0, Verdict.DEVIATION),
        (2.0, 10.1, Verdict.DEVIATION),
    ],
)
def test_a_relay_that_goes_round_in_circles(cores: float, seconds: float, verdict: Verdict) -> None:
    story = good("greeting_421").idles(cores, seconds)
    judged = story.judge("tidy")
    assert judged.verdict is verdict
    if verdict is Verdict.DEVIATION:
        assert (judged.requirement.id, judged.level) == ("hygiene/processor", "HYGIENE")
        assert judged.observed == f"{cores:.2f} of a processor for {seconds:.1f} s"


def test_one_that_many_shared_accuses_none_of_them() -> None:
    story = good("greeting_421").idles(1.0, 10.0, "plain.healthy")
    judged = story.judge("tidy")
    assert (judged.verdict, len(judged.findings)) == (Verdict.NOT_APPLICABLE, 0)


def test_where_it_was_not_measured_only_connections_are_judged() -> None:
    assert [finding.slot for finding in _stalls(2.0, 2.0).judge("tidy").findings] == ["tidy.connections"]
