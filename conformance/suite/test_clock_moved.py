"""Control of a moved clock: the date that the relay stamps on a message is a day ahead."""

from conformance.catalogue.scenario import CLOCK_CONTROLS
from conformance.judging import control_proofs
from conformance.judging.aspect import Case, Course, Finding, Kind, aspect


@aspect(
    Course.AFTER_JUMP,
    kinds=(Kind.CONTROL,),
    only=CLOCK_CONTROLS,
    place=620,
    requirements={"moved": "control/clock-moved"},
)
def test_clock_moved(case: Case) -> list[Finding]:
    """A message submitted after the last stop gets a Received field that is dated more than a day ahead.

    Every Received field counts, because the message was submitted without any.
    """
    return control_proofs.clock(case)
