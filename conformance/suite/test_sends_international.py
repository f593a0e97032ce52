"""Internationalized mail goes to servers that offer SMTPUTF8, as it is, and to no other."""

from __future__ import annotations

import re
from collections.abc import Iterable

from conformance.evidence.connections import Connection
from conformance.evidence.queue import Presence
from conformance.evidence.record import Staged
from conformance.judging.aspect import Case, Course, Finding, Kind, aspect
from conformance.judging.offers import asked_for_no_offer, offered_at, offered_for
from conformance.judging.report_fields import types
from conformance.judging.report_says import spelled_otherwise, truth
from conformance.judging.twice import surely_again
from fake_servers import Stage
from fake_servers.events import SmtpMessage, SmtpReceived

_UTF8 = "SMTPUTF8"
# The journal spells such octets out (`SmtpReceived.line`).
_BEYOND_ASCII = re.compile(r"\\x[89a-f][0-9a-f]|[^\x00-\x7f]")


@aspect(
    Course.PERSISTS,
    kinds=(Kind.CONTENT,),
    where=lambda mode, _: mode.message.special is not None and mode.message.special.utf8,
    place=158,
    requirements={
        "sent": "offers/smtputf8",
        "ended": "content/delivered",
        "declared": "offers/smtputf8-declared",
        "intact": "content/unaltered",
        "rewritten": "utf8/not-rewritten",
        "returned": "utf8/returned",
        "named": "ndr/fields",
        "types": "ndr/types",
    },
)
def test_sends_international(case: Case) -> list[Finding]:
    """Delivered as it is where a server offers SMTPUTF8; where none does, nothing of it is sent, and it is returned.

    Where one of two servers does, either is in order. A report names the recipient, and says by which type to read it.
    """
    copies, reports = case.evidence.messages, case.evidence.ndrs
    findings = [_sent(case)]
    everywhere = all(_UTF8 in host.extensions for host in case.mode.hosts)
    everywhere = everywhere and not asked_for_no_offer(case.evidence)
    waits = case.evidence.queue.last.presence is Presence.PRESENT
    if copies or everywhere or not (reports or waits):
        findings.append(_ended(case, must_arrive=everywhere))
    proper = [copy for copy in copies if _UTF8 in offered_for(case, copy)]
    if proper:
        findings += [_declared(case, proper), *case.intact("sends_international.intact")]
    elif copies:
        findings += _rewritten(case)
    elif not everywhere and (reports or waits):
        findings.append(_returned(case))
    if reports:
        recipient = case.evidence.staged.recipient
        wrong = [each for report, _ in reports for each in spelled_otherwise(report.content, recipient)]
        findings.append(
            truth(case, "sends_international.named", "the recipient of the envelope named", wrong)
        )
        untyped = [each for report, _ in reports for each in types(report.content)]
        findings.append(
            truth(case, "sends_international.types", "fields that begin with their type", untyped)
        )
    return findings


def _sent(case: Case) -> Finding:
    raw = [told for connection in case.evidence.connections for told in _unoffered(case, connection)]
    return case.finding(
        "sends_international.sent",
        holds=not raw,
        expected="no octet above 127 in an address or in the header, where SMTPUTF8 is not offered",
        observed="; ".join(raw) or "none",
        conclusive=True,
    )


def _unoffered(case: Case, connection: Connection) -> list[str]:
    """Say what of a message was sent on a connection that takes SMTPUTF8."""
    told = []
    for event in connection.events:
        when = case.evidence.when(event.at)
        match event:
            case SmtpReceived(stage=Stage.MAIL | Stage.RCPT) if _BEYOND_ASCII.search(event.line):
                offered = offered_at(connection, event.at)
                if offered is not None and _UTF8 not in offered:
                    told.append(f"{event.line} at {when}")
            case SmtpMessage() if not _header(event).isascii() and _UTF8 not in offered_for(case, event):
                told.append(f"a header with UTF-8 at {when}")
    return told


def _declared(case: Case, copies: Iterable[SmtpMessage]) -> Finding:
    undeclared = [
        f"{', '.join(copy.options) or 'none'} at {case.evidence.when(copy.at)}"
        for copy in copies
        if _is_international(copy) and not any(option.upper() == _UTF8 for option in copy.options)
    ]
    return case.finding(
        "sends_international.declared",
        holds=not undeclared,
        expected="MAIL with SMTPUTF8 for a message with an address or a header beyond ASCII",
        observed=f"other parameters: {'; '.join(undeclared)}" if undeclared else "so it was",
        conclusive=True,
    )


def _is_international(copy: SmtpMessage) -> bool:
    paths = (copy.mail_from, *copy.recipients)
    return not _header(copy).isascii() or any(map(_BEYOND_ASCII.search, paths))


def _header(message: SmtpMessage | Staged) -> bytes:
    return message.content.partition(b"\r\n\r\n")[0]


def _ended(case: Case, *, must_arrive: bool) -> Finding:
    copies, reports = case.evidence.messages, case.evidence.ndrs
    return case.finding(
        "sends_international.ended",
        holds=len(copies) + len(reports) == 1 and (bool(copies) or not must_arrive),
        expected="one copy, and no report" if must_arrive else "one copy, or one report",
        observed=f"{len(copies)} copies, {len(reports)} reports",
        conclusive=surely_again(case, copies),
    )


def _rewritten(case: Case) -> list[Finding]:
    """Say what was made of it for a server that offers nothing; that it was sent as it is says another slot."""
    converted = [told for copy in case.evidence.messages if (told := _converted(case.evidence.staged, copy))]
    finding = case.finding(
        "sends_international.rewritten",
        holds=not converted,
        expected="returned, or delivered by a server that offers SMTPUTF8",
        observed=f"sent to a server that does not, in another form: {'; '.join(converted)}",
    )
    return [finding] if converted else []


def _converted(staged: Staged, copy: SmtpMessage) -> str:
    """Say what of a copy is in ASCII and was not when it was submitted; empty if nothing is."""
    if not staged.recipient.isascii() and not any(map(_BEYOND_ASCII.search, copy.recipients)):
        return f"the forward-path is <{'>, <'.join(copy.recipients)}>"
    if not staged.sender.isascii() and not _BEYOND_ASCII.search(copy.mail_from):
        return f"the reverse-path is <{copy.mail_from}>"
    if not _header(staged).isascii() and _header(copy).isascii():
        return "the header is in ASCII"
    return ""


def _returned(case: Case) -> Finding:
    """Compare: the sender is told at once, by a status of its kind where the report has one."""
    statuses = [each.status for _, report in case.evidence.ndrs for each in report.recipients if each.status]
    wrong = [status for status in statuses if not status.startswith("5.6.")]
    told = bool(case.evidence.ndrs)
    return case.finding(
        "sends_international.returned",
        holds=told and not wrong,
        expected="returned, with Status 5.6.7 or another of 5.6",
        observed=f"returned{', with Status ' * bool(statuses)}{', '.join(statuses)}"
        if told
        else "not returned",
    )
