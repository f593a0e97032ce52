"""What was said in clear counts for nothing once TLS is negotiated."""

import math

from conformance.judging.aspect import Case, Course, FailureMode, Finding, Kind, aspect, on_first_course
from conformance.judging.verdict import NotApplicable
from fake_servers.events import SmtpReceived, SmtpUnoffered


def _offers_otherwise(mode: FailureMode, course: Course) -> bool:
    return any(host.tls and host.tls.extensions is not None for host in mode.hosts) and on_first_course(
        mode, course
    )


@aspect(
    Course.PERSISTS,
    Course.HEALED,
    kinds=(Kind.HARMLESS, Kind.TRANSIENT),
    where=_offers_otherwise,
    place=230,
    requirements={"again": "tls/ehlo-again", "forgotten": "tls/forgets"},
)
def test_forgets_clear(case: Case) -> list[Finding]:
    """Under TLS the first command is EHLO, and no parameter is used that only was offered before.

    Before the repair only: what is offered afterwards is in order.
    """
    repaired = case.evidence.staged.repaired
    end = math.inf if repaired is None else repaired
    secured = [c for c in case.evidence.connections if c.established is not None and c.established.at < end]
    if not secured:
        raise NotApplicable("no session under TLS came about before the repair")
    hasty: set[str] = set()
    unoffered: list[SmtpUnoffered] = []
    for connection in secured:
        said = [event for event in connection.under_tls if event.at < end]
        first = next((event.line for event in said if isinstance(event, SmtpReceived)), "")
        hasty |= {first.partition(" ")[0].upper()} - {"", "EHLO", "QUIT"}
        unoffered += [event for event in said if isinstance(event, SmtpUnoffered)]
    unoffered.sort(key=lambda event: event.at)
    used = [f"{' '.join(each.parameters)} at {case.evidence.when(each.at)}" for each in unoffered]
    return [
        case.finding(
            "forgets_clear.again",
            holds=not hasty,
            expected="EHLO as the first command under TLS",
            observed=f"{', '.join(sorted(hasty))} as the first command"
            if hasty
            else "EHLO was the first command",
        ),
        case.finding(
            "forgets_clear.forgotten",
            holds=not used,
            expected="no parameter that EHLO under TLS does not offer",
            observed=f"used {', '.join(used)}" if used else "none was used",
        ),
    ]
