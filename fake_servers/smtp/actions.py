"""What a server can do at a stage: the healthy thing, and every way to misbehave.

Actions are plain values. They are played by the session (`fake_servers.smtp.session`) and make sense only
at some stages; `fake_servers.smtp.script` knows which and refuses the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

_EIGHT_BIT = 0x80


def _check_text(text: str) -> None:
    if any(character in "\r\n" or ord(character) >= _EIGHT_BIT for character in text):
        raise ValueError(f"a reply line is ASCII without line ends (RFC 5321, section 4.2), not {text!r}")


def _check_code(code: int) -> None:
    if not 200 <= code <= 599:  # RFC 5321, section 4.2.1: the first digit is 2 to 5
        raise ValueError(f"a reply code lies between 200 and 599, {code} does not")


def _check_after(after: int) -> None:
    if after < 0:
        raise ValueError(f"after is a number of octets, not {after}")


@dataclass(frozen=True, slots=True)
class Accept:
    """Do the healthy thing."""

    name: ClassVar[str] = "accept"


@dataclass(frozen=True, slots=True, init=False)
class Reply:
    """Answer with this reply; the dialogue goes on as its first digit says (RFC 5321, section 4.2.1).

    Example::

        Reply(450, "4.2.1 Mailbox busy")

    Attributes:
        code: The reply code, 200 to 599.
        lines: The text, an enhanced status code included; several lines make a multi-line reply.
    """

    name: ClassVar[str] = "reply"
    code: int
    lines: tuple[str, ...]

    def __init__(self, code: int, *lines: str) -> None:
        _check_code(code)
        for line in lines:
            _check_text(line)
        object.__setattr__(self, "code", code)
        object.__setattr__(self, "lines", lines or ("",))

    @property
    def positive(self) -> bool:
        """Whether the client may go on (2yz and 3yz)."""
        return self.code < 400  # 4yz and 5yz refuse

    @property
    def text(self) -> str:
        """The reply as one string, lines separated by a line feed."""
        *first, last = self.lines
        return "\n".join([*(f"{self.code}-{line}" for line in first), f"{self.code} {last}"])

    def encoded(self) -> bytes:
        """Return the octets for the wire."""
        return self.text.replace("\n", "\r\n").encode("ascii") + b"\r\n"


@dataclass(frozen=True, slots=True)
class CloseWith421:
    """Reply 421 and close the connection (RFC 5321, section 3.8)."""

    name: ClassVar[str] = "close_with_421"
    text: str = "4.3.2 Service not available"

    def __post_init__(self) -> None:
        _check_text(self.text)


@dataclass(frozen=True, slots=True)
class Close:
    """Send FIN instead of a reply, and keep reading, so that unread input cannot turn it into a reset.

    Attributes:
        after: Octets of content to read first (stage BODY only; at least one is read there).
    """

    name: ClassVar[str] = "close"
    after: int = 0

    def __post_init__(self) -> None:
        _check_after(self.after)


@dataclass(frozen=True, slots=True)
class Reset:
    """Send RST instead of a reply.

    Attributes:
        after: Octets of content to read first (stage BODY only; at least one is read there).
    """

    name: ClassVar[str] = "reset"
    after: int = 0

    def __post_init__(self) -> None:
        _check_after(self.after)


@dataclass(frozen=True, slots=True)
class Stall:
    """Say nothing more and keep the connection until the peer has left.

    At BODY the server stops reading, so that the peer's window closes; elsewhere it reads and ignores, and notes
    once that the peer has said something into the silence.

    Attributes:
        after: Octets of content to read first (stage BODY only; at least one is read there).
    """

    name: ClassVar[str] = "stall"
    after: int = 0

    def __post_init__(self) -> None:
        _check_after(self.after)


@dataclass(frozen=True, slots=True)
class Trickle:
    """Send a reply one octet at a time.

    Attributes:
        reply: The reply; the dialogue goes on as its first digit says.
        interval: Seconds between two octets.
    """

    name: ClassVar[str] = "trickle"
    reply: Reply
    interval: float = 0.5

    def __post_init__(self) -> None:
        if self.interval <= 0:
            raise ValueError(f"interval is a number of seconds above 0, not {self.interval}")


@dataclass(frozen=True, slots=True)
class InPieces:
    """Send a reply octet by octet, each in a packet of its own, and be done in no time: what TCP may do to any reply.

    Attributes:
        reply: The reply; the dialogue goes on as its first digit says.
    """

    name: ClassVar[str] = "in_pieces"
    interval: ClassVar[float] = 0.002  # seconds between two octets
    reply: Reply


@dataclass(frozen=True, slots=True)
class Slow:
    """Do the healthy thing, but late: what a patient client must live with.

    Attributes:
        seconds: How late.
    """

    name: ClassVar[str] = "slow"
    seconds: float

    def __post_init__(self) -> None:
        if self.seconds <= 0:
            raise ValueError(f"seconds is a number above 0, not {self.seconds}")


@dataclass(frozen=True, slots=True)
class ReadSlowly:
    """Read content in small pieces with pauses between them, and take it: what a slow line or a busy disk looks like.

    Pauses are seen by the peer only where its own socket cannot hold what is not read yet: where the server has a small
    receive buffer, and small segments (`SmtpServer`).

    Attributes:
        octets: How many are read before each pause.
        seconds: How long a pause is.
        times: How many pauses there are; what comes behind the last is read at once.
    """

    name: ClassVar[str] = "read_slowly"
    octets: int
    seconds: float
    times: int

    def __post_init__(self) -> None:
        if self.octets < 1 or self.seconds <= 0 or self.times < 1:
            raise ValueError(
                f"octets, seconds and times are above 0, not {self.octets}, {self.seconds} and {self.times}"
            )

    @property
    def lasts(self) -> float:
        """Seconds that all pauses take together."""
        return self.seconds * self.times


@dataclass(frozen=True, slots=True)
class Refuse:
    """After raw octets: the dialogue goes on as though the server had refused; no action by itself."""

    name: ClassVar[str] = "refuse"


@dataclass(frozen=True, slots=True)
class Raw:
    r"""Send these octets instead of a reply.

    Example::

        Raw(b"450 4.2.1 caf\xe9 \x00\r\n", then=Refuse())

    Attributes:
        data: The octets, line ends included; anything goes. They are written at once.
        then: What follows. None: the dialogue goes on as though the server had accepted; during the TLS
            handshake, where no dialogue can go on, the server stalls. `Accept`: the healthy reply is sent
            behind them. `Refuse`: the dialogue goes on as though they had been a refusal (not during the
            handshake, nor amid content).
    """

    name: ClassVar[str] = "raw"
    data: bytes
    then: Accept | Refuse | Close | Reset | Stall | None = None


@dataclass(frozen=True, slots=True)
class Endless:
    """Send one line of a multi-line reply (RFC 5321, section 4.2.1) again and again, until the peer has left.

    What the peer sends meanwhile is read and ignored.

    Attributes:
        line: The text of each line.
        interval: Seconds between two lines.
        code: The reply code; None: that of the healthy reply.
    """

    name: ClassVar[str] = "endless"
    line: str = "there is more"
    interval: float = 0.05
    code: int | None = None

    def __post_init__(self) -> None:
        _check_text(self.line)
        if self.interval <= 0:
            raise ValueError(f"interval is a number of seconds above 0, not {self.interval}")
        if self.code is not None:
            _check_code(self.code)


@dataclass(frozen=True, slots=True)
class Followed:
    """Answer with a reply, and at once do what nobody expects behind it.

    Example::

        Followed(Reply(250, "2.0.0 OK"), then=Close())  # the message was taken, and the connection is gone

    Attributes:
        reply: The reply; the dialogue goes on as its first digit says.
        by: A second reply, in one segment with the first; None: there is none.
        then: How the server leaves; None: it stays.
    """

    name: ClassVar[str] = "followed"
    reply: Reply
    by: Reply | None = None
    then: Close | Reset | None = None

    def __post_init__(self) -> None:
        if self.by is None and self.then is None:
            raise ValueError("nothing follows the reply")
        if self.then is not None and self.then.after:
            raise ValueError("what follows a reply reads no content first")


Action = (
    Accept
    | Reply
    | CloseWith421
    | Close
    | Reset
    | Stall
    | Trickle
    | InPieces
    | Slow
    | ReadSlowly
    | Raw
    | Endless
    | Followed
)
