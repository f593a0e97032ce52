"""What a relay offers it takes."""

from conformance.judging.aspect import Case, Course, FailureMode, Finding, Kind, aspect


def _needs_an_offer(mode: FailureMode, _course: Course) -> bool:
    special = mode.message.special
    return special is not None and (special.dsn is not None or special.utf8)


@aspect(
    Course.PERSISTS,
    kinds=(Kind.CONTENT,),
    where=_needs_an_offer,
    place=151,
    of_refusals=True,
    requirements={"wishes": "dsn/taken", "utf8": "utf8/taken"},
)
def test_takes_wishes(case: Case) -> list[Finding]:
    """The relay accepts NOTIFY, RET, ENVID and ORCPT if it offers DSN, and UTF-8 if it offers SMTPUTF8."""
    special = case.mode.message.special
    assert special is not None
    return [case.taken(f"takes_wishes.{'utf8' if special.dsn is None else 'wishes'}")]
