"""Where the connector requires TLS nothing of a message is ever sent in clear."""

from conformance.judging.aspect import Case, Course, FailureMode, Finding, Kind, aspect, on_first_course
from conformance.judging.verdict import Inconclusive
from fake_servers import Stage
from fake_servers.events import SmtpBody, SmtpMessage, SmtpReceived, TlsEstablished

# Commands that tell of a message: its sender, its recipients, its content.
_TELLING = (Stage.MAIL, Stage.RCPT, Stage.DATA)


def _requires_tls(mode: FailureMode, course: Course) -> bool:
    return mode.tls.required and on_first_course(mode, course)


@aspect(
    Course.HEALTHY,
    Course.PERSISTS,
    Course.HEALED,
    kinds=(Kind.CONTROL, Kind.HARMLESS, Kind.TRANSIENT),
    where=_requires_tls,
    place=220,
    requirements={"sent": "tls/never-in-clear"},
)
def test_never_in_clear(case: Case) -> list[Finding]:
    """On no connection, before the repair or after it, MAIL, RCPT, DATA or content came before TLS was negotiated."""
    servers = {site.server for site in case.evidence.staged.sites}  # reports to the sender go elsewhere
    secured: set[int] = set()
    connections: set[int] = set()
    bare: list[str] = []
    for event in case.evidence.events:
        if event.server not in servers or not event.connection:
            continue
        connections.add(event.connection)
        if isinstance(event, TlsEstablished):
            secured.add(event.connection)
        elif event.connection in secured:
            continue
        elif isinstance(event, SmtpReceived) and event.stage in _TELLING:
            bare.append(f"{event.line.partition(':')[0]} at {event.at:.2f} s")
        elif isinstance(event, SmtpBody | SmtpMessage):
            bare.append(f"content at {event.at:.2f} s")
    if not connections:
        raise Inconclusive("the relay connected to none of the servers")
    return [
        case.finding(
            "never_in_clear.sent",
            holds=not bare,
            expected="MAIL, RCPT, DATA and content under TLS only, on every connection",
            observed=f"in clear: {', '.join(bare[:3])}"
            if bare
            else f"nothing in clear on {len(connections)} connections",
            conclusive=True,
        )
    ]
