"""What was said in clear counts for nothing once TLS is negotiated."""

from conformance.judging.aspect import Case, Course, FailureMode, Finding, Kind, aspect, on_first_course
from conformance.judging.verdict import NotApplicable
from fake_servers.events import SmtpReceived, SmtpUnoffered, TlsEstablished


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
    secured: set[int] = set()
    first: dict[int, str] = {}
    unoffered: list[str] = []
    for event in case.evidence.events:
        if repaired is not None and event.at >= repaired:
            break
        if isinstance(event, TlsEstablished):
            secured.add(event.connection)
        elif event.connection not in secured:
            continue
        elif isinstance(event, SmtpReceived):
            first.setdefault(event.connection, event.line.partition(" ")[0].upper())
        elif isinstance(event, SmtpUnoffered):
            unoffered.append(f"{' '.join(event.parameters)} at {event.at:.2f} s")
    if not secured:
        raise NotApplicable("no session under TLS came about before the repair")
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
