"""One mail transaction: MAIL, RCPT for each recipient, DATA, and what the replies mean for whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from .classify import Cause, Stage
from .dsn import header_section
from .errors import Failure, SessionFailed, as_temporary, remote_failure
from .message import Message, Recipient
from .session import Reply, Session


@dataclass(frozen=True)
class Delivered:
    """A recipient's success: the server that took the message, and its reply to the final dot in one line.

    Attributes:
        server: Name of the server.
        line: The reply.
        reports: Whether the server tells the sender of a success itself, where asked to (RFC 3461 5.2.1).
    """

    server: str
    line: str
    reports: bool = True


Results = dict[Recipient, Delivered | Failure]


class Transaction:
    """Hands one message to a server.

    Args:
        session: An SMTP session after EHLO.
        server: Name of the server, for failures.
        address: `ip:port` of the server, for failures.
        results: Filled as replies come, so that what is known survives the loss of the connection.
    """

    def __init__(self, session: Session, *, server: str, address: str, results: Results) -> None:
        self._session = session
        self._server = server
        self._address = address
        self._results = results

    async def run(
        self,
        message: Message,
        content: bytes,
        recipients: Sequence[Recipient],
        hand_over: Callable[[], None],
    ) -> None:
        """Deliver to all `recipients` in one go.

        Args:
            message: The message.
            content: Its octets.
            recipients: Those who want it here.
            hand_over: Called right before the message is sent; from then on it may have been delivered.

        Raises:
            SessionFailed: The session ended; recipients without a result share that fate.
        """
        extensions = self._session.extensions
        if refused := [each for each in recipients if not takes_utf8(message, content, each, extensions)]:
            self._results.update((each, self._untransportable(each)) for each in refused)
            recipients = [each for each in recipients if each not in refused]
        if not recipients:
            return None
        if not takes_content(content, extensions):
            failure = Failure(
                code="554",
                status="5.6.3",
                text="Conversion required but not supported",
                server=self._server,
                address=self._address,
            )
            self._results.update(dict.fromkeys(recipients, failure))
            return None
        mail = mail_command(message, content, extensions)
        each = {recipient: rcpt_command(recipient, extensions) for recipient in recipients}
        self._session.group([mail, *each.values(), "DATA"])
        reply = await self._session.command(Stage.MAIL, mail)
        if not self._accepts(reply, Stage.MAIL):
            return self._fail(recipients, reply)
        accepted: list[Recipient] = []
        for recipient, line in each.items():
            reply = await self._session.command(Stage.RCPT, line)
            if self._accepts(reply, Stage.RCPT):
                accepted.append(recipient)
            else:
                self._results[recipient] = self._refusal(reply, after_others=bool(accepted))
        if not accepted:
            return None
        reply = await self._session.command(Stage.DATA, "DATA")
        if reply.code != 354:
            self._accepts(reply, Stage.DATA, positive=False)
            return self._fail(accepted, reply)
        hand_over()
        reply = await self._session.send_body(content)
        if self._accepts(reply, Stage.BODY):
            self._results.update(
                dict.fromkeys(accepted, Delivered(self._server, reply.line, reports="dsn" in extensions))
            )
            return None
        return self._fail(accepted, reply)

    def _untransportable(self, recipient: Recipient) -> Failure:
        """Return why a message cannot be sent to somebody without SMTPUTF8 (RFC 6531 3.5)."""
        ascii = recipient.address.isascii()
        return Failure(
            code="553",
            status="5.6.9" if ascii else "5.6.7",
            text="The header is internationalized" if ascii else "The address is internationalized",
            server=self._server,
            address=self._address,
        )

    def _accepts(self, reply: Reply, stage: Stage, *, positive: bool = True) -> bool:
        """Whether the reply is a yes; a reply that is neither yes nor no at this stage ends the session."""
        if reply.code >= 400:
            return False
        if positive and reply.positive:
            return True
        raise SessionFailed(
            stage, Cause.MALFORMED, f"451 4.4.0 Unexpected reply to {stage.value}: {reply.line}"
        )

    def _fail(self, recipients: Iterable[Recipient], reply: Reply) -> None:
        failure = remote_failure(reply.code, reply.text, server=self._server, address=self._address)
        self._results.update(dict.fromkeys(recipients, failure))

    def _refusal(self, reply: Reply, *, after_others: bool) -> Failure:
        failure = remote_failure(reply.code, reply.text, server=self._server, address=self._address)
        return as_temporary(failure) if is_too_many(failure, after_others=after_others) else failure


def is_too_many(refusal: Failure, *, after_others: bool) -> bool:
    """Whether the refusal of a recipient says "too many recipients" (RFC 5321 4.5.3.1.10).

    That is `552` with status 5.5.3, or `552` without a status after other recipients were accepted; a full
    mailbox, `552 5.2.2`, stays permanent.
    """
    if refusal.code != "552":
        return False
    return refusal.status == "5.5.3" or (not refusal.status and after_others)


def takes_content(content: bytes, extensions: dict[str, str]) -> bool:
    """Whether a server that offers these extensions takes such content: 8-bit text it need not (RFC 6152 3)."""
    return content.isascii() or "8bitmime" in extensions


def is_international(message: Message, content: bytes) -> bool:
    """Whether the sender or the header of a message is beyond ASCII, so that it takes SMTPUTF8 (RFC 6531 3.2)."""
    return not (message.sender.isascii() and header_section(content).isascii())


def takes_utf8(message: Message, content: bytes, recipient: Recipient, extensions: dict[str, str]) -> bool:
    """Whether a server that offers these extensions takes what of a message for a recipient is beyond ASCII."""
    if "smtputf8" in extensions:
        return True
    return recipient.address.isascii() and not is_international(message, content)


def mail_command(message: Message, content: bytes, extensions: dict[str, str]) -> str:
    """Return the MAIL command with the parameters that the server knows and the sender gave."""
    parts = [f"MAIL FROM:<{message.sender}>"]
    if "size" in extensions:
        parts.append(f"SIZE={len(content)}")
    if "8bitmime" in extensions and message.body:
        parts.append(f"BODY={message.body}")
    addresses = [each.address for each in message.recipients]
    international = is_international(message, content) or not all(map(str.isascii, addresses))
    if "smtputf8" in extensions and international:
        parts.append("SMTPUTF8")
    if "dsn" in extensions:
        parts += [f"RET={message.ret}"] if message.ret else []
        parts += [f"ENVID={message.envid}"] if message.envid else []
    return " ".join(parts)


def rcpt_command(recipient: Recipient, extensions: dict[str, str]) -> str:
    """Return the RCPT command; DSN parameters travel unchanged, or not at all (RFC 3461 5.2.1, 5.2.2)."""
    parts = [f"RCPT TO:<{recipient.address}>"]
    if "dsn" in extensions:
        parts += [f"NOTIFY={recipient.notify}"] if recipient.notify else []
        parts += [f"ORCPT={recipient.orcpt}"] if recipient.orcpt else []
    return " ".join(parts)
