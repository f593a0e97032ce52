"""Attempts, and replies to them, of an unusual kind that the standards leave to the relay."""

from __future__ import annotations

import re
import ssl
from collections.abc import Sequence
from typing import Any

from aiosmtplib.protocol import SMTPProtocol
from mutants.patching import patch

from conformance.reference import content_reader, intake, session, transaction
from conformance.reference.dsn import header_section
from conformance.reference.envelope_syntax import BadArgument
from conformance.reference.errors import Failure
from conformance.reference.groups import GroupProtocol
from conformance.reference.message import Message, Recipient
from conformance.reference.relay import Relay
from conformance.reference.session import Session
from conformance.reference.transaction import Transaction
from foreign.change import oddity
from foreign.marker import marked

_TOO_LONG = re.compile(rb"[^\r\n]{999,}")  # octets without the line end
_LONGEST_LINE_TAKEN = 65_536
_FULL = re.compile(rb"[^\r\n]{997}(?=[^\r\n])")
_LONGEST_LOCAL_PART = 64
_MOST_HOPS = 100


def _refused(content: bytes, extensions: dict[str, str]) -> Failure | None:
    """Return why a server that offers this cannot be given such a message; None: it can."""
    limit = extensions.get("size", "")
    if limit.isdigit() and 0 < int(limit) < len(content):
        return Failure(code="552", status="5.3.4", text="Message too large for this server")
    return None


def _returned(why: Any) -> None:
    """Return a message instead of saying MAIL, for a reason that is known by then."""

    def make(original: Any) -> Any:
        async def run(
            self: Any, message: Message, content: bytes, recipients: Sequence[Recipient], hand_over: Any
        ) -> None:
            failure = why(content, self._session.extensions)
            if failure is None:
                await original(self, message, content, recipients, hand_over)
            else:
                marked(message)
                self._results.update(dict.fromkeys(recipients, failure))

        return run

    patch(Transaction, "run", make)


@oddity(
    kind=7,
    permitted="RFC 6066 section 3: a client names the server if it wants to",
    scenarios=("verified_tls", "good_under_opportunistic", "certificate_expired", "first_host_wrong_name"),
)
def names_no_server() -> None:
    """Names no server in the TLS handshake."""

    def make(original: Any) -> Any:
        async def starttls(self: Any, context: ssl.SSLContext, server_hostname: str | None) -> None:
            if server_hostname is not None:
                marked()
            await original(self, context, None)

        return starttls

    patch(Session, "starttls", make)


@oddity(
    kind=3,
    permitted="RFC 6152 section 3: content without any octet above 127 may be declared as 8BITMIME, too",
    scenarios=("plain", "eight_bit", "offers_nothing", "greeting_421", "connection_refused.expires"),
)
def declares_everything_eight_bit() -> None:
    """Says BODY=8BITMIME for every message where 8BITMIME is offered."""

    def make(original: Any) -> Any:
        def mail_command(message: Message, content: bytes, extensions: dict[str, str]) -> str:
            line: str = original(message, content, extensions)
            if " BODY=" in line or "8bitmime" not in extensions:
                return line
            marked(message)
            return f"{line} BODY=8BITMIME"

        return mail_command

    patch(transaction, "mail_command", make)


@oddity(
    kind=3,
    permitted="RFC 6531 section 3.2: what needs SMTPUTF8 and cannot have it may be returned",
    scenarios=(
        "plain",
        "eight_bit",
        "eight_bit_not_offered",
        "utf8_header_not_offered",
        "utf8_header_offered",
    ),
)
def returns_raw_utf8_in_the_header() -> None:
    """Returns a message with octets above 127 in its header where SMTPUTF8 is not offered."""

    def why(content: bytes, extensions: dict[str, str]) -> Failure | None:
        if header_section(content).isascii() or "smtputf8" in extensions:
            return None
        return Failure(code="550", status="5.6.7", text="SMTPUTF8 is required, but was not offered")

    _returned(why)


@oddity(
    kind=3,
    permitted="RFC 1870 section 3: the parameter of SIZE is the size of the largest message that the server takes",
    scenarios=("plain", "size_too_small", "offers_size_zero_under_tls", "offers_size_large", "big"),
)
def heeds_the_largest_size() -> None:
    """Returns a message that is larger than the server says it takes, without trying."""
    _returned(_refused)


@oddity(
    kind=6,
    permitted="RFC 5321 section 4.5.3.1.6 and RFC 5322 section 2.1.1: no line may be longer",
    scenarios=(
        "plain",
        "line_of_998",
        "lines_over_long",
        "leading_dots",
        "special_content_retried",
        "long_header_fields",
        "odd_fields",
    ),
)
def breaks_lines_that_may_not_be_sent() -> None:
    """Breaks lines of more than 998 octets with CRLF and a blank."""

    def make(original: Any) -> Any:
        def stuff_dots(content: bytes) -> bytes:
            broken = _TOO_LONG.sub(lambda line: _FULL.sub(rb"\g<0>\r\n ", line[0]), content)
            if broken != content:
                marked()
            return original(broken)  # type: ignore[no-any-return]

        return stuff_dots

    patch(session, "stuff_dots", make)
    content_reader._LONGEST_LINE = _LONGEST_LINE_TAKEN


