"""The report has the form that programs rely on."""

from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.fate import TOLD
from conformance.judging.ndr_form import FORM, form_of
from conformance.judging.needs import real_day


@aspect(
    Course.EXPIRES,
    place=650,
    fates=TOLD,
    needs=(real_day,),
    requirements=FORM,
)
def test_ndr_form(case: Case) -> list[Finding]:
    """A delivery status notification; as multipart/report also in order, and read alike by an independent reader."""
    return form_of(case)
