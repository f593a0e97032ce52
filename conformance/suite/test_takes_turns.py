"""Several messages share one server: without crowding it, and without one of them holding up the others."""

from __future__ import annotations

import math

from conformance.evidence.connections import Connection
from conformance.judging.aspect import Case, Course, FailureMode, Finding, Kind, aspect
from conformance.judging.verdict import NotApplicable
from conformance.judging.words import counted
from fake_servers import Stage


def _about_turns(mode: FailureMode, _: Course) -> bool:
    batch = mode.message.batch
    return batch is not None and (batch.most > 0 or _ends_at_quit(mode))


def _ends_at_quit(mode: FailureMode) -> bool:
    return any(rule.stage is Stage.QUIT for host in mode.hosts for rule in host.rules)


@aspect(
    Course.BATCH,
    kinds=(Kind.BATCH,),
    where=_about_turns,
    place=555,
    requirements={"limits": "backlog/limits-respected", "quit": "backlog/not-held-up-by-quit"},
)
def test_takes_turns(case: Case) -> list[Finding]:
    """No more connections at the same time than servers commonly take; no message waits for the QUIT of another."""
    batch = case.mode.message.batch
    assert batch is not None  # the aspect applies to no other
    if not batch.most:
        return [_not_held_up(case)]
    most = max(_at_once(case.evidence.connections), default=0)
    return [
        case.finding(
            "takes_turns.limits",
            holds=most <= batch.most,
            expected=f"at most {batch.most} connections to one server at the same time",
            observed=f"{most} at the same time",
        )
    ]


def _at_once(connections: tuple[Connection, ...]) -> list[int]:
    """Return how many connections were open when each was accepted, this one included."""
    return [
        sum(other.opened <= each.opened and not other.is_closed(each.opened) for other in connections)
        for each in connections
    ]


def _not_held_up(case: Case) -> Finding:
    """Compare: the messages do not come one time-out apart, each when the connection of the one before is gone."""
    moments = sorted(message.at for message in case.evidence.messages)
    patience = case.evidence.time_out_at(Stage.QUIT)
    if len(moments) < 2 or not patience or math.isinf(patience):
        raise NotApplicable("fewer than two messages arrived, or the relay grants no time-out")
    took, bound = moments[-1] - moments[0], patience * (len(moments) - 1) / 2
    return case.finding(
        "takes_turns.quit",
        holds=took < bound,
        expected=f"{counted(len(moments), 'message')} within {bound:.1f} s, though no QUIT is answered",
        observed=f"{took:.1f} s from the first to the last",
        only_late=True,
    )
