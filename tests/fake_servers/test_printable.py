from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_servers.events import SmtpReceived
from fake_servers.printable import printable, printable_lines
from fake_servers.smtp import Stage
from fake_servers.spelling import spell

# What is to be spelled out, whatever it stands for; surrogates are not drawn by `st.text` unless they are asked for.
OCTETS = st.binary().map(lambda each: each.decode("latin-1")) | st.binary().map(
    lambda each: each.decode("utf-8", "surrogateescape")
)
ANY = st.text(st.characters()) | st.text(st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp"])) | OCTETS


def is_fit(text: str) -> bool:
    """Tell whether nothing in a text is a sign that cannot be read, by a rule that is not the one under test."""
    return all(
        each.isprintable() or each in "\u200c\u200d" or unicodedata.category(each) == "Zs" for each in text
    )


@given(ANY)
def test_whatever_comes_is_one_line_that_can_be_read(text: str) -> None:
    shown = printable(text)
    assert is_fit(shown)
    assert shown.splitlines() in ([shown], [])
    assert printable(shown) == shown
    shown.encode("utf-8")


@given(ANY)
def test_of_several_lines_only_line_feeds_stay(text: str) -> None:
    shown = printable_lines(text)
    assert is_fit(shown.replace("\n", ""))
    assert shown.count("\n") == text.count("\n")


@given(st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"])))
def test_what_can_be_read_stays(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x07", r"\x1b[2J\x07"),
        ("a\r\nb\tc", r"a\r\nb\tc"),
        ("\x9b31m\x7f\x85", r"\x9b31m\x7f\x85"),
        ("250 \u202eok\u2028", r"250 \u202eok\u2028"),
        ("caf\udce9 \ud800", r"caf\xe9 \ud800"),
        ("\U000e0041", r"\U000e0041"),
        (r"C:\x1b", r"C:\x1b"),
    ],
)
def test_examples(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    "words",
    ["Ünïcödé", "Ελληνικά", "עברית", "العربية", "हिन्दी", "日本語", "می\u200cخواهم", "👩\u200d🔧"],  # noqa: RUF001
)
def test_words_of_any_language_stay(words: str) -> None:
    assert printable(words) == words


def test_a_log_keeps_its_lines() -> None:
    assert printable_lines("one\r\n\ttwo\x1b[0m\rthree") == "one\n        two\\x1b[0m\\rthree"


def test_an_event_by_hand_is_spelled_out() -> None:
    assert r"\u007f" in spell(SmtpReceived(at=1.0, stage=Stage.EHLO, line="EHLO \x7f"))
