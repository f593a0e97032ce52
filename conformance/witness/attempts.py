"""How traces on the wire become attempts at delivery.

Theory of operation
-------------------

*Two things are told apart.* What *proves* that an attempt met the fault: a *contact* of the failure mode's witness, as
a connection on which the fault was played, a SYN that got no answer, a failing answer of the name server. What counts
as one is for each witness to say (`connections.py`, `dns.py`, `tls.py`, `kills.py`). And what *belongs* to an attempt:
every trace of it, proof or not (`traces.py`). One attempt may leave many: a relay asks for MX records, for addresses
of both families, asks again where no answer comes, goes from host to host. How they become attempts is the same for
all witnesses and stands here.

*Succession groups them, not identity.* Nothing on the wire names the attempt to which a trace belongs; each of them
asks the same questions and connects to the same hosts. What tells them apart is time. Within an attempt a relay goes
on at once, and between the end of one and the start of the next lies at least the retry interval that it granted. So a
trace belongs to the attempt before it if it begins less than half of the shortest interval after the latest moment at
which that one can have been over.

*An attempt can be used up.* Taken alone that would make one endless attempt of a relay that comes back at once, again
and again, and just that relay must be caught. So an attempt may leave so many contacts of one kind with one host and
no more: three look-ups (`per_attempt`), or as many connections as the failure mode says. The next one begins another
attempt. *Several hosts*, and several addresses of one host, have a number each: to go on to the next one is the
same attempt, to come back is not.
*Several questions* (type of record, transport) have a number each as well, and one that was not asked yet may take its
time, up to a whole interval: who waits in vain for an AAAA record asks for A after its time-out. *Only proof uses up*:
of what proves nothing (an alias, a TLSA record, a connection in clear after TLS failed) nobody knows how much an
attempt needs. *Only what has failed does*: a connection that was opened before the fault showed on the other one comes
back from nothing, for a retry follows a failure (RFC 5321 section 4.5.4.1); some relays open several at the same time.
*Where two contacts must be of different attempts*, what lies between them is parted at the longest
pause.

*Retransmissions* have the identifier of the query that they repeat (`mark`). They use up nothing, and may come late,
as a resolver waits for seconds; but not a whole interval late, since some relays give all their queries the same
identifier and would hide every retry behind it. And whatever the identifier, no resolver waits for ten seconds to
repeat a question: what is asked again after that, and nine tenths of an interval or more after the last time, is a
retry, however long the time-out that was granted. Unless each wait was twice the one before: so waits a resolver that
backs off (libasr: 5, 10, 20 and 40 seconds), and no retry where intervals do not grow.

*A moved clock separates attempts*: at a stop hours pass for the relay, and seconds for us.

*Not everything is for the message.* A relay with one route for all mail sends its report the same way. A connection
that carries nothing but a report, and what was asked for its sake, is set apart first (`for_reports.py`); what may have
been meant for one proves no other attempt (`evidence/envelopes.py`).

*Where an attempt ends nobody sees.* `end` is the earliest moment at which the relay can have given up: the last sign
of the fault, and of what it did after that. `latest_end` is the latest: the connection was closed, or a time-out of
the length that was granted has passed since; but never later than the next attempt begins. Of several traces the last
one counts, for both; but a retransmission that proves nothing does not move `end`, since a resolver may send it for
nobody. A gap is judged by the bound that is kinder to the relay (`judging/gaps.py`). *Either end*: after an answer
that must not be believed (RFC 5452 section 9.1) some relays give up at once, and others wait for a better one until
their time-out. By the latest end a retry of the former would be a part of the attempt before. So with such a witness
the same question is a retry once nine tenths of an interval have passed since the earliest end; nine tenths, for a
relay counts in its own ticks.

*What lingers holds nothing.* A connection that is open when another attempt begins was given up before, and forgotten:
of its attempt the last sign on it before that moment is the end (`lingering`).

*An attempt need not meet the fault.* One whose look-up fails, or that finds the fault gone, leaves traces without
proof; it is an attempt all the same (`all_attempts`), and shows that the relay tried again.

What this cannot see: an attempt that leaves no trace, because the relay remembers what it was told or never comes so
far; two attempts within half an interval that share neither host nor question, which are taken for one; and a pause of
more than half an interval within an attempt, which makes two of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise, zip_longest

from conformance.evidence.connections import Connection
from conformance.evidence.view import Evidence
from conformance.witness.contact import Contact
from conformance.witness.for_reports import for_reports
from conformance.witness.traces import connection_number, is_lookup, traces

# A relay counts in its own ticks: from this part of the interval on a retry may be due.
NEARLY = 0.9

# Seconds within which a resolver repeats a question that was not answered; most take 5 or less (resolv.conf(5)).
_ASKED_AGAIN_WITHIN = 10.0
# So far from twice the one before may a wait be of one that backs off.
_BACKS_OFF = 0.1


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One attempt at delivery; see `Contact` for the times.

    Attributes:
        at: When it began.
        end: When it was over at the earliest.
        latest_end: When it was over at the latest.
        contacts: What proves that it met the fault; empty: nothing does.
        traces: All that was seen of it, these included.
    """

    at: float
    end: float
    latest_end: float
    contacts: tuple[Contact, ...]
    traces: tuple[Contact, ...] = ()

    @property
    def met(self) -> bool:
        """Whether it met the fault."""
        return bool(self.contacts)

    @cached_property
    def connections(self) -> frozenset[int]:
        """The numbers of its connections."""
        return frozenset(map(connection_number, self.traces)) - {0}

    @property
    def only_asked(self) -> bool:
        """Whether nothing was seen of it but questions, and none that met the fault."""
        return not self.met and all(map(is_lookup, self.traces))

    def goes_on_after(self, moment: float) -> bool:
        """Tell whether it began before a moment, and was seen or can have lasted beyond it."""
        seen = (sign for trace in self.traces for sign in (trace.at, *trace.signs))
        return self.at < moment and (self.end > moment or any(moment < at <= self.latest_end for at in seen))

    def parted(self, begun: float) -> tuple[Attempt, Attempt]:
        """Part it before a trace that begins at some moment after the last proof, at the longest pause."""
        kept = [_Trace(each, each in self.contacts) for each in self.traces]
        later = [each for each in kept if each.contact.at >= begun]
        first = [each for each in kept if each.contact.at < begun]
        stays, goes = _parted(first, later[0])
        former, latter = _bounded([stays, [*goes, *later[1:]]])
        return former, latter


