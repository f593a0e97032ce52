"""Courses: how a staged failure mode goes on, and on which clock."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

HOUR = 3600.0
DAY = 24 * HOUR


class Timing(StrEnum):
    """The clock of a wave. All scenarios of one wave share it."""

    STEADY = "steady"  # real seconds, one short interval between attempts; for all that needs no day
    COMPRESSED = "compressed"  # 24 hours mapped to a few seconds: intervals and lifetime scale
    JUMPED = "jumped"  # real 24 hours, and the relay's clock is moved
    RESTARTED = "restarted"  # the same, and the relay is killed and started again at half-time
    CRASHED = "crashed"  # real seconds and a real 24 hours; the relay is killed again and again
    INTERRUPTED = "interrupted"  # the same, and it is told things while attempts hang, one after the other
    OPERATED = "operated"  # real seconds; several messages wait, and an operator sees and mends what is wrong


class Course(StrEnum):
    """How a staged failure mode goes on."""

    HEALTHY = "healthy"  # nothing is wrong; for positive controls
    PERSISTS = "persists"  # something is wrong for good, and must not keep the message from arriving
    HEALED = "healed"  # broken until two attempts have met the fault, then repaired
    REJECTED = "rejected"  # the destination refuses for good
    REPORTED = (
        "reported"  # as `rejected`, and the report meets something on its way; that is mended, if it can be
    )
    MIXED = "mixed"  # as `healed`, for a message to several recipients of whom some are in trouble
    BATCH = (
        "batch"  # several messages, until each has come to its end, with a repair if the failure mode says so
    )
    SCHEDULE = "schedule"  # one fault after another, each until an attempt has met it
    REDUCED = "reduced"  # the same, in search of the shortest schedule that still fails
    DAY = "day"  # broken for a whole compressed day
    LONG_DEAD = "long_dead"  # as `healed`, after an earlier message has waited there until its time was up
    EXPIRES = "expires"  # broken for good, and the clock is moved past the lifetime
    HEALED_1H = "healed_1h"  # repaired when the message is 1 hour old
    HEALED_12H = "healed_12h"
    HEALED_23H = "healed_23h"
    AFTER_JUMP = "after_jump"  # submitted to a healthy destination after the clock's last stop
    RESTARTED = "restarted"  # as `expires`; the relay is killed when the message is 12 hours old
    NULL_SENDER = "null_sender"  # as `expires`, with the null reverse-path
    NOTIFY_NEVER = "notify_never"  # as `expires`, with NOTIFY=NEVER
    KILLED = "killed"  # the relay is killed at the moment the failure mode names, and started again
    AMID = "amid"  # what the failure mode names falls into the first attempt, while a server holds it
    NOTIFY_DELAY = "notify_delay"  # as `expires`, with NOTIFY=DELAY, which leaves FAILURE out
    ALERTED = "alerted"  # messages wait, too few, then enough, until the alert is due; then repaired
    CORRECTED = "corrected"  # several messages wait until the destination is repaired
    EDITED = "edited"  # several messages wait until the connector is corrected
    EDIT_REFUSED = "edit_refused"  # invalid settings are saved first, then valid ones
    FIXED_NOW = "fixed_now"  # mail to known and unknown recipients waits until Fix now is chosen
    SWITCHED_OFF = "switched_off"  # ... until the connector is off and the domain authoritative
    FIXED_NOW_OFF = (
        "fixed_now_off"  # ... until the connector is off, and Fix now is chosen for it all the same
    )
    DELETED = "deleted"  # ... until the connector is deleted and the domain authoritative
    FIXED_NOW_BESIDE = "fixed_now_beside"  # Fix now is chosen beside a connector with a domain of its own
    ALERTED_AMID = "alerted_amid"  # enough messages grow old while a server holds them
    ALERTED_RESTARTED = "alerted_restarted"  # as `restarted`, and so many messages wait that an alert lasts
    ALERTED_SAVED = "alerted_saved"  # the settings are saved as they are while an alert lasts
    EDITED_AMID = "edited_amid"  # the connector is edited while a server holds the first attempt
    FIXED_NOW_AMID = "fixed_now_amid"  # Fix now is chosen while a server holds the first attempt


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What distinguishes a course.

    Attributes:
        timing: The clock.
        heals_at: Age of the message at the repair, in seconds of the relay's clock; None: as the course says.
        null_sender: Whether the message has the null reverse-path.
        notify: Value of the NOTIFY parameter at submission (RFC 3461 section 4.1); empty: none.
    """

    timing: Timing
    heals_at: float | None = None
    null_sender: bool = False
    notify: str = ""


