"""How a relay introduces itself, what size it declares, and what trace it leaves: names, numbers and fields."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from conformance.reference import intake, transaction
from conformance.reference.message import Message
from conformance.reference.session import Session
from mutants.mutant import deviates, fails, mutation
from mutants.patching import patch
from mutants.shared import greeted_by_the_impatient

_MOMENT = 0.3  # seconds that somebody in a hurry waits for a greeting
_CONTROLS = ("plain", "verified_tls", "plain_mx")
_ALL_PROFILES = ("rfc", "eop-observed")
_TRACE = "content/trace"
_TRACED = ("header_alone", "plain")


def _called(name: str) -> None:
    def make(original: Any) -> Any:
        async def ehlo(self: Any, _hostname: str) -> None:
            await original(self, name)

        return ehlo

    patch(Session, "ehlo", make)


def _traced(change: Callable[[bytes], bytes]) -> None:
    """Write another trace field."""
    patch(intake, "received_field", lambda original: lambda *which, **how: change(original(*which, **how)))


def _sized(change: Callable[[int], int]) -> None:
    """Declare another size."""

    def make(original: Any) -> Any:
        def mail_command(message: Message, content: bytes, extensions: Any) -> str:
            line: str = original(message, content, extensions)
            return re.sub(r" SIZE=\d+", f" SIZE={change(len(content))}", line)

        return mail_command

    patch(transaction, "mail_command", make)


@mutation(
    scenarios=(*_CONTROLS, "slow"),
    caught=(deviates("introduces_itself", "session/greeting-awaited", "slow"),),
)
def speaks_before_it_is_greeted() -> None:
    """Says EHLO when there is no greeting within a moment, and reads both replies then."""
    greeted_by_the_impatient(_MOMENT)


@mutation(scenarios=_CONTROLS, caught=(fails("introduces_itself", "session/own-name"),))
def calls_itself_localhost() -> None:
    """Says "EHLO localhost"."""
    _called("localhost")


@mutation(scenarios=_CONTROLS, caught=(fails("introduces_itself", "session/own-name"),))
def calls_itself_nothing() -> None:
    """Says "EHLO _"."""
    _called("_")


@mutation(scenarios=_CONTROLS, profiles=_ALL_PROFILES)
def calls_itself_by_its_address() -> None:
    """Introduces itself by an IPv6 address in brackets, as who has no name may (RFC 5321 section 4.1.4)."""
    _called("[IPv6:2001:db8::25]")


@mutation(scenarios=_TRACED, caught=(fails("leaves_trace", _TRACE),))
def passes_on_without_a_trace() -> None:
    """Puts no Received field on top."""
    _traced(lambda field: b"")


@mutation(scenarios=_TRACED, caught=(fails("leaves_trace", _TRACE),))
def writes_a_trace_without_a_date() -> None:
    """Ends its Received field behind the id."""
    _traced(lambda field: field.rpartition(b";")[0] + b"\r\n")


@mutation(scenarios=_TRACED, profiles=_ALL_PROFILES)
def dates_its_trace_with_a_comment() -> None:
    """Gives the time zone of its Received field a name, and a comment behind it (RFC 5322 section 4.3)."""
    _traced(lambda field: field.replace(b" +0000\r\n", b"\r\n\tGMT (a comment; with a semicolon)\r\n"))


@mutation(scenarios=_TRACED, profiles=_ALL_PROFILES)
def leaves_two_traces() -> None:
    """Puts two Received fields on top, the upper one in capitals, as who has a second host of its own."""
    _traced(lambda field: field.replace(b"Received:", b"RECEIVED:") + field)


@mutation(scenarios=("big", "plain"), caught=(deviates("declares_size", "offers/size-true", "big"),))
def declares_a_tenth() -> None:
    """Declares a tenth of the size of each message."""
    _sized(lambda size: size // 10)


@mutation(scenarios=("big", "plain"), caught=(deviates("declares_size", "offers/size-true", "big"),))
def declares_ten_times_as_much() -> None:
    """Declares ten times the size of each message."""
    _sized(lambda size: size * 10)


@mutation(scenarios=("big", "plain"), profiles=_ALL_PROFILES)
def declares_what_it_may_be_encoded() -> None:
    """Declares a third more than it sends, as if it had to encode the text."""
    _sized(lambda size: size * 4 // 3)
