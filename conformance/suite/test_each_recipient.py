"""Each recipient has a fate of its own."""

from conformance.catalogue.section import Section
from conformance.judging.aspect import Case, Course, Finding, Kind, Outcome, aspect
from conformance.judging.final_report import reports_in_words
from conformance.judging.recipients import Recipient, at_others, recipients_of
from conformance.judging.words import counted


@aspect(
    Course.MIXED,
    kinds=(Kind.MIXED,),
    place=540,
    requirements={
        "failed": "recipients/own-outcome",
        "returned": "permanent/returned",
        "not_retried": "recipients/refused-once",
        "others": "recipients/delivered-once",
        "intact": "recipients/intact",
        "promptly": "recipients/told-promptly",
        "own_server": "recipients/own-server",
    },
)
def test_each_recipient(case: Case) -> list[Finding]:
    """Whoever is in trouble is returned or delivered late, the others delivered once, at the first attempt; unaltered.

    Where the reply for one is no answer at all, either is in order, for each.

    When the report is due for one who was refused, while another one waits, no RFC says. That nobody was told of one
    who was refused is what it is of a message to that one alone, and nobody else's outcome.
    """
    everybody = recipients_of(case)
    served = [each for each in everybody if each.due is Outcome.DELIVERED]
    untold = _untold(case, everybody)
    told_of = [each for each in _refused(everybody) if each not in untold]
    if case.mode.section is Section.ODD_BESIDE:
        return [_each_once(case, everybody), *case.intact("each_recipient.intact")]
    findings = [
        *_in_trouble(case, [each for each in everybody if each not in (*served, *untold)], everybody),
        *([_returned(case, untold, everybody)] if _refused(everybody) else []),
        *([_not_retried(case, told_of)] if told_of else []),
        *([_served(case, served)] if served else []),
        *case.intact("each_recipient.intact"),
    ]
    if case.mode.message.elsewhere:
        findings.append(_own_server(case))
    waits = any(each.due is Outcome.DEFERRED for each in everybody)
    told = [each for each in _refused(everybody) if each.told]
    if waits and told:
        findings.append(_promptly(case, told))
    return findings


def _each_once(case: Case, everybody: list[Recipient]) -> Finding:
    """Compare: whatever a relay makes of a reply that is none, each gets the message or is reported, and once."""
    wrong = [each for each in everybody if len(each.copies) + len(each.told) != 1]
    return case.finding(
        "each_recipient.failed",
        holds=not wrong,
        expected="each of them gets the message once, or is reported once",
        observed="; ".join(map(str, wrong or everybody)),
        conclusive=any(each.surely_twice(case) for each in wrong),
    )


def _refused(everybody: list[Recipient]) -> list[Recipient]:
    return [each for each in everybody if each.due is Outcome.PERMANENT]


def _untold(case: Case, everybody: list[Recipient]) -> list[Recipient]:
    """Return who was refused and not reported; who got the message after the repair was taken for one that waits.

    A report that names nobody may be about them.
    """
    named = {message for each in everybody for message in each.told}
    if any(message not in named for message, _ in case.evidence.ndrs):
        return []
    repaired = case.evidence.staged.repaired
    return [
        each
        for each in _refused(everybody)
        if not each.told
        and len(each.copies) <= 1
        and all(repaired is not None and copy.at >= repaired for copy in each.copies)
    ]


def _in_trouble(case: Case, troubled: list[Recipient], everybody: list[Recipient]) -> list[Finding]:
    told = sorted({each.address.lower() for each in everybody if each.told} | set(case.evidence.told_of()))
    if not troubled and not told:
        return []
    reports = f"{reports_in_words(case.evidence, len(case.evidence.ndrs))}, of {', '.join(told) or 'nobody'}"
    returned = _refused(troubled)
    one = len(troubled) == 1
    finding = case.finding(
        "each_recipient.failed",
        holds=all(_is_right(each) for each in troubled)
        and told == sorted(each.address.lower() for each in returned)
        and len(case.evidence.ndrs) <= len(returned),
        expected="; ".join(f"<{each.address}> {_WANTED[each.due]}" for each in troubled)
        or "nobody reported who was not refused",
        observed=f"{_deliveries(troubled[0])}; {reports}"
        if one
        else "; ".join([*map(str, troubled), reports]),
        conclusive=any(each.surely_twice(case) for each in troubled),
    )
    return [finding]


