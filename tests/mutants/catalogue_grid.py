"""Mutants that are wrong within a session: without time-outs, or about replies that are none."""

from __future__ import annotations

from conformance.catalogue.course import Course
from conformance.catalogue.failure_mode import Kind
from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.failure_modes.grid import CELLS
from conformance.judging.verdict import Verdict

from .mutant import Expected, Mutant, deviates, fails, hence

_ERROR = ("error_code", "error_detail", "destination_server")
_STAYS = "the attempt never ends, so nothing is said of it and nothing is tried again"
_STILL_READING = "the relay still reads, so nothing has failed yet"


def _cells(
    *actions: str, kinds: tuple[Kind, ...] = (Kind.TRANSIENT,), but: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Return the failure modes of some actions, row by row."""
    return tuple(
        cell.failure_mode
        for cell in CELLS
        if cell.action in actions
        and cell.failure_mode
        and ALL[cell.failure_mode].kind in kinds
        and cell.failure_mode not in ("connect_timeout", "connection_refused", *but)
    )


def _of(section: str, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if ALL[name].section == section)


_STALLS = _cells("stall")
_TRICKLES = _cells("trickle")
_ENDLESS = _cells("endless")
_AT_QUIT = tuple(cell.failure_mode for cell in CELLS if cell.stage == "quit")
_HELD_AT_QUIT = ("trickle_at_quit", "endless_at_quit")
_ODD = _cells("malformed", "wrong_code", "over_long", "bare_lf", but=("tls_handshake_garbage",))
_CLOSING = _of("421", _cells("reply_421"))
_BUSY = _of("4yz", _cells("reply_4yz"))
_FAULTS = _cells(
    *(
        "reply_421",
        "reply_4yz",
        "reply_5yz",
        "close",
        "reset",
        "stall",
        "malformed",
        "wrong_code",
        "endless",
        "trickle",
    ),
    but=(*_CLOSING, *_BUSY),
)


def _stuck(*modes: str) -> tuple[Expected, ...]:
    """Return what follows from an attempt that never ends."""
    wordy = tuple(name for name in modes if ALL[name].section == "4.4.315")
    brief = tuple(name for name in modes if name not in wordy)
    detail = hence(_STAYS, "error_detail", modes=wordy) if wordy else ()
    return (
        *hence(_STAYS, "error_code", "destination_server", "retried", "recovers", modes=modes),
        *detail,
        *(hence(_STAYS, "error_detail", verdict=Verdict.DEVIATION, modes=brief) if brief else ()),
    )


def _nothing_to_judge(why: str, *modes: str, recovers: bool) -> tuple[Expected, ...]:
    aspects = (*_ERROR, "stays_queued", "retried", *(["recovers"] if recovers else []))
    return hence(why, *aspects, verdict=Verdict.NOT_APPLICABLE, modes=modes)


def _returned(requirement: str, *modes: str) -> tuple[Expected, ...]:
    return (
        fails("error_code", requirement, *modes),
        fails("stays_queued", "queue/kept", *modes),
        fails("retried", "queue/retried", *modes),
        fails("recovers", "queue/recovers", *modes),
    )


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
        *(fails("error_code", row, *_of(section, _FAULTS)) for section, row in musts.items()),
        *(deviates("error_code", "session/odd-reply", *_of(section, _FAULTS)) for section in shoulds),
    )


GRID = (
    Mutant(
        name="every_session_fault_as_refused",
        sin="Reports whatever goes wrong in a session as a connection that was refused.",
        scenarios=_FAULTS,
        caught=_by_code(),
    ),
    Mutant(
        name="has_no_patience",
        sin="Waits for a reply less than half as long as it grants.",
        scenarios=("slow", "plain"),
        caught=(fails("delivered", "control/delivered", "slow"),),
    ),
    Mutant(
        name="never_times_out",
        sin="Waits without end for whatever a server has to say.",
        scenarios=(*_STALLS, *_TRICKLES, *_ENDLESS, "stall_at_quit", *_HELD_AT_QUIT),
        caught=(
            fails("times_out", "session/times-out", *_STALLS, "stall_at_quit"),
            deviates("times_out", "session/total-deadline", *_TRICKLES, *_ENDLESS, *_HELD_AT_QUIT),
        ),
        also=(
            *_stuck(*_STALLS),
            *_nothing_to_judge("a reply that trickles comes to its end", *_TRICKLES, recovers=False),
            *_nothing_to_judge(_STILL_READING, *_ENDLESS, recovers=True),
        ),
    ),
    Mutant(
        name="times_each_read",
        sin="Has a time-out for each read and none for the reply.",
        scenarios=("trickle_at_rcpt", "endless_at_data", "stall_at_rcpt", "stall_at_data"),
        caught=(deviates("times_out", "session/total-deadline", "trickle_at_rcpt", "endless_at_data"),),
        also=(
            *_nothing_to_judge("a reply that trickles comes to its end", "trickle_at_rcpt", recovers=False),
            *_nothing_to_judge(_STILL_READING, "endless_at_data", recovers=True),
        ),
    ),
    Mutant(
        name="waits_for_ever_in_the_handshake",
        sin="Has no time-out for the TLS handshake.",
        scenarios=("stall_at_handshake", "stall_at_starttls", "stall_at_ehlo_tls"),
        caught=(fails("times_out", "session/times-out", "stall_at_handshake"),),
        also=_stuck("stall_at_handshake"),
    ),
    Mutant(
        name="waits_for_ever_after_data",
        sin="Has no time-out for the reply to DATA.",
        scenarios=("stall_at_data", "stall_at_rcpt", "stall_at_dot"),
        caught=(fails("times_out", "session/times-out", "stall_at_data"),),
        also=_stuck("stall_at_data"),
    ),
    Mutant(
        name="waits_for_ever_in_the_body",
        sin="Has no time-out while a server takes no more of the message.",
        scenarios=("stall_at_body", "stall_at_dot"),
        caught=(fails("times_out", "session/times-out", "stall_at_body"),),
        also=_stuck("stall_at_body"),
    ),
    Mutant(
        name="waits_for_ever_for_the_answer_to_quit",
        sin="Says QUIT after a time-out, and waits without end for the answer.",
        scenarios=("greeting_timeout", "stall_at_ehlo_tls", "stall_at_rcpt", "stall_at_dot", "stall_at_body"),
        caught=(
            fails(
                *("times_out", "session/times-out"),
                *("greeting_timeout", "stall_at_ehlo_tls", "stall_at_rcpt", "stall_at_dot"),
            ),
        ),
    ),
    Mutant(
        name="returns_odd_replies",
        sin="Returns a message at once when a reply is malformed, too long, ended by a bare LF or out of place.",
        scenarios=(*_ODD, "close_at_mail"),
        caught=_returned("session/transient", *_ODD),
    ),
    Mutant(
        name="bounces_421_in_mid_session",
        sin="Returns a message at once when the server says 421 in the middle of a session.",
        scenarios=(*_CLOSING, "reply_4yz_at_mail"),
        caught=(
            *_returned("session/transient", *_CLOSING),
            fails("stays_queued", "rfc/queued", *_CLOSING, profile="rfc"),
        ),
        also=hence("as in eop", "error_code", "retried", "recovers", modes=_CLOSING, profile="rfc"),
    ),
    Mutant(
        name="files_421_under_policy",
        sin="Reports a 421 in the middle of a session as 4.7.1.",
        scenarios=(*_CLOSING, "reply_4yz_at_mail"),
        caught=(deviates("error_code", "session/421-kept", *_CLOSING),),
    ),
    Mutant(
        name="renumbers_remote_4yz",
        sin="Reports a 4yz reply to MAIL, RCPT, DATA or the final dot as 4.4.318.",
        scenarios=(*_BUSY, "reply_421_at_mail"),
        caught=(deviates("error_code", "session/4yz-kept", *_BUSY),),
        profiles=("rfc",),
    ),
    Mutant(
        name="bounces_4yz_in_mid_session",
        sin="Returns a message at once when the server says 4yz to MAIL, RCPT, DATA or the final dot.",
        scenarios=(*_BUSY, "reply_421_at_mail"),
        caught=_returned("rfc/status-class", *_BUSY),
    ),
    Mutant(
        name="takes_250_for_354",
        sin="Sends the message although DATA was answered with 250.",
        scenarios=("wrong_code_at_data", "wrong_code_at_rcpt"),
        caught=_returned("session/transient", "wrong_code_at_data"),
        also=hence(
            "what the server makes of the message as commands tells nothing of the cause",
            "error_detail",
            verdict=Verdict.DEVIATION,
            modes=("wrong_code_at_data",),
        ),
    ),
    Mutant(
        name="retries_when_quit_fails",
        sin="Delivers a message again if QUIT was not answered with 221, in one line of the right form.",
        scenarios=(*_AT_QUIT, "plain"),
        caught=(
            fails(
                *("delivers_anyway", "harmless/delivered", *_AT_QUIT),
                courses=(Course.PERSISTS,),
            ),
        ),
    ),
)
