"""A message that a fake server accepted, as somebody reads it who tests what sends mail."""

from __future__ import annotations

import email
import email.policy
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

from fake_servers.events import SmtpMessage
from fake_servers.printable import printable, printable_lines


@dataclass(frozen=True, slots=True)
class KeptMessage:
    """One message.

    Attributes:
        accepted: The event: when it came, where to, and all that follows here.
    """

    accepted: SmtpMessage

    @property
    def mail_from(self) -> str:
        """The reverse-path, empty for the null reverse-path."""
        return self.accepted.mail_from

    @property
    def recipients(self) -> tuple[str, ...]:
        """The forward-paths that were accepted, in order."""
        return self.accepted.recipients

    @property
    def options(self) -> tuple[str, ...]:
        """The parameters of MAIL and RCPT, as they were sent."""
        return self.accepted.options

    @property
    def tls(self) -> bool:
        """Whether it came under TLS."""
        return self.accepted.tls

    @property
    def content(self) -> bytes:
        """Exactly the octets received, without dot-stuffing."""
        return self.accepted.content

    @property
    def email(self) -> EmailMessage:
        """The content, parsed anew at each call; what is wrong with it stands in `defects`."""
        return email.message_from_bytes(self.content, policy=email.policy.default)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data; header fields as they were sent, what is not UTF-8 of the content as escapes."""
        fields = email.message_from_bytes(self.content).raw_items()
        return {
            "at": self.accepted.at,
            "server": self.accepted.server,
            "mail_from": self.mail_from,
            "recipients": list(self.recipients),
            "options": list(self.options),
            "tls": self.tls,
            "headers": [[name, printable(str(value))] for name, value in fields],
            "content": self.content.decode("utf-8", "backslashreplace"),
        }

    def __str__(self) -> str:
        """Return the envelope and the content as text for a terminal: no control characters but line feeds."""
        envelope = [f"MAIL FROM:<{self.mail_from}>", *(f"RCPT TO:<{each}>" for each in self.recipients)]
        content = printable_lines(self.content.decode("utf-8", "backslashreplace"))
        return "\n".join([*map(printable, envelope), "", content])
