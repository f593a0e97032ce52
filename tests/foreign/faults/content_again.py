"""Content on its way, further reports: line ends, dots, long lines and header fields."""

from __future__ import annotations

import re
from collections.abc import Callable

from mutants.patching import patch

from conformance.reference import content_reader, session
from foreign.change import fault
from foreign.marker import in_hand, marked

_PIECE = 1000  # octets


def _sent(change: Callable[[bytes], bytes], *, instead: bool = False) -> None:
    """Change what is sent as content; where that makes a difference, the situation has occurred.

    Args:
        change: Of the content; with `instead` it makes what is sent of it, dots and all.
        instead: Whether no dots are doubled afterwards.
    """

    def make(original: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
        def stuff_dots(content: bytes) -> bytes:
            sent = change(content) if instead else original(change(content))
            if sent != original(content) and in_hand() is not None:
                marked()
            return sent

        return stuff_dots

    patch(session, "stuff_dots", make)


@fault(
    kind=6,
    reference="https://github.com/laminas/laminas-mail/pull/138",
    reported="Content was read in pieces of a thousand octets, and each piece became a line; a long header field so "
    "ended the header.",
    requirements=("content/unaltered",),
    free="the unchanged relay refuses lines that are too long, so that there is nothing to compare with; mutants of "
    "this kind are caught by `content/long-lines`",
)
def makes_lines_of_its_pieces() -> None:
    """Ends a line after each thousand octets of a longer one, with nothing in front of what follows."""
    content_reader._LONGEST_LINE = 100_000  # the reference relay refuses longer ones than are permitted
    _sent(lambda content: re.sub(rb"([^\r\n]{1000})(?=[^\r\n])", rb"\1\r\n", content))


@fault(
    kind=6,
    reference="https://github.com/jstedfast/MimeKit/issues/510",
    reported="An empty line more stood at the end of an attached message than before, which broke the signature.",
    requirements=("content/unaltered",),
)
def adds_an_empty_line_at_the_end() -> None:
    """Adds an empty line at the end of a message that has an attached one."""
    _sent(
        lambda content: (
            content + b"\r\n" if b"message/rfc822" in content or b"boundary" in content else content
        )
    )


@fault(
    kind=6,
    reference="https://github.com/notqmail/notqmail/pull/18",
    reported="A CR that was in the queue file already was sent as it was, so that a line ended with CR CR LF.",
    requirements=("content/no-bare-line-ends", "content/unaltered", "content/one-message"),
)
def doubles_carriage_returns() -> None:
    """Ends a line with CR CR LF that comes to its end at the edge of its buffer of 1000 octets."""

    def change(content: bytes) -> bytes:
        made = bytearray()
        for start in range(0, len(content), _PIECE):
            piece = content[start : start + _PIECE]
            made += piece
            if piece.endswith(b"\r") and content[start + _PIECE : start + _PIECE + 1] == b"\n":
                made += b"\r"
        return bytes(made)

    _sent(change)


@fault(
    kind=6,
    reference="https://github.com/mogaal/sendemail/pull/9",
    reported="Only a dot that stood alone on its line was doubled; of all other lines that begin with one, the first "
    "was lost.",
    requirements=("content/unaltered",),
)
def doubles_lone_dots_only() -> None:
    """Doubles a dot only where it is the whole line."""
    _sent(lambda content: re.sub(rb"(?m)^\.(?=\r\n)", b"..", content), instead=True)


@fault(
    kind=6,
    reference="https://github.com/bruceg/nullmailer/issues/92",
    reported="Fields with many addresses were put into one line each, of more than a thousand octets; some servers "
    "refused that, others broke it anywhere.",
    requirements=("content/unaltered", "content/form"),
)
def writes_fields_into_one_line() -> None:
    """Unfolds the header fields To and Cc of a message that it relays."""

    def unfolded(content: bytes) -> bytes:
        header, empty, body = content.partition(b"\r\n\r\n")
        fields = re.split(rb"\r\n(?![ \t])", header)
        fields = [
            re.sub(rb"\r\n[ \t]+", b" ", each) if each[:3].lower() in (b"to:", b"cc:") else each
            for each in fields
        ]
        return b"\r\n".join(fields) + empty + body

    _sent(unfolded)


@fault(
    kind=6,
    reference="https://github.com/haraka/Haraka/issues/2594",
    reported="What was queued with CRLF went out with LF in parts of the body, and signatures were invalid.",
    requirements=("content/no-bare-line-ends", "content/unaltered", "ndr/no-bare-line-ends"),
)
def sends_bare_line_feeds() -> None:
    """Ends lines with LF alone within MIME parts."""

    def change(content: bytes) -> bytes:
        header, empty, body = content.partition(b"\r\n\r\n")
        if b"boundary=" not in header:
            return content
        # not in the part that must be told from others by its line ends
        start, line_end, rest = body.partition(b"\r\n\r\n")
        return header + empty + start + line_end + rest.replace(b"\r\n", b"\n", 1)

    _sent(change)
