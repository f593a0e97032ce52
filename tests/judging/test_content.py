from __future__ import annotations

import base64
import quopri
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stories.story import Story

from conformance.judging.content import (
    CUT,
    DOUBLED,
    ENCODED,
    FORM,
    MIXED,
    REPEATED,
    bare_ends,
    changes,
    content_changes,
    is_cut_short,
)

HEAD = b"From: a@b.test\r\nSubject: one\r\n two\r\nTo: c@d.test\r\nContent-Transfer-Encoding: 8bit\r\n"
BODY = b"of scenario-0123456789ab\r\n.second\r\nFrom third\r\nfourth \r\n\r\nthe end\r\n"
SENT = HEAD + b"\r\n" + BODY
TRACE = b"Received: by x\r\n id 1\r\n"


def sorts(received: bytes, sent: bytes = SENT) -> list[str]:
    return [change.sort for change in content_changes(sent, received)]


def text(received: bytes, sent: bytes = SENT) -> str:
    [change] = content_changes(sent, received)
    return change.text


def with_body(body: bytes) -> bytes:
    return TRACE + HEAD + b"\r\n" + body


@pytest.mark.parametrize(
    "received",
    [
        SENT,
        TRACE + SENT,
        SENT.replace(b"\r\nTo:", b"\r\nX-Added: 1\r\nTo:"),
        SENT.replace(b"one\r\n two", b"one\r\n two\r\nSubject: again"),
    ],
)
def test_what_a_relay_may_do(received: bytes) -> None:
    assert content_changes(SENT, received) == []


@pytest.mark.parametrize("field", [b"Date: now", b"FROM: <x@y.test>", b"Message-Id:\r\n <2@y.test>"])
def test_a_field_is_added_where_it_is_missing_and_nowhere_else(field: bytes) -> None:
    one = b"DATE: 1\r\nFrom: a@b.test\r\nMessage-ID:\r\n <1@b.test>\r\n\r\n" + BODY
    assert sorts(field + b"\r\n" + one, one) == [DOUBLED]
    assert sorts(one.replace(b"\r\n\r\n", b"\r\n" + field + b"\r\n\r\n", 1), one) == [DOUBLED]
    none = b"Subject: one\r\n\r\n" + BODY
    assert sorts(field + b"\r\n" + none, none) == []


def test_the_name_behind_an_alias_may_stand_for_the_domain() -> None:
    story = Story("mx_domain_alias")
    behind = f"alias1.{story.staged.domain}"
    told = story.delivers(1.5, recipients=[f"recipient@{behind.upper()}"])
    [copy] = told.evidence().messages
    assert [change.sort for change in changes(told.staged, copy)] == ["forward-path"]
    known = replace(told.staged, alias_of=behind)
    assert list(changes(known, copy)) == []
    assert [change.sort for change in changes(replace(known, alias_of="other.test"), copy)] == [
        "forward-path"
    ]


@pytest.mark.parametrize("folded", [b"one two", b"one\r\n\ttwo", b"one\r\n  two", b" one two"])
def test_folds_and_blanks_of_a_field_are_its_form(folded: bytes) -> None:
    assert sorts(TRACE + SENT.replace(b"one\r\n two", folded)) == [FORM]


def test_a_change_of_form_is_told_with_both_forms() -> None:
    assert "Subject is 'Subject: one two' instead of 'Subject: one\\r\\n two'" in text(
        SENT.replace(b"one\r\n two", b"one two")
    )


@pytest.mark.parametrize(
    ("received", "sort", "told"),
    [
        (SENT.replace(b"To: c@d.test\r\n", b""), "field to", "header field To is missing"),
        (SENT.replace(b"Subject: one", b"Subject: ONE"), "field subject", "'Subject: ONE"),
        (b"X-Bad" + SENT, "field from", "From is missing"),
        (
            SENT.replace(b"From: a@b.test\r\n", b"").replace(
                b"8bit\r\n\r\n", b"8bit\r\nFrom: a@b.test\r\n\r\n"
            ),
            "field subject",
            "moved before",
        ),
    ],
)
def test_what_a_relay_may_not_do_with_fields(received: bytes, sort: str, told: str) -> None:
    found = content_changes(SENT, received)
    assert sort in [change.sort for change in found]
    assert any(told in change.text for change in found)


@pytest.mark.parametrize(
    ("before", "after", "sort", "told"),
    [
        (
            b"\r\n.second",
            b"\r\nsecond",
            "leading dots",
            "line 2 of the body is 'second' instead of '.second'",
        ),
        (b"\r\n.second", b"\r\n..second", "leading dots", "'..second'"),
        (b"fourth ", b"fourth", "trailing blanks", "only blanks differ"),
        (b"\r\nFrom", b"\r\n>From", "quoted From", "line 3 of the body is '>From third'"),
        (b"From third", b"From  third", "blanks", "only blanks differ"),
        (b"third", b"THIRD", "octets", "'From THIRD' instead of 'From third'"),
        (b"third", b"th\r\nird", "broken", "1 line became 2"),
        (b"third\r\n", b"third", "joined", "2 lines became 1"),
        (b"\r\n\r\n", b"\r\n", "empty lines", "0 empty lines instead of 1"),
        (b"the end\r\n", b"the end\r\n\r\n", "empty lines", "1 empty line instead of 0"),
        (b"the end\r\n", b"the end\r\nfooter\r\n", "added", "'footer', was not sent"),
        (
            b"third\r\nfourth \r\n",
            b"another\r\n",
            "other lines",
            "'From another' instead of 'From third | fourth '",
        ),
    ],
)
def test_what_a_relay_may_not_do_with_lines(before: bytes, after: bytes, sort: str, told: str) -> None:
    assert BODY.count(before) == 1
    received = with_body(BODY.replace(before, after))
    assert sorts(received) == [sort]
    assert told in text(received)


