"""Content that is altered, cut, split or refused: what is special about a message is more than a relay can carry."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from conformance.reference import session, transaction
from conformance.reference.errors import Failure
from conformance.reference.intake import SubmissionHandler
from conformance.reference.message import Message, Recipient
from conformance.reference.session import Session
from conformance.reference.transaction import Transaction
from mutants.mutant import deviates, fails, hence, mutation
from mutants.patching import patch
from mutants.selection import Names, modes
from mutants.shared import altered, one_at_a_time

_UNALTERED = "content/unaltered"

_SPECIAL = modes(
    lambda mode: mode.kind == "content" and mode.section in ("content", "content-size") and not mode.lab
)
_EVERYTHING: Names = ("plain", "verified_tls", "greeting_421", _SPECIAL)


def _always(_: Sequence[Recipient]) -> bool:
    return True


def _each_line(change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    def changed(content: bytes) -> bytes:
        head, end, body = content.partition(b"\r\n\r\n")
        return head + end + b"\r\n".join(map(change, body.split(b"\r\n")))

    return changed


def _fold(blank: bytes) -> Callable[[bytes], bytes]:
    """Fold every header field of more than 66 octets at its last blank before, and write something in its place."""

    def folded(line: bytes) -> bytes:
        at = line.rfind(b" ", 1, 66)
        return line if len(line) <= 66 or at <= 0 else line[:at] + b"\r\n" + blank + folded(line[at + 1 :])

    def change(content: bytes) -> bytes:
        head, end, body = content.partition(b"\r\n\r\n")
        return b"\r\n".join(map(folded, head.split(b"\r\n"))) + end + body

    return change


@mutation(
    scenarios=_EVERYTHING, caught=(deviates("carries", "content/form", "long_header_fields", "many_fields"),)
)
def folds_long_header_fields() -> None:
    """Folds header fields of more than 66 octets."""
    altered(_always, _fold(b" "))


@mutation(
    scenarios=_EVERYTHING, caught=(deviates("carries", "content/form", "long_header_fields", "many_fields"),)
)
def folds_with_tabs() -> None:
    """Folds header fields of more than 66 octets with a tab in the place of the blank."""
    altered(_always, _fold(b"\t"))


@mutation(
    scenarios=_EVERYTHING, caught=(deviates("carries", "content/form", "long_header_fields", "many_fields"),)
)
def unfolds_header_fields() -> None:
    """Puts folded header fields into one line."""

    def unfold(content: bytes) -> bytes:
        head, end, body = content.partition(b"\r\n\r\n")
        return re.sub(rb"\r\n[ \t]+", b" ", head) + end + body

    altered(_always, unfold)


@mutation(
    scenarios=_EVERYTHING,
    caught=(fails("carries", _UNALTERED, "trailing_blanks"),),
)
def strips_trailing_blanks() -> None:
    """Strips blanks and tabs from the ends of all lines, of every message."""
    altered(_always, _each_line(lambda line: line.rstrip(b" \t")))


@mutation(scenarios=_EVERYTHING, caught=(fails("carries", _UNALTERED, "from_lines"),))
def quotes_from_lines() -> None:
    """Puts a > before From at the beginning of lines, as a mailbox file wants it."""
    altered(_always, _each_line(lambda line: b">" + line if line.startswith(b"From ") else line))


@mutation(scenarios=_EVERYTHING, caught=(fails("carries", _UNALTERED, "leading_dots"),))
def doubles_dots_twice() -> None:
    """Doubles leading dots before the message is queued, and again when it is sent."""
    patch(session, "stuff_dots", lambda original: lambda content: original(original(content)))


@mutation(scenarios=("plain", "leading_dots", "from_lines"), caught=(deviates("carries", "content/dots"),))
def puts_a_dot_before_the_first_line() -> None:
    """Puts a dot before the first line, whatever that begins with."""
    patch(session, "stuff_dots", lambda original: lambda content: b"." + original(content))


@mutation(
    scenarios=("plain", "leading_dots", "from_lines"),
    caught=(fails("carries", _UNALTERED, "leading_dots"),),
)
def drops_leading_dots() -> None:
    """Takes a dot away from each line that begins with one."""
    altered(_always, _each_line(lambda line: line.removeprefix(b".")))


@mutation(scenarios=_EVERYTHING, caught=(fails("carries", _UNALTERED, "empty_body"),))
def adds_a_line_to_an_empty_body() -> None:
    """Ends a message without a body in an empty line more."""
    altered(_always, lambda content: content + b"\r\n" if content.endswith(b"\r\n\r\n") else content)


@mutation(scenarios=_EVERYTHING, caught=(fails("carries", _UNALTERED, "line_of_998"),))
def splits_long_lines() -> None:
    """Breaks lines of more than 990 octets, in every message."""

    def broken(line: bytes) -> bytes:
        return line[:990] + b"\r\n " + line[990:] if len(line) > 990 else line

    altered(_always, _each_line(broken))


def _rewritten(change: Callable[[str], str]) -> None:
    """Alter the address in MAIL and RCPT."""
    one_at_a_time()

    def make(original: Any) -> Any:
        async def send(self: Any, stage: Any, line: str) -> Any:
            if line.startswith(("MAIL FROM:", "RCPT TO:")):
                line = re.sub(r"<(.*)>", lambda found: f"<{change(found[1])}>", line)
            return await original(self, stage, line)

        return send

    patch(Session, "command", make)


@mutation(scenarios=_EVERYTHING, caught=(fails("carries", _UNALTERED, "mixed_case"),))
def lower_cases_local_parts() -> None:
    """Writes the local parts of addresses in small letters."""
    _rewritten(str.lower)


@mutation(scenarios=_EVERYTHING, caught=(fails("carries", _UNALTERED, "path_of_256"),))
def cuts_long_paths() -> None:
    """Keeps no more than 60 octets of a local part."""
    _rewritten(lambda address: re.sub(r"^([^@]{60})[^@]+@", r"\1@", address))


@mutation(
    scenarios=_EVERYTHING,
    # the same change is told once, at the first that shows it
    caught=(fails("carries", _UNALTERED, "eight_bit_latin1"),),
)
def strips_high_bits() -> None:
    """Sends seven bits of each octet, and says to nobody that there were eight."""
    altered(_always, lambda content: bytes(octet & 127 for octet in content))


@mutation(scenarios=_EVERYTHING, caught=(fails("delivered", "control/delivered", "plain"),))
def marks_every_subject() -> None:
    """Marks the subject of every message."""
    altered(_always, lambda content: content.replace(b"\r\nSubject: ", b"\r\nSubject: [external] ", 1))


@mutation(scenarios=_EVERYTHING, caught=(fails("delivered", "control/delivered", "plain"),))
def adds_a_disclaimer() -> None:
    """Adds a line to every message."""
    altered(_always, lambda content: content + b"This message is for nobody else.\r\n")


def _answers(refuses: Callable[[Any, bytes], bool], reply: str) -> None:
    """Refuse content when it is submitted."""

    def make(original: Any) -> Any:
        async def handle(self: Any, server: Any, its_session: Any, envelope: Any) -> str:
            if refuses(envelope, envelope.original_content):
                return reply
            said: str = await original(self, server, its_session, envelope)
            return said

        return handle

    patch(SubmissionHandler, "handle_DATA", make)


@mutation(
    scenarios=_EVERYTHING,
    caught=(fails("takes_sizes", "content/sizes", "line_of_998"),),
    also=hence(
        "it is refused when it is submitted",
        *("carries", "names_client"),
        verdict="not_applicable",
        modes=("line_of_998",),
    ),
)
def refuses_lines_of_998() -> None:
    """Refuses messages with lines of 998 octets: the longest it takes has 997."""
    _answers(lambda _, content: max(map(len, content.split(b"\r\n"))) > 997, "500 5.6.0 Line too long")


@mutation(
    scenarios=_EVERYTHING,
    caught=(fails("takes_sizes", "content/sizes", "path_of_256"),),
    also=hence(
        "it is refused when it is submitted", "carries", verdict="not_applicable", modes=("path_of_256",)
    ),
)
def refuses_long_paths() -> None:
    """Refuses a message to somebody whose address has more than 200 octets."""
    _answers(
        lambda envelope, _: max(map(len, envelope.rcpt_tos)) > 200,
        "553 5.1.3 Address too long",
    )


@mutation(
    scenarios=_EVERYTHING,
    caught=(fails("takes_wishes", "content/null-path", "null_reverse_path"),),
    also=hence(
        "it is refused when it is submitted",
        "carries",
        verdict="not_applicable",
        modes=("null_reverse_path",),
    ),
)
def refuses_the_null_reverse_path() -> None:
    """Refuses a message that has no sender."""
    _answers(lambda envelope, _: not envelope.mail_from, "550 5.1.7 Who are you?")


@mutation(
    scenarios=("passed_99_hosts", "plain"),
    caught=(deviates("takes_wishes", "loops/threshold", "passed_99_hosts"),),
    also=hence(
        "it is refused when it is submitted", "carries", verdict="not_applicable", modes=("passed_99_hosts",)
    ),
)
def refuses_fifty_hosts() -> None:
    """Refuses a message that passed fifty hosts."""
    _answers(lambda _, content: content.count(b"Received:") > 50, "554 5.4.6 Too many hops")


@mutation(
    scenarios=("plain", "eight_bit", "eight_bit_not_offered"),
    caught=(fails("carries", "content/eight-bit", "eight_bit_not_offered"),),
)
def sends_eight_bits_to_everybody() -> None:
    """Sends 8-bit text as it is, whatever the server offers."""
    patch(transaction, "takes_content", lambda _: lambda content, extensions: True)


@mutation(scenarios=_EVERYTHING, caught=(fails("carries", "content/delivered", "line_of_998"),))
def returns_what_has_long_lines() -> None:
    """Accepts lines of 998 octets, and returns the message instead of sending it on."""

    def make(original: Any) -> Any:
        async def run(
            self: Any, message: Message, content: bytes, recipients: Sequence[Recipient], hand_over: Any
        ) -> None:
            if max(map(len, content.split(b"\r\n"))) > 990:
                failure = Failure(code="554", status="5.6.0", text="Lines too long for transport")
                self._results.update(dict.fromkeys(recipients, failure))
                return
            await original(self, message, content, recipients, hand_over)

        return run

    patch(Transaction, "run", make)


@mutation(scenarios=_EVERYTHING, caught=(fails("carries", _UNALTERED, "header_alone"),))
def drops_the_last_field_of_a_header_alone() -> None:
    """Takes the last line of a message that has no empty line for what it has not finished reading."""
    altered(
        _always,
        lambda content: content if b"\r\n\r\n" in content else content[: content[:-2].rfind(b"\r\n") + 2],
    )


@mutation(scenarios=_EVERYTHING, caught=(fails("carries", _UNALTERED, "eight_bit_latin1"),))
def takes_all_text_for_utf8() -> None:
    """Puts a replacement character in the place of what is not UTF-8."""
    altered(_always, lambda content: content.decode("utf-8", "replace").encode("utf-8"))


@mutation(scenarios=_EVERYTHING, caught=(deviates("carries", "content/form", "empty_body"),))
def loses_the_line_before_an_empty_body() -> None:
    """Leaves the empty line behind a header out where nothing follows it."""
    altered(
        _always,
        lambda content: content[:-2] if content.find(b"\r\n\r\n") == len(content) - 4 else content,
    )


@mutation(scenarios=_EVERYTHING, caught=(fails("carries", _UNALTERED, "rare_field_forms"),))
def adds_a_message_id_to_a_folded_one() -> None:
    """Takes a Message-ID that stands in the line behind the name of its field for none, and adds one."""

    def change(content: bytes) -> bytes:
        missing = b"Message-ID:\r\n " in content
        return b"Message-ID: <added@relay.test>\r\n" + content if missing else content

    altered(_always, change)
