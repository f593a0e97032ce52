"""How many addresses a relay tries in one attempt, and whether that is a limit of its own.

RFC 5321 section 5.1: a client must be able to try each address until a delivery succeeds; there may be a configurable
limit on the number of addresses, and at least two should be tried. Nobody says on the wire that he has a limit, but who
has one keeps to it everywhere. So a relay that gives up after two smart hosts, and goes on to a third address
elsewhere, has none.
"""

from __future__ import annotations

from conformance.catalogue.destination import Host
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.message import Kind
from conformance.evidence.record import Record
from conformance.evidence.view import Evidence, view_of
from conformance.witness.attempts import Attempt
from conformance.witness.traces import is_lookup

# What a client should try whatever its limit is.
_FEWEST = 2


def limit(mode: FailureMode, evidence: Evidence) -> int:
    """Return the number of addresses after which the relay stopped, if that may be a limit of its own; 0: it may not.

    Of an attempt that still went on when the window closed nothing is known.
    """
    if not _is_deep(mode):
        return 0
    least = min((_depth(each) for each in _failed(mode, evidence)), default=0)
    return least if least >= max(_FEWEST, _furthest(evidence.record)) else 0


def _is_deep(mode: FailureMode) -> bool:
    """Tell whether two addresses or more must be tried in vain before a healthy one is."""
    faulty = (host for host in mode.hosts if host.rules or host.tcp is not Host.tcp)
    return mode.kind is Kind.HARMLESS and len(list(faulty)) >= _FEWEST


def _furthest(record: Record) -> int:
    """Return the largest number of addresses that any attempt tried where there are many."""
    if "depth" not in record.views:
        record.views["depth"] = max(
            (
                _depth(attempt)
                for staged in record.staged.values()
                if (mode := ALL.get(staged.failure_mode)) is not None and _is_deep(mode)
                for attempt in _all(mode, view_of(record, staged))
            ),
            default=0,
        )
    furthest: int = record.views["depth"]
    return furthest


def _all(mode: FailureMode, evidence: Evidence) -> list[Attempt]:
    return mode.witness.all_attempts(evidence, connections=mode.attempt.connections)


def _failed(mode: FailureMode, evidence: Evidence) -> list[Attempt]:
    """Return the attempts that had failed before the message arrived, or before the window closed."""
    arrived = {message.connection for message in evidence.messages}
    failed = [each for each in _all(mode, evidence) if each.met and not each.connections & arrived]
    return failed if arrived or len(failed) < 2 else failed[:-1]


def _depth(attempt: Attempt) -> int:
    return len({trace.place for trace in attempt.traces if not is_lookup(trace)})
