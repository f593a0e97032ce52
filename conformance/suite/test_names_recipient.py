"""The trace field that a relay adds names one recipient at most, and none to another one."""

from __future__ import annotations

from conformance.catalogue.failure_mode import FailureMode
from conformance.judging import trace
from conformance.judging.aspect import Case, Course, Finding, Kind, aspect, on_first_course
from conformance.judging.verdict import NotApplicable

_ORDINARY = ("line_of_998", "leading_dots")


def _is_asked(mode: FailureMode, course: Course) -> bool:
    if not on_first_course(mode, course):
        return False
    if mode.kind is Kind.CONTROL:
        return bool(mode.message.also_to or mode.message.elsewhere)
    special = mode.message.special
    return mode.name in _ORDINARY or (special is not None and special.utf8)


@aspect(
    Course.HEALTHY,
    Course.PERSISTS,
    kinds=(Kind.CONTROL, Kind.CONTENT),
    where=_is_asked,
    place=200,
    requirements={"path": "trace/for-path", "others": "trace/names-nobody-else"},
)
def test_names_recipient(case: Case) -> list[Finding]:
    """What stands behind `for` is a path; a message of several recipients is passed on with none of them in it.

    A relay that writes a Received field for each copy may name whom that one is for, and nobody who has got another.
    """
    if not case.evidence.messages:
        raise NotApplicable("nothing arrived")
    everybody = {
        case.evidence.staged.recipient.lower(),
        *(each.lower() for each in case.evidence.staged.others),
    }
    wrong, told = [], []
    for copy in case.evidence.messages:
        its_own = {each.lower() for each in copy.recipients}
        for field in trace.added(copy.content, case.evidence.staged.content):
            named = trace.recipients(field)
            if named and not trace.is_path(named):
                wrong.append(f"for {named}")
            others = everybody if len(its_own) > 1 else everybody - its_own
            if others & trace.addresses(named):
                told.append(f"for {named} in a copy for {', '.join(sorted(its_own))}")
    findings = [
        case.finding(
            "names_recipient.path",
            holds=not wrong,
            expected="one path behind `for`, or none",
            observed="; ".join(dict.fromkeys(wrong)) or "so it is",
            conclusive=True,
        )
    ]
    if len(everybody) > 1:
        findings.append(
            case.finding(
                "names_recipient.others",
                holds=not told,
                expected="nobody named to another recipient",
                observed="; ".join(dict.fromkeys(told)) or "nobody is",
                conclusive=True,
            )
        )
    return findings
