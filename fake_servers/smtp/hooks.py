"""What aiosmtpd calls while it serves: what EHLO offers, and where a message goes."""

from __future__ import annotations

from aiosmtpd.smtp import SMTP, Envelope, Session

from fake_servers.events import SmtpMessage
from fake_servers.smtp.commands import ehlo_lines, size_limit
from fake_servers.smtp.connection import Connection
from fake_servers.smtp.script import Script


class KeptEnvelope(Envelope):
    """An envelope that keeps the parameters of MAIL and RCPT as they were sent."""

    def __init__(self) -> None:
        super().__init__()
        self.parameters: list[str] = []


class Hooks:
    """aiosmtpd's hooks; it finds them by name, at each connection, so that is all that it is shown."""

    def __init__(self, connection: Connection, script: Script) -> None:
        self._connection = connection
        self._script = script

    def __dir__(self) -> list[str]:
        return _HOOKS

    async def handle_EHLO(
        self, server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Offer what the script offers."""
        session.host_name = hostname
        starttls = any(line.endswith("STARTTLS") for line in responses)
        extensions = self._script.offered(self._connection.nth, secured=session.ssl is not None)
        server.data_size_limit = size_limit(extensions)
        *first, last = ehlo_lines(
            server.hostname, starttls=starttls, extensions=extensions, mixed_case=self._script.mixed_case
        )
        # One string: aiosmtpd sends each by itself, and a reply in many segments provokes delayed ACKs.
        return ["\r\n".join([*(f"250-{line}" for line in first), f"250 {last}"])]

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:
        """Note the message."""
        assert isinstance(envelope, KeptEnvelope)
        assert envelope.mail_from is not None
        assert envelope.original_content is not None
        self._connection.note(
            SmtpMessage(
                mail_from="" if envelope.mail_from == "<>" else envelope.mail_from,
                recipients=tuple(envelope.rcpt_tos),
                content=envelope.original_content,
                tls=session.ssl is not None,
                options=tuple(envelope.parameters),
            )
        )
        return "250 2.0.0 OK"


_HOOKS = [name for name in vars(Hooks) if name.startswith("handle_")]
