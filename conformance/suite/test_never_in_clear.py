"""Where the connector requires TLS nothing of a message is ever sent in clear."""

from conformance.evidence.view import Evidence
from conformance.judging.aspect import Case, Course, FailureMode, Finding, Kind, aspect, on_first_course
from conformance.judging.verdict import Inconclusive
from fake_servers import Stage
from fake_servers.events import Event, SmtpBody, SmtpMessage, SmtpReceived

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
    connections = case.evidence.connections
    said = [event for connection in connections for event in connection.in_clear]
    bare = [
        told for event in sorted(said, key=lambda event: event.at) if (told := _told(case.evidence, event))
    ]
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


def _told(evidence: Evidence, event: Event) -> str:
    """Say what an event tells of a message, and when; empty if nothing."""
    match event:
        case SmtpReceived() if event.stage in _TELLING:
            return f"{event.line.partition(':')[0]} at {evidence.when(event.at)}"
        case SmtpBody() | SmtpMessage():
            return f"content at {evidence.when(event.at)}"
    return ""
