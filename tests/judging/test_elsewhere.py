"""One mistake on several courses is one red verdict: what is left to an aspect on another clock, and what never is."""

from __future__ import annotations

from collections.abc import Iterable

from stories.days import MOMENTS, expired, healed_late, moved
from stories.story import ASPECT, Story

from conformance.catalogue.profile import load
from conformance.catalogue.scenario import Course, Scenario
from conformance.judging.aspect import Aspect
from conformance.judging.fate import Fate
from conformance.judging.judge import Judged, judge
from conformance.judging.masks import judge_among
from conformance.judging.verdict import Verdict
from fake_servers.events import RelayKilled

MODE = "connection_refused"


def _judged(
    story: Story, aspect: str, *others: Story, selected: Iterable[str] | None = None, profile: str = "eop"
) -> Judged:
    """Judge an aspect of a story in a run in which others were staged too, each in a wave of its own."""
    records = {each.scenario.id: each.record() for each in (story, *others)}

    def verdict_on(owner: Aspect, scenario: Scenario) -> Judged | None:
        record = records.get(scenario.id)
        return None if record is None else judge(owner, scenario, record, load(profile))

    everything = {each.test_name(other.scenario) for each in ASPECT.values() for other in (story, *others)}
    names = everything if selected is None else set(selected)
    return judge_among(
        names, ASPECT[aspect], story.scenario, records[story.scenario.id], load(profile), verdict_on
    )


def _late(course: Course = Course.HEALED_12H) -> Story:
    return healed_late(MODE, course)


def _lost(course: Course) -> Story:
    """A message of which nothing is left after the second stop."""
    story = _late(course) if course in (Course.HEALED_12H,) else moved(MODE, course, until="1h")
    story.without_messages().without_listings().look(12.0).look(30.0, None).look(31.0, None)
    return story.look(79.0, None)


def _killed(story: Story) -> Story:
    dead = MOMENTS["12h"] + 8.6
    return story.note(RelayKilled(at=dead, moment="12h", asked=dead - 0.1))


def _early(course: Course = Course.EXPIRES, hours: str = "12h") -> Story:
    """A message that is returned long before its time."""
    story = moved(MODE, course, until="1h") if course is not Course.HEALED_23H else _late(course)
    at = MOMENTS[hours] + 1.0
    story.without_messages().without_listings().look(12.0)
    return story.returns(at).look(at + 2.0, None).look(at + 3.0, None).look(79.0, None)


class TestTheSameMistakeOnAnotherClock:
    def test_lost_whatever_the_course(self) -> None:
        there, here = _lost(Course.EXPIRES), _lost(Course.HEALED_12H)
        assert there.case().fate is here.case().fate is Fate.VANISHED
        assert _judged(there, "expires").verdict is Verdict.FAIL
        judged = _judged(here, "healed_late", there)
        assert (judged.verdict, judged.because) == (Verdict.NOT_APPLICABLE, f"test_expires[{MODE}-expires]")
        assert judged.reason == (
            "the message vanished: neither delivered nor told of, as on the course expires (see expires)"
        )

    def test_given_up_early(self) -> None:
        there, here = _early(), _early(Course.HEALED_23H)
        assert there.case().fate is here.case().fate is Fate.GIVEN_UP_EARLY
        assert _judged(here, "healed_late", there).because == f"test_expires[{MODE}-expires]"
        assert _judged(here, "healed_late").verdict is Verdict.FAIL

    def test_not_tried_again(self) -> None:
        mode = "greeting_421"
        here = healed_late(mode, Course.HEALED_12H).without_messages()
        here.events = [event for event in here.events if event.at < MOMENTS["1h"]]
        once = Story(mode).meets_fault(1.2).change(repaired=7.0, closed=20.0).look(2.0).look(19.0)
        assert here.case().fate is once.case().fate is Fate.NOT_TRIED_AGAIN
        assert _judged(here, "healed_late").verdict is Verdict.FAIL
        assert _judged(here, "healed_late", once).because == f"test_retried[{mode}]"

    def test_kept_for_ever_whether_it_was_killed_or_not(self) -> None:
        mode = "greeting_421"
        kept = moved(mode).look(79.0)
        here = _killed(moved(mode, Course.RESTARTED)).look(79.0)
        assert here.case().fate is kept.case().fate is Fate.UNTOLD
        assert _judged(here, "survives_restart").verdict is Verdict.FAIL
        assert _judged(here, "survives_restart", kept).because == f"test_expires[{mode}-expires]"

    def test_gone_since_the_kill_is_what_the_kill_did(self) -> None:
        mode = "greeting_421"
        here = _killed(moved(mode, Course.RESTARTED, until="12h"))
        here.look(MOMENTS["12h"] + 9.0, None).look(MOMENTS["23h"], None).look(79.0, None)
        assert here.case().fate is Fate.VANISHED
        kept = moved(mode).look(79.0)
        assert _judged(kept, "expires").verdict is Verdict.FAIL
        assert _judged(here, "survives_restart", kept).verdict is Verdict.FAIL


class TestWhatIsNotLeft:
    def test_nothing_that_is_not_red_elsewhere(self) -> None:
        here = _lost(Course.HEALED_12H)
        assert _judged(here, "healed_late", expired(MODE)).verdict is Verdict.FAIL

    def test_nothing_that_is_another_mistake_there(self) -> None:
        assert _judged(_lost(Course.HEALED_12H), "healed_late", _early()).verdict is Verdict.FAIL

    def test_nothing_to_a_test_that_nobody_selected(self) -> None:
        here, there = _lost(Course.HEALED_12H), _lost(Course.EXPIRES)
        mine = ASPECT["healed_late"].test_name(here.scenario)
        assert _judged(here, "healed_late", there, selected={mine}).verdict is Verdict.FAIL

    def test_nothing_of_another_failure_mode(self) -> None:
        other = moved("greeting_421", until="1h").look(79.0, None)
        assert _judged(_lost(Course.HEALED_12H), "healed_late", other).verdict is Verdict.FAIL

    def test_a_second_copy_was_seen(self) -> None:
        there = moved(MODE).delivers(2.0).change(repaired=None)
        here = _late().delivers(2.0)
        assert here.case().fate is there.case().fate is Fate.DELIVERED_WRONGLY
        assert _judged(here, "healed_late", there).verdict is Verdict.FAIL

    def test_a_report_that_was_sent_where_nobody_wanted_one_was_seen(self) -> None:
        here = _early(Course.NOTIFY_NEVER)
        judged = _judged(here, "no_ndr", _early())
        assert (judged.verdict, judged.requirement.id) == (Verdict.FAIL, "ndr/none-unless-asked")

    def test_that_it_is_gone_early_without_a_report_is_the_same_as_elsewhere(self) -> None:
        here = _lost(Course.NOTIFY_NEVER)
        assert _judged(here, "no_ndr").requirement.id == "lifetime/not-early"
        assert _judged(here, "no_ndr").verdict is Verdict.FAIL
        for there in (_early(), _lost(Course.EXPIRES)):
            assert _judged(here, "no_ndr", there).because == f"test_expires[{MODE}-expires]"
