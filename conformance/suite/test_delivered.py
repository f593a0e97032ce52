"""Positive controls: mail to a healthy destination arrives at the first attempt."""

from conformance.aspect import Case, Course, Finding, Kind, aspect
from conformance.target import TlsPolicy

# Controls of something else than delivery, with aspects of their own.
_OWN_ASPECTS = ("beside_backlog", "moved_clock")


@aspect(
    Course.HEALTHY,
    kinds=(Kind.CONTROL,),
    where=lambda mode, _: mode.name not in _OWN_ASPECTS,
    slots=("delivered", "intact"),
)
def test_delivered(case: Case) -> list[Finding]:
    """Exactly one copy arrives, unaltered, under TLS where the connector requires it, and no error is shown.

    The first finding, that it arrived, is what a control proves to other scenarios.
    """
    messages = case.evidence.messages
    if not messages:
        shown = f"; the relay says: {case.errors[-1].text}" if case.errors else ""
        observed = f"nothing arrived{shown}"
    elif len(messages) > 1:
        observed = f"{len(messages)} copies arrived"
    elif case.evidence.ndrs:
        observed = "delivered, and returned in an NDR as well"
    elif case.mode.tls is not TlsPolicy.OPPORTUNISTIC and not messages[0].tls:
        observed = "delivered in clear although the connector requires TLS"
    elif case.errors:
        observed = f"delivered, but not at the first attempt: {case.errors[0].text}"
    else:
        observed = ""
    findings = [
        case.finding(
            "delivered.delivered",
            holds=not observed,
            expected="one copy at the first attempt",
            observed=observed or "one copy",
            seen=len(messages) > 1,
        )
    ]
    return [*findings, *case.intact("delivered.intact")]
