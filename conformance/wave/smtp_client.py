"""The client by which a message is handed to the relay, and what its errors say."""

from __future__ import annotations

import asyncio
from typing import Any

import aiosmtplib

from conformance.evidence.inputs import CLIENT, RCPT
from conformance.target import Address

# How long, in seconds, the relay may take to answer.
SUBMIT_LIMIT = 60.0

# Seconds to wait for a connection by which only is tried whether there is anybody.
_PATIENCE = 2.0

# From so many octets on it takes longer to look at each line for what may be wrong with it than to send all of them.
_LONG = 65_536


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
            local_hostname=CLIENT,
        )
        self.sent = False

    async def data(self, message: str | bytes, /, **more: Any) -> aiosmtplib.SMTPResponse:
        """Send the content."""
        self.sent = True
        if isinstance(message, bytes) and len(message) >= _LONG and _has_plain_lines(message):
            return await self._data(message)
        return await super().data(message, **more)

    async def _data(self, message: bytes) -> aiosmtplib.SMTPResponse:
        """Send content all of whose lines end in CR LF; only dots are doubled (RFC 5321 section 4.5.2)."""
        reply = await self.execute_command(b"DATA")
        if reply.code != aiosmtplib.SMTPStatus.start_input:
            raise aiosmtplib.SMTPDataError(reply.code, reply.message)
        if self.protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("Connection lost")
        self.protocol.write((b"\r\n" + message).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n")
        reply = await self.protocol.read_response(timeout=SUBMIT_LIMIT)
        if reply.code != aiosmtplib.SMTPStatus.completed:
            raise aiosmtplib.SMTPDataError(reply.code, reply.message)
        return reply


def _has_plain_lines(message: bytes) -> bool:
    pairs = message.count(b"\r\n")
    return message.endswith(b"\r\n") and message.count(b"\r") == pairs == message.count(b"\n")


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
