"""What a relay may make of content that is not ordinary."""

from __future__ import annotations

import base64
import quopri
from collections.abc import Sequence
from typing import Any

from conformance.reference.message import Message, Recipient
from conformance.reference.transaction import Transaction
from mutants.mutant import deviates, mutation
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
