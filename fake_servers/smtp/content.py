"""Message content on the wire: the end, the dots, the octets (RFC 5321, section 4.5.2)."""

from __future__ import annotations

_END = b"\r\n.\r\n"
_CRLF = b"\r\n"


class Content:
    r"""Takes content in pieces until the final dot.

    Example::

        content = Content()
        rest = content.feed(b"Subject: x\r\n\r\n..dot\r\n.\r\nQUIT\r\n")
        assert rest == b"QUIT\r\n"
        assert content.unstuffed() == b"Subject: x\r\n\r\n.dot\r\n"

    Attributes:
        ended: Whether the final dot has come.
    """

    def __init__(self) -> None:
        # DATA's own line end stands before the content: an empty message is a dot at the very beginning.
        self._raw = bytearray(_CRLF)
        self.ended = False

    @property
    def octets(self) -> int:
        """Octets so far, as on the wire, without the line of the final dot."""
        return len(self._raw) - len(_CRLF)

    def feed(self, data: bytes) -> bytes:
        """Take a piece; return what comes after the final dot, empty while there was none."""
        searched = max(0, len(self._raw) - len(_END) + 1)
        self._raw += data
        end = self._raw.find(_END, searched)
        if end < 0:
            return b""
        rest = bytes(self._raw[end + len(_END) :])
        del self._raw[end + len(_CRLF) :]
        self.ended = True
        return rest

    def unstuffed(self) -> bytes:
        """Return the content with its CRLF line ends and without the transparency dots."""
        return bytes(self._raw).replace(b"\r\n.", _CRLF)[len(_CRLF) :]
