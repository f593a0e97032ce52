"""Where no rule asks for TLS it is used all the same, if the server offers it."""

from conformance.aspect import Case, Course, FailureMode, Finding, Kind, aspect
from conformance.target import TlsPolicy
from conformance.verdict import Inconclusive


def _offered(mode: FailureMode, _course: Course) -> bool:
    return mode.tls is TlsPolicy.OPPORTUNISTIC and any(host.certificate for host in mode.hosts)


@aspect(Course.PERSISTS, kinds=(Kind.HARMLESS,), where=_offered, slots=("used",))
def test_uses_tls(case: Case) -> list[Finding]:
    """The message comes under TLS, whatever the certificate: that it proves nothing is no reason to send in clear."""
    messages = case.evidence.messages
    if not messages:
        raise Inconclusive("nothing arrived (see delivers_anyway)")
    return [
        case.finding(
            "uses_tls.used",
            holds=all(message.tls for message in messages),
            expected="delivered under TLS, which the server offers",
            observed="delivered under TLS" if messages[0].tls else "delivered in clear",
        )
    ]
