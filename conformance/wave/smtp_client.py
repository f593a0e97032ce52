"""The client by which a message is handed to the relay, and what its errors say."""

from __future__ import annotations

import asyncio
from typing import Any

import aiosmtplib

from conformance.evidence.inputs import RCPT
from conformance.target import Address

# How long, in seconds, the relay may take to answer.
SUBMIT_LIMIT = 30.0

# Seconds to wait for a connection by which only is tried whether there is anybody.
_PATIENCE = 2.0


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


async def is_reachable(address: Address) -> bool:
    """Tell whether somebody accepts connections."""
    try:
        async with asyncio.timeout(_PATIENCE):
            _, writer = await asyncio.open_connection(*address)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
