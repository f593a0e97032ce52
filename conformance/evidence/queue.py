"""Whether a message was in the relay's queue: present, absent or unknown. It is decided here and nowhere else.

How it works. A wave asks each relay for its queue once a second. What comes back is a *listing*, and a listing is less
than it seems:

* It is of some moment between `asked` and `at`, nobody knows which. So one speaks of what was before a time if it had
  been answered by then, and of what was after it if it was asked for later.
* It is no picture of one moment. Many relays read one folder of the queue after the other (Postfix, showq(8)). What
  moves between two of them meanwhile is missed, or listed twice. Therefore one that misses a message which the next one
  lists *tells* nothing; one that lists it always tells. Where it must be proven that a message had gone, two in a row
  have to miss it: the wave asks again at once when something is missing, so that there are two. And only what two in a
  row list twice is there twice.
* It is of one relay instance. What another one lists, or does not list, is about other scenarios.
* It counts while the window of the scenario is open. Before the relay accepted the message there was nothing to be
  listed; after the end nobody waited for anything. The end itself is seen: a window closes with a listing that is later
  than everything that was waited for, unless the relay gave none; then the last one before it counts.

That nobody asked does not mean that a message was gone. Where no listing tells, the answer is *unknown*, and whoever
asks has to say what becomes of a verdict then. The reading is of one recipient, because each may have a fate of its
own; several messages of a scenario differ in their recipients.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import pairwise

from conformance.evidence.record import QueueListing, Staged
from conformance.target import QueuedMessage
from fake_servers.addresses import known_as


class Presence(StrEnum):
    """Whether a message was in the queue."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"  # no listing tells


@dataclass(frozen=True, kw_only=True)
class QueueAnswer:
    """Whether a message was in the queue, and which listing tells.

    Attributes:
        presence: Whether it was.
        at: When the relay had answered with the listing that tells; None if none does.
    """

    presence: Presence
    at: float | None = None


@dataclass(frozen=True, kw_only=True)
class Listed:
    """What one listing says of one recipient.

    Attributes:
        asked: When the relay was asked for it.
        at: When it had answered.
        messages: The messages that it lists for the recipient.
        tells: Whether it is evidence: it is not if it lists none and the next listing does.
    """

    asked: float
    at: float
    messages: tuple[QueuedMessage, ...]
    tells: bool

    @property
    def answer(self) -> QueueAnswer:
        """What it tells by itself."""
        return QueueAnswer(presence=Presence.PRESENT if self.messages else Presence.ABSENT, at=self.at)


_UNKNOWN = QueueAnswer(presence=Presence.UNKNOWN)


@dataclass(frozen=True)
class QueueReading:
    """What listings say of one recipient, over the window of a scenario or a part of it.

    Attributes:
        listings: The listings, in order.
    """

    listings: tuple[Listed, ...]

    def during(self, *, after: float = -math.inf, until: float = math.inf) -> QueueReading:
        """Return the reading of a span: of the listings asked for after one time and answered by another."""
        return QueueReading(tuple(each for each in self.listings if each.asked > after and each.at <= until))

    @cached_property
    def telling(self) -> tuple[Listed, ...]:
        """The listings that are evidence."""
        return tuple(each for each in self.listings if each.tells)

    @cached_property
    def missing(self) -> tuple[Listed, ...]:
        """Those of them that do not list the message."""
        return tuple(each for each in self.telling if not each.messages)

    def at(self, moment: float) -> QueueAnswer:
        """Return the answer for a moment, as the last listing before it tells."""
        return self.during(until=moment).last

    @property
    def last(self) -> QueueAnswer:
        """The answer for the end of the span."""
        return self.telling[-1].answer if self.telling else _UNKNOWN

    @property
    def throughout(self) -> QueueAnswer:
        """The answer for the whole span: absent, if it was absent once, as the first such listing tells."""
        return self.missing[0].answer if self.missing else self.last

    @property
    def in_the_end(self) -> QueueAnswer:
        """The answer for the end of the span; if it was absent then, the first listing that misses it for good tells.

        One that is listed again was never away: a relay that was started again reads its spool message by message.
        """
        listed = [number for number, each in enumerate(self.telling) if each.messages]
        after = self.telling[listed[-1] + 1 :] if listed else self.telling
        return after[0].answer if after else self.last

    @property
    def proves_gone(self) -> bool:
        """Whether two listings in a row do not list the message."""
        return any(not one.messages and not other.messages for one, other in pairwise(self.listings))

    @property
    def twice(self) -> Listed | None:
        """The first listing that lists the recipient more than once, as the one before it does."""
        pairs = pairwise(self.listings)
        return next((now for before, now in pairs if min(len(before.messages), len(now.messages)) > 1), None)


def read_queue(listings: Iterable[QueueListing], staged: Staged, recipient: str) -> QueueReading:
    """Read what was listed for one recipient, in any case of letters, while the window of a scenario was open.

    Args:
        listings: Listings of any relays, in order.
        staged: The scenario.
        recipient: The recipient: that of the scenario, another of its message, or one of another of its messages.
    """
    ours = known_as(recipient)
    begin = math.inf if staged.submitted is None else staged.submitted
    end = math.inf if staged.closed is None else staged.closed
    counted = [
        each for each in listings if each.relay == staged.relay and each.asked >= begin and each.at <= end
    ]
    found = [tuple(each.by_recipient.get(ours, ())) for each in counted]
    following = [*found[1:], ()]
    return QueueReading(
        tuple(
            Listed(asked=each.asked, at=each.at, messages=messages, tells=bool(messages) or not listed_next)
            for each, messages, listed_next in zip(counted, found, following, strict=False)
        )
    )