@oddity(
    kind=6,
    permitted="RFC 5321 section 3.3: each RCPT names one recipient, and nothing asks for less than one copy for each",
    scenarios=(
        "plain_two_recipients",
        "one_recipient_rejected",
        "one_recipient_deferred",
        "too_many_recipients_452",
        "same_recipient_twice",
    ),
)
def sends_a_copy_for_each_mention() -> None:
    """Hands a message over once for each time that an address is named."""

    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Message, route: Any, recipients: Sequence[Recipient]) -> Any:
            rounds: list[dict[str, Recipient]] = []
            for recipient in recipients:
                free = next((each for each in rounds if recipient.address not in each), None)
                if free is None:
                    rounds.append(free := {})
                free[recipient.address] = recipient
            results: dict[Recipient, Any] = {}
            if len(rounds) > 1:
                marked(message)
            for each in rounds:
                results |= await original(self, message, route, [*each.values()])
            return results

        return deliver

    patch(Relay, "_deliver", make)


@oddity(
    kind=6,
    permitted="RFC 5321 section 6.3: how and where a loop is detected is free",
    scenarios=(
        "plain",
        "greeting_421",
        "rejected_at_rcpt",
        "passed_99_hosts",
        "passed_300_hosts",
        "goes_around",
    ),
)
def looks_for_loops_when_it_sends() -> None:
    """Takes a message with a hundred Received fields, and returns it when it would be sent."""
    count = intake.count_received
    patch(intake, "count_received", lambda original: lambda content: 0)

    def why(content: bytes, extensions: dict[str, str]) -> Failure | None:
        if count(content) <= _MOST_HOPS:
            return None
        return Failure(code="554", status="5.4.6", text="Too many hops")

    _returned(why)


@oddity(
    kind=6,
    permitted="RFC 5321 section 4.5.3.1.1: a local part has at most 64 octets",
    scenarios=("plain", "path_of_256", "mixed_case", "refused_longest", "atoms_of_all_signs"),
)
def refuses_longer_local_parts() -> None:
    """Refuses an address whose local part is longer than 64 octets."""

    def make(original: Any) -> Any:
        def parse_path(argument: str, *, null_allowed: bool) -> tuple[str, str]:
            address, rest = original(argument, null_allowed=null_allowed)
            if len(address.rpartition("@")[0]) > _LONGEST_LOCAL_PART:
                marked(address)
                raise BadArgument("553 5.1.3 Local part too long")
            return address, rest

        return parse_path

    patch(intake, "parse_path", make)


@oddity(
    kind=3,
    permitted="RFC 5321 section 2.4: commands may be written in any case",
    scenarios=("plain", "good_under_encryption_only", "close_at_mail", "rejected_at_rcpt", "stall_at_data"),
)
def writes_commands_in_small_letters() -> None:
    """Writes its commands in small letters."""

    def one(original: Any) -> Any:
        async def execute_command(self: Any, command: bytes, **more: Any) -> Any:
            return await original(self, _in_small_letters(command.decode("ascii")).encode("ascii"), **more)

        return execute_command

    def several(original: Any) -> Any:
        def write_group(self: Any, lines: list[str]) -> None:
            marked()
            original(self, [_in_small_letters(line) for line in lines])

        return write_group

    patch(SMTPProtocol, "execute_command", one)
    patch(GroupProtocol, "write_group", several)


def _in_small_letters(line: str) -> str:
    return re.sub(r"^(?:MAIL FROM:|RCPT TO:|[A-Z]+)", lambda found: found[0].lower(), line)


@oddity(
    kind=3,
    permitted="RFC 5321 section 4.1.1.1: EHLO may give an address literal",
    scenarios=("plain", "verified_tls", "greeting_421", "mx_relay_in_list", "reply_421_at_ehlo"),
)
def introduces_itself_by_its_address() -> None:
    """Says EHLO with an address literal."""

    def make(original: Any) -> Any:
        async def ehlo(self: Any, hostname: str) -> None:
            marked()
            address = self._transport.get_extra_info("sockname")[0]
            await original(self, f"[IPv6:{address}]" if ":" in address else f"[{address}]")

        return ehlo

    patch(Session, "ehlo", make)


@oddity(
    kind=3,
    permitted="RFC 5321 section 4.1.4: EHLO may be said again in a session",
    scenarios=(
        "plain",
        "verified_tls",
        "tls_not_offered",
        "extensions_shrink_under_tls",
        "reply_421_at_ehlo",
    ),
)
def says_ehlo_twice() -> None:
    """Says EHLO twice, in clear and under TLS."""

    def make(original: Any) -> Any:
        async def ehlo(self: Any, hostname: str) -> None:
            await original(self, hostname)
            marked()
            await original(self, hostname)

        return ehlo

    patch(Session, "ehlo", make)
