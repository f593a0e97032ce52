"""Makes lines out of octets, and keeps no more of one than a command may have."""

from __future__ import annotations

from fake_servers.smtp.commands import readable

MAX_LINE = 4096  # far above RFC 5321, section 4.5.3.1.4 (512), because ESMTP parameters add to it
_SHOWN = 1024  # octets of a line that is too long


class Lines:
    """Octets that have come, of which nobody has made anything yet.

    A line may be endless: of one that is longer than `MAX_LINE` the head is kept, which is too long as well, and the
    rest is counted.

    Attributes:
        octets: What has come; of the beginning of a line that is too long, its head.
    """

    def __init__(self) -> None:
        self.octets = bytearray()
        self._cut = 0  # octets of the first line that were not kept

    def __bool__(self) -> bool:
        return bool(self.octets)

    def add(self, data: bytes) -> None:
        """Take octets."""
        self.octets += data

    def take(self) -> tuple[bytes, str] | None:
        """Take a line without its end, and the same as the journal shows it; None: none has come as a whole."""
        end = self.octets.find(b"\n")
        if end < 0:
            self._shorten(len(self.octets))
            return None
        line = bytes(self.octets[:end]).rstrip(b"\r")
        del self.octets[: end + 1]
        cut, self._cut = self._cut, 0
        if len(line) + cut <= MAX_LINE:
            return line, readable(line)
        return line[: MAX_LINE + 1], f"{readable(line[:_SHOWN])}... ({len(line) + cut} octets)"

    def rest(self) -> bytes:
        """Take everything."""
        rest = bytes(self.octets)
        self.octets.clear()
        self._cut = 0
        return rest

    def _shorten(self, length: int) -> None:
        """Keep the head of a line of which so many octets are there."""
        begin, end = MAX_LINE + 1, length - 1  # the last octet may be the first half of the line's end
        if begin < end:
            del self.octets[begin:end]
            self._cut += end - begin


class Thinning:
    """Passes octets on, but of no line more than so many, and its end: the middle of one that is too long is left out.

    For a reader that refuses such a line, but collects it first.

    Args:
        most: Octets of a line to pass on.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._length = 0  # of the line that has not ended yet
        self._last = b""  # octet of it

    def pass_on(self, data: bytes) -> bytes:
        """Return what is to be passed on of octets."""
        if self._length + len(data) > self._most:
            *ended, begun = data.split(b"\n")
            passed_on = b"\n".join([*map(self._ended, ended), self._kept(begun)])
        else:
            passed_on = data
        end = data.rfind(b"\n")
        self._length = len(data) - 1 - end if end >= 0 else self._length + len(data)
        last = data[max(end + 1, len(data) - 1) :]  # of the line that has not ended
        self._last = last if end >= 0 else last or self._last
        return passed_on

    def _ended(self, line: bytes) -> bytes:
        kept, last = self._kept(line), line[-1:] or self._last
        is_cut = self._length + len(line) > self._most
        self._length, self._last = 0, b""
        return kept + b"\r" if is_cut and last == b"\r" else kept

    def _kept(self, line: bytes) -> bytes:
        return line[: max(0, self._most - self._length)]
