"""The report of a relay whose clock cannot be moved, when seconds stand for the day."""

from contextlib import suppress
from dataclasses import replace

from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.delay_notices import DELAY, delay_of
from conformance.judging.fate import TOLD
from conformance.judging.lifetime import FULL_DAY
from conformance.judging.ndr_form import FORM, form_of
from conformance.judging.ndr_status import STATUS, status_of
from conformance.judging.needs import granted_the_day, no_other_clock
from conformance.judging.verdict import NotApplicable

_ROWS = {f"ndr_form.{slot}": row for slot, row in FORM.items()}
_ROWS |= {f"ndr_status.{slot}": row for slot, row in STATUS.items()}
_ROWS |= {f"delay_notice.{slot}": row for slot, row in DELAY.items()}


@aspect(
    Course.DAY,
    only=FULL_DAY,
    place=665,
    fates=TOLD,
    needs=(no_other_clock, granted_the_day),
    borrowed=_ROWS,
    requirements={"dsn": FORM["dsn"]},
)
def test_ndr_compressed(case: Case) -> list[Finding]:
    """What `ndr_form`, `ndr_status` and `delay_notice` ask, in one verdict; a report knows no clock."""
    rows = replace(case, requirements=_ROWS)
    findings = form_of(rows)
    for more in (status_of, delay_of):
        # that there is no Status is a fault of the form, and no notice of delay is none
        with suppress(NotApplicable):
            findings += more(rows)
    return findings
