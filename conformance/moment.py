"""The moments of a message's life at which its relay is killed."""

from __future__ import annotations

from enum import StrEnum


class Moment(StrEnum):
    """When the relay is killed."""

    CONTENT_SENT = "content_sent"  # a client has sent the content, and not yet the final dot
    DOT_SENT = "dot_sent"  # a client has sent the final dot; the reply may or may not be on its way
    ACCEPTED = "accepted"  # a client has read the 250 to its final dot
    DELIVERING = "delivering"  # the destination has read some of the content
    DELIVERED_UNTOLD = "delivered_untold"  # the destination has the final dot, and has not answered it
    DELIVERED = (
        "delivered"  # the destination has accepted the message, and the relay's queue shows it no more
    )
    BETWEEN_ATTEMPTS = "between_attempts"  # an attempt has failed, the next one is to come
    RETRYING = "retrying"  # the second attempt has begun
    EXPIRING = "expiring"  # the clock was just moved past the message's lifetime
    REPORTING = "reporting"  # the message has left the queue, or its report is on its way
