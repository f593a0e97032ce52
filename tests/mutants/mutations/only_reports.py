"""Relays that show nothing in a log or a queue: what they say stands in their reports."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from conformance.reference import dsn, errors
from conformance.reference.errors import Failure
from conformance.reference.events import EventLog
from conformance.reference.message import Recipient
from mutants.mutant import Expected, deviates, hence, mutation
from mutants.patching import patch
from mutants.reporting import rewritten

_CONNECTED = ("greeting_554", "tls_not_offered")
_NEVER_CONNECTED = ("dns_nxdomain",)


def _returns_in_silence(*, names_the_server: bool = True) -> None:
    """Return at once what fails, record nothing, and name in the report the server that was spoken to."""

    def permanent(original: Any) -> Any:
        def deferral(*args: Any, **kwargs: Any) -> Failure:
            failure: Failure = original(*args, **kwargs)
            return replace(
                failure,
                code="550",
                status="5" + failure.status[1:],
                text=f"{failure.text}: {failure.detail}",
            )

        return deferral

    def named(original: Any) -> Any:
        def fields(recipient: Recipient, failure: Failure) -> list[str]:
            rows: list[str] = original(recipient, failure)
            spoken_to = [f"Remote-MTA: dns; {dsn.mta_name(failure.server)}"] if failure.address else []
            return [*rows[:3], *spoken_to, *rows[3:]] if names_the_server else rows

        return fields

    patch(errors, "deferral", permanent)
    patch(dsn, "_recipient_fields", named)
    patch(EventLog, "write", lambda _: lambda self, *args, **kwargs: None)


def _nobody_is_told_where() -> None:
    rewritten(lambda report: re.sub(rb"(?m)^Receiving server: .*\r$", b"\r", report))


def _at_once(*besides: str) -> tuple[Expected, ...]:
    """Return what the source document says of a relay that returns at once what it should keep.

    Args:
        *besides: Further aspects that have nothing to judge where that is accepted.
    """
    why = "the source document has it deferred"
    return (
        *hence(why, "stays_queued"),
        *hence(
            "the profile rfc accepts that it is returned at once",
            *("stays_queued", "retried", *besides),
            verdict="not_applicable",
            profile="rfc",
        ),
    )


@mutation(scenarios=(*_CONNECTED, *_NEVER_CONNECTED), also=_at_once("refreshes"), profiles=("rfc",))
def says_all_in_its_report() -> None:
    """Returns at once what fails, and shows no error but in its report: Remote-MTA, Diagnostic-Code and words."""
    _returns_in_silence()


@mutation(
    scenarios=_NEVER_CONNECTED,
    also=(
        *_at_once("refreshes"),
        *(
            each
            for profile in ("eop", "rfc")
            for each in hence(
                "no server was connected to, so none may be named",
                "destination_server",
                verdict="not_applicable",
                profile=profile,
            )
        ),
    ),
    profiles=("rfc",),
)
def its_report_names_nobody_it_never_spoke_to() -> None:
    """Shows no error but in its report, which names no server where none was connected to."""
    _returns_in_silence()
    _nobody_is_told_where()


@mutation(
    scenarios=_CONNECTED,
    caught=(deviates("destination_server", "rfc/remote-host", profile="rfc"),),
    also=(*_at_once(), *hence("none is named", "destination_server")),
)
def its_report_names_no_server() -> None:
    """Shows no error but in its report, which does not say what server refused the message."""
    _returns_in_silence(names_the_server=False)
    _nobody_is_told_where()
