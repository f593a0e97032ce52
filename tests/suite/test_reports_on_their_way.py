"""What becomes of a report, on hand-made records: it waits, arrives, ends, loops; and of messages that go around."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from stories.story import Story, observed
from stories.wire import accepted, answer, closed, fault, message, received

from conformance.judging.verdict import Verdict
from fake_servers.events import ClientReply, DnsAnswer, Event


def _back(story: Story, at: float, *telling: Event, number: int) -> Story:
    """Have one connection to the server of the sender's domain, on which the null reverse-path is offered."""
    said = (received("mail", "MAIL FROM:<>"), received("rcpt", f"RCPT TO:<{story.staged.sender}>"))
    events = (
        accepted(at=at),
        *(replace(each, at=at + 0.05) for each in (*said, *telling)),
        closed(at=at + 0.1),
    )
    assert story.staged.way_back is not None
    where: dict[str, Any] = {"server": story.staged.way_back.server, "connection": 500 + number}
    return story.note(*(replace(event, **where) for event in events))


def refused(mode: str, *attempts: float, mended: float | None = None, arrives: float | None = None) -> Story:
    """A message that is refused at 1.2 s, whose report meets what is wrong at some moments, and arrives."""
    story = Story(mode).meets_fault(1.2).change(repaired=None, way_back_mended=mended)
    for number, at in enumerate(attempts):
        _back(story, at, fault("reply"), number=number)
    if arrives is not None:
        _back(
            story,
            arrives,
            message(story.staged.sender, b"Subject: no\r\n\r\nno\r\n", mail_from=""),
            number=99,
        )
    return story


def rows(story: Story, aspect: str = "report_fares") -> dict[str, Verdict]:
    return {f.requirement: f.verdict for f in story.judge(aspect).findings if f.verdict is not Verdict.PASS}


class TestReportFares:
    def test_it_waits_and_arrives(self) -> None:
        story = refused("report_deferred_at_rcpt", 1.5, 3.6, mended=5.0, arrives=5.8)
        assert observed(story, "report_fares", Verdict.PASS) == "delivered after 2 attempts in vain"

    def test_what_happens_on_the_way_back_is_no_attempt_at_the_message(self) -> None:
        story = refused("report_deferred_at_rcpt", 1.5, 3.6, mended=5.0, arrives=5.8)
        evidence = story.evidence()
        assert len(evidence.connections) == 1
        assert evidence.messages == ()
        assert len(evidence.returned) == 1
        assert evidence.of_report is not None
        assert len(evidence.of_report.connections) == 3
        assert len(evidence.of_report.messages) == 1
        assert Story("plain").evidence().of_report is None

    def test_it_never_arrives(self) -> None:
        story = refused("report_closed_at_dot", 1.5, mended=5.0)
        assert rows(story) == {"report/arrives": Verdict.FAIL}
        assert observed(story, "report_fares").startswith("1 attempt at a report, mended at ")

    def test_no_report_at_all(self) -> None:
        assert rows(refused("report_silent_at_mail", mended=5.0)) == {"report/arrives": Verdict.FAIL}

    def test_it_arrives_twice(self) -> None:
        story = refused("report_deferred_at_dot", 1.5, 3.6, mended=5.0, arrives=5.8)
        _back(story, 8.0, message(story.staged.sender, b"Subject: no\r\n\r\nno\r\n", mail_from=""), number=98)
        assert rows(story) == {"report/once": Verdict.FAIL}

    def test_haste(self) -> None:
        story = refused("report_deferred_at_dot", 1.5, 1.7, 1.9, mended=5.0, arrives=5.8)
        assert rows(story) == {"report/waits": Verdict.FAIL}

    def test_refused_for_good_it_ends(self) -> None:
        assert rows(refused("report_refused_at_mail", 1.5)) == {}
        assert rows(refused("report_refused_at_mail")) == {}
        assert rows(refused("report_refused_at_mail", 1.5, 3.6)) == {"report/refused-ends": Verdict.DEVIATION}
        assert rows(refused("report_refused_at_mail", 1.5, 1.7)) == {
            "report/refused-ends": Verdict.DEVIATION,
            "ndr/none-for-null-sender": Verdict.FAIL,
        }

    def test_to_a_server_with_which_nothing_is_wrong(self) -> None:
        assert rows(refused("report_to_plain_server", arrives=1.6)) == {}
        assert rows(refused("report_to_plain_server")) == {"permanent/returned": Verdict.FAIL}

    @pytest.mark.parametrize("arrives", [None, 7.0])
    def test_to_an_unknown_host_it_may_end_or_wait(self, arrives: float | None) -> None:
        story = refused("report_to_unknown_host", mended=5.0, arrives=arrives)
        story.note(answer(f"mx.back.{story.staged.domain}.", "nxdomain", at=1.5))
        assert rows(story) == {}
        assert not any(isinstance(event, DnsAnswer) for event in story.evidence().events)

    def test_the_message_is_taken_up_again(self) -> None:
        story = refused("report_refused_at_dot", 1.5).meets_fault(4.2)
        assert rows(story) == {"permanent/not-retried": Verdict.DEVIATION}


class TestEndsLoop:
    def _round(self, number: int) -> Story:
        story = Story("goes_around")
        for each in range(number):
            story.delivers(1.5 + each / 10, content=b"Received: x\r\n" * each + story.staged.content)
        return story

    @pytest.mark.parametrize("ends", ["returned", "refused"])
    def test_an_end(self, ends: str) -> None:
        story = self._round(6)
        if ends == "returned":
            story.returns(3.0)
        else:
            story.note(
                ClientReply(at=3.0, server="", sender=story.staged.sender, text="554 5.4.6 Too many hops")
            )
        assert rows(story, "ends_loop") == {}

    def test_no_end(self) -> None:
        assert rows(self._round(20), "ends_loop") == {"loops/detected": Verdict.FAIL}

    def test_an_end_of_which_nobody_is_told(self) -> None:
        assert rows(self._round(6), "ends_loop") == {"loops/told": Verdict.FAIL}
        assert rows(self._round(6).returns(3.0).returns(4.0), "ends_loop") == {"loops/told": Verdict.FAIL}

    def test_many_fields_without_a_loop(self) -> None:
        assert rows(Story("passed_300_hosts").delivers(2.0), "ends_loop") == {
            "loops/counted": Verdict.DEVIATION
        }
        assert rows(Story("passed_300_hosts").returns(2.0), "ends_loop") == {}
        assert rows(Story("passed_300_hosts"), "ends_loop") == {"loops/told": Verdict.FAIL}
        assert rows(Story("passed_99_hosts").returns(2.0), "carries") == {
            "loops/threshold": Verdict.DEVIATION
        }


class TestSeveralDomains:
    def _story(self, *, second_at: int = 1) -> Story:
        story = Story("domains_refused_accepted_accepted").meets_fault(1.2)
        for number, who in enumerate(story.staged.others, 1):
            story.delivers(1.4, host=second_at if number == 1 else number, recipients=[who])
        return story

    def test_each_at_its_own_server(self) -> None:
        story = self._story().returns(1.9)
        assert rows(story, "each_recipient") == {}

    def test_at_the_server_of_another(self) -> None:
        story = self._story(second_at=0).returns(1.9)
        assert rows(story, "each_recipient") == {"recipients/own-server": Verdict.FAIL}
