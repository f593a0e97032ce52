"""What a relay offers it takes, and what every relay has to take."""

from conformance.catalogue.special import MANY_HOSTS, Special
from conformance.judging.aspect import Case, Course, FailureMode, Finding, Kind, aspect


def _slot(special: Special) -> str:
    """Return what is asked of a message that is special in such a way; empty: nothing."""
    if special.dsn is not None:
        return "wishes"
    if special.utf8:
        return "utf8"
    if special.null_sender:
        return "null_path"
    return "hops" if special.received == MANY_HOSTS else ""


def _is_asked(mode: FailureMode, _course: Course) -> bool:
    return mode.message.special is not None and bool(_slot(mode.message.special))


@aspect(
    Course.PERSISTS,
    kinds=(Kind.CONTENT,),
    where=_is_asked,
    place=151,
    of_refusals=True,
    requirements={
        "wishes": "dsn/taken",
        "utf8": "utf8/taken",
        "null_path": "content/null-path",
        "hops": "loops/threshold",
    },
)
def test_takes_wishes(case: Case) -> list[Finding]:
    """NOTIFY, RET, ENVID and ORCPT if it offers DSN, UTF-8 if it offers SMTPUTF8; the null path, 99 Received fields."""
    special = case.mode.message.special
    assert special is not None
    return [case.taken(f"takes_wishes.{_slot(special)}")]
