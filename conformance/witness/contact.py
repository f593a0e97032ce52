"""A contact: one trace that an attempt at delivery left on the wire."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fake_servers.events import Event


@dataclass(frozen=True, kw_only=True)
class Contact:
    """One trace an attempt left; times are the journal's, in seconds.

    Attributes:
        at: When it began.
        end: When it was over at the earliest.
        latest_end: When it was over at the latest.
        host: The smart host it concerned, or the name that was asked for.
        address: Which of the addresses of that host, if it has several at a time; empty: it has one, or a name was
            asked for.
        mark: Contacts with the same mark in direct succession repeat one another (a retransmitted query).
        what: What was asked of the host; different questions do not use up one another's number.
        shown_by: The event that shows it: a connection's acceptance, an answer, a SYN.
        signs: When something was seen of it; empty: when it began, and at its end.
        told: Of a connection, when the relay can have met the fault there for the first time.
    """

    at: float
    end: float
    latest_end: float
    host: str
    mark: str = ""
    what: str = ""
    shown_by: Event | None = None
    signs: tuple[float, ...] = ()
    address: str = ""
    told: float = -math.inf

    @property
    def place(self) -> tuple[str, str]:
        """The host and which of its addresses."""
        return self.host, self.address

    def last_sign(self, before: float) -> float:
        """Return when it was seen last, up to a moment that is not before its beginning."""
        return max([self.at, *(at for at in self.signs or (self.end,) if at <= before)])