_WORDS = st.lists(st.sampled_from([b"a" * 40, b"b" * 40, b" | ", b"x", b"\r\n"]), max_size=12).map(b"".join)


@given(old=_WORDS, new=_WORDS)
def test_nothing_is_there_instead_of_itself(old: bytes, new: bytes) -> None:
    """Of long lines the middle is left out, and what stands between lines may stand in one."""
    for each in content_changes(with_body(old + b"\r\nend\r\n"), with_body(new + b"\r\nend\r\n")):
        before, between, after = each.text.partition(" instead of ")
        assert not between or not before.endswith(after.partition(", from octet ")[0]), each.text


def test_where_the_middle_of_a_long_field_differs_the_middle_is_shown() -> None:
    long = b"X-Long: " + b"a" * 50 + b"%s" + b"b" * 50 + b"\r\n"
    told = text(long % b"two" + SENT, long % b"one" + SENT)
    assert told == (
        f"the header field X-Long is '{'a' * 30}two{'b' * 27}' instead of '{'a' * 30}one{'b' * 27}', "
        "from octet 29 of 111 on"
    )


def test_each_sort_is_told_once() -> None:
    sent = with_body(b".a\r\n.b\r\nc \r\n")
    assert sorts(with_body(b"a\r\nb\r\nc\r\n"), sent) == ["leading dots", "trailing blanks"]


@pytest.mark.parametrize(
    "body",
    [b"", BODY[:30], BODY[:-4], BODY.replace(b"the end\r\n", b""), BODY.replace(b"\r\n\r\nthe end", b"")],
)
def test_a_missing_end_is_seen(body: bytes) -> None:
    assert sorts(with_body(body)) == [CUT]
    assert is_cut_short(SENT, with_body(body))


def test_an_end_that_stands_further_up_as_well_is_missed_all_the_same() -> None:
    lines = b"so it goes on\r\n" * 3
    assert is_cut_short(with_body(lines), with_body(b"so it goes on\r\n" * 2))
    assert not is_cut_short(with_body(lines), with_body(lines + b"-- \r\nsent by somebody\r\n"))
    encoded = with_body(base64.encodebytes(lines)).replace(b": 8bit", b": base64")
    assert not is_cut_short(with_body(lines), encoded)


def test_of_a_large_body_as_well() -> None:
    sent = with_body(b"the same line\r\n" * 70_000 + b"the end\r\n")
    assert sorts(sent[:500_000], sent) == [CUT]
    assert sorts(sent.replace(b"the end", b"the enD"), sent) == ["octets"]


def test_what_comes_twice_is_seen() -> None:
    assert sorts(with_body(BODY + BODY)) == [REPEATED]
    assert sorts(with_body(BODY + BODY[-20:])) == [REPEATED]


def test_lines_of_another_message_are_seen() -> None:
    assert sorts(with_body(BODY + b"of scenario-ffffffffffff\r\n")) == [MIXED]


@pytest.mark.parametrize(
    ("how", "encode"), [(b"quoted-printable", quopri.encodestring), (b"base64", base64.encodebytes)]
)
def test_an_encoded_text_is_read(how: bytes, encode: object) -> None:
    body = "Gr\u00fc\u00dfe\r\nthe end\r\n".encode()
    sent = with_body(body)
    encoded = encode(body.replace(b"\r\n", b"\n") if how == b"quoted-printable" else body)  # type: ignore[operator]
    received = with_body(encoded.replace(b"\n", b"\r\n")).replace(b"8bit", how)
    assert sorts(received, sent) == [ENCODED]
    assert sorts(received, with_body(b"else\r\n")) == ["other lines", ENCODED]


def test_comments_say_nothing_of_an_encoding() -> None:
    sent = with_body("Gr\u00fc\u00dfe\r\n".encode())
    received = with_body(b"R3LDvMOfZQ0K\r\n").replace(b"8bit", b"BASE64 (was 8bit (as text))")
    assert sorts(received, sent) == [ENCODED]


def test_stripped_high_bits_are_seen() -> None:
    sent = "Gr\u00fc\u00dfe\r\n".encode()
    stripped = bytes(octet & 127 for octet in sent)
    assert sorts(with_body(stripped), with_body(sent)) == ["high bits"]


def test_whether_a_header_without_a_body_ends_with_an_empty_line_is_its_form() -> None:
    assert sorts(TRACE + HEAD, HEAD + b"\r\n") == [FORM]
    assert content_changes(HEAD, TRACE + HEAD + b"\r\n") == []
    assert sorts(TRACE + HEAD + b"\r\n\r\n", HEAD + b"\r\n") == ["empty lines"]


@pytest.mark.parametrize(
    ("octets", "bare"), [(b"a\r\nb", False), (b"a\nb", True), (b"a\rb", True), (b"\r\r\n", True)]
)
def test_bare_ends(octets: bytes, bare: bool) -> None:
    assert (bare_ends(octets) > 0) is bare


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_any_change_of_the_body_is_seen(one: bytes, other: bytes) -> None:
    found = content_changes(b"A: 1\r\n\r\n" + one, b"A: 1\r\n\r\n" + other)
    assert bool(found) is (one != other)
