from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.evidence import codes


@pytest.mark.parametrize(
    ("text", "code", "status", "rest"),
    [
        ("450 4.4.316 Connection refused", "450", "4.4.316", "Connection refused"),
        ("450-4.4.316 Connection refused", "450", "4.4.316", "Connection refused"),
        ("  450  4.4.316: refused", "450", "4.4.316", ": refused"),
        ("450 refused", "450", "", "refused"),
        ("450", "450", "", ""),
        ("4.4.1 no answer", "", "4.4.1", "no answer"),
        ("4.4.1", "", "4.4.1", ""),
        ("4.4.1[x]", "", "4.4.1", "[x]"),
        ("", "", "", ""),
        ("connect to 127.4.4.1: Connection refused", "", "", "connect to 127.4.4.1: Connection refused"),
        ("4.4.3.16: refused", "", "", "4.4.3.16: refused"),
        ("450 4.4.3.16 refused", "450", "", "4.4.3.16 refused"),
        ("host said: 450 4.4.316 x", "", "", "host said: 450 4.4.316 x"),
        ("4504.4.316 x", "", "", "4504.4.316 x"),
        ("4500 x", "", "", "4500 x"),
        ("150 x", "", "", "150 x"),
        ("4.04.1 x", "", "", "4.04.1 x"),
        ("3.4.1 x", "", "", "3.4.1 x"),
        ("4.4.1000 x", "", "", "4.4.1000 x"),
    ],
)
def test_codes_are_read_where_they_belong(text: str, code: str, status: str, rest: str) -> None:
    assert codes.read(text) == codes.Codes(code=code, status=status, rest=rest)


def test_what_is_recorded_apart_wins() -> None:
    read = codes.read("421 4.3.2 Service not available", code="450", status="4.4.317")
    assert (read.code, read.status, read.rest) == ("450", "4.4.317", "Service not available")


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    read = codes.read(text)
    assert text.endswith(read.rest)
    assert read.code in text
    assert read.status in text


@given(st.integers(200, 599), st.sampled_from("245"), st.integers(0, 999), st.integers(0, 999), st.text())
def test_codes_at_the_beginning_are_always_found(
    code: int, klass: str, subject: int, detail: int, text: str
) -> None:
    read = codes.read(f"{code} {klass}.{subject}.{detail} {text}")
    assert (read.code, read.status) == (str(code), f"{klass}.{subject}.{detail}")


@pytest.mark.parametrize(
    ("pattern", "value", "fits"),
    [
        ("450", "450", True),
        ("450", "451", False),
        ("450", "", False),
        ("4yz", "451", True),
        ("4yz", "551", False),
        ("4yz", "45", False),
        ("4yz", "4ab", False),
        ("4yz", "", False),
        ("4.4.316", "4.4.316", True),
        ("4.4.316", "4.4.31", False),
        ("4.4.*", "4.4.1", True),
        ("4.4.*", "4.3.1", False),
        ("4.*.*", "4.0.0", True),
        ("4.*.*", "5.0.0", False),
        ("4.*.*", "", False),
        ("4.4.*", "4.4", False),
        ("4.4.*", "450", False),
    ],
)
def test_patterns(pattern: str, value: str, fits: bool) -> None:
    assert codes.matches(pattern, value) is fits
