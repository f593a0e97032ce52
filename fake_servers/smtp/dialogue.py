"""Watches a dialogue that somebody else conducts, and notes it as the session would."""

from __future__ import annotations

from collections import deque

from fake_servers.events import SmtpBody, SmtpReceived, SmtpSent
from fake_servers.smtp.connection import Connection
from fake_servers.smtp.content import Content
from fake_servers.smtp.lines import Lines
from fake_servers.stages import Stage, stage_of


class Dialogue:
    """Is shown every octet received and every reply sent; notes lines and replies, and counts content.

    After DATA it cannot know whether content or a command comes next, so it waits for the reply.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._secured = False
        self._input = Lines()
        self._content: Content | None = None
        self._unanswered = deque([Stage.GREETING])
        self._data = 0  # how many of them are DATA: a flood of commands is not searched for it at each

    def received(self, data: bytes) -> None:
        """Take octets from the peer."""
        self._input.add(data)
        while self._input and (self._take_content() if self._content else self._take_line()):
            pass

    def sent(self, text: str) -> None:
        """Take a reply, its lines separated by a line feed."""
        stage = self._unanswered.popleft() if self._unanswered else Stage.OTHER
        self._connection.note(SmtpSent(stage=stage, text=text))
        if stage is Stage.DATA:
            self._data -= 1
            if text.startswith("354"):
                self._content = Content(most=0)  # aiosmtpd has it
            self.received(b"")

    def answering(self, nth: int) -> Stage:
        """Return the stage to which the nth of the next replies belongs, counted from 0."""
        return self._unanswered[nth] if nth < len(self._unanswered) else Stage.OTHER

    def secured(self) -> None:
        """TLS was negotiated; what came in clear behind STARTTLS is dropped (RFC 3207, section 4.2)."""
        self._secured = True
        self._input.rest()
        self._unanswered.clear()
        self._data = 0

    def cut_off(self) -> None:
        """The peer has left: say how much content there was, if it left amid content."""
        if self._content:
            self._connection.note(SmtpBody(octets=self._content.octets))
            self._content = None

    def _take_content(self) -> bool:
        assert self._content is not None
        self._input.add(self._content.feed(self._input.rest()))
        if self._content.ended:
            self._unanswered.append(Stage.DOT)
            self.cut_off()
        return bool(self._input)

    def _take_line(self) -> bool:
        if self._data:
            return False
        line = self._input.take()
        if line is None:
            return False
        _, text = line
        stage = stage_of(text, secured=self._secured)
        self._connection.note(SmtpReceived(stage=stage, line=text, ahead=bool(self._unanswered)))
        self._unanswered.append(stage)
        self._data += stage is Stage.DATA
        return True
