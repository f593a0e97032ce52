"""Who waits, by what a command lists and by files."""

from __future__ import annotations

from pathlib import Path

from conformance.target import QueuedMessage
from conformance.targets.kit.queue import queued, queued_in, texts


def _who(sender: str, recipient: str, error: str = "") -> QueuedMessage:
    return QueuedMessage(sender=sender, recipient=recipient, error=error)


def test_one_line_for_each() -> None:
    listing = "queue:\n a@s.test b@c.test refused: 4.4.1\r\n<> b@c.test \n1 message\n"
    pattern = r"\s*(?P<sender>\S+) (?P<recipient>\S+@\S+) (?P<error>.*)"
    assert queued(listing, pattern) == [
        _who("a@s.test", "b@c.test", "refused: 4.4.1"),
        _who("", "b@c.test"),
    ]


def test_as_exim_lists() -> None:
    listing = """\
 0m  1.2K 1xXHSn-00001I-21 <a@s.test>
          b@c.test
        D d@c.test
          e@c.test

 3m   512 1xXHSo-00001I-22 <>
          a@s.test
"""
    patterns = (r"\s*\S+\s+\S+ \S+ <(?P<sender>.*?)>(?: .*)?", r" {10}(?P<recipient>\S+)")
    assert queued(listing, *patterns) == [
        _who("a@s.test", "b@c.test"),
        _who("a@s.test", "e@c.test"),
        _who("", "a@s.test"),
    ]


def test_an_error_before_its_recipients_holds_for_them_and_one_behind_for_those_without() -> None:
    patterns = (r"id (?P<sender>\S+)", r" \((?P<error>.*)\)", r"  (?P<recipient>\S+)")
    before = "id MAILER-DAEMON\n (one)\n  a@c.test\n  b@c.test\n (two)\n  c@c.test\nid s@s.test\n  d@c.test\n"
    assert queued(before, *patterns) == [
        _who("", "a@c.test", "one"),
        _who("", "b@c.test", "one"),
        _who("", "c@c.test", "two"),
        _who("s@s.test", "d@c.test"),
    ]
    behind = "id s@s.test\n  a@c.test\n (one)\nid t@s.test\n  b@c.test\n  c@c.test\n (two)\n"
    assert [each.error for each in queued(behind, *patterns)] == ["one", "two", "two"]


def test_a_file_is_one_message_in_whatever_order(tmp_path: Path) -> None:
    (tmp_path / "qf1").write_bytes(b"Mbusy\rStatus: 2.0.0\nS<a@s.test>\nR<b@c.test>\n")
    (tmp_path / "qf2").write_bytes(b"R<d@c.test>\nS<>\n")
    (tmp_path / "df1").write_bytes(b"S<other>\nR<other>\n")
    (tmp_path / "qf3").mkdir()
    patterns = (r"S<(?P<sender>.*)>", r"R<(?P<recipient>.*)>", r"M(?P<error>.*)")
    found = queued_in(texts(tmp_path, "qf*"), *patterns)
    assert sorted(found, key=lambda each: each.recipient) == [
        _who("a@s.test", "b@c.test", "busy\rStatus: 2.0.0"),
        _who("", "d@c.test"),
    ]
    assert queued_in(texts(tmp_path / "nowhere"), *patterns) == []
