"""Unusual ways to ask, to speak and to report, further ones that no RFC forbids."""

from __future__ import annotations

import asyncio
import functools
import random
import re
from collections.abc import Sequence
from typing import Any

import dns.message
import dns.name
from aiosmtplib.protocol import SMTPProtocol
from mutants.patching import patch

from conformance.reference import dsn, transaction
from conformance.reference.classify import Stage
from conformance.reference.delivery import Delivery, is_tls_trouble
from conformance.reference.dsn import dsn_status, final_recipient, report_of, returned_part
from conformance.reference.errors import SessionFailed
from conformance.reference.message import Message, Recipient
from conformance.reference.relay import Relay
from conformance.reference.resolver import Resolver
from conformance.reference.transaction import Transaction
from foreign.altering import alter_reports
from foreign.change import oddity
from foreign.marker import in_hand, marked

_ORDINARY = ("plain", "connection_refused", "rejected_at_rcpt")
_REPORTS = ("rejected_at_rcpt", "connection_refused.expires", "rejected_at_dot")


@oddity(
    kind=1,
    permitted="RFC 4343 section 3: the case of letters in a name that is asked for is of no account",
    scenarios=(*_ORDINARY, "mx_preference", "mx_best_nxdomain", "first_host_nxdomain"),
)
def asks_for_names_in_mixed_case() -> None:
    """Writes each letter of a name that it looks up large or small at random, against forged answers."""

    def make(original: Any) -> Any:
        async def exchange(self: Any, name: dns.name.Name, rdtype: Any) -> Any:
            marked(name.to_text(omit_final_dot=True))
            mixed = "".join(random.choice((each.lower(), each.upper())) for each in name.to_text())
            return await original(self, dns.name.from_text(mixed), rdtype)

        return exchange

    patch(Resolver, "_exchange", make)


@oddity(
    kind=1,
    permitted="RFC 6891 section 6: a resolver may say in an OPT record how large a datagram it takes",
    scenarios=(*_ORDINARY, "mx_preference", "mx_best_nxdomain", "first_host_nxdomain"),
)
def says_how_large_a_datagram_it_takes() -> None:
    """Asks its name server with EDNS, and takes datagrams of up to 1232 octets."""

    def make(original: Any) -> Any:
        @functools.wraps(original)
        def make_query(name: Any, *others: Any) -> Any:
            marked(name.to_text(omit_final_dot=True))
            return original(name, *others, use_edns=0, payload=1232)

        return make_query

    patch(dns.message, "make_query", make)


@oddity(
    kind=3,
    permitted="RFC 9293 section 3.8: TCP carries octets, and where one segment ends means nothing to who reads them",
    scenarios=(*_ORDINARY, "rejected_at_dot"),
)
def sends_its_commands_in_pieces() -> None:
    """Hands its commands to the network three octets at a time."""

    def make(original: Any) -> Any:
        def write(self: Any, data: bytes) -> None:
            if in_hand() is not None:
                marked()
            for start in range(0, len(data), 3):
                original(self, data[start : start + 3])

        return write

    patch(SMTPProtocol, "write", make)


@oddity(
    kind=3,
    permitted="RFC 5321 section 4.1.4: HELP may be said at any time during a session",
    scenarios=_ORDINARY,
)
def asks_for_help_before_mail() -> None:
    """Says HELP before MAIL, and takes no notice of what it is told."""

    def make(original: Any) -> Any:
        async def run(self: Any, message: Message, *others: Any) -> None:
            marked(message)
            await self._session.command(Stage.MAIL, "HELP")
            await original(self, message, *others)

        return run

    patch(Transaction, "run", make)


@oddity(
    kind=6,
    permitted="RFC 5321 section 2.4: the case of letters in a domain is of no account",
    scenarios=(*_ORDINARY, "one_recipient_rejected", "mix_accepted_refused_deferred"),
)
def writes_domains_in_capitals() -> None:
    """Writes the domain of each recipient in capitals."""

    def make(original: Any) -> Any:
        def rcpt_command(recipient: Recipient, extensions: Any) -> str:
            line: str = original(recipient, extensions)
            _, at, domain = recipient.address.rpartition("@")
            if domain.startswith("[") or not domain.isascii():
                return line
            marked(recipient)
            return line.replace(f"{at}{domain}>", f"{at}{domain.upper()}>", 1)

        return rcpt_command

    patch(transaction, "rcpt_command", make)


