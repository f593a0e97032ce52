"""Whether what a report says is so: whom it names, whose reply it quotes, who refused, when, and in what words."""

from __future__ import annotations

import pytest

from conformance.catalogue.special import Dsn
from conformance.judging import report_says
from fake_servers import Reply

_ORIGINAL = b"From: <a@b.test>\r\nDate: Sun, 29 Nov 2026 01:00:00 +0000\r\n\r\na text\r\nThe end.\r\n"
_FULL, _BLOCKED = Reply(552, "5.2.2 Mailbox full"), Reply(550, "5.7.1 Sender is blocked")
_DSN = Dsn(ret="HDRS", envid="QQ+2B3", orcpt="rfc822;First+2BLast@origin.test")


def _report(
    fields: str, text: str = "It did not arrive.", *, of_message: str = "", returned: str = ""
) -> bytes:
    parts = [
        f"Content-Type: text/plain\n\n{text}\n",
        f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; relay.test\n{of_message}\n{fields}\n",
        *([f"Content-Type: message/rfc822\n\n{returned}\n"] if returned else []),
    ]
    head = 'Date: Sun, 29 Nov 2026 01:00:05 +0000\nMIME-Version: 1.0\nContent-Type: multipart/report; boundary="=b"\n\n'
    body = "".join(f"--=b\n{part}" for part in parts)
    return f"{head}{body}--=b--\n".replace("\n", "\r\n").encode()


def _of(who: str, more: str = "") -> str:
    return f"Final-Recipient: rfc822; {who}\nAction: failed\n{more}"


@pytest.mark.parametrize(
    ("named", "wrong"),
    [
        ('"two words"@A.test', 0),
        (r'"two\ words"@a.test', 0),
        ('<"two words"@a.test>', 0),
        ("two@a.test", 1),
        ("two words@a.test", 1),
        ('"Two words"@a.test', 1),
        ("", 1),
    ],
)
def test_an_address_is_the_same_however_it_is_quoted(named: str, wrong: int) -> None:
    assert len(report_says.misnamed(_report(_of(named)), ['"two words"@a.test'])) == wrong


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ("Status: 5.2.2\nDiagnostic-Code: smtp; 552 5.2.2 Mailbox full\n", 0),
        ("Status: 5.0.0\n", 0),
        ("Status: 5.4.300\nDiagnostic-Code: smtp; 550 gone\n", 0),
        ("Status: 5.7.1\n", 1),
        ("Status: 5.2.2\nDiagnostic-Code: smtp; 550 5.7.1 Sender is blocked\n", 1),
        ("Diagnostic-Code: smtp; 552 5.2.2 Mailbox full after 550 5.7.1 Sender is blocked\n", 0),
    ],
)
def test_whose_reply_it_is(fields: str, wrong: int) -> None:
    replies = {"one@a.test": _FULL, "other@a.test": _BLOCKED}
    assert len(report_says.of_another(_report(_of("one@a.test", fields)), replies)) == wrong


@pytest.mark.parametrize(
    ("status", "wrong"), [("5.2.2", 0), ("4.2.2", 0), ("5.3.2", 1), ("4.3.2", 1), ("5.0.0", 0)]
)
def test_a_reply_that_decided_nothing(status: str, wrong: int) -> None:
    report = _report(_of("one@a.test", f"Status: {status}\n"))
    stale = [Reply(451, "4.3.2 Try again later")]
    assert len(report_says.of_another(report, {"one@a.test": _FULL}, stale)) == wrong


