"""Control of a moved clock: the date that the relay stamps on a message is a day ahead."""

import email
import email.utils
from datetime import UTC, datetime, timedelta

from conformance.aspect import Case, Course, Finding, Kind, aspect

# The last stop is 30 hours after the first message; the stamp has whole seconds and the jumps took some.
_AHEAD = timedelta(hours=29)


@aspect(Course.AFTER_JUMP, kinds=(Kind.CONTROL,), only=("moved_clock",), slots=("moved",))
def test_clock_moved(case: Case) -> list[Finding]:
    """A message submitted after the last stop gets a Received field that is dated more than a day ahead.

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
