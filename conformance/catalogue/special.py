"""What may be special about a message: all that the ordinary one is not, each for a failure mode of its own."""

from __future__ import annotations

from dataclasses import dataclass

# Octets of the longest text line and of the longest path that every implementation takes (RFC 5321 sections 4.5.3.1.6,
# with its line end, and 4.5.3.1.3, with its angle brackets).
LONGEST_LINE = 1_000
LONGEST_PATH = 256

# Local part of the recipient of a second message that is forged within the first.
FORGED = "forged"


@dataclass(frozen=True, kw_only=True)
class Special:
    """What is not ordinary about a message.

    Attributes:
        body: The body, octet for octet as the recipient is to find it, in place of the ordinary one.
        fields: Further fields of the header, with the line ends within them.
        path: Octets of the forward-path with its angle brackets; 0: as short as any.
        mixed_case: Whether the local parts of sender and recipient have capital letters.
        eight_bit: Whether it is declared to have 8-bit text (BODY=8BITMIME, RFC 6152).
        bare: Whether some CR or LF stand alone in its body, so that it is no proper message.
        forged_end: What stands before and behind a dot in its body, to be taken for the end of the message by who takes
            something else than CRLF for the end of a line; commands for a second message follow. Empty: nothing.
        obliged: Whether every implementation must be able to take it.
    """

    body: bytes | None = None
    fields: tuple[bytes, ...] = ()
    path: int = 0
    mixed_case: bool = False
    eight_bit: bool = False
    bare: bool = False
    forged_end: tuple[bytes, bytes] | None = None
    obliged: bool = False

    @property
    def verbatim(self) -> bool:
        """Whether it can only be handed over octet for octet, which takes an SMTP session of ours."""
        return self.bare or self.forged_end is not None
