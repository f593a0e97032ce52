"""A full disk: the aspect on hand-made records of messages that were offered before, meanwhile and afterwards."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stories.story import ASPECT, Story
from stories.wire import fault

from conformance.catalogue.message import RECIPIENT
from conformance.evidence.inputs import (
    AFTERWARDS,
    DISK_FULL,
    STARTED_AGAIN,
    WHILE_FULL,
    Offer,
    OperatorAction,
)
from conformance.evidence.record import Reported
from conformance.judging.judge import RED
from conformance.judging.verdict import Verdict
from conformance.target import Capability, DeliveryEvent, Outcome

_MODE = "disk_full_in_attempt"
_FILLED = OperatorAction(name=DISK_FULL, asked=1.5, done=1.6, proof="a line of it is in spool")


def _full(*taken: str, refused: str = "") -> Story:
    """Return a disk that is full from 1.5 on, while an attempt hangs, and who had their messages taken."""
    story = Story(_MODE, "namespace").look(0.9, "").connects(1.0, fault("stall"), lasting=2.0)
    story.staged.operator_actions.append(_FILLED)
    moments = {RECIPIENT: 0.5, WHILE_FULL: 1.7, AFTERWARDS: 3.5}
    for local in taken:
        at = moments[local]
        story.staged.offers.append(_offer(story, local, at, accepted=at + 0.1))
    if refused:
        said = "452 4.3.1 Insufficient system storage"
        story.staged.offers.append(_offer(story, refused, moments[refused], refusal=said))
    return story


def _offer(story: Story, local: str, at: float, accepted: float | None = None, refusal: str = "") -> Offer:
    recipient = f"{local}@{story.staged.domain}"
    return Offer(recipient=recipient, known=True, content=b"x", at=at, accepted=accepted, refusal=refusal)


def _delivers(story: Story, *whom: str) -> Story:
    for number, local in enumerate(whom):
        story.delivers(4.0 + number, recipients=[f"{local}@{story.staged.domain}"])
    return story


def _verdict(story: Story, profile: str = "eop") -> tuple[Verdict, str]:
    judged = story.judge("full_disk", profile=profile)
    return judged.verdict, judged.requirement.id if judged.verdict in RED else ""


@pytest.mark.parametrize("profile", ["eop", "rfc"])
def test_who_refuses_meanwhile_and_delivers_the_rest(profile: str) -> None:
    story = _delivers(_full(RECIPIENT, AFTERWARDS, refused=WHILE_FULL), RECIPIENT, AFTERWARDS)
    assert _verdict(story.look(8.0, None), profile) == (Verdict.PASS, "")


def test_who_accepts_meanwhile_and_delivers_it_too() -> None:
    everybody = (RECIPIENT, WHILE_FULL, AFTERWARDS)
    assert _verdict(_delivers(_full(*everybody), *everybody).look(8.0, None)) == (Verdict.PASS, "")


def test_twice_is_no_loss() -> None:
    story = _delivers(_full(RECIPIENT, AFTERWARDS), RECIPIENT, RECIPIENT, AFTERWARDS)
    assert _verdict(story.look(8.0, None)) == (Verdict.PASS, "")


@pytest.mark.parametrize("profile", ["eop", "rfc"])
@pytest.mark.parametrize("lost", [RECIPIENT, WHILE_FULL])
def test_what_was_accepted_and_is_nowhere(lost: str, profile: str) -> None:
    everybody = (RECIPIENT, WHILE_FULL, AFTERWARDS)
    story = _delivers(_full(*everybody), *(each for each in everybody if each != lost)).look(8.0, None)
    assert _verdict(story, profile) == (Verdict.FAIL, "long-run/full-disk")


@pytest.mark.parametrize("mailboxes", [True, False])
def test_what_the_relay_says_it_has_delivered_is_lost_all_the_same(mailboxes: bool) -> None:
    """Before, its word was a place in which the message was, and that a deviation of another requirement."""
    story = _delivers(_full(RECIPIENT, WHILE_FULL, AFTERWARDS), RECIPIENT, AFTERWARDS).look(8.0, None)
    others = [each for each in story.header.capabilities if each != Capability.MAILBOXES]
    story.header = replace(story.header, capabilities=[*others, *[Capability.MAILBOXES] * mailboxes])
    who = f"{WHILE_FULL}@{story.staged.domain}"
    said = DeliveryEvent(at=1.9, text="250 2.0.0 OK", recipient=who, outcome=Outcome.DELIVERED)
    story.reported.append(Reported(read_at=3.0, event=said))
    assert _verdict(story) == (Verdict.FAIL, "long-run/full-disk")
    observed = story.judge("full_disk").observed
    assert observed.startswith(f"<{who}> neither delivered, returned nor in the queue")


def test_what_the_relay_says_tells_nothing_where_the_queue_was_never_seen() -> None:
    story = _full(RECIPIENT)
    story.queue_listings.clear()
    story.says(3.0, "250 2.0.0 OK", Outcome.DELIVERED)
    assert _verdict(story)[0] is Verdict.INCONCLUSIVE


def test_what_waits_still_may_only_be_late() -> None:
    story = _delivers(_full(RECIPIENT, AFTERWARDS), AFTERWARDS).look(8.0, "450 4.3.1 no room")
    assert _verdict(story) == (Verdict.DEVIATION, "long-run/room-again")
    assert story.judge("full_disk").only_late


def test_what_waits_for_round_after_round_in_peace_is_not_only_late() -> None:
    story = _delivers(_full(RECIPIENT, AFTERWARDS), AFTERWARDS).look(8.0, "450 4.3.1 no room")
    granted = story.staged.granted
    round_ = granted.max_retry_interval + granted.granularity
    assert story.change(peace=2.9 * round_).judge("full_disk").only_late
    assert not story.change(peace=3.1 * round_).judge("full_disk").only_late
    assert story.change(peace=3.1 * round_, ahead={"later": 3600.0}).judge("full_disk").only_late


def test_who_takes_no_mail_afterwards() -> None:
    story = _delivers(_full(RECIPIENT, refused=AFTERWARDS), RECIPIENT).look(8.0, None)
    assert _verdict(story) == (Verdict.DEVIATION, "long-run/room-again")
    assert "refused 1 time, at last with 452" in story.judge("full_disk").observed


def test_an_action_that_is_not_proven_is_none() -> None:
    """As in records that do not say whether the message was on the disk."""
    story = _delivers(_full(RECIPIENT, AFTERWARDS, refused=WHILE_FULL), RECIPIENT, AFTERWARDS)
    story.staged.operator_actions[:] = [replace(_FILLED, proof="")]
    judged = story.look(8.0, None).judge("full_disk")
    assert judged.verdict is Verdict.INCONCLUSIVE
    assert "not provoked" in judged.reason


def test_who_rather_ends_and_has_everything_when_it_is_started_again() -> None:
    """Before, `survives` failed for it, a MUST about destinations, and it was not looked whether anything was lost."""
    story = _delivers(_full(RECIPIENT, AFTERWARDS, refused=WHILE_FULL), RECIPIENT, AFTERWARDS)
    story.staged.operator_actions.append(OperatorAction(name=STARTED_AGAIN, asked=3.2, done=3.4))
    judged = story.look(8.0, None).judge("full_disk")
    assert (judged.verdict, judged.requirement.id) == (Verdict.DEVIATION, "long-run/room-again")
    assert "had to be started again" in judged.observed
    assert not judged.only_late


def test_who_rather_ends_and_has_lost_something_when_it_is_started_again() -> None:
    story = _delivers(_full(RECIPIENT, AFTERWARDS, refused=WHILE_FULL), AFTERWARDS)
    story.staged.operator_actions.append(OperatorAction(name=STARTED_AGAIN, asked=3.2, done=3.4))
    assert _verdict(story.look(8.0, None)) == (Verdict.FAIL, "long-run/full-disk")


def test_who_rather_ends_and_cannot_be_started_again() -> None:
    story = _full(RECIPIENT, refused=WHILE_FULL).is_gone(2.0)
    judged = story.judge("full_disk")
    assert (judged.verdict, judged.requirement.id) == (Verdict.DEVIATION, "long-run/room-again")
    assert "nobody knows what it has lost" in judged.observed
    assert "see full_disk" in story.judge("tidy").reason
    assert story.scenario not in ASPECT["survives"].scenarios()


def test_who_was_gone_before_and_who_may_not_be_the_one() -> None:
    assert _verdict(_full(RECIPIENT).is_gone(1.2))[0] is Verdict.INCONCLUSIVE
    assert _verdict(_full(RECIPIENT).is_gone(2.0, "plain.healthy"))[0] is Verdict.INCONCLUSIVE


def test_nothing_known_accuses_nobody() -> None:
    story = Story(_MODE, "namespace").connects(1.0, fault("stall"), lasting=2.0)
    story.staged.operator_actions.append(_FILLED)
    story.staged.offers.append(_offer(story, RECIPIENT, 0.5, accepted=0.6))
    assert _verdict(story)[0] is Verdict.INCONCLUSIVE
