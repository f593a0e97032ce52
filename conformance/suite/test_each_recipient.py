"""Each recipient has a fate of its own."""

from conformance.catalogue.section import Section
from conformance.judging.aspect import Case, Course, Finding, Kind, aspect
from conformance.judging.final_report import reports_in_words
from conformance.judging.twice import surely_again


@aspect(
    Course.MIXED,
    kinds=(Kind.MIXED,),
    place=540,
    requirements={
        "failed": "recipients/own-outcome",
        "others": "recipients/delivered-once",
        "intact": "recipients/intact",
    },
)
def test_each_recipient(case: Case) -> list[Finding]:
    """The one in trouble is returned or delivered late, the other delivered once, at the first attempt; unaltered."""
    staged = case.evidence.staged
    [other] = staged.others
    copies = {
        who: [message for message in case.evidence.messages if message.is_for(who)]
        for who in (staged.recipient, other)
    }
    # the case of an address is judged by ndr_form
    told = sorted(set(case.evidence.told_of(staged.recipient, other)))
    if case.mode.section is Section.PERMANENT_REPLIES:
        expected, right = "in one report, and in no delivery", told == [staged.recipient.lower()]
        delivered = 0
    else:
        expected, right = "delivered once after the repair, and in no report", not case.evidence.ndrs
        delivered = 1
    reports = f"{reports_in_words(case.evidence, len(case.evidence.ndrs))}, of {', '.join(told) or 'nobody'}"
    seen = f"{len(copies[staged.recipient])} deliveries; {reports}"
    first = case.attempts[0]
    # some relays hand over each recipient in a transaction or a connection of its own
    soon = first.latest_end + staged.granted.retry_interval / 2
    prompt = bool(copies[other]) and copies[other][0].at <= soon
    findings = [
        case.finding(
            "each_recipient.failed",
            holds=right
            and len(copies[staged.recipient]) == delivered
            and len(case.evidence.ndrs) == 1 - delivered,
            expected=f"<{staged.recipient}> {expected}",
            observed=seen,
            conclusive=surely_again(case, copies[staged.recipient])
            or surely_again(case, (message for message, _ in case.evidence.ndrs)),
        ),
        case.finding(
            "each_recipient.others",
            holds=len(copies[other]) == 1 and prompt,
            expected=f"<{other}> delivered once, at the first attempt",
            observed=f"{len(copies[other])} deliveries" + ("" if prompt else ", not at the first attempt"),
            conclusive=surely_again(case, copies[other]),
        ),
    ]
    return [*findings, *case.intact("each_recipient.intact")]
