"""New mail for a destination that has been dead for longer than a lifetime: an aspect on hand-made records."""

from __future__ import annotations

import pytest
from stories.story import Story, observed

from conformance.catalogue.course import Course
from conformance.judging.verdict import Verdict
from conformance.target import Outcome


class TestOwnLifetime:
    """An earlier message waited for the 24 s of its day; the new one is accepted when that has been returned."""

    MODE = "greeting_421"

    def _story(self) -> Story:
        story = Story(self.MODE, course=Course.LONG_DEAD).change(
            dead_since=1.0, offered=27.9, submitted=28.0, repaired=29.5, closed=34.0
        )
        for at in (1.2, 3.0, 27.0, 28.1, 28.6):
            story.meets_fault(at)
        return story.look(28.9)

    @pytest.mark.parametrize("profile", ["eop", "rfc"])
    def test_the_new_one_waits_and_is_delivered(self, profile: str) -> None:
        story = self._story().delivers(30.0)
        seen = observed(story, "own_lifetime", Verdict.PASS, profile)
        assert (
            seen == "in the queue at 1 looks; the destination had been dead for 27.0 s when it was accepted"
        )

    @pytest.mark.parametrize("profile", ["eop", "rfc"])
    def test_returned_in_the_same_second(self, profile: str) -> None:
        story = self._story().without_listings().returns(28.2)
        judged = story.judge("own_lifetime", profile)
        assert (judged.verdict, judged.requirement.id) == (Verdict.FAIL, "lifetime/each-message")
        assert judged.observed.startswith("given up at 0.20 s; the destination had been dead for 27.0 s")
        assert len(judged.findings) == 1

    @pytest.mark.parametrize("outcome", [Outcome.PERMANENT, Outcome.EXPIRED])
    def test_given_up_by_its_own_word(self, outcome: Outcome) -> None:
        story = self._story().says(28.3, "550 5.4.300 Message expired", outcome)
        assert observed(story, "own_lifetime").startswith("given up at 0.30 s")

    def test_gone_from_the_queue_without_a_word(self) -> None:
        story = self._story().look(29.2, None).look(29.3, None)
        assert observed(story, "own_lifetime").startswith("not in the queue at 1.20 s")

    def test_never_tried_again(self) -> None:
        judged = self._story().judge("own_lifetime")
        wrong = {each.requirement: each.observed for each in judged.findings if not each.holds}
        assert wrong == {"queue/recovers": "nothing arrived in the 4.5 s after the repair"}

    def test_a_copy_of_the_earlier_one_is_none_of_the_new_one(self) -> None:
        story = (
            self._story().delivers(30.0).delivers(30.2, recipients=["earlier@" + self._story().staged.domain])
        )
        assert story.verdict("own_lifetime") is Verdict.PASS

    def test_without_an_earlier_message_nothing_is_said(self) -> None:
        assert observed(self._story().change(dead_since=None), "own_lifetime", Verdict.INCONCLUSIVE)
