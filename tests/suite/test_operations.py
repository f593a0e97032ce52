"""What the operator's aspects say of hand-made records: as it should be, and wrong in each way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from stories.operated import EPOCH, REFUSAL, Operated, corrected, taken_out, told, waits_for_alert
from stories.story import ASPECT

from conformance.catalogue.course import OUT_OF_SERVICE, Course, Timing
from conformance.catalogue.profile import load
from conformance.catalogue.requirements import catalogue
from conformance.evidence.inputs import RCPT
from conformance.judging.judge import judge
from conformance.judging.verdict import Verdict
from conformance.suite import REQUIREMENTS
from conformance.target import Capability, Outcome
from fake_servers.events import DnsAnswer, DnsQuery, SmtpMessage

PASS, FAIL, DEVIATION = Verdict.PASS, Verdict.FAIL, Verdict.DEVIATION
INCONCLUSIVE, NOT_APPLICABLE = Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE
OPERATED = [a for a in ASPECT.values() if any(s.timing is Timing.OPERATED for s in a.scenarios())]
ALERTS = ("alert_threshold", "alert_raised", "alert_detail", "alert_cleared")
OUT = ("rejected_at_once", "stops_trying", "not_purged")


def broken(story: Operated, aspect: str) -> dict[str, Verdict]:
    """Return what an aspect finds wrong, by requirement."""
    findings = story.judge(aspect).findings
    return {finding.requirement: finding.verdict for finding in findings if not finding.holds}


@pytest.mark.parametrize("aspect", ALERTS)
@pytest.mark.parametrize("mode", ["greeting_421", "connection_refused"])
@pytest.mark.parametrize("profile", ["eop", "rfc"])
def test_an_alert_as_it_should_be(aspect: str, mode: str, profile: str) -> None:
    story = waits_for_alert(mode)
    judged = told(story, story.alert()).judge(aspect, profile)
    assert judged.verdict is PASS, judged.observed


def test_an_alert_before_enough_messages_wait() -> None:
    story = waits_for_alert()
    assert broken(told(story, story.alert(), early=[3.2]), "alert_threshold") == {"alert/number": DEVIATION}


def test_an_alert_before_they_are_old_enough() -> None:
    story = waits_for_alert()
    assert broken(told(story, story.alert(), early=[4.8]), "alert_threshold") == {"alert/age": DEVIATION}


def test_a_relay_that_counts_from_before_its_reply_is_not_early() -> None:
    story = waits_for_alert()
    assert broken(told(story, story.alert(), early=[6.5]), "alert_threshold") == {}


@pytest.mark.parametrize(
    ("mode", "level"), [("greeting_421", DEVIATION), ("connection_refused", FAIL)], ids=["any", "refused"]
)
def test_no_alert(mode: str, level: Verdict) -> None:
    story = told(waits_for_alert(mode))
    assert list(broken(story, "alert_raised").values()) == [level]
    assert story.verdict("alert_threshold") is PASS
    assert story.verdict("alert_detail") is story.verdict("alert_cleared") is NOT_APPLICABLE


def test_an_alert_that_takes_more_messages_than_it_should() -> None:
    story = waits_for_alert()
    for at in (6.6, 6.7):
        story.shows(at)
    for at in (9.0, 9.5):
        story.shows(at, story.alert())
    assert broken(story, "alert_raised") == {"alert/raised": DEVIATION}


def test_an_alert_for_somebody_else() -> None:
    story = waits_for_alert()
    told(story, story.alert(connector="default"))
    assert "there is one for default" in story.judge("alert_raised").observed


def test_the_name_of_a_connector_has_no_case() -> None:
    story = waits_for_alert()
    told(story, story.alert(connector=story.staged.domain.upper()))
    assert story.verdict("alert_raised") is PASS


def test_an_alert_for_each_message() -> None:
    story = waits_for_alert()
    assert broken(told(story, *[story.alert()] * 3), "alert_raised") == {"alert/once": DEVIATION}


@pytest.mark.parametrize(
    ("change", "row"),
    [
        ({"queued": 3}, "alert/tells-number"),
        ({"queued": 7}, "alert/tells-number"),
        ({"queue_start": None}, "alert/tells-dates"),
        ({"queue_start": EPOCH + 4.5}, "alert/tells-dates"),
        ({"oldest_expires": EPOCH + 100}, "alert/tells-dates"),
        ({"destination_server": ""}, "alert/tells-destination"),
        ({"destination_server": "relay.test"}, "alert/tells-destination"),
        ({"last_address": "127.0.0.1"}, "alert/tells-destination"),
        ({"last_error": ""}, "alert/tells-error"),
        ({"last_error": "450 4.4.312 DNS query failed"}, "alert/tells-error"),
        ({"how_to_fix": " "}, "alert/tells-remedy"),
    ],
)
def test_an_alert_with_something_missing(change: dict[str, object], row: str) -> None:
    story = waits_for_alert()
    assert broken(told(story, story.alert(**change)), "alert_detail") == {row: DEVIATION}


def test_an_alert_may_be_brought_up_to_date_and_names_servers_in_its_own_way() -> None:
    story = waits_for_alert()
    site = story.staged.sites[0]
    alert = story.alert(
        queued=6, destination_server=f"{site.name.upper()}.", last_address=f"{site.host}:{site.port}"
    )
    assert told(story, alert).verdict("alert_detail") is PASS


def test_an_alert_that_is_never_cleared() -> None:
    story = waits_for_alert()
    for tenths in range(66, 130, 2):
        story.shows(tenths / 10, story.alert())
    assert broken(story, "alert_cleared") == {"alert/cleared": DEVIATION}


def test_an_alert_that_is_cleared_too_soon() -> None:
    story = waits_for_alert()
    for tenths in range(66, 130, 2):
        story.shows(tenths / 10, story.alert(cleared_at=EPOCH + 8))
    assert broken(story, "alert_cleared") == {"alert/lasts": DEVIATION}


def test_a_queue_that_never_drains_clears_no_alert() -> None:
    story = waits_for_alert()
    story.events = [event for event in story.events if not isinstance(event, SmtpMessage)]
    assert told(story, story.alert()).verdict("alert_cleared") is NOT_APPLICABLE


def test_nothing_is_said_of_a_relay_that_was_never_asked_or_took_too_little() -> None:
    assert waits_for_alert().verdict("alert_raised") is INCONCLUSIVE
    story = told(waits_for_alert(), waits_for_alert().alert())
    for number in range(2, 6):
        story.change_offer(number, accepted=None)
    assert {story.verdict(aspect) for aspect in ALERTS} == {INCONCLUSIVE}


@pytest.mark.parametrize("aspect", OUT)
@pytest.mark.parametrize("course", OUT_OF_SERVICE)
@pytest.mark.parametrize("profile", ["eop", "rfc"])
def test_a_destination_taken_out_of_service_as_it_should_be(
    aspect: str, course: Course, profile: str
) -> None:
    judged = taken_out(course).judge(aspect, profile)
    assert judged.verdict is PASS, judged.observed


@pytest.mark.parametrize(
    ("number", "change", "rows"),
    [
        (4, {"accepted": 3.4, "refusal": ""}, {"out-of-service/invalid-rejected": FAIL}),
        (
            4,
            {"refusal": "450 4.2.1 Later"},
            {"out-of-service/invalid-rejected": FAIL, "out-of-service/code": DEVIATION},
        ),
        (4, {"refusal": "550 5.1.1 No such user"}, {"out-of-service/code": DEVIATION}),
        (4, {"refused_at": "DATA"}, {"out-of-service/code": DEVIATION}),
        (
            5,
            {"accepted": None, "refusal": REFUSAL, "refused_at": RCPT},
            {"out-of-service/valid-accepted": FAIL},
        ),
        (
            2,
            {"accepted": None, "refusal": REFUSAL, "refused_at": RCPT},
            {"accepted-domain/internal-relay": DEVIATION},
        ),
    ],
)
def test_the_wrong_ones_rejected(number: int, change: dict[str, object], rows: dict[str, Verdict]) -> None:
    assert broken(taken_out().change_offer(number, **change), "rejected_at_once") == rows


def test_a_connector_that_is_still_used() -> None:
    row = {"out-of-service/stops": FAIL}
    looks_up = taken_out()
    looks_up.looks_up(5.0)
    assert broken(looks_up, "stops_trying") == row
    connects = taken_out()
    connects.connects(5.0)
    assert broken(connects, "stops_trying") == row
    under_way = taken_out()
    under_way.looks_up(3.2)
    assert broken(under_way, "stops_trying") == {}


def test_a_connector_that_was_not_watched_long_enough() -> None:
    assert taken_out().change(closed=4.0).verdict("stops_trying") is INCONCLUSIVE


def _vanishes(story: Operated) -> None:
    story.change_offer(0, in_mailbox=[])


def _comes_twice(story: Operated) -> None:
    story.change_offer(0, in_mailbox=[b"x", b"x"])


def _is_reported_too(story: Operated) -> None:
    story.gets(5.0, 2)


@pytest.mark.parametrize("wrong", [_vanishes, _comes_twice, _is_reported_too])
def test_mail_that_has_no_fate_or_two(wrong: Callable[[Operated], None]) -> None:
    story = taken_out()
    wrong(story)
    assert broken(story, "not_purged") == {"out-of-service/nothing-purged": FAIL}


def test_mail_of_a_known_recipient_that_is_returned() -> None:
    story = taken_out().change_offer(1, in_mailbox=[]).returns_of(4.0, 1)
    assert broken(story, "not_purged") == {"out-of-service/valid-not-returned": FAIL}


def test_mail_of_which_the_queue_was_never_asked_is_not_lost() -> None:
    story = taken_out().change_offer(1, in_mailbox=[])
    story.queue_listings = [listing for listing in story.queue_listings if listing.at > 9.0]
    judged = story.judge("not_purged")
    assert judged.verdict is INCONCLUSIVE
    assert (
        judged.reason
        == f"<{story.offer(1).recipient}> neither delivered nor returned, and the queue was never seen"
    )
    assert broken(story.gets(5.0, 2), "not_purged") == {"out-of-service/nothing-purged": FAIL}


def test_without_mailboxes_the_relays_events_count_and_without_these_the_known_are_left_out() -> None:
    def judged(story: Operated, *without: Capability) -> Verdict:
        record = story.record()
        header = replace(
            record.header, capabilities=sorted(set(Capability) - {Capability.ONE_ROUTE, *without})
        )
        return judge(
            ASPECT["not_purged"], story.scenario, replace(record, header=header), load("eop")
        ).verdict

    silent = taken_out()
    for number in (0, 1, 5):
        silent.change_offer(number, in_mailbox=[])
    assert judged(silent, Capability.MAILBOXES) is FAIL
    assert judged(silent, Capability.MAILBOXES, Capability.EVENTS) is PASS
    recipient = silent.staged.recipient
    for number in (0, 1, 5):
        silent.staged = replace(silent.staged, recipient=silent.offer(number).recipient)
        silent.says(4.0, "250 delivered here", Outcome.DELIVERED)
    silent.staged = replace(silent.staged, recipient=recipient)
    assert judged(silent, Capability.MAILBOXES) is PASS


@pytest.mark.parametrize("aspect", OUT)
def test_nothing_is_said_if_nothing_was_met_or_done_before(aspect: str) -> None:
    idle = taken_out().change(operator_actions=[])
    assert idle.verdict(aspect) is INCONCLUSIVE
    late = taken_out()
    late.events = [event for event in late.events if not isinstance(event, DnsQuery | DnsAnswer)]
    late.looks_up(3.4)
    assert late.verdict(aspect) is INCONCLUSIVE


def drained(*moments: float) -> Operated:
    story = corrected()
    for number, at in enumerate(moments):
        story.gets(at, number)
    return story


@pytest.mark.parametrize("profile", ["eop", "rfc"])
def test_a_queue_that_drains_as_it_should(profile: str) -> None:
    assert drained(4.0, 4.2, 4.4).verdict("drains", profile) is PASS
    assert drained(4.2, 4.1, 4.0).verdict("drains", profile) is PASS  # side by side


@pytest.mark.parametrize(
    ("story", "rows"),
    [
        (drained(4.0, 4.2), {"correction/takes-effect": FAIL}),
        (drained(2.9, 4.2, 4.4), {"correction/takes-effect": FAIL}),
        (drained(4.0, 4.2, 4.4).gets(5.0, 1), {"correction/once": FAIL}),
        (drained(4.0, 4.2, 4.4).returns_of(5.0, 1), {"correction/once": FAIL}),
        (corrected().gets(4.0, 0).gets(4.2, 1).gets(4.4, 2, cut=3), {"correction/intact": FAIL}),
        (drained(5.0, 4.0, 4.0), {"correction/in-order": DEVIATION}),
    ],
    ids=["lost", "in spite of it", "twice", "returned", "cut", "out of order"],
)
def test_a_queue_that_does_not(story: Operated, rows: dict[str, Verdict]) -> None:
    assert broken(story, "drains") == rows
    assert story.judge("drains").conclusive is ("correction/once" in rows)


def test_messages_accepted_far_apart_have_times_of_their_own() -> None:
    story = drained(5.0, 4.0, 4.0).change_offer(2, accepted=1.5)
    assert story.judge("drains").only_late  # so that it is staged once more
    story.change(stretched=True)
    assert story.verdict("drains") is PASS
    assert "correction/in-order" not in {finding.requirement for finding in story.judge("drains").findings}


def test_each_message_keeps_its_own_schedule() -> None:
    assert drained(4.0, 4.2, 5.4).verdict("own_schedule") is PASS
    late = drained(4.0, 4.2, 6.5).judge("own_schedule")
    assert (late.verdict, late.only_late) == (DEVIATION, True)
    assert "3.5 s after it, the last of 3" in late.observed
    assert corrected().verdict("own_schedule") is Verdict.NOT_APPLICABLE


def test_order_is_no_rfcs_business() -> None:
    assert drained(5.0, 4.0, 4.0).verdict("drains", "rfc") is PASS


def test_a_refused_correction_is_told() -> None:
    story = corrected("host_unreachable", Course.EDITED).probes(0.1, 3.01, outcome="unreachable")
    story.acts(3.1, "smart host corrected", refused="no such host")
    assert "smart host corrected was refused: no such host" in story.judge("drains").observed


def edited(*, new: float | None = None, old: tuple[float, ...] = (3.6, 4.7), reason: str = "bad") -> Operated:
    story = corrected(course=Course.EDIT_REFUSED)
    story.acts(3.0, "a bad anchor", "a bad host", refused=reason).acts(6.0, "smart host corrected")
    for at in old:
        story.meets_fault(at)
    story.change(repaired=5.9, closed=9.0)
    if new is not None:
        story.gets(new, 0)
    return story


def test_an_invalid_edit_that_changes_nothing() -> None:
    assert edited(new=6.5).verdict("edit_refused") is PASS


@pytest.mark.parametrize(
    ("story", "row"),
    [
        (edited(new=5.0), "edit/unchanged"),
        (edited(old=()), "edit/unchanged"),
        (edited(reason=""), "edit/invalid-refused"),
    ],
    ids=["new in force", "old not in force", "no reason"],
)
def test_an_invalid_edit_that_does(story: Operated, row: str) -> None:
    assert broken(story, "edit_refused") == {row: DEVIATION}


def test_an_invalid_edit_that_is_taken_over() -> None:
    story = edited()
    first, *rest = story.staged.operator_actions
    story.change(operator_actions=[replace(first, refused=False, reason=""), *rest])
    assert "not refused: a bad anchor" in story.judge("edit_refused").observed


@pytest.mark.parametrize("aspect", OPERATED, ids=lambda aspect: aspect.name)
def test_without_the_capability_nothing_applies_and_the_reason_names_it(aspect: object) -> None:
    able = {Capability.ALERTS, Capability.FIX_NOW, Capability.EDIT_CONNECTOR, Capability.ACCEPTED_DOMAINS}
    record = taken_out().record()
    header = replace(record.header, capabilities=sorted(set(Capability) - {Capability.ONE_ROUTE} - able))
    for scenario in aspect.scenarios():  # type: ignore[attr-defined]
        if scenario.timing is not Timing.OPERATED:
            continue  # of an aspect that reads other clocks as well
        if scenario.course is Course.CORRECTED:
            assert not scenario.needs & able
            continue
        judged = judge(aspect, scenario, replace(record, header=header), load("eop"))  # type: ignore[arg-type]
        assert judged.verdict is NOT_APPLICABLE
        assert all(str(each) in judged.reason for each in scenario.needs & able)
        assert scenario.needs & able


def test_every_row_of_the_operator_is_judged_by_the_eop_profile() -> None:
    areas = ("alert/", "out-of-service/", "accepted-domain/", "correction/", "edit/")
    rows = {row for row in catalogue() if row.startswith(areas)}
    assert len(rows) >= 20
    assert rows <= load("eop").served(REQUIREMENTS)
