"""A notice of delay, if there is one, is honest."""

from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.delay_notices import DELAY, delay_of
from conformance.judging.fate import TOLD, Fate
from conformance.judging.needs import real_day


@aspect(
    Course.EXPIRES,
    place=670,
    fates=TOLD | {Fate.ASTRAY, Fate.UNTOLD, Fate.VANISHED},
    needs=(real_day,),
    requirements=DELAY,
)
def test_delay_notice(case: Case) -> list[Finding]:
    """Action: delayed, to the sender, while the message waits, and not after the sender was told of the end.

    A promise after which nothing follows is judged by `expires`, and a notice in words has no Action.
    """
    return delay_of(case)
