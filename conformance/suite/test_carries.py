"""A message that is not ordinary is carried as it is."""

from conformance.evidence.queue import Presence
from conformance.judging.aspect import Case, Course, Finding, Kind, aspect
from conformance.judging.content import (
    ENCODED,
    FORM,
    PATH,
    Change,
    bare_ends,
    changes,
    dots_taken_off,
    is_cut_short,
    lost_of_long_lines,
)
from conformance.judging.offers import asked_for_no_offer, offered_for
from conformance.judging.twice import surely_again
from conformance.judging.verdict import NotApplicable
from conformance.judging.words import counted
from fake_servers.events import SmtpMessage, SmtpReceived

_EIGHT_BIT = "8BITMIME"


@aspect(
    Course.PERSISTS,
    kinds=(Kind.CONTENT,),
    where=lambda mode, _: (
        mode.message.special is not None
        and mode.message.special.forged_end is None
        and not mode.message.special.circles
        and not mode.message.special.utf8
    ),
    place=152,
    requirements={
        "delivered": "content/delivered",
        "intact": "content/unaltered",
        "form": "content/form",
        "eight_bit": "content/eight-bit",
        "declared": "offers/body-declared",
        "returned": "content/returned",
        "bare": "content/no-bare-line-ends",
        "nul": "content/nul",
        "long": "content/long-lines",
        "twice": "recipients/same-twice",
        "hops": "loops/threshold",
        "dots": "content/dots",
    },
)
def test_carries(case: Case) -> list[Finding]:
    """One copy arrives with nothing altered; no bare CR or LF, and no 8-bit text where the server has not asked for it.

    What a relay cannot send as it is it may return instead, or mend.
    Where a field is folded otherwise, or a text encoded that could have gone as it is, only the form has changed, which
    is said of no other failure mode.
    """
    special = case.mode.message.special
    assert special is not None
    copies = case.evidence.messages
    if not copies and special.eight_bit and _may_be_returned(case):
        return _not_sent(case)
    if not copies and case.evidence.ndrs and special.bare:
        return [_returned(case, "carries.bare")]
    if special.may_return:
        return _ends(case, copies)
    if special.over_long:
        return [_long(case, copies)]
    if special.twice:
        return [_twice(case, copies)]
    if special.received:
        passed = _passes(case)
        return [passed, *case.intact("carries.intact")] if copies else [passed]
    findings = [*_offered(case), _delivered(case)]
    if special.bare and copies:
        return [*findings, _bare(case, copies), *_all_there(case, copies)]
    findings += case.intact("carries.intact")
    if copies and not case.damage(copies):
        findings.append(_dots(case, copies))
    found = [change for copy in copies for change in changes(case.evidence.staged, copy)]
    if copies and (special.fields or special.local or special.body == b""):
        other = any(change.sort == PATH for change in found)
        findings.append(_form(case, [*(() if other else _requoted(case)), *found], FORM))
    if copies and special.eight_bit:
        must = any(_EIGHT_BIT not in offered_for(case, copy) for copy in copies)
        findings += (
            [_eight_bit(case, copies)] if must else [_form(case, found, ENCODED), _declared(case, copies)]
        )
    return findings


def _delivered(case: Case) -> Finding:
    copies = case.evidence.messages
    if not copies:
        shown = f"; the relay says: {case.errors[-1].text}" if case.errors else ""
        observed = "returned to the sender" if case.evidence.ndrs else "nothing arrived"
        observed += shown
    elif len(copies) > 1:
        observed = f"{len(copies)} copies arrived"
    elif case.evidence.ndrs:
        observed = "delivered, and returned in a report as well"
    else:
        observed = ""
    return case.finding(
        "carries.delivered",
        holds=not observed,
        expected="one copy, and no report",
        observed=observed or "one copy",
        conclusive=surely_again(case, copies),
    )


