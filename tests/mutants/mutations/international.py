"""Internationalized mail (RFC 6531): sent to whom it must not, lost, or made another."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from email.header import Header
from typing import Any

from conformance.reference import dsn, routing, transaction
from conformance.reference.errors import Failure
from conformance.reference.resolver import Resolver
from conformance.reference.transaction import Delivered, Transaction
from mutants.mutant import deviates, fails, mutation
from mutants.patching import patch
from mutants.reporting import rewritten

_OFFERED = ("utf8_header_offered", "utf8_address_offered")
_NOT_OFFERED = ("utf8_header_not_offered", "utf8_address_not_offered")
_BY_THE_SECOND = ("utf8_header_offered_by_the_second", "utf8_address_offered_by_the_second")
_ALL = (*_OFFERED, *_NOT_OFFERED, *_BY_THE_SECOND)
_SENDERS = ("utf8_sender_offered", "utf8_sender_not_offered", "utf8_sender_offered_by_the_second")
_DOMAINS = ("idn_offered", "idn_not_offered")


@mutation(
    scenarios=(*_ALL, "plain"),
    caught=(
        fails("sends_international", "offers/smtputf8", _NOT_OFFERED[0], _BY_THE_SECOND[0]),
        fails(
            *("sends_international", "offers/smtputf8", _NOT_OFFERED[1], _BY_THE_SECOND[1]),
            besides=("utf8/returned",),
        ),
    ),
)
def sends_utf8_to_everybody() -> None:
    """Sends internationalized mail to whoever takes it."""
    patch(transaction, "takes_utf8", lambda _: lambda *_: True)


@mutation(
    scenarios=(*_ALL, *_DOMAINS, "plain_mx"),
    caught=(fails("sends_international", "offers/smtputf8", _DOMAINS[1], besides=("utf8/returned",)),),
)
def sends_u_labels_to_everybody() -> None:
    """Sends a recipient of whom only the domain is beyond ASCII to whoever takes it."""

    def make(original: Any) -> Any:
        def takes_utf8(message: Any, content: bytes, recipient: Any, extensions: Any) -> bool:
            local = recipient.address.rpartition("@")[0]
            ascii_only = local.isascii() and not transaction.is_international(message, content)
            return ascii_only or bool(original(message, content, recipient, extensions))

        return takes_utf8

    patch(transaction, "takes_utf8", make)


@mutation(
    scenarios=(*_NOT_OFFERED, "refused_plus"),
    caught=(fails("sends_international", "ndr/types", _NOT_OFFERED[1]),),
)
def names_who_is_beyond_ascii_without_a_type() -> None:
    """Names a recipient beyond ASCII without the type that says how to read the address."""
    rewritten(lambda report: re.sub(rb"(?m)^Final-Recipient: utf-8;", b"Final-Recipient: ", report))


@mutation(
    scenarios=(*_DOMAINS, "plain_mx"),
    caught=(
        fails("sends_international", "content/delivered", _DOMAINS[0]),
        deviates("sends_international", "utf8/returned", _DOMAINS[1]),
    ),
)
def looks_u_labels_up_as_they_are() -> None:
    """Asks DNS for a domain in the octets in which it is written, which nobody has."""
    patch(routing, "domain_of", lambda _: lambda address: address.rpartition("@")[2].lower())

    def make(original: Any) -> Any:
        async def ask(self: Any, name: str, rdtype: str) -> Any:
            octets = name.encode("utf-8").decode("latin-1")
            escaped = "".join(each if each.isascii() else f"\\{ord(each):03}" for each in octets)
            return await original(self, escaped, rdtype)

        return ask

    patch(Resolver, "_ask", make)


@mutation(scenarios=(*_DOMAINS, "plain_mx"))
def writes_a_labels_to_who_takes_no_others() -> None:
    """Writes a domain in its ASCII form where SMTPUTF8 is not offered, and so returns nothing for it."""
    _writes_a_labels(lambda extensions: "smtputf8" not in extensions)


@mutation(scenarios=(*_DOMAINS, "plain_mx"))
def writes_a_labels_to_everybody() -> None:
    """Writes a domain in its ASCII form whatever is offered, also in its reports."""
    _writes_a_labels(lambda _: True)


def _writes_a_labels(where: Callable[[Any], bool]) -> None:
    def make(original: Any) -> Any:
        async def run(self: Any, message: Any, content: bytes, recipients: Any, *others: Any) -> None:
            for each in recipients:
                if where(self._session.extensions):
                    local, _, domain = each.address.rpartition("@")
                    each.address = f"{local}@{domain.encode('idna').decode('ascii')}"
            await original(self, message, content, recipients, *others)

        return run

    patch(Transaction, "run", make)


@mutation(
    scenarios=(*_ALL, "plain"),
    caught=(
        fails(
            "sends_international", "content/delivered", *_NOT_OFFERED, _BY_THE_SECOND[0], _BY_THE_SECOND[1]
        ),
    ),
)
def drops_what_is_international() -> None:
    """Takes what it cannot send for delivered."""

    def make(original: Any) -> Any:
        async def run(self: Any, message: Any, content: bytes, recipients: Any, hand_over: Any) -> None:
            await original(self, message, content, recipients, hand_over)
            for who, result in list(self._results.items()):
                if isinstance(result, Failure) and result.status in ("5.6.7", "5.6.9"):
                    self._results[who] = Delivered(self._server, "250 2.0.0 OK")

        return run

    patch(Transaction, "run", make)


@mutation(
    scenarios=(*_ALL, "plain"),
    caught=(
        deviates("sends_international", "utf8/not-rewritten", "utf8_header_not_offered", _BY_THE_SECOND[0]),
    ),
)
def encodes_a_header() -> None:
    """Encodes a field that is UTF-8 as an encoded word where SMTPUTF8 is not offered."""

    def make(original: Any) -> Any:
        async def run(self: Any, message: Any, content: bytes, recipients: Any, hand_over: Any) -> None:
            head, end, body = content.partition(b"\r\n\r\n")
            if "smtputf8" not in self._session.extensions and not head.isascii():
                content = b"\r\n".join(map(_encoded, head.split(b"\r\n"))) + end + body
            await original(self, message, content, recipients, hand_over)

        return run

    patch(Transaction, "run", make)


@mutation(
    scenarios=(*_SENDERS, "plain"),
    caught=(deviates("sends_international", "utf8/not-rewritten", *_SENDERS[1:]),),
)
def encodes_the_local_part_of_a_sender() -> None:
    """Writes the local part of a sender as if it were a label of a domain where SMTPUTF8 is not offered."""

    def make(original: Any) -> Any:
        async def run(self: Any, message: Any, content: bytes, recipients: Any, hand_over: Any) -> None:
            if "smtputf8" not in self._session.extensions:
                local, at, domain = message.sender.rpartition("@")
                message = replace(message, sender=local.encode("idna").decode("ascii") + at + domain)
            await original(self, message, content, recipients, hand_over)

        return run

    patch(Transaction, "run", make)


def _encoded(line: bytes) -> bytes:
    name, _, value = line.partition(b": ")
    return line if line.isascii() else name + b": " + Header(value.decode(), "utf-8").encode().encode("ascii")


@mutation(
    scenarios=(*_ALL, "plain"),
    caught=(fails("sends_international", "offers/smtputf8-declared", "utf8_header_offered"),),
)
def declares_addresses_alone() -> None:
    """Says SMTPUTF8 where an address is beyond ASCII, and not where the header is."""

    def make(original: Any) -> Any:
        def mail_command(message: Any, content: bytes, extensions: dict[str, str]) -> str:
            command = str(original(message, content, extensions))
            addresses = [message.sender, *(each.address for each in message.recipients)]
            return command.removesuffix(" SMTPUTF8") if all(map(str.isascii, addresses)) else command

        return mail_command

    patch(transaction, "mail_command", make)


@mutation(
    scenarios=(*_ALL, "plain"),
    caught=(fails("sends_international", "content/unaltered", "utf8_header_offered"),),
)
def strips_what_is_beyond_ascii() -> None:
    """Puts a question mark in the place of each octet above 127."""

    def make(original: Any) -> Any:
        async def send_body(self: Any, content: bytes) -> Any:
            return await original(self, bytes(octet if octet < 128 else 63 for octet in content))

        return send_body

    patch(transaction.Session, "send_body", make)


@mutation(
    scenarios=(*_ALL, "plain"),
    caught=(fails("sends_international", "content/delivered", "utf8_address_offered"),),
)
def returns_whatever_has_an_address_beyond_ascii() -> None:
    """Returns a message to an address beyond ASCII, whoever offers to take it."""

    def make(original: Any) -> Any:
        def takes_utf8(message: Any, content: bytes, recipient: Any, extensions: Any) -> bool:
            return recipient.address.isascii() and bool(original(message, content, recipient, extensions))

        return takes_utf8

    patch(transaction, "takes_utf8", make)


@mutation(
    scenarios=(*_ALL, "plain"),
    caught=(
        fails(
            "sends_international",
            "ndr/fields",
            "utf8_address_not_offered",
            "utf8_address_offered_by_the_second",
        ),
    ),
)
def misspells_who_failed() -> None:
    """Spells what is beyond ASCII in Final-Recipient by the number of the letter behind it."""

    def make(original: Any) -> Any:
        def final_recipient(recipient: Any) -> str:
            found: str = original(recipient)
            return re.sub(r"\\x\{(\w+)\}", lambda it: f"\\x{{{int(it[1], 16) + 1:X}}}", found)

        return final_recipient

    patch(dsn, "final_recipient", make)


@mutation(scenarios=(*_ALL, _DOMAINS[1], "refused_idn", "plain"))
def names_who_failed_in_utf8() -> None:
    """Writes message/global-delivery-status, with addresses in UTF-8, domains included."""

    def change(report: bytes) -> bytes:
        report = report.replace(b"message/delivery-status", b"message/global-delivery-status", 1)
        return re.sub(rb"(?m)^Final-Recipient: .*$", lambda it: _in_utf8(it[0]), report)

    rewritten(change)


def _in_utf8(field: bytes) -> bytes:
    address = field.decode("ascii").partition(";")[2].strip()
    local, _, domain = re.sub(r"\\x\{(\w+)\}", lambda it: chr(int(it[1], 16)), address).partition("@")
    return f"Final-Recipient: utf-8; {local}@{domain.encode('idna').decode('idna')}".encode() + b"\r"


@mutation(scenarios=(*_ALL, _DOMAINS[1], "refused_idn", "plain"))
def names_who_failed_by_numbers() -> None:
    """Spells each letter of who failed by its number, those of ASCII too, and has a comment behind it."""

    def make(original: Any) -> Any:
        def final_recipient(recipient: Any) -> str:
            local, _, domain = recipient.address.partition("@")
            address = f"{local}@{domain.encode('idna').decode('idna')}"
            numbers = "".join(f"\\x{{{ord(each):x}}}" for each in address)
            return f"utf-8; {numbers} (as it was given)"

        return final_recipient

    patch(dsn, "final_recipient", make)


@mutation(scenarios=(*_ALL, _DOMAINS[1], "refused_idn", "plain"))
def names_who_failed_in_xtext() -> None:
    """Spells who failed as ORCPT does in ASCII, octet for octet, which RFC 6533 does not have for reports."""

    def make(original: Any) -> Any:
        def final_recipient(recipient: Any) -> str:
            if recipient.address.isascii():
                return str(original(recipient))
            octets = recipient.address.encode()
            return "utf-8;" + "".join(chr(each) if each < 128 else f"+{each:02X}" for each in octets)

        return final_recipient

    patch(dsn, "final_recipient", make)


@mutation(scenarios=(*_ALL, "plain"))
def looks_for_a_server_that_offers_utf8() -> None:
    """Tries the next server where one does not offer SMTPUTF8, and returns the message if none does."""

    def make(original: Any) -> Any:
        def unfinished(recipients: Any, results: Any) -> Any:
            waiting = original(recipients, results)
            refused = [each for each in recipients if _is_refused(results.get(each))]
            return [each for each in recipients if each in waiting or each in refused]

        return unfinished

    from conformance.reference import delivery

    patch(delivery, "unfinished", make)


def _is_refused(result: Any) -> bool:
    return isinstance(result, Failure) and result.status in ("5.6.7", "5.6.9")
