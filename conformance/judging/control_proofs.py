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
from fake_servers.events import SmtpMessage

# The last stop is 30 hours after the first message; the stamp has whole seconds and the jumps took some.
_AHEAD = timedelta(hours=29)


# Said where nothing is wrong but that it took more than one attempt: a busy machine lets the first one time out.
_LATER = "delivered, but not at the first attempt"


def arrival(case: Case) -> list[Finding]:
    """Compare: exactly one copy, unaltered, under TLS where the connector requires it, and no error is shown.

    The first finding, that it arrived, is what a control proves to other scenarios. To several recipients one copy
    each: a relay may hand them over together, or each in a transaction of its own.
    """
    copies = _copies(case)
    missing = [who for who, theirs in copies.items() if not theirs]
    twice = {who: theirs for who, theirs in copies.items() if len(theirs) > 1}
    several = len(copies) > 1
    if missing:
        shown = f"; the relay says: {case.errors[-1].text}" if case.errors else ""
        observed = "nothing arrived" + several * f" for <{'>, <'.join(missing)}>" + shown
    elif twice:
        who, theirs = next(iter(twice.items()))
        observed = f"{len(theirs)} copies arrived" + several * f" for <{who}>"
    elif case.evidence.ndrs:
        observed = "delivered, and returned in an NDR as well"
    elif case.mode.tls.required and not all(message.tls for message in case.evidence.messages):
        observed = "delivered in clear although the connector requires TLS"
    elif case.errors:
        observed = f"{_LATER}: {case.errors[0].text}"
    else:
        observed = ""
    findings = [
        case.finding(
            "delivered.delivered",
            holds=not observed,
            expected=f"one copy{several * ' for each recipient'} at the first attempt",
            observed=observed or f"one copy{several * ' for each recipient'}",
            only_late=observed.startswith(_LATER),
            conclusive=any(surely_again(case, theirs) for theirs in copies.values()),
        )
    ]
    return [*findings, *case.intact("delivered.intact")]


def _copies(case: Case) -> dict[str, tuple[SmtpMessage, ...]]:
    """Return what arrived for each recipient; for a single one whatever arrived, also with a wrong envelope."""
    staged, messages = case.evidence.staged, case.evidence.messages
    if not staged.others:
        return {staged.recipient: messages}
    return {who: tuple(m for m in messages if m.is_for(who)) for who in (staged.recipient, *staged.others)}


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
