"""Mail that is left in the queue of a destination that was taken out of service."""

from __future__ import annotations

from dataclasses import replace

from stories.operated import Operated, taken_out
from stories.story import ASPECT

from conformance.catalogue.profile import load
from conformance.judging.judge import judge
from conformance.judging.verdict import Verdict
from conformance.target import Capability
from fake_servers.events import SmtpMessage

DEVIATION = Verdict.DEVIATION


def broken(story: Operated, aspect: str) -> dict[str, Verdict]:
    """Return what an aspect finds wrong, by requirement."""
    findings = story.judge(aspect).findings
    return {finding.requirement: finding.verdict for finding in findings if not finding.holds}


def test_mail_that_still_waits_is_not_lost_and_yet_not_where_it_should_be() -> None:
    story = taken_out().change_offer(1, in_mailbox=[]).queued(8.95, 1)
    assert broken(story, "not_purged") == {"out-of-service/valid-served": DEVIATION}
    assert story.judge("not_purged").only_late


def test_mail_of_strangers_that_still_waits() -> None:
    def waiting() -> Operated:
        story = taken_out()
        story.events = [each for each in story.events if not isinstance(each, SmtpMessage)]
        return story.returns_of(3.6, 2).queued(8.95, 3)

    assert broken(waiting(), "not_purged") == {"out-of-service/invalid-returned": DEVIATION}
    assert waiting().judge("not_purged").only_late
    taking = waiting().change_offer(4, accepted=3.4, refusal="").returns_of(3.7, 4)
    assert broken(taking, "not_purged") == {}


def test_where_no_mailbox_is_shown_nothing_is_said_of_what_waits() -> None:
    story = taken_out().change_offer(1, in_mailbox=[]).queued(8.95, 1)
    record = story.record()
    able: list[str] = sorted(
        set(Capability) - {Capability.ONE_ROUTE, Capability.MAILBOXES, Capability.EVENTS}
    )
    shown = replace(record, header=replace(record.header, capabilities=able))
    assert judge(ASPECT["not_purged"], story.scenario, shown, load("eop")).verdict is Verdict.PASS
