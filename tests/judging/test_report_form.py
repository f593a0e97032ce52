"""The form of a report: two good ones by hand, and each thing that can be wrong with them."""

from __future__ import annotations

import base64
import email.utils
import quopri
import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stories.reports import delay_notice, exchange_like, postfix_like
from stories.staging import staged

from conformance.catalogue.special import Dsn
from conformance.evidence.reports import read_report
from conformance.judging import report_form
from conformance.judging.report_says import other_part

STAGED = staged("connection_refused")
WHO = STAGED.recipient
POSTFIX, EXCHANGE = postfix_like(STAGED), exchange_like(STAGED)


def _complaints(content: bytes) -> list[str]:
    return [
        *report_form.form(content),
        *report_form.fields(content, WHO),
        *report_form.returns(content, STAGED.content),
        *report_form.others_read(content, WHO),
        *report_form.remote_mta(content),
        *report_form.will_retry(content),
    ]


def _with(old: bytes, new: bytes, report: bytes = POSTFIX) -> bytes:
    assert old in report
    return report.replace(old, new)


@pytest.mark.parametrize("report", [POSTFIX, EXCHANGE], ids=["postfix", "exchange"])
def test_a_good_report(report: bytes) -> None:
    assert _complaints(report) == []
    [recipient] = read_report(report).recipients
    assert (recipient.final_recipient, recipient.action) == (WHO, "failed")


class TestForm:
    @pytest.mark.parametrize(
        ("old", "new", "told"),
        [
            (b"multipart/report; report-type=delivery-status", b"multipart/mixed", "multipart/mixed, not"),
            (b"multipart/report; report-type=delivery-status", b"multipart/report", "report-type is missing"),
            (b"report-type=delivery-status", b"report-type=disposition-notification", "disposition"),
            (
                b"Content-Type: message/delivery-status",
                b"Content-Type: text/plain",
                "second part is text/plain",
            ),
            (b"Content-Type: message/rfc822", b"Content-Type: image/png", "third part is image/png"),
        ],
    )
    def test_outer_form(self, old: bytes, new: bytes, told: str) -> None:
        assert any(told in complaint for complaint in report_form.form(_with(old, new)))

    @pytest.mark.parametrize("name", [b"", b"other", b"(seven bits)", b"7-bit"])
    def test_an_encoding_that_nobody_knows(self, name: bytes) -> None:
        kind = b"Content-Type: message/delivery-status"
        told = report_form.form(_with(kind, kind + b"\r\nContent-Transfer-Encoding: " + name))
        assert [each.rpartition(" is ")[0] for each in told] == ["the encoding of message/delivery-status"]

    @pytest.mark.parametrize("name", [b"7BIT", b"8bit (of course)", b"base64", b"x-ours"])
    def test_an_encoding_that_somebody_knows(self, name: bytes) -> None:
        kind = b"Content-Type: message/rfc822"
        assert report_form.form(_with(kind, kind + b"\r\nContent-Transfer-Encoding: " + name)) == []

    @pytest.mark.parametrize(
        ("line", "wrong"),
        [
            (b"other", True),
            (b"This is: a field", True),
            (b"X-Old : with a blank before its colon", False),
            (b"X-Folded:\r\n\tbehind its name", False),
        ],
    )
    def test_a_header_of_fields(self, line: bytes, wrong: bool) -> None:
        told = report_form.form(POSTFIX.replace(b"\r\n\r\n", b"\r\n" + line + b"\r\n\r\n", 1))
        assert told == [f"its header has a line that is no field: {line.decode()}"] * wrong

    def test_the_closing_boundary(self) -> None:
        unclosed = re.sub(rb"\r\n--[^\r\n]+--\r\n\s*\Z", b"\r\n", POSTFIX)
        assert unclosed != POSTFIX
        assert "it ends without its closing boundary" in report_form.form(unclosed)
        assert report_form.form(POSTFIX + b"An epilogue, for nobody.\r\n") == []

    def test_the_case_of_the_report_type_does_not_matter(self) -> None:
        assert report_form.form(_with(b"report-type=delivery-status", b"REPORT-TYPE=Delivery-Status")) == []

    @pytest.mark.parametrize(
        "kind", [b"text/html", b"multipart/related; boundary=x", b"multipart/mixed; boundary=x"]
    )
    def test_people_may_be_told_in_any_form(self, kind: bytes) -> None:
        first = b"Content-Type: text/plain; charset=us-ascii"
        assert report_form.form(_with(first, b"Content-Type: " + kind)) == []

    @pytest.mark.parametrize("kind", [b"text/plain", b"text/rfc822-headers", b"message/partial"])
    def test_a_portion_may_come_back_in_any_form(self, kind: bytes) -> None:
        assert report_form.form(_with(b"Content-Type: message/rfc822", b"Content-Type: " + kind)) == []

    def test_parts_in_the_wrong_order(self) -> None:
        swapped = _with(
            b"Content-Type: text/plain; charset=us-ascii", b"Content-Type: message/delivery-status", POSTFIX
        )
        assert "the first part is message/delivery-status, not for people to read" in report_form.form(
            swapped
        )

    @pytest.mark.parametrize(("parts", "wrong"), [(1, True), (2, False), (3, False), (4, True)])
    def test_two_or_three_parts(self, parts: int, wrong: bool) -> None:
        boundary = b"--1234567890.1795532400/relay.test"
        before, *found, after = POSTFIX.split(boundary)
        found = [*found, found[-1]][:parts]
        report = boundary.join([before, *found, after])
        assert report_form.form(report) == ([f"it has {parts} parts"] if wrong else [])

    def test_a_message_that_is_no_report_at_all(self) -> None:
        plain = b"Subject: Returned\r\n\r\nSorry.\r\n"
        assert report_form.form(plain) == ["it is text/plain, not multipart/report"]
        assert report_form.fields(plain, WHO) == ["there is no message/delivery-status part"]
        assert report_form.returns(plain, STAGED.content) != []
        assert report_form.others_read(b"From: a@b.test\r\n" + plain, WHO) == [
            f"flufl.bounce finds nobody instead of {WHO}"
        ]
        assert "cannot read it: IndexError" in report_form.others_read(plain, WHO)[0]
        assert report_form.remote_mta(plain) == report_form.will_retry(plain) == []


