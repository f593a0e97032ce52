"""Taking mail in by SMTP: `250` after the final dot means that the message is on disk."""

from __future__ import annotations

import asyncio
import logging
import re
import sqlite3
from collections import defaultdict
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING

from aiosmtpd.smtp import SMTP, Envelope, Session

from .content_reader import Unacceptable, read_content
from .dsn import header_section
from .envelope_syntax import MAIL_PARAMETERS, RCPT_PARAMETERS, BadArgument, parse_parameters, parse_path
from .errors import ACCESS_DENIED, safe_text
from .message import Message, Recipient

if TYPE_CHECKING:
    from .relay import Relay

log = logging.getLogger(__name__)

_MOST_RECIPIENTS = 1000
_MOST_RECEIVED_FIELDS = 100  # RFC 5321 6.3
_LARGEST_MESSAGE = 32 * 1024 * 1024  # octets
_NEEDS_UTF8 = "553 5.6.7 SMTPUTF8 is needed for this address"
_SQLITE_FULL = "SQLITE_FULL"


class Submission(SMTP):
    """aiosmtpd's server with DSN (RFC 3461), SIZE, 8BITMIME, SMTPUTF8 and the null reverse-path."""

    command_size_limit = 1000

    def __init__(self, relay: Relay, hostname: str) -> None:
        super().__init__(
            SubmissionHandler(relay, hostname),
            hostname=hostname,
            ident="ESMTP",
            enable_SMTPUTF8=True,
            data_size_limit=_LARGEST_MESSAGE,
            loop=asyncio.get_running_loop(),
        )
        self._relay = relay
        # Of this session alone: aiosmtpd keeps them on the class, where every EHLO makes them grow.
        self.command_size_limits = defaultdict(lambda: self.command_size_limit)

    def __dir__(self) -> list[str]:
        """Return what aiosmtpd looks for at each connection: going over all attributes costs more than a message."""
        return _COMMANDS

    async def smtp_MAIL(self, arg: str | None) -> None:
        """Take the reverse-path."""
        if await self.check_helo_needed():
            return
        assert self.envelope is not None
        if self.envelope.mail_from is not None:
            await self.push("503 5.5.1 Sender given already")
            return
        try:
            sender, rest = parse_path(_after(arg, "FROM:"), null_allowed=True)
            parameters = parse_parameters(rest, MAIL_PARAMETERS)
            if int(parameters.get("SIZE", "0")) > _LARGEST_MESSAGE:
                raise BadArgument("552 5.3.4 Message too big")
        except BadArgument as error:
            await self.push(str(error))
            return
        if not sender.isascii() and "SMTPUTF8" not in parameters:
            await self.push(_NEEDS_UTF8)
            return
        self.envelope.smtp_utf8 = "SMTPUTF8" in parameters
        self.envelope.mail_from = sender
        self.envelope.mail_options = [f"{key}={value}" for key, value in parameters.items()]
        await self.push("250 2.1.0 OK")

    async def smtp_RCPT(self, arg: str | None) -> None:
        """Take one forward-path."""
        if await self.check_helo_needed():
            return
        assert self.envelope is not None
        if self.envelope.mail_from is None:
            await self.push("503 5.5.1 MAIL first")
            return
        if len(self.envelope.rcpt_tos) >= _MOST_RECIPIENTS:
            await self.push("452 4.5.3 Too many recipients")
            return
        try:
            recipient, rest = parse_path(_after(arg, "TO:"), null_allowed=False)
            parameters = parse_parameters(rest, RCPT_PARAMETERS)
        except BadArgument as error:
            await self.push(str(error))
            return
        if not recipient.isascii() and not self.envelope.smtp_utf8:
            await self.push(_NEEDS_UTF8)
            return
        if self._relay.refuses(recipient):
            await self.push(ACCESS_DENIED.line)
            return
        self.envelope.rcpt_tos.append(recipient)
        self.envelope.rcpt_options.append(" ".join(f"{key}={value}" for key, value in parameters.items()))
        await self.push("250 2.1.5 OK")

    async def smtp_DATA(self, arg: str | None) -> None:
        """Take the content; for the rest see `SubmissionHandler.handle_DATA`."""
        if await self.check_helo_needed():
            return
        assert self.envelope is not None
        assert self.session is not None
        if not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 RCPT first")
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        try:
            self.envelope.original_content = await read_content(self._reader, _LARGEST_MESSAGE)
        except EOFError:
            return
        except Unacceptable as error:
            status = str(error)
        else:
            status = await self.event_handler.handle_DATA(self, self.session, self.envelope)
        self.envelope = Envelope()
        await self.push(status)