@pytest.mark.parametrize(
    ("remote", "wrong"),
    [
        ("dns; mx1.a.test", 0),
        ("DNS; MX1.a.test (127.0.0.1)", 0),
        ("dns; [127.0.0.1]", 0),
        ("dns; 127.0.0.1:25", 0),
        ("dns;mx1.a.test.", 0),
        ("dns; mx1.a.test[127.0.0.1]:25", 0),
        ("dns; [IPv6:fd00::1]", 0),
        ("dns; fd00::1", 0),
        ("dns; relay.test", 1),
        ("dns; [mx1.a.test]", 1),
        ("dns; other.mx1.a.test", 1),
        ("dns; mx1.a.test.other", 1),
        ("dns; [IPv6:127.0.0.1]", 1),
        ("dns; [127.0.0.11]", 1),
        ("dns; [IPv6:fd00::1:2]", 1),
    ],
)
def test_the_server_that_refused(remote: str, wrong: int) -> None:
    report = _report(_of("one@a.test", f"Remote-MTA: {remote}\n"))
    assert len(report_says.not_remote(report, ["mx1.a.test", "127.0.0.1", "fd00::1"])) == wrong
    assert report_says.not_remote(_report(_of("one@a.test")), ["mx1.a.test"]) == []


def test_the_server_that_reports() -> None:
    assert report_says.not_reporting(_report(""), ["mx1.a.test"]) == []
    assert report_says.not_reporting(_report(""), ["RELAY.test"]) == ["Reporting-MTA is relay.test"]


@pytest.mark.parametrize(
    ("date", "wrong"),
    [
        ("Sun, 29 Nov 2026 01:00:01 +0000", 0),
        ("Sun, 29 Nov 2026 02:00:01 +0100", 0),
        ("Sun, 29 Nov 2026 00:00:01 +0000", 1),
        ("Sun, 29 Nov 2026 03:00:01 +0000", 1),
        ("yesterday", 0),
    ],
)
def test_dates_of_this_message(date: str, wrong: int) -> None:
    report = _report(_of("one@a.test", f"Last-Attempt-Date: {date}\n"))
    assert len(report_says.out_of_time(report, _ORIGINAL)) == wrong
    assert len(report_says.out_of_time(_report("", of_message=f"Arrival-Date: {date}\n"), _ORIGINAL)) == wrong


@pytest.mark.parametrize("said", ["QQ+3", "QQ+2B3"])
def test_an_envelope_identifier_decoded_or_not(said: str) -> None:
    report = _report(_of("one@a.test"), of_message=f"Original-Envelope-Id: {said}\n")
    assert report_says.without_envelope_id(report, _DSN) == []
    assert report_says.without_envelope_id(_report(_of("one@a.test")), _DSN) != []


@pytest.mark.parametrize("said", ["First+Last@origin.test", "First+2BLast@origin.test"])
def test_an_original_recipient_decoded_or_not(said: str) -> None:
    report = _report(_of("one@a.test", f"Original-Recipient: rfc822; {said}\n"))
    assert report_says.without_original_recipient(report, _DSN) == []
    assert report_says.without_original_recipient(_report(_of("one@a.test")), _DSN) != []


@pytest.mark.parametrize(
    ("ret", "returned", "wrong"), [("HDRS", "", 0), ("HDRS", "x", 1), ("FULL", "x", 0), ("FULL", "", 1)]
)
def test_as_much_as_was_asked_for(ret: str, returned: str, wrong: int) -> None:
    report = _report(_of("one@a.test"), returned=_ORIGINAL.decode() if returned else "")
    assert len(report_says.other_part(report, _ORIGINAL, Dsn(ret=ret))) == wrong


@pytest.mark.parametrize(
    "text",
    [
        "Your message was not delivered to one@a.test.",
        "It could not be successfully delivered to\n  one@\n  a.test",
        "Delivery to &lt;one@a.test&gt; failed. If it was delivered meanwhile, ignore this.",
        "Nothing was delivered to one<wbr>@a.<b>test</b>; the message was delivered to all other recipients.",
        "one@a.test: it was relayed to mx.a.test, which refused it",
    ],
)
def test_words_that_are_true(text: str) -> None:
    report = _report("", text)
    assert report_says.wrong_words(report, _ORIGINAL, ["one@a.test"], ["two@a.test"]) == []
    assert report_says.claims(report, _ORIGINAL) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("It failed.", "nobody is told of <one@a.test>"),
        ("It failed for one@a.test and two@a.test.", "<two@a.test> is named, who got the message"),
    ],
)
def test_people_that_are_not_meant(text: str, told: str) -> None:
    assert report_says.wrong_words(_report("", text), _ORIGINAL, ["one@a.test"], ["two@a.test"]) == [told]