class TestFields:
    @pytest.mark.parametrize(
        ("old", "new", "told"),
        [
            (b"Reporting-MTA: dns; relay.test\r\n", b"", "Reporting-MTA is missing"),
            (
                f"Final-Recipient: rfc822; {WHO}".encode(),
                b"Final-Recipient: rfc822; else@x.test",
                "else@x.test",
            ),
            (f"Final-Recipient: rfc822; {WHO}\r\n".encode(), b"", "Final-Recipient is missing"),
            (b"Action: failed", b"Action: delayed", "Action is delayed"),
            (b"Action: failed\r\n", b"", "Action is missing"),
            (b"Status: 4.4.1\r\n", b"", "Status is missing"),
            (b"Status: 4.4.1", b"Status: 4.4", "Status is 4.4"),
            (b"Status: 4.4.1", b"Status: 4.04.1", "Status is 4.04.1"),
            (b"Status: 4.4.1", b"Status: 3.4.1", "Status is 3.4.1"),
            (
                b"+0000 (UTC)\r\n\r\nFinal",
                b"GMT\r\n\r\nFinal",
                "Arrival-Date is not a date with a numeric zone",
            ),
            (b"connect to ", "connect tö ".encode(), "not 7bit"),
        ],
    )
    def test_what_is_wrong(self, old: bytes, new: bytes, told: str) -> None:
        assert any(told in complaint for complaint in report_form.fields(_with(old, new), WHO))

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (b"Action: failed", b"Action: FAILED (given up)"),
            (b"Status: 4.4.1", b"Status: 5.0.0 (expired)"),
            (f"rfc822; {WHO}".encode(), f"RFC822;\r\n {WHO}".encode()),
            (b"Reporting-MTA: dns; relay.test", b"Reporting-MTA: x-local-hostname; somewhere"),
            (f"Final-Recipient: rfc822; {WHO}".encode(), f"Final-Recipient: {WHO}".encode()),  # see `types`
        ],
    )
    def test_what_is_allowed(self, old: bytes, new: bytes) -> None:
        assert report_form.fields(_with(old, new), WHO) == []

    def test_a_group_without_its_address_is_about_a_recipient_all_the_same(self) -> None:
        nameless = _with(f"Final-Recipient: rfc822; {WHO}\r\n".encode(), b"Remote-MTA: dns; mx.test\r\n")
        assert report_form.remote_mta(nameless) == ["Remote-MTA is dns; mx.test"]
        [about] = read_report(nameless).recipients
        assert (about.final_recipient, about.action, about.remote_mta) == ("", "failed", "mx.test")

    def test_the_case_of_an_address_is_kept(self) -> None:
        upper = WHO.replace("recipient", "Recipient")
        assert report_form.fields(POSTFIX, upper) != []  # RFC 3464 section 2.3.2
        assert report_form.fields(_with(WHO.encode(), upper.encode()), upper) == []

    def test_nothing_about_a_recipient(self) -> None:
        begin, end = (
            POSTFIX.index(b"Final-Recipient"),
            POSTFIX.index(b"--1234567890", POSTFIX.index(b"Final-")),
        )
        report = POSTFIX[:begin] + POSTFIX[end:]
        assert report_form.fields(report, WHO) == ["there is no group of fields for a recipient"]

    def test_somebody_else_besides(self) -> None:
        more = b"Final-Recipient: rfc822; b@x.test\r\nAction: failed\r\nStatus: 5.0.0\r\n\r\nFinal-Recipient"
        [told] = report_form.fields(_with(b"Final-Recipient", more), WHO)
        assert "b@x.test" in told

    def test_in_the_younger_type_it_need_not_be_ascii(self) -> None:
        younger = _with(b"message/delivery-status", b"message/global-delivery-status")
        assert report_form.form(younger) == []
        assert report_form.fields(younger, WHO) == []
        assert report_form.fields(_with(b"connect to ", "connect tö ".encode(), younger), WHO) == []

    @given(
        at=st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)),
        minutes=st.integers(-14 * 60, 14 * 60),
        comment=st.sampled_from(["", " (UTC)", " (a zone)", "\r\n\t(a zone (of some))"]),
        day=st.booleans(),
        seconds=st.booleans(),
    )
    def test_every_date_with_a_numeric_zone(
        self, at: datetime, minutes: int, comment: str, day: bool, seconds: bool
    ) -> None:
        moment = at.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
        date = email.utils.format_datetime(moment)
        date = date if day else date.partition(", ")[2]
        date = date if seconds else date.replace(f"{moment:%H:%M:%S}", f"{moment:%H:%M}")
        for name in (b"Last-Attempt-Date", b"Arrival-Date", b"Will-Retry-Until"):
            line = b"\r\n" + name + b": " + (date + comment).encode()
            assert report_form.fields(_with(b"\r\nStatus: 4.4.1", line + b"\r\nStatus: 4.4.1"), WHO) == []

    @pytest.mark.parametrize(
        "date",
        [
            "Mon, 23 Nov 2026 15:00:00 GMT",
            "Mon, 23 Nov 2026 15:00:00",
            "2026-11-23T15:00:00Z",
            "Mon, 23 Nov 26 15:00:00 +0000",
            "Mon Nov 23 15:00:00 2026",
            "Mon, 23 Nov 2026 15:00:00 +00:00",
        ],
    )
    def test_other_dates(self, date: str) -> None:
        report = _with(b"Mon, 23 Nov 2026 15:00:00 +0000 (UTC)", date.encode())
        assert report_form.fields(report, WHO) == [f"Arrival-Date is not a date with a numeric zone: {date}"]

    @given(
        klass=st.sampled_from("245"),
        subject=st.integers(0, 999),
        detail=st.integers(0, 999),
        comment=st.sampled_from(["", " (why)", " (why\r\n not)", " (why (not))"]),
    )
    def test_every_status(self, klass: str, subject: int, detail: int, comment: str) -> None:
        status = f"{klass}.{subject}.{detail}{comment}"
        assert report_form.fields(_with(b"Status: 4.4.1", f"Status: {status}".encode()), WHO) == []


