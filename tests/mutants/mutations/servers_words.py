"""Logs that show the words of the remote server in the place of the relay's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.reference import errors
from conformance.reference.errors import Failure, safe_text
from conformance.reference.session import Session
from mutants.mutant import fails, hence, mutation
from mutants.patching import patch

_REFUSED_BY = ("greeting_554", "reply_5yz_at_ehlo")
_HAD_SAID_YES = ("endless_at_rcpt", "wrong_code_at_rcpt", "stall_at_data")


def _last_replies() -> dict[str, str]:
    """Note what each server said last, by its address; of a reply that does not end, its first line."""
    heard: dict[str, str] = {}

    def make(original: Any) -> Any:
        async def read(self: Any, stage: Any, reading: Any) -> Any:
            host, port = self._transport.get_extra_info("peername")[:2]
            try:
                reply = await original(self, stage, reading)
            except errors.SessionFailed:
                if unfinished := bytes(self._protocol._buffer).split(b"\r\n")[0]:
                    heard[f"{host}:{port}"] = safe_text(unfinished.decode("ascii", "replace"))
                raise
            heard[f"{host}:{port}"] = reply.line
            return reply

        return read

    patch(Session, "_read", make)
    return heard


def _shows(change: Callable[[str], str]) -> None:
    """Show of every session that failed what the server said last, and nothing besides."""
    heard = _last_replies()

    def make(original: Any) -> Any:
        def format_error(failure: Failure, **details: Any) -> str:
            said = heard.get(failure.address)
            return change(said) if said else str(original(failure, **details))

        return format_error

    patch(errors, "format_error", make)


@mutation(
    scenarios=("connection_refused", "reply_4yz_at_mail", *_REFUSED_BY, *_HAD_SAID_YES),
    also=(
        *hence(
            "the words of a server are no code of the relay's own, for which this profile asks",
            "error_code",
            modes=(*_REFUSED_BY, *_HAD_SAID_YES),
        ),
        *hence(
            "the profile rfc judges a code of the relay's own where one is shown",
            "error_code",
            modes=(*_REFUSED_BY, *_HAD_SAID_YES),
            verdict="not_applicable",
            profile="rfc",
        ),
        *hence("`OK` explains nothing", "error_detail", modes=("stall_at_data",), verdict="deviation"),
        *hence(
            "`OK` explains nothing",
            "error_detail",
            modes=("stall_at_data",),
            verdict="deviation",
            profile="rfc",
        ),
        *hence(
            "`there is more` names no cause",
            "error_detail",
            modes=("endless_at_rcpt",),
            verdict="deviation",
        ),
    ),
    profiles=("rfc",),
)
def logs_what_the_server_said() -> None:
    """Shows of a session that failed the last reply of the server and nothing else, as it came."""
    _shows(lambda said: said)


@mutation(
    scenarios=("reply_4yz_at_mail", *_REFUSED_BY),
    caught=(
        fails("error_code", "rfc/reply-code", "reply_4yz_at_mail", besides=("session/4yz-kept",)),
        fails("error_code", "rfc/reply-code", "reply_4yz_at_mail", profile="rfc"),
        fails("error_code", "cannot-connect/error-code", *_REFUSED_BY),
        fails(
            "error_code",
            "rfc/status-class",
            *_REFUSED_BY,
            besides=("rfc/reply-code",),
            profile="rfc",
        ),
    ),
)
def logs_another_code_than_the_server_said() -> None:
    """Shows the last words of the server behind a reply code that nobody said, 559."""
    _shows(lambda said: "559" + said[3:])
