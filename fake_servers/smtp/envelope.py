"""The envelope of one transaction, as far as a server has accepted it."""

from __future__ import annotations

from dataclasses import dataclass, field

from fake_servers.events import SmtpMessage
from fake_servers.smtp.actions import Reply
from fake_servers.smtp.commands import Path


@dataclass(slots=True)
class Envelope:
    """Who sends to whom.

    Attributes:
        sender: The accepted argument of MAIL; None: there was none.
        recipients: The accepted arguments of RCPT.
        chunked: Whether a chunk of the message has come (RFC 3030).
    """

    sender: Path | None = None
    recipients: list[Path] = field(default_factory=list)
    chunked: bool = False

    @property
    def international(self) -> bool:
        """Whether addresses beyond ASCII are allowed (RFC 6531, section 3.4)."""
        return self.sender is not None and self.sender.value("SMTPUTF8") is not None

    def message(self, content: bytes, *, tls: bool) -> SmtpMessage:
        """Return the message with this content, accepted."""
        assert self.sender is not None  # content is not taken otherwise
        return SmtpMessage(
            mail_from=self.sender.address,
            recipients=tuple(path.address for path in self.recipients),
            content=content,
            tls=tls,
            options=tuple(word for path in (self.sender, *self.recipients) for word in path.parameters),
        )


def refusal_of(sender: Path, limit: int) -> Reply | None:
    """Return what refuses the values of MAIL's parameters; None: they are in order.

    Args:
        sender: The argument of MAIL.
        limit: The most octets that SIZE may announce (RFC 1870, section 6.1).
    """
    size, body, international = sender.value("SIZE"), sender.value("BODY"), sender.value("SMTPUTF8")
    if (size is not None and not size.isdecimal()) or body not in (None, "7BIT", "8BITMIME"):
        return Reply(501, "5.5.4 Bad value of a parameter")
    if international:  # RFC 6531, section 3.4: it has none
        return Reply(501, "5.5.4 Bad value of a parameter")
    if size is not None and int(size) > limit:
        return Reply(552, "5.3.4 Message too big")
    return None if sender.address.isascii() or international is not None else NEEDS_SMTPUTF8


NEEDS_SMTPUTF8 = Reply(553, "5.6.7 Address without SMTPUTF8")  # RFC 6531, section 3.5
