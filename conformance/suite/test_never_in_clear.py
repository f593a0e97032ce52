"""Where the connector requires TLS nothing of a message is ever sent in clear."""

from conformance.aspect import Case, Course, FailureMode, Finding, Kind, aspect, on_first_course
from conformance.target import TlsPolicy
from fake_servers import Event

# Commands that tell of a message: its sender, its recipients, its content.
_TELLING = ("mail", "rcpt", "data")


def _requires_tls(mode: FailureMode, course: Course) -> bool:
    return mode.tls is not TlsPolicy.OPPORTUNISTIC and on_first_course(mode, course)


@aspect(
    Course.HEALTHY,
    Course.PERSISTS,
    Course.HEALED,
    kinds=(Kind.CONTROL, Kind.HARMLESS, Kind.TRANSIENT),
    where=_requires_tls,
    slots=("sent",),
)
def test_never_in_clear(case: Case) -> list[Finding]:
    """On no connection, before the repair or after it, MAIL, RCPT, DATA or content came before TLS was negotiated."""
    servers = {site.server for site in case.evidence.staged.sites}  # reports to the sender go elsewhere
    secured: set[int] = set()
    connections: set[int] = set()
    bare: list[Event] = []
    for event in case.evidence.events:
        if event.server not in servers or not event.connection:
            continue
        connections.add(event.connection)
        if event.layer == "tls" and event.kind == "established":
            secured.add(event.connection)
        elif event.layer == "smtp" and event.connection not in secured and _tells(event):
            bare.append(event)
    shown = ", ".join(f"{_named(event)} at {event.at:.2f} s" for event in bare[:3])
    return [
        case.finding(
            "never_in_clear.sent",
            holds=not bare,
            expected="MAIL, RCPT, DATA and content under TLS only, on every connection",
            observed=f"in clear: {shown}" if bare else f"nothing in clear on {len(connections)} connections",
        )
    ]


def _tells(event: Event) -> bool:
    if event.kind == "received":
        return str(event["stage"]) in _TELLING
    return event.kind in ("body", "message")


def _named(event: Event) -> str:
    return str(event["line"]).partition(":")[0] if event.kind == "received" else "content"
