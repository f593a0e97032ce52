"""What may stand in MAIL and RCPT, and what goes out after DATA."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.reference.dsn import decode_xtext
from conformance.reference.envelope_syntax import (
    MAIL_PARAMETERS,
    RCPT_PARAMETERS,
    BadArgument,
    parse_parameters,
    parse_path,
)
from conformance.reference.session import stuff_dots


@pytest.mark.parametrize(
    ("argument", "address", "rest"),
    [
        ("<>", "", ""),
        ("<a@b.test>", "a@b.test", ""),
        (" <A.b@[10.1.2.3]> SIZE=1", "A.b@[10.1.2.3]", " SIZE=1"),
        ('<"a b"@c.test>', '"a b"@c.test', ""),
        ("<@x.test,@y.test:a@b.test>", "a@b.test", ""),
    ],
)
def test_paths(argument: str, address: str, rest: str) -> None:
    assert parse_path(argument, null_allowed=True) == (address, rest)


@pytest.mark.parametrize(
    "argument", ["", "a@b.test", "<a>", "<a@>", "<a b@c.test>", "<a@b..test>", "<a@b.test>x"]
)
def test_bad_paths(argument: str) -> None:
    with pytest.raises(BadArgument, match=r"^501 5\."):
        parse_path(argument, null_allowed=True)


def test_parameters() -> None:
    text = " RET=hdrs ENVID=a+2Bb SIZE=10 BODY=8bitmime"
    assert parse_parameters(text, MAIL_PARAMETERS) == {
        "RET": "HDRS",
        "ENVID": "a+2Bb",
        "SIZE": "10",
        "BODY": "8BITMIME",
    }
    assert parse_parameters("orcpt=rfc822;Bob@A.test NOTIFY=failure,delay", RCPT_PARAMETERS) == {
        "ORCPT": "rfc822;Bob@A.test",
        "NOTIFY": "FAILURE,DELAY",
    }


@pytest.mark.parametrize(
    "text", ["NOTIFY=NEVER,DELAY", "NOTIFY=", "ORCPT=bob", "X=1", "NOTIFY=NEVER NOTIFY=NEVER"]
)
def test_bad_parameters(text: str) -> None:
    with pytest.raises(BadArgument, match=r"^5[05][15] 5\.5\.4 "):
        parse_parameters(text, RCPT_PARAMETERS)


def test_xtext_never_decodes_into_a_line_break() -> None:
    assert decode_xtext("a+2Bb+3D") == "a+b="
    assert decode_xtext("a+0D+0Ab") == "a+0D+0Ab"


@given(st.lists(st.sampled_from([b".", b"..", b"a", b"", b".a"])).map(b"\r\n".join))
def test_dots_are_stuffed_at_line_starts_only(content: bytes) -> None:
    stuffed = stuff_dots(content)
    lines = [line[1:] if line.startswith(b".") else line for line in stuffed.split(b"\r\n")]
    assert b"\r\n".join(lines) == content
    assert b"\r\n.\r\n" not in b"\r\n" + stuffed + b"\r\n"
