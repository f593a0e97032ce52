"""What a relay may make of content that is not ordinary."""

from __future__ import annotations

import base64
import quopri
from collections.abc import Sequence
from typing import Any

from conformance.reference import transaction
from conformance.reference.message import Message, Recipient
from conformance.reference.transaction import Transaction
from mutants.mutant import deviates, fails, mutation
from mutants.patching import patch


def _quoted_printable(content: bytes) -> bytes:
    """Encode the text of a message that has octets above 127."""
    head, end, body = content.partition(b"\r\n\r\n")
    if body.isascii():
        return content
    quoted = quopri.encodestring(body.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    return head.replace(b"Encoding: 8bit", b"Encoding: quoted-printable") + end + quoted


def _encodes(*, always: bool) -> None:
    def make(original: Any) -> Any:
        async def run(
            self: Any, message: Message, content: bytes, recipients: Sequence[Recipient], hand_over: Any
        ) -> None:
            if always or "8bitmime" not in self._session.extensions:
                content = _quoted_printable(content)
                message.body = "7BIT" if content.isascii() and message.body else message.body
            await original(self, message, content, recipients, hand_over)

        return run

    patch(Transaction, "run", make)


@mutation(scenarios=("plain", "eight_bit", "eight_bit_not_offered"))
def encodes_for_who_takes_no_eight_bits() -> None:
    """Encodes 8-bit text as quoted-printable for a server that does not offer 8BITMIME."""
    _encodes(always=False)


@mutation(
    scenarios=("plain", "eight_bit", "eight_bit_not_offered"),
    caught=(deviates("carries", "content/form", "eight_bit"),),
)
def encodes_for_everybody() -> None:
    """Encodes 8-bit text as quoted-printable even for a server that takes it as it is."""
    _encodes(always=True)


@mutation(scenarios=("plain", "header_alone", "empty_body"), profiles=("rfc",))
def ends_each_header() -> None:
    """Puts the empty line behind a header that has none, since no body follows it."""

    def make(original: Any) -> Any:
        async def run(self: Any, message: Message, content: bytes, *others: Any) -> None:
            end = b"" if b"\r\n\r\n" in content else b"\r\n"
            await original(self, message, content + end, *others)

        return run

    patch(Transaction, "run", make)


@mutation(scenarios=("plain", "eight_bit", "eight_bit_not_offered"), profiles=("rfc", "eop-observed"))
def encodes_in_base64() -> None:
    """Encodes 8-bit text as base64, in capitals and with a comment, for a server that does not offer 8BITMIME."""

    def make(original: Any) -> Any:
        async def run(self: Any, message: Message, content: bytes, *others: Any) -> None:
            head, end, body = content.partition(b"\r\n\r\n")
            if "8bitmime" not in self._session.extensions and head.isascii() and not body.isascii():
                body = base64.encodebytes(body).replace(b"\n", b"\r\n")
                head = head.replace(b"Encoding: 8bit", b"Encoding: BASE64 (was 8bit)")
                content, message.body = head + end + body, "7BIT"
            await original(self, message, content, *others)

        return run

    patch(Transaction, "run", make)


def _writes_labels_in_unicode(*, declared: bool) -> None:
    def mailed(original: Any) -> Any:
        def mail_command(message: Message, content: bytes, extensions: dict[str, str]) -> str:
            line: str = original(message, content, extensions)
            international = any("@xn--" in each.address for each in message.recipients)
            return f"{line} SMTPUTF8" if declared and international and "smtputf8" in extensions else line

        return mail_command

    def named(original: Any) -> Any:
        def rcpt_command(recipient: Recipient, extensions: dict[str, str]) -> str:
            line: str = original(recipient, extensions)
            local, _, domain = recipient.address.rpartition("@")
            written = domain.encode("ascii").decode("idna") if domain.startswith("xn--") else domain
            return line.replace(recipient.address, f"{local}@{written}") if "smtputf8" in extensions else line

        return rcpt_command

    patch(transaction, "mail_command", mailed)
    patch(transaction, "rcpt_command", named)


@mutation(scenarios=("idn_domain", "mixed_case"), profiles=("rfc", "eop-observed"))
def writes_labels_in_unicode() -> None:
    """Writes a domain in its Unicode form to a server that offers SMTPUTF8, and says so (RFC 6531 section 3.3)."""
    _writes_labels_in_unicode(declared=True)


@mutation(
    scenarios=("idn_domain", "mixed_case"),
    caught=(fails("carries", "content/unaltered", "idn_domain", besides=("content/delivered",)),),
)
def writes_labels_in_unicode_unasked() -> None:
    """Writes a domain in its Unicode form, and does not say SMTPUTF8."""
    _writes_labels_in_unicode(declared=False)