@pytest.mark.parametrize(
    "text", ["It was successfully delivered to one@a.test.", "Hello. Your message has been delivered"]
)
def test_words_that_are_not_true(text: str) -> None:
    [claim] = report_says.claims(_report("", text), _ORIGINAL)
    assert claim.startswith("it says ")


@pytest.mark.parametrize(
    ("to", "wrong"),
    [("<A@b.test>", 0), ("Pat <x@y.test>, a@b.test", 0), ("<>", 1), ("postmaster@relay.test", 1), (None, 1)],
)
def test_to_whom_it_is_addressed(to: str | None, wrong: int) -> None:
    head = b"" if to is None else f"To: {to}\r\n".encode()
    assert len(report_says.addressed_otherwise(head + _report(""), "a@b.test")) == wrong


def test_a_domain_may_be_told_as_it_is_read() -> None:
    who = "one@xn--r8jz45g.test"
    for text in (who, "one@\u4f8b\u3048.test"):
        assert report_says.wrong_words(_report("", text), _ORIGINAL, [who], []) == []


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        (r"utf-8; gr\x{FC}\x{DF}e@a.test", 0),  # RFC 6533 section 3, utf-8-addr-xtext
        (r"UTF-8;gr\x{fc}\x{df}e@A.test (away)", 0),
        (r"utf-8; \x{67}r\x{FC}\x{DF}e\x{40}a.test", 0),
        (r'utf-8; "gr\x{FC}\x{DF}e"@a.test', 0),
        (r"utf-8; gru\x{308}\x{DF}e@a.test", 0),
        ("utf-8; gr\u00fc\u00dfe@a.test", 0),  # utf-8-address
        ("utf-8; gr+C3+BC+C3+9Fe@a.test", 0),  # as no RFC has it, and still the right one
        ("utf-8; =?utf-8?q?gr=C3=BC=C3=9Fe?=@a.test", 0),
        ("rfc822; gr??e@a.test", 0),
        (r"utf-8; gr\x{FD}\x{DF}e@a.test", 1),
        (r"utf-8; gr\x{110000}e@a.test", 1),
        ("utf-8; gr\u00fd\u00dfe@a.test", 1),
        ("utf-8; gr??e@a.test", 1),
        ("utf-8; xn--gre-6ka8l@a.test", 1),
        ("utf-8; =?never?q?gr=C3?=@a.test", 1),
    ],
)
def test_who_is_beyond_ascii_may_be_spelled_in_many_ways(said: str, wrong: int) -> None:
    report = _report(f"Final-Recipient: {said}\nAction: failed\n")
    assert len(report_says.spelled_otherwise(report, "gr\u00fc\u00dfe@a.test")) == wrong


def test_octets_that_are_no_utf8_are_not_read() -> None:
    report = _report("Final-Recipient: utf-8; gr?e@a.test\nAction: failed\n").replace(b"?", b"\xfc")
    assert report_says.spelled_otherwise(report, "gr\u00fc\u00dfe@a.test") == []


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("rfc822; a@xn--bcher-kva.test", 0),
        ("utf-8; a@xn--bcher-kva.test", 0),
        ("utf-8; a@b\u00fccher.test", 0),
        (r"utf-8; a@b\x{FC}cher.test", 0),
        ("rfc822; a@xn--bcher-kva.test (their postmaster)", 0),
        ("utf-8; a@b\u00fdcher.test", 1),
        (r"rfc822; a@b\x{FC}cher.test", 1),  # the type is ASCII, and knows no such spelling
        ("rfc822; a@b\u00fccher.test", 1),
    ],
)
def test_the_labels_of_a_domain_may_be_read_or_encoded(said: str, wrong: int) -> None:
    report = _report(f"Final-Recipient: {said}\nAction: failed\n")
    assert len(report_says.misnamed(report, ["a@xn--bcher-kva.test"])) == wrong
