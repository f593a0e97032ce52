"""Envelopes and contents that are not ordinary, and what a relay spoils of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.reference import intake, session, transaction
from conformance.reference.errors import Failure
from conformance.reference.message import Message, Recipient
from conformance.reference.relay import Relay
from mutants.mutant import deviates, fails, mutation
from mutants.patching import patch
from mutants.shared import altered

_ALTERED = "content/unaltered"


def _addressed(change: Callable[[str], str]) -> None:
    """Hand messages over to other addresses."""

    def make(original: Any) -> Any:
        def rcpt(recipient: Recipient, extensions: dict[str, str]) -> str:
            line: str = original(recipient, extensions)
            return line.replace(f"<{recipient.address}>", f"<{change(recipient.address)}>")

        return rcpt

    patch(transaction, "rcpt_command", make)


def _accepted(change: Callable[[Message, bytes], tuple[Message, bytes] | None]) -> None:
    """Keep something else than was taken; None: nothing."""

    def make(original: Any) -> Any:
        async def accept(self: Any, message: Message, content: bytes) -> None:
            kept = change(message, content)
            if kept is not None:
                await original(self, *kept)

        return accept

    patch(Relay, "accept", make)


@mutation(
    scenarios=("quoted_local_part", "atoms_of_all_signs"),
    caught=(fails("carries", _ALTERED, "quoted_local_part"),),
)
def writes_quoted_blanks_as_dots() -> None:
    """Writes the blanks of a quoted local part as dots."""
    _addressed(lambda address: address.replace(" ", "."))


@mutation(
    scenarios=("quoted_local_part", "atoms_of_all_signs"),
    caught=(fails("carries", _ALTERED, "atoms_of_all_signs"),),
)
def strips_what_follows_a_plus() -> None:
    """Takes what follows a plus sign in a local part for a detail of its own, and leaves it out."""
    _addressed(lambda address: re.sub(r"\+[^@]*@", "@", address))


@mutation(
    scenarios=("quoted_local_part", "atoms_of_all_signs"),
    caught=(fails("carries", _ALTERED, "quoted_local_part", besides=("content/delivered",)),),
)
def leaves_quotes_out() -> None:
    """Leaves the quotes of a local part out."""
    _addressed(lambda address: address.replace('"', ""))


@mutation(
    scenarios=("quoted_local_part", "atoms_of_all_signs"),
    caught=(deviates("carries", "content/form", "atoms_of_all_signs"),),
)
def quotes_what_needs_no_quotes() -> None:
    """Quotes a local part for an apostrophe, which needs no quotes."""
    _addressed(lambda address: re.sub(r"^([^\"]*'[^\"]*)@", r'"\1"@', address))


@mutation(
    scenarios=("dots_everywhere", "leading_dots"), caught=(fails("carries", _ALTERED, "dots_everywhere"),)
)
def takes_buffers_for_lines() -> None:
    """Takes the beginning of each of its buffers of 4,096 octets for that of a line, and doubles a dot there."""
    patch(
        session,
        "stuff_dots",
        lambda original: (
            lambda content: b"".join(original(content[at : at + 4096]) for at in range(0, len(content), 4096))
        ),
    )


@mutation(
    scenarios=("blind_copy_field", "names_in_fields"),
    caught=(deviates("carries", "content/form", "blind_copy_field"),),
)
def takes_out_the_blind_copies() -> None:
    """Takes the Bcc field out of a header."""
    altered(lambda _: True, lambda content: re.sub(rb"(?m)^Bcc: [^\r]*\r\n", b"", content))


@mutation(
    scenarios=("blind_copy_field", "names_in_fields"),
    caught=(fails("carries", _ALTERED, "names_in_fields"),),
)
def quotes_names() -> None:
    """Puts the names in a header in quotes."""
    altered(lambda _: True, lambda content: content.replace(b"Pat O'Neil", b'"Pat O\'Neil"'))


@mutation(scenarios=("idn_domain", "mixed_case"), caught=(fails("carries", _ALTERED, "idn_domain"),))
def cuts_prefixes_of_domains() -> None:
    """Takes the prefix of an internationalized label off a domain."""
    _addressed(lambda address: address.replace("@xn--", "@"))


@mutation(
    scenarios=("null_reverse_path", "mixed_case"), caught=(fails("carries", _ALTERED, "null_reverse_path"),)
)
def gives_notifications_a_reverse_path() -> None:
    """Hands messages with the null reverse-path over as its own postmaster's."""
    patch(
        transaction,
        "mail_command",
        lambda original: lambda *args: original(*args).replace("<>", "<postmaster@relay.test>"),
    )


@mutation(
    scenarios=("same_recipient_twice", "mixed_case"),
    caught=(fails("carries", "recipients/same-twice", "same_recipient_twice"),),
)
def drops_who_is_there_twice() -> None:
    """Drops both where a recipient is given twice."""

    def change(message: Message, content: bytes) -> tuple[Message, bytes] | None:
        once = [
            each
            for each in message.recipients
            if sum(other.address == each.address for other in message.recipients) == 1
        ]
        message.recipients[:] = once
        return (message, content) if once else None

    _accepted(change)


