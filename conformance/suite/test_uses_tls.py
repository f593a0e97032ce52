"""Where no rule asks for TLS it is used all the same, if the server offers it."""

from conformance.judging.aspect import Case, Course, FailureMode, Finding, Kind, aspect, on_first_course
from conformance.judging.shown_certificate import pass_over_own_certificate
from conformance.judging.verdict import Inconclusive


def _offered(mode: FailureMode, course: Course) -> bool:
    if not on_first_course(mode, course):
        return False
    return not mode.tls.required and any(host.tls for host in mode.hosts)


@aspect(
    Course.HEALTHY,
    Course.PERSISTS,
    kinds=(Kind.CONTROL, Kind.HARMLESS),
    where=_offered,
    place=210,
    requirements={"used": "tls/opportunistic"},
)
def test_uses_tls(case: Case) -> list[Finding]:
    """The message comes under TLS, whatever the certificate: that it proves nothing is no reason to send in clear."""
    pass_over_own_certificate(case.evidence)
    messages = case.evidence.messages
    if not messages:
        raise Inconclusive("nothing arrived", see="delivered" if case.mode.is_control else "delivers_anyway")
    return [
        case.finding(
            "uses_tls.used",
            holds=all(message.tls for message in messages),
            expected="delivered under TLS, which the server offers",
            observed="delivered under TLS" if all(m.tls for m in messages) else "delivered in clear",
        )
    ]