_COMMANDS = [name for name in dir(Submission) if name.startswith("smtp_")]


def _after(argument: str | None, keyword: str) -> str:
    if argument is None or not argument.upper().startswith(keyword):
        raise BadArgument(f"501 5.5.4 Syntax: {keyword}<address>")
    return argument[len(keyword) :]


class SubmissionHandler:
    """What aiosmtpd calls."""

    def __init__(self, relay: Relay, hostname: str) -> None:
        self._relay = relay
        self._hostname = hostname

    async def handle_EHLO(
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Offer DSN and enhanced status codes as well."""
        session.host_name = hostname
        return [*responses[:-1], "250-DSN", "250-ENHANCEDSTATUSCODES", responses[-1]]

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take responsibility for a message, or refuse it."""
        content = envelope.original_content
        assert content is not None
        if has_bare_line_ends(content):
            return "550 5.6.11 Lines must end in CR LF"
        if count_received(content) >= _MOST_RECEIVED_FIELDS:
            return "554 5.4.6 Too many Received fields, this message runs in circles"
        message = _message(envelope, session, accepted_at=self._relay.now())
        trace = received_field(message, session, hostname=self._hostname)
        try:
            # Shielded: a client that hangs up now must not leave a message that is on disk and nowhere else.
            await asyncio.shield(self._relay.accept(message, trace + content))
        except sqlite3.Error as error:
            log.error("message refused, the spool failed: %s", error)
            if error.sqlite_errorname == _SQLITE_FULL:
                return "452 4.3.1 Insufficient system storage"
            return "451 4.3.0 Queue file could not be written"
        return f"250 2.0.0 OK queued as {message.queue_id}"

    async def handle_exception(self, error: Exception) -> str:
        """Refuse for now, should this module have a defect; never with a 5yz that would cost the mail."""
        log.error("defect in a submission session", exc_info=error)
        return "451 4.3.0 Local error"


def _message(envelope: Envelope, session: Session, *, accepted_at: float) -> Message:
    options = _options(" ".join(envelope.mail_options))
    return Message(
        sender=envelope.mail_from or "",
        accepted_at=accepted_at,
        recipients=[
            Recipient(
                number=number,
                address=address,
                notify=parameters.get("NOTIFY", ""),
                orcpt=parameters.get("ORCPT", ""),
                next_retry=accepted_at,
            )
            for number, (address, parameters) in enumerate(
                zip(envelope.rcpt_tos, map(_options, envelope.rcpt_options), strict=True)
            )
        ],
        ret=options.get("RET", ""),
        envid=options.get("ENVID", ""),
        body=options.get("BODY", ""),
        received_from=_client_name(session),
    )


def _options(words: str) -> dict[str, str]:
    """Read back parameters that the commands have checked; aiosmtpd's envelope keeps options as words."""
    return {keyword: value for keyword, _, value in (word.partition("=") for word in words.split())}


def _client_name(session: Session) -> str:
    return re.sub(r"[^A-Za-z0-9.:\[\]_-]", "?", safe_text(str(session.host_name)))[:255]


def received_field(message: Message, session: Session, *, hostname: str) -> bytes:
    """Return the trace field that a relay puts on top (RFC 5321 4.4)."""
    address = session.peer[0] if isinstance(session.peer, tuple) else "unknown"
    literal = f"IPv6:{address}" if ":" in address else address
    protocol = "ESMTP" if session.extended_smtp else "SMTP"
    only = message.recipients[0].address if len(message.recipients) == 1 else ""
    only = only if only.isascii() else ""  # the header stays as international as it was
    date = format_datetime(datetime.fromtimestamp(int(message.accepted_at), UTC))
    lines = [
        f"Received: from {_client_name(session)} ([{literal}])",
        f"\tby {hostname} with {protocol} id {message.queue_id}",
        *([f"\tfor <{only}>"] if only else []),
    ]
    return ("\r\n".join(lines) + f"; {date}\r\n").encode("ascii")


def count_received(content: bytes) -> int:
    """Return how many hops a message has made, by its Received fields."""
    return len(re.findall(rb"^received:", header_section(content), re.IGNORECASE | re.MULTILINE))


def has_bare_line_ends(content: bytes) -> bool:
    """Tell whether a CR or LF stands alone (RFC 5321 section 2.3.8)."""
    return not content.count(b"\r") == content.count(b"\n") == content.count(b"\r\n")
