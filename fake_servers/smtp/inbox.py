"""What has come in and was not answered yet: octets, and the commands that were made out among them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from fake_servers.events import SmtpReceived
from fake_servers.smtp.lines import Lines
from fake_servers.stages import Stage, stage_of

# Behind these a client may send what is no command: content, a chunk, TLS.
_LAST_HEARD = (Stage.DATA, Stage.BDAT, Stage.BDAT_LAST, Stage.STARTTLS)


class Inbox:
    """The input of one session."""

    def __init__(self) -> None:
        self._lines = Lines()
        self._early = False
        self._heard: deque[tuple[bytes, Stage]] = deque()

    def __bool__(self) -> bool:
        return bool(self._lines or self._heard)

    @property
    def octets(self) -> bytearray:
        """What nobody has made anything of yet."""
        return self._lines.octets

    def add(self, data: bytes, *, early: bool) -> None:
        """Take octets; `early` says whether the first had come before our last reply was sent."""
        self._early = early
        self._lines.add(data)

    def hear(self, *, secured: bool) -> Iterator[SmtpReceived]:
        """Make out the commands that have come, up to the first that something else may follow.

        Args:
            secured: Whether they come under TLS.
        """
        while not (self._heard and self._heard[-1][1] in _LAST_HEARD):
            line = self._lines.take()
            if line is None:
                return
            command, text = line
            event = SmtpReceived(
                stage=stage_of(text, secured=secured), line=text, ahead=bool(self._heard) or self._early
            )
            self._early = False
            self._heard.append((command, event.stage))
            yield event

    def command(self) -> tuple[bytes, Stage] | None:
        """Take the next command and its stage; None: none has come as a whole."""
        return self._heard.popleft() if self._heard else None

    def rest(self) -> bytes:
        """Take what came behind the commands."""
        self._early = False  # of a command that follows nobody knows
        return self._lines.rest()
