"""The real Postfix with its clock moved by 30 hours, killed on the way."""

import email
import email.policy
import email.utils
from pathlib import Path
from typing import Any

import pytest

from conformance.target import Capability, Outcome
from conformance.targets import faketime, postfix

SCRIPT = Path(__file__).with_name("postfix_clock_script.py")
HOUR = 3600.0
Seen = dict[str, Any]

pytestmark = pytest.mark.skipif(not faketime.available(), reason="libfaketime is not installed")


def _reports(seen: Seen, sender: str) -> list[str]:
    return list(seen["received"].get(sender, []))


def test_a_move_is_followed_by_an_attempt_at_once(seen: Seen) -> None:
    assert seen["attempt after a move took"] < 300  # the granted interval is 900 s


def test_a_kill_leaves_nothing_running(seen: Seen) -> None:
    assert seen["left by the kill"] == []
    assert seen["accepts when killed"] is False


def test_the_queue_survives_the_kill(seen: Seen) -> None:
    assert sorted(seen["after the restart"]) == ["Silent@refused.test", "User@refused.test"]


def test_still_queued_and_nothing_returned_at_23_h_55(seen: Seen) -> None:
    assert seen["at 23 h 55"] == ["Silent@refused.test", "User@refused.test"]
    assert seen["reports at 23 h 55"] == []


def test_returned_once_after_24_hours(seen: Seen) -> None:
    assert seen["at 24 h 15"] == []
    assert len(_reports(seen, "refused@sender.test")) == 1


def test_notify_never_is_honoured(seen: Seen) -> None:
    assert _reports(seen, "silent@sender.test") == []


def test_the_report_is_dated_by_the_moved_clock(seen: Seen) -> None:
    [content] = _reports(seen, "refused@sender.test")
    report = email.message_from_string(content, policy=email.policy.default)
    [status] = [part for part in report.walk() if part.get_content_type() == "message/delivery-status"]
    fields = email.message_from_string("".join(map(str, status.get_payload())))
    arrival = email.utils.parsedate_to_datetime(fields["Arrival-Date"]).timestamp()
    date = email.utils.parsedate_to_datetime(report["Date"]).timestamp()
    assert abs(arrival - seen["began"]) < 300  # by the clock of the machine, a day before the report
    assert 24 * HOUR <= date - arrival < 25 * HOUR


def test_events_are_those_since_the_first_start_on_the_moved_clock(seen: Seen) -> None:
    events = [event for event in seen["events"] if event["recipient"] == "User@refused.test"]
    assert [event["outcome"] for event in events] == [*[Outcome.DEFERRED] * 4, Outcome.EXPIRED]
    hours = [(event["at"] - seen["began"]) / HOUR for event in events]
    assert hours == pytest.approx([0, 1, 23.92, 24.25, 24.25], abs=0.02)


def test_new_mail_is_stamped_by_the_moved_clock_and_delivered(seen: Seen) -> None:
    [content] = seen["received"]["User@healthy.test"]
    received = email.message_from_string(content)["Received"].rpartition(";")[2].strip()
    ahead = email.utils.parsedate_to_datetime(received).timestamp() - seen["began"]
    assert ahead / HOUR == pytest.approx(30, abs=0.02)


def test_nothing_is_left(seen: Seen) -> None:
    assert seen["left running"] == []
    assert seen["left mounted"] == []


@pytest.mark.parametrize("target", [postfix.PostfixTarget, postfix.PostfixEopTarget])
@pytest.mark.parametrize("installed", [True, False])
def test_a_movable_clock_is_offered_only_with_libfaketime(
    target: type[postfix.PostfixTarget], installed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faketime, "available", lambda: installed)
    capabilities = target().capabilities
    assert (Capability.CLOCK in capabilities) == installed
    assert {Capability.RESTART, Capability.SUBMISSION_DSN} <= capabilities
