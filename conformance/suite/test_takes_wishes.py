"""What is asked of reports in proper form is no reason to refuse a message."""

from conformance.judging.aspect import Case, Course, Finding, Kind, aspect
from conformance.judging.verdict import NotApplicable


@aspect(
    Course.PERSISTS,
    kinds=(Kind.CONTENT,),
    where=lambda mode, _: mode.message.special is not None and mode.message.special.dsn is not None,
    place=151,
    of_refusals=True,
    requirements={"taken": "dsn/taken"},
)
def test_takes_wishes(case: Case) -> list[Finding]:
    """The relay accepts the message, if it offers DSN: the same one without NOTIFY, RET, ENVID and ORCPT is taken."""
    staged = case.evidence.staged
    if staged.submitted is None and not staged.refusal.startswith("5"):
        raise NotApplicable(f"the relay does not refuse it for what is asked of reports: {staged.refusal}")
    return [case.taken("takes_wishes.taken")]
