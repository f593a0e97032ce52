"""What a report says is true, to programs and to people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from conformance.catalogue.special import Dsn
from conformance.judging import quoting, report_fields, report_form, report_says
from conformance.judging.addresses import canonical
from conformance.judging.aspect import Case, Course, Finding, Kind, aspect
from conformance.judging.final_report import reports_in_words
from conformance.judging.recipients import recipients_of, replies_of
from conformance.judging.report_says import truth
from conformance.judging.twice import surely_again
from conformance.judging.words import counted
from fake_servers import Reply


@aspect(
    Course.REPORTED,
    kinds=(Kind.REPORTED,),
    where=lambda mode, _: mode.way_back is None,
    place=524,
    requirements={
        "returned": "permanent/returned",
        "to_sender": "ndr/to-sender",
        "no_sender": "ndr/none-for-null-sender",
        "not_asked": "ndr/none-unless-asked",
        "named": "ndr/fields",
        "own_reply": "report/own-reply",
        "remote": "report/remote-mta",
        "reporting": "report/reporting-mta",
        "dates": "report/dates",
        "envelope_id": "report/envelope-id",
        "original": "report/original-recipient",
        "returned_part": "report/returned-part",
        "original_header": "ndr/returns-original",
        "form": "ndr/form",
        "smtp": "ndr/smtp-diagnostic",
        "people": "report/to-people",
        "words_say": "ndr/words-say-failed",
        "addressed": "ndr/addressed",
        "threading": "ndr/threading",
        "bare": "ndr/no-bare-line-ends",
        "types": "ndr/types",
        "intact": "replies/report-intact",
    },
)
def test_report_says(case: Case) -> list[Finding]:
    """Each recipient is named undamaged, with its own reply, by whom and when; nobody is told who must not be.

    A report without fields is read for its words alone. What was asked of reports must be found in them.
    """
    special = case.mode.message.special
    dsn = (special.dsn if special is not None else None) or Dsn()
    if special is not None and (special.null_sender or not dsn.wants_failure):
        return [_none(case, "no_sender" if special.null_sender else "not_asked")]
    findings = [_to_sender(case), _returned(case)]
    reports = [message.content for message, _ in case.evidence.ndrs]
    if reports:
        sender, original = case.evidence.staged.sender, case.evidence.staged.content
        claims = [text for each in reports for text in report_says.claims(each, original)]
        to = [text for each in reports for text in report_says.addressed_otherwise(each, sender)]
        threads = [text for each in reports for text in report_form.nameless(each)]
        findings += [
            _true(case, "people", "who failed named to people", _words(case, reports)),
            _true(case, "words_say", "words that say that it failed", claims),
            _true(case, "addressed", f"To: <{sender}>", to),
            _true(case, "threading", "messages named wherever the report refers to some", threads),
        ]
        if not dsn.is_hostile:  # what that one asked for is a question of `intact`
            ends = [text for each in reports for text in report_form.bare(each)]
            findings.append(_true(case, "bare", "every CR and LF in a CRLF", ends))
    with_fields = [each for each in reports if report_form.is_report(each)]
    if with_fields:
        findings += _of_fields(case, with_fields, dsn)
    return findings


def _none(case: Case, slot: str) -> Finding:
    came = (*(message for message, _ in case.evidence.ndrs), *case.evidence.astray)
    return case.finding(
        f"report_says.{slot}",
        holds=not came,
        expected="no report of a failure",
        observed=counted(len(came), "report"),
        conclusive=True,
    )


def _to_sender(case: Case) -> Finding:
    """Compare: reports are for the reverse-path as it was given (RFC 5321 section 2.4), and for nobody else."""
    staged, evidence = case.evidence.staged, case.evidence
    paths = [path for message, _ in evidence.ndrs for path in message.recipients]
    paths += [path for message in evidence.astray for path in message.recipients]
    others = [path for path in paths if canonical(path) != canonical(staged.sender)]
    return case.finding(
        "report_says.to_sender",
        holds=not others,
        expected=f"reports to <{staged.sender}> only",
        observed=f"one to <{'>, <'.join(others)}>" if others else "none elsewhere",
        conclusive=True,
    )


def _returned(case: Case) -> Finding:
    everybody, reports = recipients_of(case), len(case.evidence.ndrs)
    # of one recipient there is nobody else of whom a report could tell: whether it names that one is told below
    once = reports == 1 if len(everybody) == 1 else all(len(each.told) == 1 for each in everybody)
    said, whom = reports_in_words(case.evidence, reports), "; ".join(map(str, everybody))
    return case.finding(
        "report_says.returned",
        holds=once and not case.evidence.messages,
        expected="each recipient in one report, at once",
        observed=f"{whom}; {said}" if reports or case.evidence.messages else f"{said} ({whom})",
        conclusive=any(surely_again(case, each.told) for each in everybody),
    )


def _words(case: Case, reports: list[bytes]) -> list[str]:
    """Return complaints about what is said to people: each recipient is named by some report."""
    original, everybody = case.evidence.staged.content, _everybody(case)
    complaints = [report_says.wrong_words(each, original, everybody, ()) for each in reports]
    return sorted(set.intersection(*map(set, complaints)))


def _of_fields(case: Case, reports: list[bytes], dsn: Dsn) -> Iterator[Finding]:
    staged = case.evidence.staged
    everybody, replies = _everybody(case), replies_of(case)
    rules = [rule for host in case.mode.hosts for rule in host.rules]
    stale = [rule.action for rule in rules if isinstance(rule.action, Reply) and rule.action.code < 500]
    servers = [name for site in staged.sites for name in (site.name, site.host)]
    checks: dict[str, tuple[str, Callable[[bytes], list[str]]]] = {
        "form": ("a multipart/report with its parts in order", report_form.form),
        "types": ("fields that begin with their type", report_fields.types),
        "named": ("the recipients of the envelope", partial(report_says.misnamed, recipients=everybody)),
        "own_reply": (
            "what was replied to each",
            partial(report_says.of_another, replies=replies, stale=stale),
        ),
        "remote": ("the server that refused, or none", partial(report_says.not_remote, servers=servers)),
        "reporting": (
            "the relay itself",
            partial(report_says.not_reporting, others=(*servers, staged.domain)),
        ),
        "dates": ("dates of this message", partial(report_says.out_of_time, original=staged.content)),
        "original_header": (
            "what comes back has the header of the message",
            partial(report_form.altered, original=staged.content),
        ),
    }
    if any(map(report_fields.diagnostics, reports)):
        checks["smtp"] = (report_fields.SMTP, report_fields.not_smtp)
    if dsn.envid:
        checks["envelope_id"] = (
            "the ENVID that was given",
            partial(report_says.without_envelope_id, dsn=dsn),
        )
    if dsn.is_hostile:  # which field shows it depends on who reads
        checks = {
            "intact": ("fields of the relay's own", partial(quoting.report, recipient=staged.recipient))
        }
    elif dsn.orcpt:
        wanted = partial(report_says.without_original_recipient, dsn=dsn)
        checks["original"] = ("the ORCPT that was given", wanted)
    if dsn.ret:
        part = partial(report_says.other_part, original=staged.content, dsn=dsn)
        checks["returned_part"] = ("as much as RET asked for", part)
    for slot, (expected, complaints) in checks.items():
        yield _true(case, slot, expected, [text for each in reports for text in complaints(each)])


def _everybody(case: Case) -> list[str]:
    staged = case.evidence.staged
    return [staged.recipient, *staged.others]


def _true(case: Case, slot: str, expected: str, wrong: list[str]) -> Finding:
    return truth(case, f"report_says.{slot}", expected, wrong)
