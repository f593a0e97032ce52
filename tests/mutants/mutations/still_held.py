"""Relays whose attempt is still going on when the window closes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.reference.session import Session
from mutants.mutant import Expected, fails, hence, mutation
from mutants.patching import patch

_FIVE_MINUTES = 300.0


def _patient_with_content() -> None:
    """Wait five minutes for content and for what follows it, whatever was asked for."""

    def make(original: Any) -> Any:
        async def send_body(self: Any, content: bytes) -> Any:
            self._timeouts = replace(self._timeouts, data_done=_FIVE_MINUTES)
            return await original(self, content)

        return send_body

    patch(Session, "send_body", make)


def _not_judged(profile: str = "eop") -> tuple[Expected, ...]:
    return hence(
        "the attempt is still held, and nothing has become of it",
        "expires",
        "one_ndr",
        "ndr_form",
        "ndr_status",
        "delay_notice",
        "tells_why",
        verdict="not_applicable",
        courses=("expires",),
        profile=profile,
    )


@mutation(
    scenarios=("stall_at_body", "stall_at_dot", "stall_at_dot.expires"),
    caught=(fails("times_out", "session/times-out"), fails("times_out", "session/times-out", profile="rfc")),
    also=(*_not_judged(), *_not_judged(profile="rfc")),
)
def waits_minutes_for_content() -> None:
    """Has a time-out of five minutes for content, and says nothing of it."""
    _patient_with_content()
