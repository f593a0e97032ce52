"""How traces on the wire become attempts at delivery.

Theory of operation
-------------------

*A contact is one trace that an attempt left*: a connection on which the fault was played, a SYN that got no answer, a
failing answer of the name server. What counts as one is for each witness to say (`connections.py`, `dns.py`, `tls.py`,
`kills.py`); how contacts become attempts is the same for all of them and stands here. One attempt may leave several: a
relay goes from host to host, asks for addresses of both families, and asks again where no answer comes.

*Succession groups them, not identity.* Nothing on the wire names the attempt to which it belongs; each of them asks the
same questions and connects to the same hosts. What tells them apart is time. Within an attempt a relay goes on at once,
and between the end of one and the start of the next lies at least the retry interval that it granted. So a contact
belongs to the attempt before it if it begins less than half of the shortest interval after the latest moment at which
that one can have been over.

*An attempt can be used up.* Taken alone that would make one endless attempt of a relay that comes back at once, again
and again, and just that relay must be caught. So an attempt may leave so many contacts of one kind with one host and no
more: three look-ups (`per_attempt`), or as many connections as the failure mode says. The next one begins another
attempt. *Several hosts* have a number each: to go on to the next one is the same attempt, to come back is not. *Several
questions* (type of record, transport) have a number each as well, and one that was not asked yet may take its time, up
to a whole interval: who waits in vain for an AAAA record asks for A after its time-out.

*Retransmissions* have the identifier of the query that they repeat (`mark`). They use up nothing, and may come late, as
a resolver waits for seconds; but not a whole interval late, since some relays give all their queries the same
identifier and would hide every retry behind it.

*A moved clock separates attempts*: at a stop hours pass for the relay, and seconds for us.

*Not every group is an attempt at the message.* A relay with one route for all mail sends its report the same way. What
carries nothing but a report is no contact, and what may have been meant for one proves no other attempt
(`evidence/envelopes.py`).

*Where an attempt ends nobody sees.* `end` is the earliest moment at which the relay can have given up: the last sign of
the fault. `latest_end` is the latest: the connection was closed, or a time-out of the length that was granted has
passed since. Of several contacts the last one counts, for both; a gap is judged by the bound that is kinder to the
relay (`judging/gaps.py`). *Either end*: after an answer that must not be believed (RFC 5452 section 9.1) some relays
give up at once, and others wait for a better one until their time-out. By the latest end a retry of the former would be
a part of the attempt before. So with such a witness the same question is a retry once nine tenths of an interval have
passed since the earliest end; nine tenths, for a relay counts in its own ticks.

What this cannot see: an attempt that leaves no trace, because the relay remembers what it was told or never comes so
far; two attempts within half an interval that share neither host nor question, which are taken for one; and a pause of
more than half an interval within an attempt, which makes two of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from conformance.evidence.view import Evidence

# A relay counts in its own ticks: from this part of the interval on a retry may be due.
_NEARLY = 0.9


@dataclass(frozen=True, kw_only=True)
class Contact:
    """One trace an attempt left.

    Attributes:
        at: When it began.
        end: When it was over at the earliest.
        latest_end: When it was over at the latest.
        host: The smart host it concerned.
        mark: Contacts with the same mark in direct succession repeat one another (a retransmitted query).
        what: What was asked of the host; different questions do not use up one another's number.
    """

    at: float
    end: float
    latest_end: float
    host: str
    mark: str = ""
    what: str = ""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One attempt at delivery; see `Contact` for the times."""

    at: float
    end: float
    latest_end: float
    contacts: tuple[Contact, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Witness:
    """A way to see attempts.

    Attributes:
        sentence: What it takes as proof, for the docs and for reports.
        see: Returns the contacts in the order of time.
        per_attempt: How many contacts of one kind with one host one attempt may leave.
        indirect: Labs in which it sees what precedes an attempt, a look-up, and not the attempt itself.
        either_end: Whether some relays give up with the contact itself and others go on waiting after it, as for an
            answer that must not be believed. Then the same question, asked again when a retry is due, is a retry.
    """

    sentence: str
    see: Callable[[Evidence], list[Contact]]
    per_attempt: int = 1
    indirect: frozenset[str] = frozenset()
    either_end: bool = False

    def attempts(self, evidence: Evidence, *, connections: int = 1) -> list[Attempt]:
        """Group the contacts into attempts, as the module's docstring says.

        Args:
            evidence: Where to see them.
            connections: How many connections one attempt may make to one host.
        """
        interval = evidence.staged.granted.retry_interval
        most = self.per_attempt * connections
        # a moved clock separates attempts, however little time passed for us
        stops = evidence.staged.milestones.values()
        groups: list[list[Contact]] = []
        for contact in self.see(evidence):
            jumped = groups and any(groups[-1][-1].at < stop <= contact.at for stop in stops)
            if groups and not jumped and self._belongs(contact, groups[-1], interval, most):
                groups[-1].append(contact)
            else:
                groups.append([contact])
        # the first is the message's in any case; once that was given up, the sending of a report looks alike
        ours = [group for group in groups if group is groups[0] or group[0].at <= evidence.unclear_from]
        return [
            Attempt(
                at=group[0].at,
                end=max(c.end for c in group),
                latest_end=max(c.latest_end for c in group),
                contacts=tuple(group),
            )
            for group in ours
        ]

    def _belongs(self, contact: Contact, group: list[Contact], interval: float, most: int) -> bool:
        pause = contact.at - max(c.latest_end for c in group)
        alike = [c for c in group if (c.host, c.what) == (contact.host, contact.what)]
        # not for ever: some relays give all their queries the same identifier
        if contact.mark and any(contact.mark == other.mark for other in alike) and pause < interval:
            return True
        if self.either_end and alike and contact.at - max(c.end for c in alike) >= _NEARLY * interval:
            return False
        # marks count once: retransmissions do not use up an attempt
        used = {c.mark or str(n) for n, c in enumerate(alike)}
        # a question that this attempt has not asked yet (AAAA after A) may take its time
        fresh = bool(contact.what) and not alike
        return pause < (interval if fresh else interval / 2) and len(used) < most


def before_repair(evidence: Evidence, contacts: list[Contact]) -> list[Contact]:
    """Leave out what came after the repair."""
    repaired = evidence.staged.fault_ended
    return [c for c in contacts if repaired is None or c.at < repaired]
