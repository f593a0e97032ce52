"""Takes content on its way in: up to the final dot after DATA, or one chunk after BDAT (RFC 3030)."""

from __future__ import annotations

from fake_servers.events import SmtpBody
from fake_servers.smtp.actions import Accept, Close, CloseWith421, Raw, ReadSlowly, Reply, Reset, Slow, Stall
from fake_servers.smtp.content import MAX_MESSAGE_OCTETS, Content
from fake_servers.smtp.effects import Wait
from fake_servers.smtp.output import Output
from fake_servers.stages import Stage

TOO_LONG = Reply(500, "5.5.2 Line too long")
_TOO_BIG = Reply(552, "5.3.4 Message too big")


class Intake:
    """The content of one connection, one message after another.

    Args:
        out: Where faults are played.

    Attributes:
        due: Whether what comes next is content.
    """

    def __init__(self, out: Output) -> None:
        self._out = out
        self._dotted = Content()
        self._limit: int | None = None  # octets of content after which BODY's fault is played
        self._pauses = 0  # that were made amid this content
        self._chunks = bytearray()
        self._unkept = 0  # octets of chunks that nobody would take
        self._missing: int | None = None  # octets of the chunk; None: content ends with a dot
        self.due = False

    @property
    def wanted(self) -> int | None:
        """The most octets to read now, so that a fault amid content leaves the rest unread; None: any number."""
        if self._missing is not None:
            return max(1, self._missing)
        return None if self._limit is None else max(1, self._limit - self._dotted.octets)

    @property
    def octets(self) -> int:
        """Octets of the message so far, as on the wire."""
        return self._dotted.octets or len(self._chunks) + self._unkept

    def content(self) -> bytes:
        """Return the message as it was sent, without transparency dots."""
        return bytes(self._chunks) if self._chunks else self._dotted.unstuffed()

    def refusal(self, limit: int) -> Reply | None:
        """Return what refuses content that has come, of so many octets at most; None: it is in order."""
        if self._dotted.has_long_line:
            return TOO_LONG
        incomplete = self._dotted.is_incomplete or self._unkept
        # the cheap one first
        return _TOO_BIG if incomplete or self.octets > limit < len(self.content()) else None

    def begin(self) -> None:
        """Expect content up to the final dot."""
        self.forget()
        self.due = True
        action = self._out.action(Stage.BODY)
        if isinstance(action, ReadSlowly):
            self._limit = action.octets
        elif not isinstance(action, Accept):
            # At least one octet, as a proof that content was on its way.
            self._limit = max(1, getattr(action, "after", 0))

    def begin_chunk(self, octets: int) -> None:
        """Expect a chunk of so many octets."""
        self._missing = octets
        self.due = octets > 0

    def forget(self) -> None:
        """Drop what came so far."""
        self._dotted, self._limit, self._pauses = Content(), None, 0
        self._chunks.clear()
        self._unkept = 0
        self._missing = None
        self.due = False

    def feed(self, data: bytes) -> bytes:
        """Take octets while content is due; return those that come after its end."""
        if self._missing is not None:
            piece, rest = data[: self._missing], data[self._missing :]
            self._keep(piece)
            self._missing -= len(piece)
            self.due = self._missing > 0
            return rest
        piece, unread = (data, b"") if self._limit is None else (data[: self.wanted], data[self.wanted :])
        rest = self._dotted.feed(piece)
        if self._limit is not None and (self._dotted.ended or self._dotted.octets >= self._limit):
            self._play_fault()
        elif self._dotted.ended:
            self._end()
        return rest + unread

    def _keep(self, piece: bytes) -> None:
        if self._unkept or len(self._chunks) + len(piece) > MAX_MESSAGE_OCTETS:
            self._unkept += len(self._chunks) + len(piece)
            self._chunks.clear()
        else:
            self._chunks += piece

    def cut_off(self) -> None:
        """The peer has left: say how much content there was, if it left amid content."""
        if self.due:
            self._end()

    def note(self) -> None:
        """Say how much content there was."""
        self._out.note(SmtpBody(octets=self.octets))

    def _end(self) -> None:
        self.note()
        self.due = False

    def _play_fault(self) -> None:
        action = self._out.action(Stage.BODY)
        if isinstance(action, ReadSlowly):
            self._pause(action)
            return
        self._limit = None
        self.note()
        self._out.fault(Stage.BODY, action.name)
        if isinstance(action, Slow):
            self._out.do(Wait(action.seconds))
            self.due = not self._dotted.ended
        elif isinstance(action, CloseWith421):
            self._out.close_with_421(Stage.BODY, action)
        elif isinstance(action, Raw):
            self._out.send_raw(Stage.BODY, action)
        elif isinstance(action, Close | Reset | Stall):
            self._out.leave(action, reading=False)

    def _pause(self, action: ReadSlowly) -> None:
        """Let what follows wait, unless all has come; told once, at the first pause."""
        if self._dotted.ended:
            self._end()
            return
        if not self._pauses:
            self._out.fault(Stage.BODY, action.name)
        self._pauses += 1
        self._limit = (self._pauses + 1) * action.octets if self._pauses < action.times else None
        self._out.do(Wait(action.seconds))