_PIECES = st.sampled_from(
    [b"", b"\r\n", b"\r\n\r\n", b"\xff", b";", b":", b"--", b"=", b"\x00", "ö".encode()]
)


@given(
    report=st.sampled_from([POSTFIX, EXCHANGE]),
    kind=st.sampled_from([b"message/delivery-status", b"message/global-delivery-status", b"text/plain"]),
    encoding=st.sampled_from([b"7bit", b"base64", b"quoted-printable", b"x-none"]),
    cuts=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 300), _PIECES), max_size=4),
)
def test_whatever_comes_is_read_without_an_accident(
    report: bytes, kind: bytes, encoding: bytes, cuts: list[tuple[int, int, bytes]]
) -> None:
    content = report.replace(b"message/delivery-status", kind + b"\r\nContent-Transfer-Encoding: " + encoding)
    for at, octets, piece in cuts:
        content = content[:at] + piece + content[at + octets :]
    assert all(isinstance(complaint, str) for complaint in _complaints(content))
    assert len(read_report(content).recipients) <= 3


@pytest.mark.parametrize("form", ["(One (of two)) {}", "{} (One)", "{}(One)"])
def test_a_comment_keeps_nobody_from_the_recipient(form: str) -> None:
    said = b"Final-Recipient: rfc822; " + form.format(WHO).encode()
    report = _with(f"Final-Recipient: rfc822; {WHO}".encode(), said)
    assert report_form.fields(report, WHO) == []
    assert not report_form.others_claim_to_read(report)


