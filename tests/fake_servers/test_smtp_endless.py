"""What has no end does not make a fake grow.

Before, a line without an end was kept, and searched from its beginning with each read: 20 MB took minutes, content of
200 MB several hundred MB of memory.
"""

from __future__ import annotations

import re
import socket
import subprocess
from pathlib import Path

import pytest
from own_process import DEADLINE, running

from fake_servers.smtp import Script
from fake_servers.smtp.content import MAX_CONTENT_LINE, Content
from fake_servers.smtp.effects import Effect, Send
from fake_servers.smtp.lines import MAX_LINE, Lines, Thinning
from fake_servers.smtp.session import Session

MEGABYTE = b"x" * 1_000_000
LENGTH = 200  # megabytes
GROWTH = 40  # megabytes

# The rule keeps aiosmtpd from serving the connection.
RULES = {"aiosmtpd": (), "session": ("--rule", "rcpt(nobody@else.test)=stall")}
ENVELOPE = (b"EHLO c.test\r\n", b"MAIL FROM:<a@a.test>\r\n", b"RCPT TO:<b@b.test>\r\n", b"DATA\r\n")


def largest(process: subprocess.Popen[str]) -> int:
    """Return the most memory that a process has had, in megabytes."""
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text(encoding="ascii"))
    assert found is not None
    return int(found[1]) // 1000


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_line_without_end_takes_no_memory(rule: tuple[str, ...]) -> None:
    with (
        running("smtp", *rule) as (process, host, port),
        socket.create_connection((host, port), timeout=6 * DEADLINE) as client,
        client.makefile("rb") as replies,
    ):
        replies.readline()
        before = largest(process)
        for _ in range(LENGTH):
            client.sendall(MEGABYTE)
        client.sendall(b"\r\n")
        assert replies.readline().startswith(b"500 5.5.2 ")
        for command in ENVELOPE:
            client.sendall(command)
            while replies.readline()[3:4] == b"-":
                pass
        for _ in range(LENGTH):
            client.sendall(MEGABYTE)
        client.sendall(b"\r\n.\r\n")
        assert replies.readline().startswith(b"500 5.5.2 ")
        client.sendall(b"NOOP\r\n")
        assert replies.readline().startswith(b"250 ")
        assert largest(process) - before < GROWTH


def test_a_long_line_is_counted_and_its_head_is_kept() -> None:
    lines = Lines()
    for piece in (b"NOOP " + b"x" * 10_000, b"y" * 10_000, b"z\r", b"\nQUIT\r\nEHL"):
        lines.add(piece)
        taken = lines.take()
        assert len(lines.octets) <= MAX_LINE + 100
    assert taken is not None
    line, text = taken
    assert len(line) == MAX_LINE + 1
    assert text == "NOOP " + "x" * 1019 + "... (20006 octets)"
    assert lines.take() == (b"QUIT", "QUIT")
    assert lines.take() is None
    assert lines.rest() == b"EHL"


@pytest.mark.parametrize("length", [MAX_LINE - 1, MAX_LINE])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_line_that_is_just_short_enough_is_kept_whole(length: int, end: bytes) -> None:
    lines = Lines()
    lines.add(b"x" * length)
    assert lines.take() is None
    lines.add(end)
    assert lines.take() == (b"x" * length, "x" * length)


def fed(content: Content, *pieces: bytes) -> Content:
    for piece in pieces:
        assert content.feed(piece) == b""
    assert content.feed(b".\r\nQUIT\r\n") == b"QUIT\r\n"
    return content


@pytest.mark.parametrize(
    ("length", "too_long"), [(MAX_CONTENT_LINE, False), (MAX_CONTENT_LINE + 1, True)], ids=["most", "more"]
)
def test_content_with_a_line_that_nobody_takes_is_counted_only(length: int, too_long: bool) -> None:
    sent = b"short\r\n" + b"x" * (length - 1)  # its line ends with CR LF, and LF ends it
    content = fed(Content(), sent[:50_000], sent[50_000:], b"\r", b"\n")
    assert content.octets == len(sent) + 2
    assert content.has_long_line is too_long
    assert (content.unstuffed() == sent + b"\r\n") is not too_long


def test_content_that_is_too_much_is_counted_only() -> None:
    content = Content(most=1000)
    sent = (b"y" * 70 + b"\r\n") * 100
    fed(content, sent[:700], sent[700:1001], sent[1001:])
    assert content.octets == len(sent)
    assert content.is_incomplete
    assert not content.has_long_line


def replies(effects: list[Effect]) -> list[bytes]:
    return [effect.data for effect in effects if isinstance(effect, Send)]


def test_a_chunk_of_any_size_is_refused_without_being_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fake_servers.smtp.intake.MAX_MESSAGE_OCTETS", 1000)
    script = Script(extensions=("CHUNKING",))
    session = Session(script, 1, hostname="mx.test", tls=False)
    session.connected()
    session.received(b"EHLO c\r\nMAIL FROM:<a@a.test>\r\nRCPT TO:<b@b.test>\r\nBDAT 5000 LAST\r\n")
    for _ in range(4):
        assert session.received(b"z" * 1000) == []
    ended = session.received(b"z" * 1000 + b"NOOP\r\n")
    assert [reply[:9] for reply in replies(ended)] == [b"552 5.3.4", b"250 2.0.0"]


def test_what_is_left_out_of_a_long_line_is_its_middle() -> None:
    thinning = Thinning(10)
    assert thinning.pass_on(b"short\r\n") == b"short\r\n"
    passed = [
        thinning.pass_on(piece) for piece in (b"0123456", b"789abc", b"def\r", b"\nnext", b"\nlong" * 5)
    ]
    assert b"".join(passed) == b"0123456789\r\nnext" + b"\nlong" * 5
    assert thinning.pass_on(b"0123456789abc\nx\r\n") == b"012345\nx\r\n"