@oddity(
    kind=7,
    permitted="RFC 7435 section 3: under opportunistic security clear text is better than no mail",
    scenarios=(
        "broken_handshake_under_opportunistic",
        "starttls_454_under_opportunistic",
        "tls_1_0_under_opportunistic",
    ),
)
def remembers_whose_handshake_failed() -> None:
    """Speaks in clear from the beginning with a server whose handshake has failed once, where TLS is not required."""
    failed: set[str] = set()

    def make(original: Any) -> Any:
        async def prepare(self: Any, host: str, address: str, *, try_tls: bool) -> Any:
            if try_tls and address in failed and not self._route.tls.required:
                marked()
                try_tls = False
            try:
                return await original(self, host, address, try_tls=try_tls)
            except SessionFailed as error:
                if is_tls_trouble(error):
                    failed.add(address)
                raise

        return prepare

    patch(Delivery, "_prepare", make)


@oddity(
    kind=5,
    permitted="RFC 3461 section 4.3: without RET how much is returned is the reporter's choice",
    scenarios=_REPORTS,
)
def returns_the_header_alone() -> None:
    """Gives the header alone back where the sender did not say what he wants."""

    def make(original: Any) -> Any:
        def returned(message: Message, content: bytes) -> Any:
            if message.ret:
                return original(message, content)
            marked(message)
            header = dsn._in_ascii(dsn.header_section(content)).encode("ascii")
            return "text/rfc822-headers", header

        return returned

    patch(dsn, returned_part.__name__, make)


@oddity(
    kind=5,
    permitted="RFC 5322 section 1.2.2: the case of letters in the name of a field is of no account",
    scenarios=_REPORTS,
)
def writes_the_names_of_fields_in_small_letters() -> None:
    """Writes the names of all fields of its reports in small letters."""
    name = re.compile(rb"^[A-Z][A-Za-z-]*(?=:)", re.MULTILINE)

    def change(report: bytes, _message: Message, _failures: Any) -> bytes:
        head, empty, rest = report.partition(b"\r\n\r\n")
        people, found, machine = rest.partition(b"\r\nContent-Type: message/delivery-status")
        fields, boundary, returned = machine.partition(b"\r\n--")

        def small(text: bytes) -> bytes:
            return name.sub(lambda each: each[0].lower(), text)

        return small(head) + empty + people + found + small(fields) + boundary + returned

    alter_reports(change)


@oddity(
    kind=5,
    permitted="RFC 3461 section 5.2.5: where NOTIFY does not say otherwise a delay may be reported",
    scenarios=("connection_refused", "greeting_421", "connection_refused.expires", "one_recipient_rejected"),
)
def reports_the_first_delay() -> None:
    """Tells the sender after the first failure that the message waits, unless NOTIFY says otherwise."""
    chores: set[Any] = set()

    def make(original: Any) -> Any:
        def defer(self: Any, message: Message, now: float, recipients: Sequence[Recipient]) -> None:
            original(self, message, now, recipients)
            told = [
                each
                for each in recipients
                if each.attempts == 1 and (not each.notify or "DELAY" in each.notify.split(","))
            ]
            if told and message.sender:
                marked(message)
                chore = asyncio.ensure_future(_tell(self, message, now, told))
                chores.add(chore)
                chore.add_done_callback(chores.discard)

        return defer

    patch(Relay, "_defer", make)


async def _tell(relay: Any, message: Message, now: float, told: Sequence[Recipient]) -> None:
    fields: list[str] = []
    for each in told:
        assert each.failure is not None
        fields += [
            "",
            f"Final-Recipient: {final_recipient(each)}",
            "Action: delayed",
            f"Status: 4{dsn_status(each.failure)[1:]}",
        ]
    people = [
        "Your message waits to be delivered, and is tried again:",
        *(f"  {each.address}" for each in told),
    ]
    content = await relay._spool.content(message.queue_id)
    hostname = relay._config.hostname
    report = report_of(message, content, "Delayed", people, fields, hostname=hostname, at=now)
    back = Recipient(number=0, address=message.sender, next_retry=now)
    await relay.accept(Message(sender="", accepted_at=now, recipients=[back]), report)
