"""Equal mail exchangers share what comes for a domain."""

from __future__ import annotations

from conformance.judging.aspect import Case, Course, FailureMode, Finding, Kind, aspect
from conformance.judging.verdict import NotApplicable
from conformance.judging.words import counted

# Of so many connections one in half a million relays that draw lots for each would have all go to the same host.
_ENOUGH = 20


def _has_equals(mode: FailureMode, _: Course) -> bool:
    preferences = mode.mx.preferences if mode.mx is not None else ()
    return len(preferences) > len(set(preferences))


@aspect(
    Course.BATCH,
    kinds=(Kind.BATCH,),
    where=_has_equals,
    place=557,
    requirements={"spread": "mx/equal-spread"},
)
def test_spreads(case: Case) -> list[Finding]:
    """Connections for one message after the other do not all go to the same of two equal exchangers.

    Who keeps a connection and sends all by it has made no choice again.
    """
    carrying = {message.connection: message.server for message in case.evidence.messages}
    if len(carrying) < _ENOUGH:
        raise NotApplicable(
            f"{counted(len(carrying), 'connection')} for all messages: {_ENOUGH} tell lots from a habit"
        )
    by_server = sorted(
        counted(list(carrying.values()).count(each), "connection") for each in {*carrying.values()}
    )
    return [
        case.finding(
            "spreads.spread",
            holds=len(by_server) > 1,
            expected="connections to both of two exchangers of the same preference",
            observed=f"{', '.join(by_server)}{' to the same one' if len(by_server) == 1 else ''}",
        )
    ]
