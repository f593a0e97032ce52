"""Replies within a session that are taken for what they are not."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from aiosmtplib.errors import SMTPResponseException
from aiosmtplib.protocol import SMTPProtocol

from conformance.reference import classify as classification
from conformance.reference import errors
from conformance.reference.classify import Cause, Condition, Stage
from conformance.reference.errors import Failure, SessionFailed
from conformance.reference.session import Reply, Session
from conformance.reference.transaction import Transaction
from mutants.expectations import returned
from mutants.mutant import Expected, deviates, fails, hence, mutation
from mutants.patching import patch
from mutants.selection import cells, modes

_LONGEST_LINE = 512  # octets, RFC 5321 section 4.5.3.1.5
_AT_QUIT = modes(lambda mode: mode.name.endswith("_at_quit"))
_ODD = cells("malformed", "wrong_code", "over_long", "bare_lf").without("tls_handshake_garbage")
_WRONG_CODE = cells("wrong_code")
_CLOSING = cells("reply_421", section="421")
_BUSY = cells("reply_4yz", section="4yz")
_ACTIONS = (
    *("reply_421", "reply_4yz", "reply_5yz", "close", "reset"),
    *("stall", "malformed", "wrong_code", "endless", "trickle"),
)
_FAULTS = cells(*_ACTIONS).without(_CLOSING, _BUSY)


def _by_code() -> tuple[Expected, ...]:
    """Return which requirement is broken by the code of a refused connection, for every section."""
    musts = {
        "4.4.315": "connection-timed-out/silent-server",
        "4.4.317": "cannot-connect/error-code",
        "4.4.318": "closed-abruptly/error-code",
        "silent": "session/silent",
        "silent opening": "session/silent",
        "dropped in TLS": "session/dropped-in-tls",
    }
    shoulds = ("odd", "wrong code", "bearable")
    return (
        *(fails("error_code", row, cells(*_ACTIONS, section=section)) for section, row in musts.items()),
        *(
            deviates("error_code", "session/odd-reply", cells(*_ACTIONS, section=section))
            for section in shoulds
        ),
    )


@mutation(scenarios=(_FAULTS,), caught=_by_code())
def every_session_fault_as_refused() -> None:
    """Reports whatever goes wrong in a session as a connection that was refused."""
    session = (Cause.CLOSED, Cause.RESET, Cause.SILENT, Cause.REJECTED, Cause.MALFORMED, Cause.TLS_FAILED)

    def make(original: Any) -> Any:
        def classify(stage: Stage, cause: Cause) -> Condition:
            found: Condition = classification.REFUSED if cause in session else original(stage, cause)
            return found

        return classify

    patch(classification, "classify", make)


def _strict_about_form() -> None:
    """Take a line that is too long, or ends in a bare LF, for no reply."""

    def make(original: Any) -> Any:
        def read(self: Any) -> Any:
            lines = bytes(self._buffer).split(b"\n")[:-1]
            if any(len(line) >= _LONGEST_LINE or not line.endswith(b"\r") for line in lines):
                raise SMTPResponseException(-1, "Malformed SMTP response line")
            return original(self)

        return read

    patch(SMTPProtocol, "_read_response_from_buffer", make)


@mutation(
    scenarios=(_ODD, "close_at_mail"),
    caught=(
        returned(_ODD),
        deviates("stays_queued", "rfc/odd-reply-is-no-refusal", _ODD.without(_WRONG_CODE), profile="rfc"),
    ),
    also=hence(
        "accepted by the profile",
        *("stays_queued", "retried"),
        verdict="not_applicable",
        modes=(_WRONG_CODE.without("wrong_code_at_quit"),),
        profile="rfc",
    ),
)
def returns_odd_replies() -> None:
    """Returns a message at once when a reply is malformed, too long, ended by a bare LF or out of place."""

    def make(original: Any) -> Any:
        def deferral(stage: Stage, cause: Cause, detail: str, **where: Any) -> Failure:
            failure: Failure = original(stage, cause, detail, **where)
            wrong_code = cause is Cause.REJECTED and detail[:1] in ("2", "3")
            if cause is not Cause.MALFORMED and not wrong_code:
                return failure
            return replace(failure, code="550", status="5" + failure.status[1:])

        return deferral

    _strict_about_form()
    patch(errors, "deferral", make)


def _remote(which: int, **changed: str) -> None:
    """Alter what is shown of a reply that the remote server gave; 4: of all 4yz replies but 421."""

    def make(original: Any) -> Any:
        def remote_failure(said: int, text: str, **where: Any) -> Failure:
            failure: Failure = original(said, text, **where)
            meant = said == which or (said // 100 == which and said != 421)
            return replace(failure, remote=False, detail=failure.line, **changed) if meant else failure

        return remote_failure

    patch(errors, "remote_failure", make)


@mutation(
    scenarios=(_CLOSING, "reply_4yz_at_mail"),
    caught=(returned(_CLOSING), fails("stays_queued", "rfc/queued", _CLOSING, profile="rfc")),
)
def bounces_421_in_mid_session() -> None:
    """Returns a message at once when the server says 421 in the middle of a session."""
    _remote(421, code="550", status="5.3.2", text="Service not available")


@mutation(
    scenarios=(_CLOSING, "reply_4yz_at_mail"), caught=(deviates("error_code", "session/421-kept", _CLOSING),)
)
def files_421_under_policy() -> None:
    """Reports a 421 in the middle of a session as 4.7.1."""
    _remote(421, code="450", status="4.7.1", text="Rejected")


@mutation(
    scenarios=(_BUSY, "reply_421_at_mail"),
    caught=(deviates("error_code", "session/4yz-kept", _BUSY),),
    profiles=("rfc",),
)
def renumbers_remote_4yz() -> None:
    """Reports a 4yz reply to MAIL, RCPT, DATA or the final dot as 4.4.318."""
    _remote(4, code="450", status="4.4.318", text="Connection was closed abruptly")


@mutation(scenarios=(_BUSY, "reply_421_at_mail"), caught=(returned(_BUSY),))
def bounces_4yz_in_mid_session() -> None:
    """Returns a message at once when the server says 4yz to MAIL, RCPT, DATA or the final dot."""
    _remote(4, code="550", status="5.3.0", text="Rejected")


@mutation(
    scenarios=(_CLOSING, _BUSY, "greeting_421"),
    caught=(
        fails("error_code", "session/transient", _CLOSING, besides=("session/421-kept",)),
        fails("error_code", "rfc/status-class", _BUSY, besides=("rfc/reply-code", "session/4yz-kept")),
    ),
)
def shows_4yz_as_5yz() -> None:
    """Shows a 4yz reply to MAIL, RCPT, DATA or the final dot as one of 5yz, and tries again all the same."""

    def make(original: Any) -> Any:
        def format_error(failure: Failure, **rest: Any) -> str:
            text: str = original(failure, **rest)
            return re.sub(r"^4(\d\d) 4\.", r"5\1 5.", text) if failure.remote else text

        return format_error

    patch(errors, "format_error", make)


@mutation(
    scenarios=("wrong_code_at_data", "wrong_code_at_rcpt"),
    caught=(returned("wrong_code_at_data"),),
    also=hence(
        "what the server makes of the message as commands tells nothing of the cause",
        "error_detail",
        verdict="deviation",
        modes=("wrong_code_at_data",),
    ),
)
def takes_250_for_354() -> None:
    """Sends the message although DATA was answered with 250."""

    def make(original: Any) -> Any:
        async def command(self: Any, stage: Stage, line: str) -> Reply:
            reply: Reply = await original(self, stage, line)
            return Reply(354, reply.text) if stage is Stage.DATA and reply.code == 250 else reply

        return command

    patch(Session, "command", make)


@mutation(
    scenarios=(_AT_QUIT, "plain"),
    caught=(fails(*("delivers_anyway", "harmless/delivered", _AT_QUIT), courses=("persists",)),),
    brings=dict.fromkeys(
        (
            "hosts/after-4yz",
            "session/421-kept",
            "session/4yz-kept",
            "error/detail-names-cause",
            "error/destination-server",
            "replies/words-kept",
            "permanent/returned",
            "schedule/exactly-once",
            "batch/once",
            "batch/returned",
        ),
        "what QUIT is answered takes the place of the error, or of the refusal, that came before it",
    ),
)
def retries_when_quit_fails() -> None:
    """Delivers a message again if QUIT was not answered with 221, in one line of the right form."""

    def make(original: Any) -> Any:
        async def run(self: Any, *args: Any) -> None:
            await original(self, *args)
            try:
                # in small letters the library does not know it, and takes no end of the connection for a 221
                reply = await self._session.command(Stage.MAIL, "quit")
                if reply.code != 221:
                    raise SessionFailed(Stage.MAIL, Cause.CLOSED, "No proper end of the session")
            except SessionFailed:
                self._results.clear()
                raise

        return run

    _strict_about_form()
    patch(Transaction, "run", make)
