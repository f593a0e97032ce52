"""CR and LF that stand alone, and a second message that hides behind them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from conformance.reference import content_reader, intake, session, transaction
from conformance.reference.intake import Submission, SubmissionHandler
from mutants.mutant import deviates, fails, mutation
from mutants.patching import patch
from mutants.selection import Names, modes

_ONE = "content/one-message"
_BARE = "content/no-bare-line-ends"

_SMUGGLED = modes(lambda mode: mode.section == "content-smuggling")
_BARE_MODES: Names = ("plain", "bare_cr", "bare_lf", _SMUGGLED)
_WITHOUT_CRLF_BEFORE = ("cr_dot_cr", "cr_dot_lf", "cr_dot_crlf", "lf_dot_cr", "lf_dot_lf", "lf_dot_crlf")
_PIECE = 998  # octets
_LONG = re.compile(rb"[^\r\n]{999,}")
_LONG_MODES: Names = ("plain", "lines_over_long", "line_of_998")
_STANDS_ALONE = re.compile(rb"\r(?!\n)|(?<!\r)\n")


def _takes_bare_ends(instead: bytes | None = None) -> None:
    """Take what the reference relay refuses, a CR or LF alone, and put something else in its place, or nothing."""
    patch(intake, "has_bare_line_ends", lambda _: lambda content: False)
    if instead is None:
        return

    def make(original: Any) -> Any:
        async def handle(self: Any, server: Any, its_session: Any, envelope: Any) -> str:
            envelope.original_content = _STANDS_ALONE.sub(instead, envelope.original_content)
            said: str = await original(self, server, its_session, envelope)
            return said

        return handle

    patch(SubmissionHandler, "handle_DATA", make)


@mutation(scenarios=_BARE_MODES, caught=(fails("carries", _BARE, "bare_cr", "bare_lf"),))
def sends_bare_ends_on() -> None:
    """Takes CR and LF that stand alone, and sends them on."""
    _takes_bare_ends()


@mutation(scenarios=_BARE_MODES)
def makes_crlf_of_bare_ends() -> None:
    """Takes CR and LF that stand alone, and makes CRLF of them before the message is queued."""
    _takes_bare_ends(b"\r\n")


@mutation(scenarios=_BARE_MODES)
def makes_blanks_of_bare_ends() -> None:
    """Takes CR and LF that stand alone, and makes blanks of them."""
    _takes_bare_ends(b" ")


@mutation(
    scenarios=_BARE_MODES,
    caught=(
        fails(
            "one_message",
            _ONE,
            *(f"smuggled_{before}_dot_{after}" for before in ("cr", "lf") for after in ("cr", "lf", "crlf")),
        ),
    ),
)
def mends_ends_behind_the_dots() -> None:
    """Makes CRLF of CR and LF that stand alone once the dots are doubled, so that one of these ends the message."""
    _takes_bare_ends()

    def make(original: Any) -> Any:
        return lambda content: _STANDS_ALONE.sub(b"\r\n", original(content))

    patch(session, "stuff_dots", make)


def _ended_by(before: bytes, behind: bytes) -> None:
    """Take something else for the end of a message when it is submitted."""

    def make(original: Callable[[Any, bytes], None]) -> Any:
        def data_received(self: Any, data: bytes) -> None:
            original(self, re.sub(before + rb"\." + behind, b"\r\n.\r\n", data))

        return data_received

    Submission.data_received = make(Submission.data_received)


@mutation(scenarios=("plain", _SMUGGLED), caught=(fails("one_message", _ONE, "smuggled_lf_dot_lf"),))
def ends_at_a_dot_between_lf() -> None:
    """Takes LF, a dot and LF for the end of a message that is submitted, and what follows for commands."""
    _takes_bare_ends(b"\r\n")
    _ended_by(rb"(?<!\r)\n", rb"\n")


@mutation(scenarios=("plain", _SMUGGLED), caught=(fails("one_message", _ONE, _SMUGGLED),))
def ends_at_any_dot_in_a_line() -> None:
    """Takes CR, LF or CRLF before and behind a dot for the end of a message that is submitted."""
    _ended_by(rb"(?:\r\n|\r|\n)", rb"(?:\r\n|\r|\n)")


def _takes_long_lines() -> None:
    content_reader._LONGEST_LINE = 100_000


def _long_lines(change: Callable[[re.Match[bytes]], bytes]) -> None:
    """Put something else in the place of lines of more than 998 octets, which the reference relay refuses."""
    _takes_long_lines()

    def make(original: Any) -> Any:
        return lambda content: original(_LONG.sub(change, content))

    patch(session, "stuff_dots", make)


def _pieces(line: bytes, between: bytes) -> bytes:
    return between.join(line[at : at + _PIECE] for at in range(0, len(line), _PIECE))


@mutation(scenarios=_LONG_MODES, caught=(deviates("carries", "content/long-lines", "lines_over_long"),))
def ends_lines_that_are_too_long() -> None:
    """Ends a line of more than 998 octets there, and goes on in the next one."""
    _long_lines(lambda found: _pieces(found[0], b"\r\n"))


@mutation(scenarios=_LONG_MODES, caught=(deviates("carries", "content/long-lines", "lines_over_long"),))
def cuts_lines_that_are_too_long() -> None:
    """Leaves out of a line what is beyond 998 octets."""
    _long_lines(lambda found: found[0][:_PIECE])


@mutation(scenarios=_LONG_MODES, caught=(deviates("carries", "content/long-lines", "lines_over_long"),))
def ends_the_header_behind_a_long_field() -> None:
    """Puts an empty line behind each line of more than 998 octets."""
    _long_lines(lambda found: found[0] + b"\r\n")


@mutation(scenarios=_LONG_MODES)
def breaks_lines_that_are_too_long() -> None:
    """Goes on in the next line, behind a blank, where a line has 998 octets."""
    _long_lines(lambda found: _pieces(found[0], b"\r\n "))


@mutation(scenarios=_LONG_MODES)
def returns_lines_that_are_too_long() -> None:
    """Returns a message with a line of more than 998 octets."""
    _takes_long_lines()

    def make(original: Any) -> Any:
        def takes(content: bytes, extensions: dict[str, str]) -> bool:
            header, _, _ = content.partition(b"\r\n\r\n")  # that of a report has none
            return not _LONG.search(header) and bool(original(content, extensions))

        return takes

    patch(transaction, "takes_content", make)
