from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.judging.content import difference

SENT = b"From: a@b.test\r\nSubject: one\r\n two\r\nTo: c@d.test\r\n\r\nfirst\r\n.second\r\n"


@pytest.mark.parametrize(
    "received",
    [
        SENT,
        b"Received: by x\r\n id 1\r\n" + SENT,
        SENT.replace(b"\r\nTo:", b"\r\nX-Added: 1\r\nTo:"),
        SENT.replace(b"one\r\n two", b"one two"),
        SENT.replace(b"one\r\n two", b"one\r\n two\r\nSubject: again"),
    ],
)
def test_what_a_relay_may_do(received: bytes) -> None:
    assert difference(SENT, received) == ""


@pytest.mark.parametrize(
    ("received", "told"),
    [
        (
            SENT.replace(b"\r\n.second", b"\r\nsecond"),
            "the body has 15 octets instead of 16: line 2 has 8 instead of 9, and ends in b'second",
        ),
        (SENT.replace(b"first", b"fIrst"), "the body differs from octet 1"),
        (SENT.replace(b"To: c@d.test\r\n", b""), "header field To"),
        (SENT.replace(b"Subject: one", b"Subject: ONE"), "header field Subject"),
        (
            SENT.replace(b"From: a@b.test\r\n", b"").replace(b"\r\n\r\n", b"\r\nFrom: a@b.test\r\n\r\n"),
            "header field Subject",
        ),
        (SENT + b"\r\n", "the body has"),
        (SENT.replace(b"\r\n\r\n", b"\n\n"), "the body"),
        (b"", "the body"),
    ],
)
def test_what_a_relay_may_not_do(received: bytes, told: str) -> None:
    assert told in difference(SENT, received)


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_any_change_of_the_body_is_seen(one: bytes, other: bytes) -> None:
    assert (difference(b"A: 1\r\n\r\n" + one, b"A: 1\r\n\r\n" + other) == "") is (one == other)
