"""What is wrong without harm keeps no message from arriving."""

from conformance.judging.aspect import Case, Course, Finding, Kind, aspect
from conformance.judging.depth import limit
from conformance.judging.shown_certificate import pass_over_own_certificate
from conformance.judging.twice import surely_again
from conformance.judging.verdict import NotApplicable
from fake_servers.events import DnsQuery, TcpAccepted, TcpSyn


@aspect(
    Course.PERSISTS,
    kinds=(Kind.HARMLESS,),
    place=130,
    requirements={"delivered": "harmless/delivered", "at_once": "harmless/at-once"},
)
def test_delivers_anyway(case: Case) -> list[Finding]:
    """One copy arrives, content intact, under TLS where the connector requires it; and no attempt had failed before.

    Where many addresses are broken, a relay may have a limit on how many it tries in one attempt.
    """
    pass_over_own_certificate(case.evidence)
    messages = case.evidence.messages
    most = limit(case.mode, case.evidence)
    if most and not messages:
        raise NotApplicable(
            f"the relay tries {most} addresses in one attempt, and no more anywhere; a limit is its own affair "
            "(RFC 5321 section 5.1)"
        )
    if not messages:
        case.must_be_over()
        shown = f"; the relay says: {case.errors[-1].text}" if case.errors else ""
        observed = f"nothing arrived{shown}"
    elif len(messages) > 1:
        moments = ", ".join(case.evidence.when(message.at) for message in messages)
        observed = f"{len(messages)} copies arrived, at {moments}"
    elif case.evidence.ndrs:
        observed = "delivered, and returned in an NDR as well"
    elif case.mode.tls.required and not messages[0].tls:
        observed = "delivered in clear although the connector requires TLS"
    else:
        observed = case.damage(messages)
    findings = [
        case.finding(
            "delivers_anyway.delivered",
            holds=not observed,
            expected="one copy, content intact, no NDR",
            observed=observed or "one copy, content intact",
            conclusive=surely_again(case, messages),
        )
    ]
    if messages and not most:
        # by the wire: some relays log each host that failed before the one that did not
        deferred = _later(case)
        passed_by = bool(deferred) and _passed_by(case)
        findings.append(
            case.finding(
                "delivers_anyway.at_once",
                holds=not deferred,
                expected="delivered at the first attempt, without deferral",
                observed=deferred or "delivered at the first attempt",
                only_late=not passed_by,
                conclusive=passed_by,
            )
        )
    return findings


def _later(case: Case) -> str:
    """Say how much later than the first attempt the delivery began, if that was a retry, whatever the relay shows."""
    begun = case.evidence.connection_of(case.evidence.messages[0]).opened
    first = case.attempts[0]
    granted, accepted = case.evidence.staged.granted, case.evidence.staged.submitted or first.at
    said = f" ({case.errors[0].text})" if case.errors else ""
    if begun - first.latest_end >= granted.retry_interval / 2:
        return f"not at the first attempt{said}, but at one that began {begun - first.latest_end:.1f} s after its end"
    # where an error is shown and nothing was met in time, an attempt went before that left no trace
    if said and first.at - accepted >= granted.retry_interval / 2 + granted.granularity:
        return f"not at the first attempt{said}, but at one that began {first.at - accepted:.1f} s after the acceptance"
    return ""


def _passed_by(case: Case) -> bool:
    """Tell whether the first attempt was over without a trace of the host that took the message later.

    Where nothing had to time out no busy machine brings that about: a relay that is late is late at that host.
    """
    evidence = case.evidence
    server = evidence.messages[0].server
    names = {site.name for site in evidence.staged.sites if site.server == server}
    over = case.attempts[0].latest_end
    sought = any(query.host in names and query.at <= over for query in evidence.of(DnsQuery))
    opened = [*evidence.of(TcpAccepted), *evidence.of(TcpSyn)]
    reached = any(each.server == server and each.at <= over for each in opened)
    return case.mode.attempt.timeout is None and not sought and not reached
