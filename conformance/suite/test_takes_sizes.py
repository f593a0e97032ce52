"""What every implementation is able to receive is not refused."""

from conformance.catalogue.special import MANY_HOSTS, Special
from conformance.judging.aspect import Case, Course, FailureMode, Finding, Kind, aspect


def _slot(special: Special) -> str:
    """Return what is asked of a message that is special in such a way; empty: nothing here."""
    if special.null_sender:
        return "null_path"
    if special.received == MANY_HOSTS:
        return "hops"
    return "sizes" if special.obliged else ""


def _is_asked(mode: FailureMode, _course: Course) -> bool:
    return mode.message.special is not None and bool(_slot(mode.message.special))


@aspect(
    Course.PERSISTS,
    kinds=(Kind.CONTENT,),
    where=_is_asked,
    place=150,
    of_refusals=True,
    requirements={"sizes": "content/sizes", "null_path": "content/null-path", "hops": "loops/threshold"},
)
def test_takes_sizes(case: Case) -> list[Finding]:
    """The relay accepts long lines and paths as far as it must, the null reverse-path, and 99 Received fields."""
    assert case.mode.message.special is not None
    return [case.taken(f"takes_sizes.{_slot(case.mode.message.special)}")]
