"""Message content on the wire: the end, the dots, the octets (RFC 5321, section 4.5.2)."""

from __future__ import annotations

from typing import Final

MAX_MESSAGE_OCTETS: Final = 64 * 1024 * 1024  # larger than any message of a test
MAX_CONTENT_LINE: Final = (
    64 * 1024
)  # RFC 5321, section 4.5.3.1.6, asks for 1000 at least; a sink can be lenient

_END = b"\r\n.\r\n"
_CRLF = b"\r\n"
_MOST = MAX_MESSAGE_OCTETS * 4 // 3  # on the wire: at most every fourth octet is a transparency dot


class Content:
    r"""Takes content in pieces until the final dot.

    Example::

        content = Content()
        rest = content.feed(b"Subject: x\r\n\r\n..dot\r\n.\r\nQUIT\r\n")
        assert rest == b"QUIT\r\n"
        assert content.unstuffed() == b"Subject: x\r\n\r\n.dot\r\n"

    Content that nobody would take, because a line of it or the whole is too long, is counted and not kept.

    Args:
        most: Octets to keep at most; 0 to keep none.

    Attributes:
        ended: Whether the final dot has come.
        has_long_line: Whether a line of it is longer than `MAX_CONTENT_LINE`, its end not counted.
    """

    def __init__(self, most: int = _MOST) -> None:
        # DATA's own line end stands before the content: an empty message is a dot at the very beginning.
        self._raw = bytearray(_CRLF)
        self._most = most
        self._dropped = 0
        self._line = 0  # octets of the last line
        self.ended = False
        self.has_long_line = False

    @property
    def octets(self) -> int:
        """Octets so far, as on the wire, without the line of the final dot."""
        return self._dropped + len(self._raw) - len(_CRLF)

    @property
    def is_incomplete(self) -> bool:
        """Whether octets of it were not kept."""
        return self._dropped > 0

    def feed(self, data: bytes) -> bytes:
        """Take a piece; return what comes after the final dot, empty while there was none."""
        searched = max(0, len(self._raw) - len(_END) + 1)
        self._raw += data
        end = self._raw.find(_END, searched)
        if end < 0:
            self._measure(data)
            self._drop()
            return b""
        rest = bytes(self._raw[end + len(_END) :])
        self._measure(data[: len(data) - len(rest)])
        del self._raw[end + len(_CRLF) :]
        self.ended = True
        return rest

    def unstuffed(self) -> bytes:
        """Return the content with its CRLF line ends and without the transparency dots, if all of it was kept."""
        return bytes(self._raw).replace(b"\r\n.", _CRLF)[len(_CRLF) :]

    def _measure(self, data: bytes) -> None:
        """Look at the lengths of lines."""
        if self._line + len(data) <= MAX_CONTENT_LINE:  # none can be too long
            end = data.rfind(b"\n")
            self._line = len(data) - 1 - end if end >= 0 else self._line + len(data)
            return
        first, *others = data.split(b"\n")
        longest = max(self._line + len(first), *map(len, others), 0)
        self._line = len(others[-1]) if others else self._line + len(first)
        self.has_long_line = self.has_long_line or longest > MAX_CONTENT_LINE

    def _drop(self) -> None:
        """Keep only what may be the beginning of the end, if nobody will take the whole."""
        if self.has_long_line or self.octets > self._most:
            spare = max(0, len(self._raw) - len(_END) + 1)
            self._dropped += spare
            del self._raw[:spare]