def _offered(case: Case, who: Recipient) -> list[float]:
    """Return when connections were opened on which a recipient was named, once for each time."""
    return [
        each.opened
        for each in case.evidence.connections
        for said in each.transactions
        for path in said.forward_paths
        if path.lower() == who.address.lower()
    ]


def _not_retried(case: Case, refused: list[Recipient]) -> Finding:
    """Compare: nobody is offered again, a wait later, who was refused for good; of the untold it is said elsewhere."""
    wait = case.evidence.staged.granted.retry_interval / 2
    moments = {each.address: _offered(case, each) for each in refused}
    again = {
        who: later
        for who, offered in moments.items()
        if (later := [at for at in offered if at > offered[0] + wait])
    }
    told = "; ".join(f"<{who}> again at {case.evidence.when(later[0])}" for who, later in again.items())
    return case.finding(
        "each_recipient.not_retried",
        holds=not again,
        expected="nobody tried again who was refused for good",
        observed=told or "nobody was",
    )


def _returned(case: Case, untold: list[Recipient], everybody: list[Recipient]) -> Finding:
    evidence = case.evidence
    tries = max((len(_offered(case, each)) for each in untold), default=0)
    again = f", and it was tried again: {counted(tries, 'attempt')}" if tries > 1 else ""
    whom = f" (<{'>, <'.join(each.address for each in untold)}> in none)" if untold else ""
    return case.finding(
        "each_recipient.returned",
        holds=not untold,
        expected=f"<{'>, <'.join(each.address for each in _refused(everybody))}> reported to the sender",
        observed=reports_in_words(evidence, len(evidence.ndrs)) + again + whom,
    )


_WANTED = {
    Outcome.PERMANENT: "in one report, and in no delivery",
    Outcome.DEFERRED: "delivered once after the repair, and in no report",
}


def _deliveries(each: Recipient) -> str:
    return counted(len(each.copies), "delivery", "deliveries")


def _is_right(each: Recipient) -> bool:
    told = each.due is Outcome.PERMANENT
    return len(each.told) == told and len(each.copies) == (not told)


def _served(case: Case, served: list[Recipient]) -> Finding:
    # some relays hand over each recipient in a transaction or a connection of its own
    soon = case.attempts[0].latest_end + case.evidence.staged.granted.retry_interval / 2
    late = [each for each in served if not each.copies or each.copies[0].at > soon]
    return case.finding(
        "each_recipient.others",
        holds=all(len(each.copies) == 1 for each in served) and not late,
        expected=f"<{'>, <'.join(each.address for each in served)}> delivered once, at the first attempt",
        observed=", ".join(map(_deliveries, served)) + (", not at the first attempt" if late else ""),
        conclusive=any(each.surely_twice(case) for each in served),
    )


def _own_server(case: Case) -> Finding:
    strayed = at_others(case)
    return case.finding(
        "each_recipient.own_server",
        holds=not strayed,
        expected="each copy at the server of its recipient's domain",
        observed="; ".join(strayed) or "so it is",
        conclusive=True,
    )


def _promptly(case: Case, refused: list[Recipient]) -> Finding:
    staged = case.evidence.staged
    last = max(each.told[0].at for each in refused)
    before = staged.repaired is None or last < staged.repaired
    return case.finding(
        "each_recipient.promptly",
        holds=before,
        expected="whoever is refused is reported while another one waits",
        observed=f"reported at {case.evidence.when(last)}"
        + ("" if before else f", after the repair at {case.evidence.when(staged.repaired or 0.0)}"),
        only_late=True,
    )
