"""What a message is known by, whom it is for, and what it takes: further reports."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

from mutants.patching import patch

from conformance.reference.dsn import header_section
from conformance.reference.errors import Failure
from conformance.reference.intake import SubmissionHandler
from conformance.reference.message import Message, Recipient
from conformance.reference.relay import Relay
from conformance.reference.transaction import Transaction, is_international
from foreign.altering import alter_content
from foreign.change import fault
from foreign.marker import each_marked, marked

_REQUIRED = Failure(code="553", status="5.6.7", text="SMTPUTF8 is required, but was not offered")


@fault(
    kind=4,
    reference="https://github.com/mguessan/davmail/issues/433",
    reported="A program sent a message to each of its recipients on its own, with one Message-ID for all: the first "
    "was sent, the others were taken for the same and dropped.",
    requirements=("batch/delivered", "content/delivered", "nothing-lost/kept", "recipients/each-ends"),
    first=("one_message_id_in_turn",),
)
def drops_what_has_a_known_message_id() -> None:
    """Takes a message and drops it without a word where it has sent another with the same Message-ID."""
    known: set[bytes] = set()

    def make(original: Any) -> Any:
        async def accept(self: Any, message: Message, content: bytes) -> None:
            found = re.search(rb"(?im)^message-id:\s*(<[^>\r\n]*>)", header_section(content))
            if found is not None and message.sender:
                if found[1] in known:
                    marked(message)
                    return
                known.add(found[1])
            await original(self, message, content)

        return accept

    patch(Relay, "accept", make)


@fault(
    kind=6,
    reference="https://github.com/MailCleaner/MailCleaner/pull/81",
    reported="A Message-ID that stood on the line behind its field's name was not seen.",
    requirements=("content/form", "content/unaltered"),
    first=("rare_field_forms",),
)
def adds_a_message_id_where_it_is_folded() -> None:
    """Adds a Message-ID to a message whose own one stands in the line behind the name of the field."""

    def change(content: bytes) -> bytes:
        header = header_section(content)
        if not re.search(rb"(?im)^message-id:[ \t]*\r\n[ \t]+<", header):
            return content
        return header + b"Message-ID: <added@relay.test>\r\n" + content[len(header) :]

    alter_content(change)


@fault(
    kind=6,
    reference="https://github.com/JustinIven/smtp-oauth-relay/issues/82",
    reported="Of several recipients in the envelope those got the message who were named in its header, and nobody "
    "else.",
    requirements=(
        "control/delivered",
        "recipients/each-ends",
        "recipients/own-outcome",
        "batch/delivered",
        "content/delivered",
    ),
    first=("one_recipient_named",),
)
def asks_the_header_who_is_to_get_it() -> None:
    """Drops those of several recipients who are not named in the header, where others are."""

    def make(original: Any) -> Any:
        async def accept(self: Any, message: Message, content: bytes) -> None:
            header = header_section(content).decode("utf-8", "replace").lower()
            named = [each for each in message.recipients if each.address.lower() in header]
            if named and len(named) < len(message.recipients) and message.sender:
                each_marked(each for each in message.recipients if each not in named)
                message.recipients[:] = named
            await original(self, message, content)

        return accept

    patch(Relay, "accept", make)


def _needs_smtputf8(whose: Callable[[Message], bool]) -> None:
    """Give up what some messages are, where SMTPUTF8 is not offered."""

    def make(original: Any) -> Any:
        async def run(
            self: Any, message: Message, content: bytes, recipients: Sequence[Recipient], hand_over: Any
        ) -> None:
            if not whose(message) or "smtputf8" in self._session.extensions:
                await original(self, message, content, recipients, hand_over)
                return
            marked(message)
            self._results.update(dict.fromkeys(recipients, _REQUIRED))

        return run

    patch(Transaction, "run", make)


@fault(
    kind=5,
    reference="https://github.com/openmediavault/openmediavault/issues/1058",
    reported="A message that needed SMTPUTF8 was returned, and so was the report about it, for the same reason: the "
    "sender's server did not offer that either, and he heard nothing.",
    requirements=("utf8/returned", "report/arrives", "permanent/returned"),
    unseen="a report about such mail goes to a sender whose own server offers SMTPUTF8, or whose address needs "
    "none",
)
def needs_smtputf8_for_reports_about_international_mail() -> None:
    """Gives up a report about a message that needs SMTPUTF8 where the sender's server does not offer it."""
    reports: set[str] = set()

    def make(original: Any) -> Any:
        async def report(self: Any, message: Message, *others: Any) -> Any:
            made = await original(self, message, *others)
            addresses = (each.address for each in message.recipients)
            if made is not None:
                content = await self._spool.content(message.queue_id)
                if is_international(message, content) or not all(map(str.isascii, addresses)):
                    reports.add(made[0].queue_id)
            return made

        return report

    patch(Relay, "_report", make)
    _needs_smtputf8(lambda message: message.queue_id in reports)


@fault(
    kind=3,
    reference="https://github.com/grommunio/gromox/pull/275",
    reported="Every message that had been handed over with SMTPUTF8 was returned where the next server did not offer "
    "it, also those that were ASCII throughout.",
    requirements=("offers/smtputf8-if-needed",),
    unseen="nothing is handed over with SMTPUTF8 that does not need it; what a relay makes of a wish without a "
    "need RFC 6531 section 3.4 leaves open",
)
def needs_smtputf8_because_it_was_asked_for() -> None:
    """Returns a message that came with SMTPUTF8 where that is not offered, also if it is in ASCII."""
    asked: ContextVar[bool] = ContextVar("asked", default=False)
    flagged: set[str] = set()

    def handle(original: Any) -> Any:
        async def run(self: Any, server: Any, session: Any, envelope: Any) -> Any:
            asked.set(bool(envelope.smtp_utf8))
            return await original(self, server, session, envelope)

        return run

    def make(original: Any) -> Any:
        async def accept(self: Any, message: Message, content: bytes) -> None:
            if asked.get() and message.sender:
                flagged.add(message.queue_id)
            await original(self, message, content)

        return accept

    patch(SubmissionHandler, "handle_DATA", handle)
    patch(Relay, "accept", make)
    _needs_smtputf8(lambda message: message.queue_id in flagged)
