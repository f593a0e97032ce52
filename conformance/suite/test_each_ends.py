"""A message to several whose time is up: each recipient was served once, or the sender was told once."""

from conformance.judging.aspect import Case, Course, Finding, Kind, Outcome, aspect
from conformance.judging.final_report import reports_in_words
from conformance.judging.needs import granted_the_day, real_day
from conformance.judging.recipients import Recipient, recipients_of

# The one that is judged everywhere is the one that waits.
_MIX = ("mix_deferred_accepted_refused",)
_APART = ("domains_deferred_accepted_refused",)


@aspect(
    Course.DAY,
    Course.EXPIRES,
    Course.RESTARTED,
    kinds=(Kind.MIXED,),
    only={Course.DAY: _MIX, Course.EXPIRES: (*_MIX, *_APART), Course.RESTARTED: _MIX},
    place=545,
    needs=(granted_the_day, real_day),
    requirements={"once": "recipients/each-ends"},
)
def test_each_ends(case: Case) -> list[Finding]:
    """The accepted one got one copy; of the refused one and of the one that waited in vain one report came each.

    One report may speak of both, and each may have one of its own.
    """
    everybody = recipients_of(case)
    wrong = [each for each in everybody if not _is_right(each)]
    shown = reports_in_words(case.evidence, len(case.evidence.ndrs))
    return [
        case.finding(
            "each_ends.once",
            holds=not wrong,
            expected="the accepted one delivered once, the refused one and the one that waited reported once each",
            observed=f"{'; '.join(map(str, wrong or everybody))}; {shown}",
            conclusive=any(each.surely_twice(case) for each in everybody),
        )
    ]


def _is_right(each: Recipient) -> bool:
    served = each.due is Outcome.DELIVERED
    return len(each.copies) == served and len(each.told) == (not served)
