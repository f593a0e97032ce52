"""Hands over a message that is not ordinary, octet for octet: a mail library would mend what is special about it.

A message may have the commands of a second one in it. A relay that takes them for commands answers each of them, so the
session goes on until it says goodbye, and all that it says is noted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from conformance.catalogue.special import Dsn, Special
from conformance.evidence.inputs import CLIENT
from conformance.target import Address, Envelope
from conformance.wave.adapter import SubmissionRefused
from conformance.wave.smtp_client import SUBMIT_LIMIT
from conformance.wave.unusable import NotTaken
from fake_servers import Journal
from fake_servers.addresses import in_unicode
from fake_servers.events import ClientReply, ClientSent

_EIGHT_BIT = "8BITMIME"
_UTF8 = "SMTPUTF8"
_DSN = "DSN"
_LEAVE_WITHIN = 2.0  # seconds for what may still be said once the message was answered
_MOST_REPLIES = 20


class NotTakenHere(Exception):
    """The relay's listener does not offer what the message needs; the text is the reason."""


async def hand_over(
    address: Address, envelope: Envelope, special: Special, journal: Journal, accepted: Callable[[], None]
) -> None:
    """Hand over one message by SMTP.

    Args:
        address: Where the relay takes mail.
        envelope: The message.
        special: What is special about it.
        journal: Where it is noted what the relay says once it has answered the message.
        accepted: Called at the moment in which the relay has taken responsibility.

    Raises:
        SubmissionRefused: The relay did not take it.
        NotTakenHere: It need not take it.
        TargetUnusable: The relay is not there.
    """
    try:
        async with asyncio.timeout(SUBMIT_LIMIT):
            reader, writer = await asyncio.open_connection(*address)
    except (OSError, TimeoutError) as error:
        raise NotTaken(address, error) from error
    session = _Session(reader, writer)
    try:
        try:
            await session.submit(envelope, special)
            accepted()
            # by no adapter, but by ourselves
            sent = len(envelope.content)
            journal.note(ClientSent(sender=envelope.sender, what="content", octets=sent))
        finally:
            for reply in await session.leave():
                journal.note(ClientReply(sender=envelope.sender, text=reply))
    finally:
        writer.transport.abort()
        with suppress(ConnectionError):  # whoever left first
            await writer.wait_closed()


class _Session:
    """One SMTP session as its client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def submit(self, envelope: Envelope, special: Special) -> None:
        """Say everything up to the reply to the final dot."""
        await self._say(b"", "")
        offered = await self._say(f"EHLO {CLIENT}\r\n".encode("ascii"), "EHLO")
        if special.eight_bit and _EIGHT_BIT not in (line[4:].upper().strip() for line in offered):
            raise NotTakenHere(
                "the relay's own listener does not offer 8BITMIME, so no 8-bit text may be given to it"
            )
        keywords = {line[4:].upper().partition(" ")[0].strip() for line in offered}
        dsn = special.dsn or Dsn()
        if special.dsn is not None and _DSN not in keywords:
            raise NotTakenHere(
                "the relay's own listener does not offer DSN, so nothing may be asked of reports"
            )
        if special.utf8 and not {_UTF8, _EIGHT_BIT} <= keywords:
            raise NotTakenHere(
                "the relay's own listener does not offer SMTPUTF8, so nothing internationalized may be given to it"
            )
        body = f" BODY={_EIGHT_BIT}" if special.eight_bit or special.utf8 else ""
        body += f" {_UTF8}" if special.utf8 else ""
        await self._say(f"MAIL FROM:<{envelope.sender}>{body}{dsn.of_mail}\r\n".encode(), "MAIL")
        for recipient in map(in_unicode, envelope.recipients) if special.u_labels else envelope.recipients:
            await self._say(f"RCPT TO:<{recipient}>{dsn.of_rcpt}\r\n".encode(), "RCPT")
        await self._say(b"DATA\r\n", "DATA")
        # what a forger sends is not doubled; no other content that is verbatim has a dot at the beginning of a line
        content = envelope.content if special.verbatim else envelope.content.replace(b"\r\n.", b"\r\n..")
        await self._say(content + b".\r\n", "DATA")

    async def leave(self) -> list[str]:
        """Say QUIT, and return the last lines of all replies that still come, but for that to QUIT."""
        replies: list[str] = []
        with suppress(SubmissionRefused, TimeoutError):
            async with asyncio.timeout(_LEAVE_WITHIN):
                await self._send(b"QUIT\r\n")
                while len(replies) < _MOST_REPLIES and not (replies and replies[-1].startswith("221")):
                    replies.append((await self._reply())[-1])
        return [reply for reply in replies if not reply.startswith("221")]

    async def _say(self, octets: bytes, command: str) -> list[str]:
        """Send something and return the lines of the reply, which must be positive."""
        try:
            async with asyncio.timeout(SUBMIT_LIMIT):
                await self._send(octets)
                lines = await self._reply()
        except TimeoutError as error:
            raise SubmissionRefused(f"no reply to {command or 'the connection'}", unanswered=True) from error
        if lines[-1][:1] not in ("2", "3"):
            raise SubmissionRefused(" ".join(lines), at=command, temporary=lines[-1].startswith("4"))
        return lines

    async def _send(self, octets: bytes) -> None:
        self._writer.write(octets)
        with suppress(ConnectionError):  # a reply may have come before the connection ended
            await self._writer.drain()

    async def _reply(self) -> list[str]:
        lines: list[str] = []
        try:
            while not lines or lines[-1][3:4] == "-":
                lines.append((await self._reader.readuntil(b"\r\n")).decode("utf-8", "replace").rstrip())
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise SubmissionRefused("the connection ended without a reply", unanswered=True) from error
        return lines
