"""No connection is made to a host where the mail may not go."""

from collections.abc import Iterator

from conformance.evidence.connections import Connection
from conformance.judging.aspect import Case, Course, Finding, Kind, aspect, on_first_course
from conformance.judging.verdict import Inconclusive
from conformance.witness.attempts import NEARLY
from conformance.witness.traces import dns_patience, is_lookup, is_unanswered, pairs
from fake_servers.events import DnsAnswer, DnsEvent, DnsQuery

# Who asks a question again so many seconds after it was answered has not had the answer in time.
_ASKED_AGAIN = 0.5


@aspect(
    Course.HEALTHY,
    Course.PERSISTS,
    Course.HEALED,
    Course.REJECTED,
    kinds=(Kind.CONTROL, Kind.HARMLESS, Kind.TRANSIENT, Kind.PERMANENT),
    where=lambda mode, course: bool(mode.forbidden) and on_first_course(mode, course),
    place=250,
    requirements={"host": "mx/no-other-host"},
)
def test_avoids(case: Case) -> list[Finding]:
    """From beginning to end nobody connects to the hosts that the failure mode forbids.

    Where the look-up of a better host, or of MX records, may have ended in the relay's time-out, it may go on to the
    next host, or do without: on a crowded machine an answer may come too late, whoever was late. What is seen then
    accuses nobody, and nothing that is seen here is conclusive.
    """
    if not case.attempts:
        raise Inconclusive("the relay went nowhere at all")
    sites = [case.evidence.staged.sites[number] for number in case.mode.forbidden]
    where = {site.server: f"{site.name} ({site.host})" for site in sites}
    evidence = case.evidence
    seen = [
        each for each in evidence.connections if each.server in where and not evidence.may_be_a_report(each)
    ]
    excuses = [_excuse(case, each, {site.name.lower() for site in sites}) for each in seen]
    if seen and all(excuses):
        raise Inconclusive(f"a connection to {where[seen[0].server]}, but {excuses[0]}")
    return [
        case.finding(
            "avoids.host",
            holds=not seen,
            expected=f"no connection to {', '.join(where.values())}",
            observed=", ".join(
                f"a connection to {where[each.server]} at {case.evidence.when(each.opened)}" for each in seen
            )
            or "none",
        )
    ]


def _excuse(case: Case, connection: Connection, forbidden: set[str]) -> str:
    """Say which look-up before a connection to a forbidden host may have ended in a time-out; empty: none can."""
    attempt = next((a for a in case.all_attempts if connection.number in a.connections), None)
    patience = dns_patience(case.evidence)
    if attempt is None or not patience:
        return ""
    # who waited for an answer for so long looks as if it had begun with the connection
    asked_first = any(map(is_lookup, attempt.traces))
    begin = attempt.at if asked_first else connection.opened - 1.5 * patience
    lag = case.evidence.lag
    answered: dict[tuple[str, str], float] = {}
    for asked, answer in _looked_up(case, begin, connection.opened):
        if asked.host in forbidden and asked.type != "MX":
            continue
        if answer is not None and is_unanswered(answer):
            continue  # as it is staged, and no excuse
        question = (asked.host, asked.type)
        came = connection.opened if answer is None else min(answer.at, connection.opened)
        told = (
            f"the look-up of {asked.host} ({asked.type}) at {asked.at:.2f} s may have ended in a time-out: "
        )
        if answer is None or answer.at > connection.opened:
            return told + "it had not been answered yet"
        if came - asked.at + lag >= patience:
            return told + f"it was answered {came - asked.at:.2f} s later"
        if asked.at - answered.get(question, asked.at) >= _ASKED_AGAIN:
            return told + "it was the second, long after the first had been answered"
        if connection.opened - asked.at + lag >= NEARLY * patience:
            return told + f"the connection came {connection.opened - asked.at:.2f} s later"
        answered.setdefault(question, answer.at)
    return ""


def _looked_up(case: Case, begin: float, end: float) -> Iterator[tuple[DnsQuery, DnsAnswer | None]]:
    """Yield the look-ups of an attempt up to a moment: of the scenario's names, and of those that its MX records name.

    One of these may be the relay itself, whose name is nobody's.
    """
    named = {
        record.split()[-1].rstrip(".").lower()
        for answer in case.evidence.of(DnsAnswer)
        if answer.type == "MX"
        for record in answer.records
    }
    own = case.evidence.of(DnsEvent)
    others = (e for e in case.evidence.record.events if isinstance(e, DnsEvent) and e.host in named)
    events = {id(event): event for event in (*own, *others)}.values()
    for query, answer in pairs(sorted(events, key=lambda event: event.at)):
        if query is not None and begin <= query.at < end:
            yield query, answer
