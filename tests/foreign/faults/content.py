"""Envelope and content: what is made of a message on its way."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from mutants.patching import patch

from conformance.reference import intake, session
from conformance.reference.dsn import header_section
from conformance.reference.errors import Failure
from conformance.reference.message import Message, Recipient
from conformance.reference.transaction import Transaction
from foreign.change import fault
from foreign.marker import marked

_BUFFER = 4096  # octets that are written at once
_FEW_HOPS = 15
_MANY_HOPS = 100  # RFC 5321 section 6.3


def _sends(change: Callable[[bytes], bytes]) -> None:
    """Send other octets than were accepted; where they differ, the situation has occurred."""

    def make(original: Any) -> Any:
        async def run(self: Any, message: Message, content: bytes, *others: Any) -> None:
            altered = change(content)
            if altered != content:
                marked(message)
            await original(self, message, altered, *others)

        return run

    patch(Transaction, "run", make)


def _stuffs(change: Callable[[bytes, Callable[[bytes], bytes]], bytes]) -> None:
    """Double dots otherwise than is proper."""

    def make(original: Any) -> Any:
        def stuff_dots(content: bytes) -> bytes:
            proper: bytes = original(content)
            altered = change(content, original)
            if altered != proper:
                marked()
            return altered

        return stuff_dots

    patch(session, "stuff_dots", make)


def _gives_up(when: Callable[[bytes], bool], failure: Failure) -> None:
    """Do not even try to send some messages."""

    def make(original: Any) -> Any:
        async def run(
            self: Any, message: Message, content: bytes, recipients: Sequence[Recipient], hand_over: Any
        ) -> None:
            if not when(content):
                await original(self, message, content, recipients, hand_over)
                return
            marked(message)
            self._results.update(dict.fromkeys(recipients, failure))

        return run

    patch(Transaction, "run", make)


@fault(
    kind=6,
    reference="https://github.com/xpepermint/smtp-client/issues/9",
    reported="A message with a line of one dot arrived up to that line; the client doubled no dots.",
    requirements=("content/unaltered", "content/delivered"),
    first=("leading_dots",),
)
def doubles_no_dots() -> None:
    """Doubles no dot at the beginning of a line."""
    _stuffs(lambda content, proper: content)


@fault(
    kind=6,
    reference="https://github.com/jstedfast/MailKit/issues/788",
    reported="MailKit doubled a dot amid a line where the dot happened to be the first octet of a buffer of 4096.",
    requirements=("content/unaltered",),
)
def doubles_dots_at_the_edge_of_its_buffer() -> None:
    """Doubles a dot that stands first in a buffer of 4096 octets, wherever it stands in its line."""

    def change(content: bytes, proper: Callable[[bytes], bytes]) -> bytes:
        return b"".join(proper(content[at : at + _BUFFER]) for at in range(0, len(content), _BUFFER))

    _stuffs(change)


@fault(
    kind=6,
    reference="https://github.com/marlam/msmtp/issues/199",
    reported="msmtp stopped reading a message at the first NUL, and sent what came before as the whole.",
    requirements=("content/nul",),
)
def ends_a_message_at_a_nul() -> None:
    """Sends what stands before the first NUL, and takes it for the message."""
    _sends(lambda content: content.partition(b"\0")[0] + b"\r\n" if b"\0" in content else content)


@fault(
    kind=6,
    reference="https://github.com/OpenSMTPD/OpenSMTPD/issues/689",
    reported="Messages with an empty body stayed in OpenSMTPD's queue and were never sent.",
    requirements=("content/delivered",),
    first=("empty_body",),
)
def keeps_what_has_no_body() -> None:
    """Defers a message without a body, again and again."""
    _gives_up(
        lambda content: content == header_section(content) or content.endswith(b"\r\n\r\n"),
        Failure(code="451", status="4.3.0", text="Nothing to send yet"),
    )


@fault(
    kind=6,
    reference="https://github.com/MicrosoftDocs/OfficeDocs-SharePoint/issues/2423",
    reported="The SMTP service of Windows takes a message for a loop after 15 hops; that is too few where mail "
    "passes several gateways, and some of it failed.",
    requirements=("loops/threshold",),
)
def takes_a_long_way_for_a_loop() -> None:
    """Returns a message with more than 15 Received fields as one that runs in circles."""
    _gives_up(
        lambda content: intake.count_received(content) > _FEW_HOPS,
        Failure(code="554", status="5.4.6", text="Too many received headers, possible mail loop"),
    )


@fault(
    kind=6,
    reference="https://github.com/foxcpp/maddy/issues/79",
    reported="Nothing in maddy ended a message that two servers sent to each other; the standard asks for it.",
    requirements=("loops/detected",),
)
def sees_no_loop() -> None:
    """Takes and sends a message on however many Received fields it has."""
    count = intake.count_received
    patch(intake, "count_received", lambda original: lambda content: 0)

    def make(original: Any) -> Any:
        async def run(self: Any, message: Message, content: bytes, *others: Any) -> None:
            if count(content) > _MANY_HOPS:
                marked(message)
            await original(self, message, content, *others)

        return run

    patch(Transaction, "run", make)


@fault(
    kind=6,
    reference="https://github.com/OpenSMTPD/OpenSMTPD/pull/634",
    reported="OpenSMTPD took the Bcc field out of every message that it relayed, also where the sender had put it "
    "there for those who are to see it.",
    requirements=("content/unaltered", "content/form"),
)
def takes_bcc_out() -> None:
    """Takes the Bcc field out of a message that it relays."""

    def change(content: bytes) -> bytes:
        head = header_section(content)
        return re.sub(rb"(?im)^bcc:.*\r\n(?:[ \t].*\r\n)*", b"", head) + content[len(head) :]

    _sends(change)


@fault(
    kind=6,
    reference="https://github.com/trusteddomainproject/OpenDKIM/issues/17",
    reported="sendmail quotes a display name with a full stop or an apostrophe when it relays a message, and so "
    "breaks the signature that others have put on it.",
    requirements=("content/unaltered", "content/form"),
)
def quotes_names_in_address_fields() -> None:
    """Puts a display name into quotes that has a full stop or an apostrophe, in a message that it relays."""

    def change(content: bytes) -> bytes:
        head = header_section(content)
        named = rb"(?im)^((?:from|to|cc|reply-to|sender): )([^\"<>\r\n]*[.'][^\"<>\r\n]*?) <"
        return re.sub(named, rb'\1"\2" <', head) + content[len(head) :]

    _sends(change)
