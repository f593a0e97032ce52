"""Fix now beside another connector: hand-made records, in order and wrong in each way."""

from __future__ import annotations

from dataclasses import replace

from stories.operated import REFUSAL, Operated

from conformance.catalogue.course import Course
from conformance.catalogue.message import RECIPIENT
from conformance.evidence.inputs import RCPT
from conformance.judging.verdict import Verdict
from conformance.wave.envelope import untouched_of

BEFORE, AFTER = 1, 2


def beside() -> Operated:
    """Return a destination that is refused, Fix now at 3.0 s, and mail to another domain before and after."""
    story = Operated("connection_refused", course=Course.FIXED_NOW_BESIDE)
    spare = replace(story.site(), name="mx-spare.test", host="127.9.9.9")
    story.change(sites=[*story.staged.sites, spare])
    other = untouched_of(story.scenario)
    story.offers(1.0, RECIPIENT, f"stranger@{other}").probes(0.1)
    story.meets_fault(1.5).meets_fault(2.6)
    story.gets(1.4, BEFORE, host=1).acts(3.0, "fix now").offers(3.3, f"stranger-later@{other}")
    return story.change(closed=9.0)  # type: ignore[return-value]


def test_mail_for_the_other_domain_goes_its_way() -> None:
    assert beside().gets(3.6, AFTER, host=1).verdict("fixed_beside") is Verdict.PASS


def test_it_is_refused() -> None:
    story = beside().change_offer(AFTER, accepted=None, refusal=REFUSAL, refused_at=RCPT)
    judged = story.judge("fixed_beside")
    assert judged.verdict is Verdict.FAIL
    assert "refused at RCPT" in judged.observed
    assert not judged.only_late


def test_it_does_not_arrive() -> None:
    returned = beside().returns_of(3.6, AFTER).judge("fixed_beside")
    assert returned.verdict is Verdict.FAIL
    assert "returned" in returned.observed
    waits = beside().queued(8.9, AFTER).judge("fixed_beside")
    assert waits.verdict is Verdict.FAIL
    assert waits.only_late


def test_who_refused_it_before_is_judged_elsewhere() -> None:
    story = beside().change_offer(BEFORE, accepted=None, refusal=REFUSAL, refused_at=RCPT)
    assert story.verdict("fixed_beside") is Verdict.NOT_APPLICABLE


def test_without_fix_now_nothing_is_known() -> None:
    assert beside().change(operator_actions=[]).verdict("fixed_beside") is Verdict.INCONCLUSIVE
    refused = beside().change(operator_actions=[]).acts(3.0, "fix now", refused="no")  # type: ignore[attr-defined]
    assert refused.verdict("fixed_beside") is Verdict.INCONCLUSIVE
    story = beside()
    assert story.change(offers=story.staged.offers[:AFTER]).verdict("fixed_beside") is Verdict.INCONCLUSIVE
