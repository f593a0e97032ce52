"""The report names the real cause."""

from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.fate import TOLD
from conformance.judging.ndr_status import STATUS, status_of
from conformance.judging.needs import real_day


@aspect(
    Course.EXPIRES,
    place=660,
    fates=TOLD,
    needs=(real_day,),
    requirements=STATUS,
)
def test_ndr_status(case: Case) -> list[Finding]:
    """Status is of class 5 (or 4, transient by itself), keeps the cause, and agrees with Diagnostic-Code."""
    return status_of(case)