@dataclass(frozen=True)
class _Trace:
    """A trace, and whether it proves that its attempt met the fault."""

    contact: Contact
    proves: bool


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
        by_ehlo: Whether a relay has to say EHLO to bring forth what it sees.
    """

    sentence: str
    see: Callable[[Evidence], list[Contact]]
    per_attempt: int = 1
    indirect: frozenset[str] = frozenset()
    either_end: bool = False
    by_ehlo: bool = False

    def attempts(self, evidence: Evidence, *, connections: int = 1) -> list[Attempt]:
        """Return the attempts that met the fault; the arguments are those of `all_attempts`."""
        return [each for each in self.all_attempts(evidence, connections=connections) if each.met]

    def all_attempts(self, evidence: Evidence, *, connections: int = 1) -> list[Attempt]:
        """Group all traces into attempts, as the module's docstring says; once for whoever asks.

        Args:
            evidence: Where to see them.
            connections: How many connections one attempt may make to one host.
        """
        key = self, connections
        if key not in evidence.worked_out:
            evidence.worked_out[key] = self._grouped(evidence, connections)
        return [*evidence.worked_out[key]]

    def _grouped(self, evidence: Evidence, connections: int) -> list[Attempt]:
        interval = evidence.staged.granted.retry_interval
        most = self.per_attempt * connections
        # a moved clock separates attempts, however little time passed for us
        stops = evidence.staged.milestones.values()
        groups: list[list[_Trace]] = []
        for trace in _for_the_message(_merged(self.see(evidence), traces(evidence)), evidence):
            contact = trace.contact
            pause = contact.at - _latest_end(groups[-1]) if groups else 0.0
            jumped = groups and any(groups[-1][-1].contact.at < stop <= contact.at for stop in stops)
            if not groups or jumped:
                groups.append([trace])
            elif not trace.proves:
                if pause >= interval / 2:
                    groups.append([trace])
                elif _comes_back(contact, groups[-1], interval):
                    groups[-1:] = _parted(groups[-1], trace)
                else:
                    groups[-1].append(trace)
            else:
                limit, used_up = self._limits(contact, groups[-1], interval, most, pause)
                if pause < limit and not used_up:
                    groups[-1].append(trace)
                else:
                    groups[-1:] = _parted(groups[-1], trace) if pause < limit else [groups[-1], [trace]]
        return _without_unclear(_bounded(groups), evidence)

    def _limits(
        self, contact: Contact, group: list[_Trace], interval: float, most: int, pause: float
    ) -> tuple[float, bool]:
        """Return the pause after which a contact begins another attempt, and whether the one before is used up."""
        proofs = [trace.contact for trace in group if trace.proves]
        alike = [c for c in proofs if (c.place, c.what) == (contact.place, contact.what)]
        asked = max((c.at for c in alike), default=contact.at) if contact.what else contact.at
        repeated = [c.at for c in alike if contact.mark and c.mark == contact.mark]
        long_ago = contact.at - asked >= max(NEARLY * interval, _ASKED_AGAIN_WITHIN)
        if long_ago and not _backs_off([*repeated, contact.at]):
            return math.inf, True
        # not for ever: some relays give all their queries the same identifier
        if contact.mark and any(contact.mark == other.mark for other in alike) and pause < interval:
            return interval, False
        if self.either_end and alike and contact.at - max(c.end for c in alike) >= NEARLY * interval:
            return interval, True
        # marks count once: retransmissions do not use up an attempt; nor does what had not failed when this one began
        used = {c.mark or str(n) for n, c in enumerate(alike) if c.told <= contact.at}
        # a question that this attempt has not asked yet (AAAA after A) may take its time
        fresh = bool(contact.what) and bool(proofs) and not alike
        return (interval if fresh else interval / 2), len(used) >= most


def _backs_off(asked: Sequence[float]) -> bool:
    """Tell whether a resolver has waited twice as long each time before it asked the same once more."""
    waits = [later - former for former, later in pairwise(asked)]
    return len(waits) > 1 and all(
        abs(later - 2 * former) <= _BACKS_OFF * former for former, later in pairwise(waits)
    )


def either(one: Witness, other: Witness) -> Witness:
    """Return a witness that takes for proof what one of two does."""
    return Witness(
        sentence=f"{one.sentence}; or {other.sentence}",
        see=lambda evidence: sorted(
            [*one.see(evidence), *other.see(evidence)], key=lambda contact: contact.at
        ),
        per_attempt=max(one.per_attempt, other.per_attempt),
        indirect=one.indirect | other.indirect,
        either_end=one.either_end or other.either_end,
    )


def before_repair(evidence: Evidence, contacts: list[Contact]) -> list[Contact]:
    """Leave out what came after the repair."""
    repaired = evidence.staged.fault_ended
    return [c for c in contacts if repaired is None or c.at < repaired]


@dataclass(frozen=True, kw_only=True)
class Lingering:
    """A connection that was open when the relay had given it up: another attempt began at the latest at `since`."""

    connection: Connection
    since: float


def lingering(evidence: Evidence, attempts: Sequence[Attempt]) -> list[Lingering]:
    """Return the connections that were open when the attempt after theirs began, the first of them first.

    Args:
        evidence: Where to see them.
        attempts: All attempts, as `Witness.all_attempts` returns them.
    """
    found = {each.number: each for each in evidence.all_connections}
    return [
        Lingering(connection=found[number], since=later.at)
        for attempt, later in pairwise(attempts)
        for number in sorted(attempt.connections)
        if found[number].is_open(later.at)
    ]


def _merged(contacts: Iterable[Contact], others: list[Contact]) -> list[_Trace]:
    """Return all traces in the order of time; what proves something keeps its bounds, and what shows it the rest."""
    by_event = {id(each.shown_by): each for each in others}
    found = []
    for contact in contacts:
        trace = by_event.pop(id(contact.shown_by), None) if contact.shown_by is not None else None
        if trace is not None:
            contact = replace(contact, at=min(contact.at, trace.at), signs=trace.signs)
            if is_lookup(trace):
                # once it connects to the host, it waits no longer
                contact = replace(
                    contact, latest_end=min(contact.latest_end, max(contact.end, trace.latest_end))
                )
        found.append(_Trace(contact, proves=True))
    found += [_Trace(each, proves=False) for each in by_event.values()]
    return sorted(found, key=lambda trace: trace.contact.at)


def _latest_end(group: Iterable[_Trace]) -> float:
    return max(trace.contact.latest_end for trace in group)


def _comes_back(contact: Contact, group: list[_Trace], interval: float) -> bool:
    """Tell whether a connection that proves nothing goes to a host where one of the group has long been at its end."""
    proofs = [trace.contact for trace in group if trace.proves and connection_number(trace.contact)]
    if not connection_number(contact) or all(each.place != contact.place for each in proofs):
        return False
    ended = max(_busy_until(trace.contact, contact.at) for trace in group if not is_lookup(trace.contact))
    return contact.at - ended >= interval / 2


def _parted(group: list[_Trace], trace: _Trace) -> list[list[_Trace]]:
    """Begin another attempt with a trace, and with what led to it: what followed the longest pause after a proof."""
    tail = 0
    while tail < len(group) - 1 and not group[-1 - tail].proves:
        tail += 1
    begins = [*(each.contact.at for each in group[len(group) - tail :]), trace.contact.at]
    # the first of them follows something that stays
    pauses = [
        begin - max(_busy_until(each.contact, begin) for each in group[: len(group) - tail + number])
        for number, begin in enumerate(begins)
    ]
    stay = len(group) - tail + pauses.index(max(pauses))
    return [group[:stay], [*group[stay:], trace]]


def _busy_until(contact: Contact, moment: float) -> float:
    """Return when the relay was surely busy with a trace for the last time before a moment."""
    return min(contact.end, contact.last_sign(moment))


def _bounded(groups: list[list[_Trace]]) -> list[Attempt]:
    """Make attempts of groups; none lasts longer than until the next one begins."""
    begins = [group[0].contact.at for group in groups]
    return [_attempt(group, next_at) for group, next_at in zip_longest(groups, begins[1:])]


def _attempt(group: list[_Trace], next_at: float | None) -> Attempt:
    end = latest = begun = group[0].contact.at
    asked: set[tuple[str, str, str]] = set()
    for trace in group:
        contact = trace.contact
        question = (contact.host, contact.what, contact.mark)
        again = is_lookup(contact) and not trace.proves and question in asked
        asked.add(question)
        ended = contact.end
        if next_at is not None and ended > next_at:
            ended = contact.last_sign(next_at)
        end = end if again else max(end, ended)
        latest = max(latest, contact.latest_end)
    return Attempt(
        at=begun,
        end=end,
        latest_end=latest if next_at is None else min(latest, next_at),
        contacts=tuple(trace.contact for trace in group if trace.proves),
        traces=tuple(trace.contact for trace in group),
    )


def _for_the_message(found: list[_Trace], evidence: Evidence) -> list[_Trace]:
    """Leave out what a report left that takes the way of the message."""
    proofs = [trace.contact for trace in found if trace.proves]
    pause = evidence.staged.granted.retry_interval / 2
    others = for_reports([trace.contact for trace in found], proofs, evidence, pause)
    apart = set(map(id, others))
    return [trace for trace in found if id(trace.contact) not in apart]


def _without_unclear(attempts: list[Attempt], evidence: Evidence) -> list[Attempt]:
    """Leave out attempts that may have been a report's, of which nothing tells.

    The first, and the first that met the fault, are the message's in any case; once that was given up, the sending of
    a report looks alike.
    """
    first = [*attempts[:1], *[each for each in attempts if each.met][:1]]
    return [each for each in attempts if each in first or each.at <= evidence.unclear_from]
