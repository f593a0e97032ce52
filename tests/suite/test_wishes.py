"""What a sender asks of reports, passed on or done by the relay: the aspect on hand-made records."""

from __future__ import annotations

import pytest
from stories.reports import ndr
from stories.story import Story, observed
from stories.wire import sent

from conformance.judging.verdict import Verdict
from fake_servers import Stage
from fake_servers.events import SmtpUnoffered

GIVEN = (
    "RET=HDRS",
    "ENVID=QQ+2B314159",
    "NOTIFY=SUCCESS,FAILURE,DELAY",
    "ORCPT=rfc822;First+2BLast@origin.test",
)
_ORIGINAL = "Original-Recipient: rfc822;First+Last@origin.test"
WITHOUT = "dsn_not_offered_success"


def _passed(*options: str, mode: str = "dsn_passed_on_success") -> Story:
    return Story(mode).delivers(1.5, options=options)


def test_as_given() -> None:
    assert observed(_passed(*GIVEN), "passes_wishes", Verdict.PASS) == "so it was"
    other_order = (*GIVEN[:2], "NOTIFY=delay,Success,failure", "ORCPT=RFC822;First+2BLast@origin.test")
    assert observed(_passed(*other_order), "passes_wishes", Verdict.PASS) == "so it was"


@pytest.mark.parametrize(
    ("number", "instead", "told"),
    [
        (0, "RET=FULL", "RET=FULL"),
        (1, "ENVID=qq+2b314159", "ENVID=qq+2b314159"),
        (2, "NOTIFY=SUCCESS", "NOTIFY=SUCCESS"),
        (2, "SIZE=10", "no NOTIFY"),
        (3, "ORCPT=rfc822;first+2Blast@origin.test", "ORCPT=rfc822;first+2Blast@origin.test"),
    ],
)
def test_not_as_given(number: int, instead: str, told: str) -> None:
    options = [*GIVEN[:number], instead, *GIVEN[number + 1 :]]
    assert observed(_passed(*options), "passes_wishes", Verdict.FAIL) == told


def test_who_takes_it_over_is_the_only_one_to_tell() -> None:
    for action in ("relayed", "delivered"):
        story = _passed(*GIVEN).returns(1.8, action=action, status="2.0.0")
        said = observed(story, "passes_wishes", Verdict.DEVIATION)
        assert said == f"a report with Action: {action}"
    late = _passed(*GIVEN).returns(1.8, action="delayed", status="4.0.0")
    assert late.verdict("passes_wishes") is Verdict.PASS
    kept = _passed(*GIVEN[:2], "NOTIFY=FAILURE", GIVEN[3]).returns(1.8, action="relayed", status="2.0.0")
    assert observed(kept, "passes_wishes", Verdict.FAIL) == "NOTIFY=FAILURE"


def _relayed(mode: str = WITHOUT) -> Story:
    return Story(mode).delivers(1.5)


def _report() -> bytes:
    """Return a report of relaying that has what was asked of reports."""
    plain = ndr(_relayed().staged, action="relayed", status="2.0.0")
    for name, more in (("Reporting-MTA", "Original-Envelope-Id: QQ+314159"), ("Final-Recipient", _ORIGINAL)):
        assert plain.count(f"\n{name}:".encode()) == 1
        plain = plain.replace(f"\n{name}:".encode(), f"\n{more}\r\n{name}:".encode())
    return plain


def test_relayed_is_told_in_a_report_like_any_other() -> None:
    assert _relayed().returns(1.8, content=_report()).verdict("passes_wishes") is Verdict.PASS
    for has, instead, requirement in (
        (b"QQ+314159", b"QQ", "report/envelope-id"),
        (b"First+Last", b"Last", "report/original-recipient"),
        (b"\r\n\r\n--=b--", b"\r\nand so on\r\n\r\n--=b--", "ndr/form"),
        (b"It did not arrive.\r\n", b"It did not arrive.\n", "ndr/no-bare-line-ends"),
    ):
        story = _relayed().returns(1.8, content=_report().replace(has, instead))
        assert story.judge("passes_wishes").requirement.id == requirement


def test_relayed_is_told_once() -> None:
    assert observed(_relayed(), "passes_wishes", Verdict.FAIL) == "no report"
    twice = _relayed().returns(1.8, action="relayed").returns(1.9, action="relayed")
    assert observed(twice, "passes_wishes", Verdict.FAIL) == "2 reports, with Action: relayed, relayed"
    otherwise = _relayed().returns(1.8, action="delivered")
    assert observed(otherwise, "passes_wishes", Verdict.FAIL) == "1 reports, with Action: delivered"


@pytest.mark.parametrize("mode", ["dsn_not_offered_never", "dsn_not_offered_nothing"])
def test_who_has_not_asked_is_told_nothing(mode: str) -> None:
    assert _relayed(mode).verdict("passes_wishes") is Verdict.PASS
    told = _relayed(mode).returns(1.8, action="relayed")
    assert told.judge("passes_wishes").requirement.id == "dsn/unasked"


def test_nothing_is_said_of_it_to_who_does_not_offer_it() -> None:
    said = SmtpUnoffered(stage=Stage.RCPT, parameters=("NOTIFY=NEVER",))
    story = Story("dsn_not_offered_never").connects(1.2, said)
    assert observed(story.returns(2.0), "passes_wishes", Verdict.FAIL) == "NOTIFY=NEVER"
    story = Story("dsn_not_offered_never").connects(1.2, said).delivers(1.5)
    assert observed(story, "passes_wishes", Verdict.FAIL) == "NOTIFY=NEVER"


def test_what_counts_is_what_was_offered_on_the_connection() -> None:
    story = Story("dsn_passed_on_success").connects(1.2, sent("ehlo", "250-mx\n250 SIZE"))
    assert _passed(*GIVEN, mode=story.mode).verdict("passes_wishes") is Verdict.PASS


def test_without_a_copy_there_is_nothing_to_compare() -> None:
    assert Story(WITHOUT).returns(2.0).verdict("passes_wishes") is Verdict.NOT_APPLICABLE
