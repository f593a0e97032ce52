"""Of several hosts one that meets the connector's TLS rule gets the message."""

from conformance.catalogue.failure_modes.presented import CERTIFICATES
from conformance.judging.aspect import Case, Course, FailureMode, Finding, Kind, aspect
from conformance.judging.verdict import NotApplicable


def _unfit(mode: FailureMode) -> dict[int, str]:
    """Return which hosts offer TLS that does not meet the rule, by number, and what they present.

    One that offers none gets nothing but in clear, which `never_in_clear` judges.
    """
    known = {row.certificate: row for row in CERTIFICATES}
    return {
        number: known[host.tls.certificate].what
        for number, host in enumerate(mode.hosts)
        if host.tls is not None and not known[host.tls.certificate].passes(mode.tls.policy)
    }


@aspect(
    Course.PERSISTS,
    kinds=(Kind.HARMLESS, Kind.PASSING),
    where=lambda mode, _: len(mode.hosts) > 1 and bool(_unfit(mode)),
    place=225,
    by_itself=True,
    requirements={"given": "tls/fit-host"},
)
def test_fit_host(case: Case) -> list[Finding]:
    """No copy arrives at a host whose certificate the rule does not let pass."""
    evidence = case.evidence
    if not evidence.messages:
        owner = "delivered_later" if case.mode.kind is Kind.PASSING else "delivers_anyway"
        raise NotApplicable("nothing arrived", see=owner)
    sites = {evidence.staged.sites[number].server: number for number in _unfit(case.mode)}
    wrong = [copy for copy in evidence.messages if copy.server in sites]
    told = [_told(case, sites[copy.server], copy.at) for copy in wrong]
    return [
        case.finding(
            "fit_host.given",
            holds=not wrong,
            expected=f"given to a host that meets the connector's rule, {case.mode.tls.policy}",
            observed="; ".join(told) or "given to one that meets it",
            conclusive=True,
        )
    ]


def _told(case: Case, number: int, at: float) -> str:
    site = case.evidence.staged.sites[number]
    return (
        f"given at {case.evidence.when(at)} to {site.name} ({site.host}), "
        f"which presents {_unfit(case.mode)[number]}"
    )