def _dots(case: Case, copies: tuple[SmtpMessage, ...]) -> Finding:
    """Compare: as many dots were taken off the beginnings of lines as lines begin with one."""
    wrong = [
        f"{taken_off} dots put before lines, and {due} lines begin with one"
        for copy in copies
        for taken_off in dots_taken_off(case.evidence.connection_of(copy), copy)
        if taken_off != (due := (b"\r\n" + copy.content).count(b"\r\n."))
    ]
    return case.finding(
        "carries.dots",
        holds=not wrong,
        expected="a dot before each line that begins with one, and before no other",
        observed="; ".join(wrong) or "so it was",
        conclusive=True,
    )


def _ends(case: Case, copies: tuple[SmtpMessage, ...]) -> list[Finding]:
    """Compare: a message that nobody need be able to carry arrives once, to its end, or is returned once."""
    reports = len(case.evidence.ndrs)
    if not copies and not reports and case.evidence.queue.last.presence is Presence.PRESENT:
        raise NotApplicable(
            "it is neither carried nor returned at once: it waits, to be returned when it has expired"
        )
    cut = any(is_cut_short(case.evidence.staged.content, copy.content) for copy in copies)
    return [
        case.finding(
            "carries.nul",
            holds=len(copies) + reports == 1 and not cut,
            expected="one copy, to its last line, or one report",
            observed=f"{counted(len(copies), 'copy', 'copies')}, {counted(reports, 'report')}"
            + ", and the end is missing" * cut,
            conclusive=surely_again(case, copies),
        )
    ]


def _long(case: Case, copies: tuple[SmtpMessage, ...]) -> Finding:
    """Compare: a message with lines that nobody need be able to carry arrives whole or is returned, once."""
    reports = len(case.evidence.ndrs)
    if not copies and not reports and case.evidence.queue.last.presence is Presence.PRESENT:
        raise NotApplicable(
            "it is neither carried nor returned at once: it waits, to be returned when it has expired"
        )
    sent = case.evidence.staged.content
    lost = list(dict.fromkeys(words for copy in copies for words in lost_of_long_lines(sent, copy.content)))
    ends = ", ".join((counted(len(copies), "copy", "copies"), counted(reports, "report")))
    return case.finding(
        "carries.long",
        holds=len(copies) + reports == 1 and not lost,
        expected="one copy with nothing of its lines lost, or one report",
        observed="; ".join((ends, *lost)),
        conclusive=bool(lost) or surely_again(case, copies),
    )


def _offered(case: Case) -> list[Finding]:
    """Compare, where nothing arrived: was the recipient that the relay offered the one that was given to it?"""
    staged = case.evidence.staged
    others = _other_paths(case)
    if case.evidence.messages or not others:
        return []
    return [
        case.finding(
            "carries.intact",
            holds=False,
            expected=f"RCPT TO:<{staged.recipient}>",
            observed=others[0],
            conclusive=True,
        )
    ]


def _other_paths(case: Case) -> list[str]:
    """Return the RCPT commands of the relay in which the recipient is not written as it was given."""
    lines = [event.line for event in case.evidence.of(SmtpReceived) if event.line.upper().startswith("RCPT ")]
    return [line for line in lines if f"<{case.evidence.staged.recipient}>".lower() not in line.lower()]


def _requoted(case: Case) -> list[Change]:
    """Return the change of form of a recipient who was offered with other quotes, and served."""
    return [Change(FORM, f"the relay said {line}") for line in _other_paths(case)]


def _twice(case: Case, copies: tuple[SmtpMessage, ...]) -> Finding:
    most = 2  # as often as the recipient was given
    reports = len(case.evidence.ndrs)
    return case.finding(
        "carries.twice",
        holds=0 < len(copies) <= most and not reports,
        expected="one copy or two, and no report",
        observed=f"{len(copies)} copies, {reports} reports",
    )


