"""What a positive control proves to the scenarios that rely on it: that mail arrives, and that the clock was moved.

The aspects `delivered` and `clock_moved` show the same to the reader.
"""

from __future__ import annotations

import email
import email.utils
from datetime import UTC, datetime, timedelta

from conformance.judging.aspect import Criterion
from conformance.judging.case import Case
from conformance.judging.twice import surely_again
from conformance.judging.verdict import Finding

# The last stop is 30 hours after the first message; the stamp has whole seconds and the jumps took some.
_AHEAD = timedelta(hours=29)


def arrival(case: Case) -> list[Finding]:
    """Compare: exactly one copy, unaltered, under TLS where the connector requires it, and no error is shown.

    The first finding, that it arrived, is what a control proves to other scenarios.
    """
    messages = case.evidence.messages
    if not messages:
        shown = f"; the relay says: {case.errors[-1].text}" if case.errors else ""
        observed = f"nothing arrived{shown}"
    elif len(messages) > 1:
        observed = f"{len(messages)} copies arrived"
    elif case.evidence.ndrs:
        observed = "delivered, and returned in an NDR as well"
    elif case.mode.tls.required and not messages[0].tls:
        observed = "delivered in clear although the connector requires TLS"
    elif case.errors:
        observed = f"delivered, but not at the first attempt: {case.errors[0].text}"
    else:
        observed = ""
    findings = [
        case.finding(
            "delivered.delivered",
            holds=not observed,
            expected="one copy at the first attempt",
            observed=observed or "one copy",
            conclusive=surely_again(case, messages),
        )
    ]
    return [*findings, *case.intact("delivered.intact")]


def clock(case: Case) -> list[Finding]:
    """Compare: the date that the relay stamps on a message submitted after the last stop is more than a day ahead.

    Every Received field counts, because the message was submitted without any.
    """
    messages = case.evidence.messages
    expected = "a Received field dated 30 hours after the message was made"
    if not messages:
        return [case.finding("clock_moved.moved", holds=False, expected=expected, observed="nothing arrived")]
    message = email.message_from_bytes(messages[0].content)
    made = email.utils.parsedate_to_datetime(str(message["Date"]))
    stamps = [str(value).rpartition(";")[2].strip() for value in message.get_all("Received") or []]
    lead = max((ahead for stamp in stamps if (ahead := _ahead(stamp, made)) is not None), default=None)
    if lead is None:
        observed = f"no date in Received: {', '.join(map(repr, stamps)) or 'there is no such field'}"
    else:
        observed = f"Received is dated {lead.total_seconds() / 3600:.1f} hours after the message was made"
    return [
        case.finding(
            "clock_moved.moved",
            holds=lead is not None and lead >= _AHEAD,
            expected=expected,
            observed=observed,
        )
    ]


ARRIVAL = Criterion(
    name="delivered",
    judge=arrival,
    requirements={
        "delivered.delivered": "control/delivered",
        "delivered.intact": "control/delivered",
    },
)
CLOCK = Criterion(name="clock_moved", judge=clock, requirements={"clock_moved.moved": "control/clock-moved"})


def _ahead(stamp: str, made: datetime) -> timedelta | None:
    """Return by how much a date stamp is ahead at least; None if it is no date."""
    try:
        date = email.utils.parsedate_to_datetime(stamp)
    except ValueError:
        return None
    if date.tzinfo is not None:
        return date - made
    if stamp.endswith("-0000"):  # UTC, by somebody who does not say where he is
        return date.replace(tzinfo=UTC) - made
    return None
