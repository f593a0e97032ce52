"""An error that a relay showed for a message, wherever: in its log, in its queue or in a report."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from conformance.evidence import codes
from conformance.evidence.codes import Codes

# So many characters of what a report says to people are shown.
_SHOWN = 200


@dataclass(frozen=True, kw_only=True)
class ErrorSeen:
    """An error the relay showed for the message.

    Attributes:
        source: Where it was read: `event`, `queue` or `NDR`.
        at: When it was seen.
        text: The error, word for word.
        code: Reply code recorded apart from the text.
        status: Enhanced status code recorded apart from the text.
        destination: Destination recorded apart from the text; of a report, its Remote-MTA.
        words: What a report says to people besides; empty of other sources.
        permanent: Whether the relay gave up with it.
        quotes: Whether the codes that its text begins with are a remote server's (`quoted.py`).
    """

    source: str
    at: float
    text: str
    code: str = ""
    status: str = ""
    destination: str = ""
    words: str = ""
    permanent: bool = False
    quotes: bool = False

    @property
    def is_report(self) -> bool:
        """Whether it was read in a report, of the end or of a delay."""
        return self.source not in ("event", "queue")

    @property
    def shown(self) -> str:
        """The error for a reader, with where it was read."""
        if self.text or not self.words:
            return f"{self.source}: {self.text}"
        words = " ".join(self.words.split())
        return f"{self.source}, in its words: {words[:_SHOWN]}{'...' if len(words) > _SHOWN else ''}"

    @property
    def says_something(self) -> bool:
        """Whether there is anything to read in it."""
        return any((self.text, self.code, self.status, self.destination, self.words))

    @cached_property
    def codes(self) -> Codes:
        """The codes it bears, whoever said them, and the rest of the text."""
        return codes.read(self.text, code=self.code, status=self.status)

    @cached_property
    def own_codes(self) -> Codes:
        """The codes that are the relay's own, and the rest of the text."""
        read = Codes(code=self.code, status=self.status, rest=self.codes.rest) if self.quotes else self.codes
        return Codes(
            code=read.code if codes.can_be_an_error(read.code) else "",
            status=read.status if codes.can_be_an_error(read.status) else "",
            rest=read.rest,
        )
