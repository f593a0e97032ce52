"""The client by which a message is handed to the relay, and what its errors say."""

from __future__ import annotations

from typing import Any

import aiosmtplib

from conformance.evidence.inputs import RCPT

# How long, in seconds, the relay may take to answer.
SUBMIT_LIMIT = 30.0


class Client(aiosmtplib.SMTP):
    """A client that knows whether the relay may have the message.

    Attributes:
        sent: Whether any of it was sent. Before that the submission can be made once more, after it there may be two.
    """

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            hostname=host,
            port=port,
            timeout=SUBMIT_LIMIT,
            start_tls=False,
            local_hostname="submitter.test",
        )
        self.sent = False

    async def data(self, *args: Any, **more: Any) -> aiosmtplib.SMTPResponse:
        """Send the content."""
        self.sent = True
        return await super().data(*args, **more)


def refused_at(error: aiosmtplib.SMTPException) -> str:
    """Return the command that was refused, as far as it is told."""
    kinds: dict[type[Exception], str] = {
        aiosmtplib.SMTPRecipientsRefused: RCPT,
        aiosmtplib.SMTPRecipientRefused: RCPT,
        aiosmtplib.SMTPSenderRefused: "MAIL",
        aiosmtplib.SMTPDataError: "DATA",
    }
    return kinds.get(type(error), "")


def said(error: aiosmtplib.SMTPException) -> str:
    """Return what the relay said when it refused a message."""
    refusals = error.recipients if isinstance(error, aiosmtplib.SMTPRecipientsRefused) else [error]
    return "; ".join(
        f"{getattr(each, 'code', '')} {getattr(each, 'message', each)}".strip() for each in refusals
    )
