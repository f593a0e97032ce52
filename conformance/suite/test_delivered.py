"""Positive controls: mail to a healthy destination arrives at the first attempt."""

from conformance.catalogue.scenario import CLOCK_CONTROLS
from conformance.judging import control_proofs
from conformance.judging.aspect import Case, Course, Finding, Kind, aspect
from conformance.judging.left_queue import leaves_queue

# Controls of something else than delivery, with aspects of their own.
_OWN_ASPECTS = ("beside_backlog", *CLOCK_CONTROLS)


@aspect(
    Course.HEALTHY,
    kinds=(Kind.CONTROL,),
    where=lambda mode, _: mode.name not in _OWN_ASPECTS,
    place=110,
    requirements={"delivered": "control/delivered", "intact": "control/delivered", "leaves": "queue/leaves"},
)
def test_delivered(case: Case) -> list[Finding]:
    """Exactly one copy arrives, unaltered, under TLS where the connector requires it, and no error is shown.

    Then it is in the queue no more.
    The first finding, that it arrived, is what a control proves to other scenarios.
    """
    return [*control_proofs.arrival(case), *leaves_queue(case, "delivered.leaves")]