def test_an_independent_reader_finds_the_recipient_alone() -> None:
    other = f"Final-Recipient: rfc822; {WHO}\r\nOriginal-Recipient: rfc822;{WHO}".encode()
    changed = b"Final-Recipient: rfc822; else@x.test\r\nOriginal-Recipient: rfc822;else@x.test"
    assert report_form.others_read(_with(other, changed), WHO) == [
        f"flufl.bounce finds else@x.test instead of {WHO}"
    ]
    assert report_form.others_read(POSTFIX, WHO.upper()) == []


@pytest.mark.parametrize(
    ("complain", "field"),
    [
        (report_form.remote_mta, "Remote-MTA: dns; mx.test"),
        (report_form.will_retry, "Will-Retry-Until: Sat, 1 Jan 2000 00:00 +0000"),
    ],
)
def test_fields_that_may_not_be_there(complain: Callable[[bytes], list[str]], field: str) -> None:
    content = postfix_like(STAGED, more=f"{field}\n")
    assert complain(content) == [field.replace(": ", " is ", 1)]
    assert complain(EXCHANGE) == []


def test_a_notice_of_delay_is_no_report_of_a_failure() -> None:
    [recipient] = read_report(delay_notice(STAGED)).recipients
    assert recipient.action == "delayed"
    assert report_form.fields(delay_notice(STAGED), WHO) == ["Action is delayed"]


_LONG = (
    b"From: <a@x.test>\r\nSubject: " + b"a long one " * 9 + b"\r\nMessage-ID: <1@x.test>\r\n\r\nthe text\r\n"
)
_OTHER = _LONG.replace(b"a long one", b"another one")


def _encoded(name: str, original: bytes) -> bytes:
    """Return what comes back of a message in a message/global in an encoding (RFC 6532 section 3.7)."""
    made = {
        "base64": base64.encodebytes,
        "quoted-printable": quopri.encodestring,
        "8bit": bytes,
        "Base64 (all)": base64.encodebytes,
    }[name](original)
    lines = b"\r\n".join(made.splitlines())
    head = b"Content-Type: message/global\r\nContent-Transfer-Encoding: " + name.encode() + b"\r\n\r\n"
    return (
        b"MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b\r\nContent-Type: message/global-delivery-status\r\n\r\n"
        b"Reporting-MTA: dns; x.test\r\n\r\n--b\r\n" + head + lines + b"\r\n--b--\r\n"
    )


@pytest.mark.parametrize("name", ["base64", "quoted-printable", "8bit", "Base64 (all)"])
def test_a_message_that_comes_back_in_an_encoding_is_read(name: str) -> None:
    """Before, its encoded lines were looked at, and it had been altered whatever it was."""
    report = _encoded(name, _LONG)
    assert report_form.returns(report, _LONG) == []
    [told] = report_form.altered(report, _OTHER)
    assert told.startswith("what came back has no Subject")
    assert other_part(report, _LONG, Dsn(ret="FULL")) == []
    assert other_part(report, _LONG, Dsn(ret="HDRS")) != []


def test_an_encoding_that_is_none() -> None:
    report = _encoded("base64", b"").replace(b"base64\r\n\r\n", b"base64\r\n\r\nA")
    assert report_form.altered(report, _LONG) != []


@pytest.mark.parametrize("name", ["base64", "quoted-printable"])
def test_fields_for_programs_in_an_encoding(name: str) -> None:
    """Before, a soft line break in the first field made a blank line in the midst of it."""
    fields = b"Reporting-MTA: dns; " + b"x" * 90 + b".test\r\n\r\nFinal-Recipient: rfc822; a@y.test\r\n"
    fields += b"Action: failed\r\n"
    report = _encoded(name, fields).replace(b"message/global\r\n", b"message/global-delivery-status\r\n")
    report = report.replace(
        b"message/global-delivery-status\r\n\r\nReporting", b"text/plain\r\n\r\nReporting", 1
    )
    assert report_form.fields(report, "a@y.test") == ["Status is missing"]
    [recipient] = read_report(report).recipients
    assert (recipient.final_recipient, recipient.action) == ("a@y.test", "failed")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (b"In-Reply-To: \r\nReferences: \r\n", ["In-Reply-To is empty", "References is empty"]),
        (b"References: none\r\n", ["References is none"]),
        (b"References: <>\r\n", ["References is <>"]),
        (b"In-Reply-To: (yours)\r\n <1@x.test>\r\nReferences: <0@x.test> <1@x.test>\r\n", []),
        (b"", []),
    ],
)
def test_what_refers_to_a_message_names_one(fields: bytes, told: list[str]) -> None:
    assert report_form.nameless(fields + b"Subject: x\r\n\r\nSorry.\r\n") == told
