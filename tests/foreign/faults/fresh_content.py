"""Content on its way, and the fields above it, further reports."""

from __future__ import annotations

import re
import textwrap
from typing import Any

from mutants.patching import patch

from conformance.reference import intake, transaction
from conformance.reference.message import Message, Recipient
from conformance.reference.session import Reply, Session
from foreign.altering import alter_content, alter_mail_commands
from foreign.change import fault
from foreign.marker import marked

_WIDTH = 78  # characters
_BUFFER = 65_536  # octets


@fault(
    kind=6,
    reference="https://github.com/mailcow/mailcow-dockerized/issues/7273",
    reported="Long header fields were folded on their way, behind the signature, which so was broken.",
    requirements=("content/form", "content/unaltered"),
    first=("long_header_fields",),
)
def folds_long_header_fields() -> None:
    """Folds header fields whose lines are longer than 78 characters."""

    def change(content: bytes) -> bytes:
        header, empty, body = content.partition(b"\r\n\r\n")
        lines = header.decode("latin-1").split("\r\n")
        folded = [
            piece
            for line in lines
            for piece in (
                textwrap.wrap(
                    line, _WIDTH, subsequent_indent=" ", break_long_words=False, break_on_hyphens=False
                )
                if len(line) > _WIDTH
                else [line]
            )
        ]
        return "\r\n".join(folded).encode("latin-1") + empty + body

    alter_content(change)


@fault(
    kind=6,
    reference="https://github.com/mozilla/fx-private-relay/issues/655",
    reported="8-bit text in another character set than UTF-8 was relayed with a replacement character in the place "
    "of each letter.",
    requirements=("content/unaltered", "content/form"),
    first=("eight_bit_latin1",),
)
def takes_all_text_for_utf8() -> None:
    """Puts a replacement character in the place of what is not UTF-8."""
    alter_content(lambda content: content.decode("utf-8", "replace").encode("utf-8"))


@fault(
    kind=6,
    reference="https://github.com/stalwartlabs/stalwart/issues/3218",
    reported="A message with an empty body was sent without the empty line behind its header, and refused as one "
    "without a header.",
    requirements=("content/unaltered", "content/form"),
    first=("empty_body",),
)
def loses_the_line_before_an_empty_body() -> None:
    """Leaves the empty line out where nothing follows it."""
    alter_content(lambda content: content[:-2] if content.find(b"\r\n\r\n") == len(content) - 4 else content)


@fault(
    kind=6,
    reference="https://github.com/OpenSMTPD/OpenSMTPD/issues/646",
    reported="Of a message that is a header with no empty line behind it the last field was dropped.",
    requirements=("content/unaltered",),
    first=("header_alone",),
)
def drops_the_last_field_where_there_is_no_body() -> None:
    """Drops the last line of a message that is a header and nothing else."""
    alter_content(
        lambda content: content if b"\r\n\r\n" in content else content[: content[:-2].rfind(b"\r\n") + 2]
    )


class _NoEnd:
    """A transport that leaves the final dot out."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write all but the final dot."""
        self._transport.write(data.removesuffix(b".\r\n"))


@fault(
    kind=6,
    reference="https://github.com/curl/curl/issues/18798",
    reported="Behind a message of more than 65,536 octets the final dot was never sent, and both sides waited for "
    "each other until one had enough.",
    requirements=("content/delivered", "content/unaltered"),
    first=("big",),
)
def forgets_the_final_dot_of_large_mail() -> None:
    """Leaves the final dot out behind content that is larger than its buffer."""

    def make(original: Any) -> Any:
        async def send_body(self: Any, content: bytes) -> Reply:
            if len(content) <= _BUFFER:
                reply: Reply = await original(self, content)
                return reply
            marked()
            proper = self._transport
            self._transport = _NoEnd(proper)
            try:
                return await original(self, content)  # type: ignore[no-any-return]
            finally:
                self._transport = proper

        return send_body

    patch(Session, "send_body", make)


@fault(
    kind=3,
    reference="https://github.com/MFernstrom/xmailer/issues/3",
    reported="SIZE gave the length of the sender's address in the place of the size of the message.",
    requirements=("offers/size-true",),
)
def declares_the_length_of_the_senders_address() -> None:
    """Declares the length of the sender's address as the size of a message."""
    alter_mail_commands(
        lambda line, message, extensions: re.sub(r" SIZE=\d+", f" SIZE={len(message.sender)}", line)
    )


@fault(
    kind=6,
    reference="https://github.com/zammad/zammad/issues/2401",
    reported="The domain of a recipient was sent with its umlauts, and not in its ASCII form, to servers that take "
    "ASCII only.",
    requirements=("offers/smtputf8",),
    first=("idn_not_offered", "utf8_address_not_offered"),
)
def sends_umlauts_in_domains_to_everybody() -> None:
    """Takes an address of which only the domain is beyond ASCII for one that every server takes."""

    def make(original: Any) -> Any:
        def takes_utf8(message: Message, content: bytes, recipient: Recipient, extensions: Any) -> bool:
            takes: bool = original(message, content, recipient, extensions)
            local, _, domain = recipient.address.rpartition("@")
            if takes or domain.isascii() or not local.isascii():
                return takes
            if transaction.is_international(message, content):
                return takes
            marked(recipient)
            return True

        return takes_utf8

    patch(transaction, "takes_utf8", make)


@fault(
    kind=6,
    reference="https://github.com/MailScanner/v5/issues/326",
    reported="The Received field ended behind the id, without the semicolon and the date that must follow.",
    requirements=("content/trace",),
)
def writes_no_date_into_its_trace() -> None:
    """Writes a Received field without a date."""

    def make(original: Any) -> Any:
        def received_field(message: Message, *others: Any, **more: Any) -> bytes:
            marked(message)
            field: bytes = original(message, *others, **more)
            return field.rpartition(b";")[0] + b"\r\n"

        return received_field

    patch(intake, "received_field", make)


@fault(
    kind=6,
    reference="https://github.com/erooster-mail/erooster/issues/22",
    reported="Messages were passed on without a Received field of their own, which other servers put on top.",
    requirements=("content/trace",),
)
def leaves_no_trace() -> None:
    """Puts no Received field on top."""

    def make(_original: Any) -> Any:
        def received_field(message: Message, *_others: Any, **_more: Any) -> bytes:
            marked(message)
            return b""

        return received_field

    patch(intake, "received_field", make)