def _passes(case: Case) -> Finding:
    returned = case.evidence.ndrs
    return case.finding(
        "carries.hops",
        holds=bool(case.evidence.messages),
        expected="let pass",
        observed="it arrived"
        if case.evidence.messages
        else "returned to the sender"
        if returned
        else "nothing arrived",
    )


def _returned(case: Case, slot: str) -> Finding:
    """Return the finding on a message that was returned, as is in order where it cannot be sent as it is."""
    return case.finding(
        slot, holds=True, expected="sent on in a proper form, or returned", observed="returned to the sender"
    )


def _may_be_returned(case: Case) -> bool:
    """Tell whether no server offers to take 8-bit text as it is, in the state in which it is given mail.

    Who says HELO alone has been offered nothing: it may return the text, as it might for a server without 8BITMIME.
    """
    if asked_for_no_offer(case.evidence):
        return True
    taken = [
        host.tls.extensions if host.tls and host.tls.extensions is not None else host.extensions
        for host in case.mode.hosts
    ]
    return not any(_EIGHT_BIT in extensions for extensions in taken)


def _not_sent(case: Case) -> list[Finding]:
    """Compare: who sends no other form of the text returns it, by a status of its kind where the report has one."""
    reports = case.evidence.ndrs
    if not reports and case.evidence.queue.last.presence is not Presence.PRESENT:
        return [_delivered(case)]
    statuses = [each.status for _, report in reports for each in report.recipients if each.status]
    returned = case.finding(
        "carries.returned",
        holds=bool(reports) and all(status.startswith("5.6.") for status in statuses),
        expected="returned, with Status 5.6.3 or another of 5.6",
        observed=f"returned{', with Status ' * bool(statuses)}{', '.join(statuses)}"
        if reports
        else "neither sent nor returned: it waits",
    )
    return [_returned(case, "carries.eight_bit"), returned]


def _declared(case: Case, copies: tuple[SmtpMessage, ...]) -> Finding:
    """Compare: text that goes in 8 bits is declared to be such."""
    raw = [copy for copy in copies if not copy.content.isascii()]
    silent = [copy for copy in raw if "BODY=8BITMIME" not in map(str.upper, copy.options)]
    return case.finding(
        "carries.declared",
        holds=not silent,
        expected="BODY=8BITMIME with MAIL, for text in 8 bits",
        observed="sent in 8 bits, and not declared" if silent else "so it was",
        conclusive=True,
    )


def _eight_bit(case: Case, copies: tuple[SmtpMessage, ...]) -> Finding:
    raw = any(octet > 127 for copy in copies for octet in copy.content)
    return case.finding(
        "carries.eight_bit",
        holds=not raw,
        expected="no octet above 127, as the server has not offered 8BITMIME",
        observed="the text was sent in 8 bits all the same" if raw else "none",
        conclusive=True,
    )


def _form(case: Case, found: list[Change], sort: str) -> Finding:
    other = next((change.text for change in found if change.sort == sort), "")
    expected = (
        "fields folded, addresses quoted, and the header ended, as they were"
        if sort == FORM
        else "the text as it was, since the server offers 8BITMIME"
    )
    return case.finding(
        "carries.form", holds=not other, expected=expected, observed=other or expected, conclusive=True
    )


def _bare(case: Case, copies: tuple[SmtpMessage, ...]) -> Finding:
    bare = any(bare_ends(copy.content) for copy in copies)
    return case.finding(
        "carries.bare",
        holds=not bare,
        expected="no CR or LF alone in what is sent on",
        observed="there are some" if bare else "there is none",
        conclusive=True,
    )


def _all_there(case: Case, copies: tuple[SmtpMessage, ...]) -> list[Finding]:
    """Compare: the message goes on to its end, whatever became of its line ends."""
    cut = any(is_cut_short(case.evidence.staged.content, copy.content) for copy in copies)
    return [
        case.finding(
            "carries.intact",
            holds=not cut,
            expected="the message to its last line",
            observed="its end is missing" if cut else "so it is",
            conclusive=True,
        )
    ]
