"""What comes back with a report: the message or its header, all of it, and nothing else."""

from __future__ import annotations

import base64
import quopri

import pytest
from stories.reports import exchange_like, postfix_like
from stories.staging import staged

from conformance.judging import report_form

STAGED = staged("connection_refused")
POSTFIX, EXCHANGE = postfix_like(STAGED), exchange_like(STAGED)


def _with(old: bytes, new: bytes, report: bytes = POSTFIX) -> bytes:
    assert old in report
    return report.replace(old, new)


def test_whole_or_header_section() -> None:
    assert report_form.returns(POSTFIX, STAGED.content) == report_form.returns(EXCHANGE, STAGED.content) == []


def test_another_message() -> None:
    other = staged("dns_nxdomain").content
    assert "what came back has no Message-ID" in report_form.returns(POSTFIX, other)[0]


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        (b"", b"\r\nother\r\n", True),
        (b"", b"\r\n\r\n", False),
        (b"The end.\r\n", b"[cut short]\r\n", False),
        (b"end.\r\n", b"\r\n[The end is missing]\r\n", False),
    ],
)
def test_nothing_stands_behind_its_end(old: bytes, new: bytes, wrong: bool) -> None:
    assert STAGED.content.endswith(b"\r\nThe end.\r\n")
    returned = STAGED.content.removesuffix(old) + new
    told = report_form.returns(_with(STAGED.content, returned), STAGED.content)
    assert told == ["behind the message that came back stands other"] * wrong


def test_an_encoded_header_section() -> None:
    head = STAGED.content.partition(b"\r\n\r\n")[0]
    for name, encoded in (
        (b"quoted-printable", quopri.encodestring(head).replace(b"\n", b"\r\n")),
        (b"base64", base64.encodebytes(head)),
    ):
        kind = b"text/rfc822-headers\r\nContent-Transfer-Encoding: " + name
        report = _with(head, encoded, _with(b"text/rfc822-headers", kind, EXCHANGE))
        assert report_form.returns(report, STAGED.content) == []


def test_two_parts_return_nothing() -> None:
    boundary = b"--1234567890.1795532400/relay.test"
    before, text, status, _, after = POSTFIX.split(boundary)
    report = boundary.join([before, text, status, after])
    assert report_form.returns(report, STAGED.content) == [
        "neither the original message nor its header section came back"
    ]
