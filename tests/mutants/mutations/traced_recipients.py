"""What a relay says in Received of those for whom a message is."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from conformance.reference import intake
from conformance.reference.message import Message
from mutants.mutant import fails, mutation
from mutants.patching import patch

_ONE = ("leading_dots", "utf8_address_offered")
_SEVERAL = ("plain_two_recipients", "plain_three_recipients_in_three_domains")


def _for(clause: Callable[[Message], str]) -> None:
    """Put something else into the field, or something where nothing is."""

    def make(original: Any) -> Any:
        def received_field(message: Message, *arguments: Any, **more: Any) -> bytes:
            field = re.sub(rb"\r\n\tfor [^;]*;", b";", original(message, *arguments, **more))
            return field.replace(b"; ", f"{clause(message)}; ".encode(), 1)

        return received_field

    patch(intake, "received_field", make)


@mutation(
    scenarios=(*_ONE, *_SEVERAL),
    caught=(fails("names_recipient", "trace/for-path", "utf8_address_offered"),),
)
def writes_no_path_for_who_is_beyond_ascii() -> None:
    """Writes a word in the place of a recipient that is beyond ASCII."""

    def clause(message: Message) -> str:
        address = message.recipients[0].address
        return f"\r\n\tfor <{address if address.isascii() else 'other'}>" * (len(message.recipients) == 1)

    _for(clause)


@mutation(
    scenarios=(*_ONE, *_SEVERAL),
    caught=(fails("names_recipient", "trace/for-path", *_SEVERAL),),
)
def writes_down_all_recipients() -> None:
    """Names all recipients of a message in Received."""

    def clause(message: Message) -> str:
        everybody = (each.address for each in message.recipients if each.address.isascii())
        named = ",".join(f"<{each}>" for each in everybody)
        return f"\r\n\tfor {named}" if named else ""

    _for(clause)


@mutation(scenarios=(*_ONE, *_SEVERAL), profiles=("rfc",))
def writes_down_the_first_recipient() -> None:
    """Names the first of several recipients in Received, which RFC 5321 section 4.4 lets who has several RCPT do."""
    _for(lambda message: f"\r\n\tfor <{message.recipients[0].address}>" * (len(message.recipients) > 1))


@mutation(scenarios=(*_ONE, *_SEVERAL), profiles=("rfc",))
def writes_down_nobody() -> None:
    """Has no FOR clause in Received, but a comment and an identifier that look like one."""
    _for(lambda message: "\r\n\t(not for you or, anybody) via for-nobody")


@mutation(scenarios=(*_ONE, *_SEVERAL), profiles=("rfc",))
def writes_a_recipient_without_brackets() -> None:
    """Names the only recipient of a message as a mailbox, with a comment behind it."""

    def clause(message: Message) -> str:
        address = message.recipients[0].address
        one = len(message.recipients) == 1 and address.isascii()
        return f"\r\n\tfor {address} (the only one)" * one

    _for(clause)