TRAITS: dict[Course, Traits] = {
    Course.HEALTHY: Traits(timing=Timing.STEADY),
    Course.PERSISTS: Traits(timing=Timing.STEADY),
    Course.HEALED: Traits(timing=Timing.STEADY),
    Course.REJECTED: Traits(timing=Timing.STEADY),
    Course.REPORTED: Traits(timing=Timing.STEADY),
    Course.MIXED: Traits(timing=Timing.STEADY),
    Course.BATCH: Traits(timing=Timing.STEADY),
    Course.SCHEDULE: Traits(timing=Timing.STEADY),
    Course.REDUCED: Traits(timing=Timing.STEADY),
    Course.DAY: Traits(timing=Timing.COMPRESSED),
    Course.LONG_DEAD: Traits(timing=Timing.COMPRESSED),
    Course.EXPIRES: Traits(timing=Timing.JUMPED),
    Course.HEALED_1H: Traits(timing=Timing.JUMPED, heals_at=HOUR),
    Course.HEALED_12H: Traits(timing=Timing.JUMPED, heals_at=12 * HOUR),
    Course.HEALED_23H: Traits(timing=Timing.JUMPED, heals_at=23 * HOUR),
    Course.AFTER_JUMP: Traits(timing=Timing.JUMPED),
    Course.RESTARTED: Traits(timing=Timing.RESTARTED),
    Course.NULL_SENDER: Traits(timing=Timing.JUMPED, null_sender=True),
    Course.NOTIFY_NEVER: Traits(timing=Timing.JUMPED, notify="NEVER"),
    Course.KILLED: Traits(timing=Timing.CRASHED),
    Course.AMID: Traits(timing=Timing.INTERRUPTED),
    Course.NOTIFY_DELAY: Traits(timing=Timing.JUMPED, notify="DELAY"),
    Course.ALERTED: Traits(timing=Timing.OPERATED),
    Course.CORRECTED: Traits(timing=Timing.OPERATED),
    Course.EDITED: Traits(timing=Timing.OPERATED),
    Course.EDIT_REFUSED: Traits(timing=Timing.OPERATED),
    Course.FIXED_NOW: Traits(timing=Timing.OPERATED),
    Course.SWITCHED_OFF: Traits(timing=Timing.OPERATED),
    Course.FIXED_NOW_OFF: Traits(timing=Timing.OPERATED),
    Course.DELETED: Traits(timing=Timing.OPERATED),
    Course.FIXED_NOW_BESIDE: Traits(timing=Timing.OPERATED),
    Course.ALERTED_AMID: Traits(timing=Timing.OPERATED),
    Course.ALERTED_RESTARTED: Traits(timing=Timing.RESTARTED),
    Course.ALERTED_SAVED: Traits(timing=Timing.OPERATED),
    Course.EDITED_AMID: Traits(timing=Timing.OPERATED),
    Course.FIXED_NOW_AMID: Traits(timing=Timing.OPERATED),
}

# The destination was shut down for good: the operator takes it out of service, in one step or by hand.
OUT_OF_SERVICE = (Course.FIXED_NOW, Course.SWITCHED_OFF, Course.FIXED_NOW_OFF, Course.DELETED)

# On these the recipient domain is the relay's own, as an internal relay domain at first.
OWN_DOMAIN = (*OUT_OF_SERVICE, Course.FIXED_NOW_AMID, Course.FIXED_NOW_BESIDE)

# On these there is another, healthy smart host: the connector is given it, or another connector has it.
NEW_SMART_HOST = (Course.EDITED, Course.EDIT_REFUSED, Course.FIXED_NOW_BESIDE)

# On these the relay is asked for its alerts, and told when to raise them, though no operator acts.
ALERTED_ELSEWHERE = (Course.ALERTED_RESTARTED,)

# On these, what is staged is a fault schedule and not a failure mode of the catalogue.
SCHEDULES = (Course.SCHEDULE, Course.REDUCED)

# The stops of a jumped clock, in seconds after the message was accepted. 23 h 55 is the last moment at which it must
# still wait; 24 h 15 and 25 h 05 are the latest at which it may, by the samples of the live service and by one maximal
# gap after the lifetime. At the last stop nothing may happen any more.
STOPS: tuple[tuple[str, float], ...] = (
    ("1h", HOUR),
    ("12h", 12 * HOUR),
    ("23h", 23 * HOUR),
    ("23h55", 23 * HOUR + 55 * 60),
    ("24h15", 24 * HOUR + 15 * 60),
    ("25h05", 25 * HOUR + 5 * 60),
    ("30h", 30 * HOUR),
)
FIRST_STOP = "1h"
HALF_TIME = "12h"
LAST_STILL_QUEUED = "23h55"
EXPIRED_BY = "24h15"


def timing_of(course: str) -> Timing:
    """Return the clock of a course, by its name in a plan or record."""
    return TRAITS[Course(course)].timing