@mutation(
    scenarios=("parts_and_boundaries", "many_fields"),
    caught=(fails("carries", _ALTERED, "parts_and_boundaries"),),
)
def ends_with_the_last_boundary() -> None:
    """Leaves out what follows the last boundary of a message."""
    altered(
        lambda _: True, lambda content: re.sub(rb"(\r\n--=_outer--\r\n).*", rb"\1", content, flags=re.DOTALL)
    )


@mutation(
    scenarios=("parts_and_boundaries", "many_fields"),
    caught=(fails("carries", _ALTERED, "many_fields"),),
)
def has_room_for_a_hundred_fields() -> None:
    """Keeps the first hundred fields of a header."""

    def change(content: bytes) -> bytes:
        head, end, body = content.partition(b"\r\n\r\n")
        return b"\r\n".join(re.split(rb"\r\n(?![ \t])", head)[:100]) + end + body

    altered(lambda _: True, change)


@mutation(
    scenarios=("control_characters", "many_fields"),
    caught=(fails("carries", _ALTERED, "control_characters"),),
)
def ends_lines_the_way_of_its_library() -> None:
    """Ends lines where a library does that knows more line ends than CRLF."""

    def change(content: bytes) -> bytes:
        return "".join(f"{line}\r\n" for line in content.decode("latin-1").splitlines()).encode("latin-1")

    altered(lambda _: True, change)


@mutation(scenarios=("odd_fields", "many_fields"), caught=(fails("carries", _ALTERED, "odd_fields"),))
def drops_empty_fields() -> None:
    """Drops a field without a value."""
    altered(lambda _: True, lambda content: content.replace(b"X-Empty:\r\n", b""))


@mutation(scenarios=("big", "many_fields"), caught=(fails("carries", _ALTERED, "big"),))
def has_room_for_a_million_octets() -> None:
    """Keeps the first million octets of a message, as far as the last line end."""

    def change(content: bytes) -> bytes:
        kept = content[:1_000_000]
        return content if kept == content else kept.rpartition(b"\r\n")[0] + b"\r\n"

    altered(lambda _: True, change)


@mutation(scenarios=("nul_in_text", "many_fields"), caught=(fails("carries", "content/nul", "nul_in_text"),))
def loses_messages_with_nul() -> None:
    """Forgets a message with a NUL in it."""
    _accepted(lambda message, content: None if b"\0" in content else (message, content))


@mutation(scenarios=("nul_in_text", "many_fields"), caught=(fails("carries", "content/nul", "nul_in_text"),))
def takes_nul_for_the_end() -> None:
    """Takes a NUL for the end of a message."""
    altered(lambda _: True, lambda content: content.partition(b"\0")[0] + b"\r\n" * (b"\0" in content))


def _counted(most: int, then: Callable[[Any, Message], Any]) -> None:
    """Take messages however many hosts they have passed, and do something with those that have passed too many."""

    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Message, route: Any, recipients: Any) -> Any:
            hops = intake.count_received(await self._spool.content(message.queue_id))
            if message.sender and hops > most:
                return then(self, message)
            return await original(self, message, route, recipients)

        return deliver

    patch(intake, "_MOST_RECEIVED_FIELDS", lambda _: 1_000_000)
    patch(Relay, "_deliver", make)


_LOOP = Failure(code="554", status="5.4.6", text="Too many hops")


@mutation(
    scenarios=("passed_99_hosts", "passed_300_hosts", "goes_around"),
    caught=(deviates("carries", "loops/threshold", "passed_99_hosts"),),
)
def returns_what_passed_25_hosts() -> None:
    """Takes, and returns, what has passed more than 25 hosts."""
    _counted(25, lambda _, message: dict.fromkeys(message.recipients, _LOOP))


@mutation(
    scenarios=("passed_99_hosts", "passed_300_hosts", "goes_around"),
    caught=(
        deviates("ends_loop", "loops/counted", "passed_300_hosts"),
        fails("ends_loop", "loops/detected", "goes_around"),
    ),
)
def counts_no_hosts() -> None:
    """Hands on what has passed any number of hosts."""
    _counted(1_000_000, lambda *_: None)


@mutation(
    scenarios=("passed_99_hosts", "passed_300_hosts", "goes_around"),
    caught=(fails("ends_loop", "loops/told", "passed_300_hosts", "goes_around"),),
)
def ends_loops_in_silence() -> None:
    """Takes what has passed more than a hundred hosts, and tells nobody that it goes no further."""

    def then(_: Any, message: Message) -> Any:
        for each in message.recipients:
            each.notify = "NEVER"
        return dict.fromkeys(message.recipients, replace(_LOOP))

    _counted(100, then)


@mutation(
    scenarios=("one_recipient_named", "plain_two_recipients", "plain"),
    caught=(fails("delivered", "control/delivered", "one_recipient_named"),),
)
def asks_the_header_who_is_to_get_it() -> None:
    """Forgets those recipients who are not named in the header, where another one is."""

    def change(message: Message, content: bytes) -> tuple[Message, bytes]:
        header = content.partition(b"\r\n\r\n")[0].decode("utf-8", "replace").lower()
        named = [each for each in message.recipients if each.address.lower() in header]
        return replace(message, recipients=named or message.recipients), content

    _accepted(change)
