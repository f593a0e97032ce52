"""Control of a moved clock: the date that the relay stamps on a message is a day ahead."""

import email
import email.utils
from datetime import timedelta

from conformance.aspect import Case, Course, Finding, Kind, aspect

# The last stop is 30 hours after the first message; the stamp has whole seconds and the jumps took some.
_AHEAD = timedelta(hours=29)


@aspect(Course.AFTER_JUMP, kinds=(Kind.CONTROL,), only=("moved_clock",), slots=("moved",))
def test_clock_moved(case: Case) -> list[Finding]:
    """A message submitted after the last stop gets a Received field that is dated more than a day ahead."""
    messages = case.evidence.messages
    expected = "a Received field dated 30 hours after the message was made"
    if not messages:
        return [case.finding("clock_moved.moved", holds=False, expected=expected, observed="nothing arrived")]
    message = email.message_from_bytes(messages[0].content)
    stamp = str(message.get("Received") or "").rpartition(";")[2].strip()
    made = email.utils.parsedate_to_datetime(str(message["Date"]))
    try:
        ahead = email.utils.parsedate_to_datetime(stamp) - made
    except (TypeError, ValueError):
        return [
            case.finding(
                "clock_moved.moved",
                holds=False,
                expected=expected,
                observed=f"no date in Received: {stamp!r}",
            )
        ]
    return [
        case.finding(
            "clock_moved.moved",
            holds=ahead >= _AHEAD,
            expected=expected,
            observed=f"Received is dated {ahead.total_seconds() / 3600:.1f} hours after the message was made",
        )
    ]
