"""What was said in clear counts for nothing once TLS is negotiated."""

from conformance.aspect import Case, Course, FailureMode, Finding, Kind, aspect, on_first_course
from conformance.verdict import NotApplicable


def _offers_otherwise(mode: FailureMode, course: Course) -> bool:
    return any(host.tls_extensions is not None for host in mode.hosts) and on_first_course(mode, course)


@aspect(
    Course.PERSISTS,
    Course.HEALED,
    kinds=(Kind.HARMLESS, Kind.TRANSIENT),
    where=_offers_otherwise,
    slots=("again", "forgotten"),
)
def test_forgets_clear(case: Case) -> list[Finding]:
    """Under TLS the first command is EHLO, and no parameter is used that only was offered before.

    Before the repair only: what is offered afterwards is in order.
    """
    secured = _secured(case)
    first: dict[int, str] = {}
    for event in case.evidence.of("smtp", "received"):
        if event.at >= secured.get(event.connection, float("inf")):
            first.setdefault(event.connection, str(event["line"]).partition(" ")[0].upper())
    unoffered = [
        f"{' '.join(map(str, parameters))} at {event.at:.2f} s"
        for event in case.evidence.of("smtp", "unoffered")
        if event.connection in secured and isinstance(parameters := event["parameters"], list)
    ]
    hasty = sorted({verb for verb in first.values() if verb not in ("EHLO", "QUIT")})
    return [
        case.finding(
            "forgets_clear.again",
            holds=not hasty,
            expected="EHLO as the first command under TLS",
            observed=f"{', '.join(hasty)} as the first command" if hasty else "EHLO was the first command",
        ),
        case.finding(
            "forgets_clear.forgotten",
            holds=not unoffered,
            expected="no parameter that EHLO under TLS does not offer",
            observed=f"used {', '.join(unoffered)}" if unoffered else "none was used",
        ),
    ]


def _secured(case: Case) -> dict[int, float]:
    """Return when TLS was negotiated on each connection before the repair.

    Raises:
        NotApplicable: It never was.
    """
    repaired = case.evidence.staged.repaired
    found = {
        event.connection: event.at
        for event in case.evidence.of("tls", "established")
        if repaired is None or event.at < repaired
    }
    if not found:
        raise NotApplicable("no session under TLS came about before the repair")
    return found
