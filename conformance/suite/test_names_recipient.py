"""The trace field that a relay adds names one recipient at most."""

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
    requirements={"path": "trace/for-path"},
)
def test_names_recipient(case: Case) -> list[Finding]:
    """What stands behind `for` is one path, also where there were several recipients, or one beyond ASCII.

    Which of several it is, or whether any is named, is the relay's own choice.
    """
    if not case.evidence.messages:
        raise NotApplicable("nothing arrived")
    original = case.evidence.staged.content
    added = [field for copy in case.evidence.messages for field in trace.added(copy.content, original)]
    named = list(dict.fromkeys(filter(None, map(trace.recipients, added))))
    wrong = [text for text in named if not trace.is_path(text)]
    return [
        case.finding(
            "names_recipient.path",
            holds=not wrong,
            expected="one path behind `for`, or no such clause",
            observed=f"for {'; for '.join(wrong or named)}" if named else "there is none",
            conclusive=True,
        )
    ]
