"""What a sender asks of reports goes on with the message, or is done where it cannot go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from conformance.catalogue.special import Dsn
from conformance.evidence.reports import ARRIVED
from conformance.judging import report_form, report_says
from conformance.judging.aspect import Case, Course, Finding, Kind, aspect
from conformance.judging.offers import offered_for
from conformance.judging.verdict import NotApplicable
from fake_servers.events import SmtpMessage, SmtpUnoffered

_RELAYED = "relayed"

# What a relay does not supply of itself; it may supply ORCPT (RFC 3461 section 5.2.1).
_NEVER_MADE_UP = ("RET", "ENVID")


@aspect(
    Course.PERSISTS,
    kinds=(Kind.CONTENT,),
    where=lambda mode, _: mode.message.special is not None and mode.message.special.dsn is not None,
    place=157,
    by_itself=True,
    requirements={
        "passed_on": "dsn/passed-on",
        "unoffered": "offers/parameters",
        "relayed": "dsn/relayed",
        "needless": "dsn/no-needless-report",
        "unasked": "dsn/unasked",
        "form": "ndr/form",
        "bare": "ndr/no-bare-line-ends",
        "named": "ndr/fields",
        "envelope_id": "report/envelope-id",
        "original": "report/original-recipient",
    },
)
def test_passes_wishes(case: Case) -> list[Finding]:
    """NOTIFY, RET, ENVID and ORCPT are passed on as they were given, to a server that offers DSN, and to no other.

    RET and ENVID are not made up. A server that does not offer DSN takes the message without them. Who has asked for
    SUCCESS is told then that it was relayed, once, in a report like any other, and who has not is told nothing; nor is
    anybody whose server has taken it over to tell of the delivery.
    """
    special, copies = case.mode.message.special, case.evidence.messages
    assert special is not None
    assert special.dsn is not None
    unoffered = _unoffered(case)
    if len(copies) != 1 and not unoffered.holds:
        return [unoffered]
    if len(copies) != 1:
        raise NotApplicable(f"{len(copies)} copies arrived", see="carries")
    [copy] = copies
    if "DSN" in offered_for(case, copy):
        return [_passed_on(case, copy, special.dsn), *_needless(case, copy)]
    success = "SUCCESS" in special.dsn.notify.split(",")
    return [unoffered, *(_relayed(case, special.dsn) if success else [_unasked(case)])]


def _passed_on(case: Case, copy: SmtpMessage, wish: Dsn) -> Finding:
    given = {
        keyword: value
        for keyword, value in (
            ("NOTIFY", wish.notify),
            ("RET", wish.ret),
            ("ENVID", wish.envid),
            ("ORCPT", wish.orcpt),
        )
        if value
    }
    passed = {word.partition("=")[0].upper(): word.partition("=")[2] for word in copy.options}
    wrong = [
        f"{keyword}={passed[keyword]}" if keyword in passed else f"no {keyword}"
        for keyword, value in given.items()
        if not _same(keyword, value, passed.get(keyword))
    ]
    made_up = [word for word in _NEVER_MADE_UP if word in passed and word not in given]
    wrong += [f"{keyword}={passed[keyword]}, which was not given" for keyword in made_up]
    return case.finding(
        "passes_wishes.passed_on",
        holds=not wrong,
        expected=" ".join(f"{keyword}={value}" for keyword, value in given.items()),
        observed=", ".join(wrong) or "so it was",
        conclusive=True,
    )


def _needless(case: Case, copy: SmtpMessage) -> list[Finding]:
    """Compare: who was asked for a report of success, and offers to send one, is the only one who does."""
    asked = {
        word
        for each in copy.options
        if each.upper().startswith("NOTIFY=")
        for word in each[7:].upper().split(",")
    }
    if "SUCCESS" not in asked:
        return []
    told = _arrivals(case)
    finding = case.finding(
        "passes_wishes.needless",
        holds=not told,
        expected="no report of the relay's own, as the server has taken it over to tell of the delivery",
        observed=f"a report with Action: {', '.join(told)}" if told else "none",
        conclusive=True,
    )
    return [finding]


def _arrivals(case: Case) -> list[str]:
    """Return what reports say of a message that went on its way."""
    said = (each.action for notice in case.evidence.notices for each in notice.report.recipients)
    return [action for action in said if action in ARRIVED]


def _same(keyword: str, given: str, passed: str | None) -> bool:
    """Compare values: the order of NOTIFY says nothing, and the case of words that are the protocol's."""
    if passed is None:
        return False
    match keyword:
        case "NOTIFY":
            return set(given.upper().split(",")) == set(passed.upper().split(","))
        case "RET":
            return given.upper() == passed.upper()
        case "ORCPT":
            (kind, _, address), (other, _, passed_address) = given.partition(";"), passed.partition(";")
            return (kind.lower(), address) == (other.lower(), passed_address)
    return given == passed


def _unoffered(case: Case) -> Finding:
    sent = [" ".join(event.parameters) for event in case.evidence.of(SmtpUnoffered)]
    return case.finding(
        "passes_wishes.unoffered",
        holds=not sent,
        expected="no parameter of DSN, which is not offered",
        observed="; ".join(sent) or "none",
        conclusive=True,
    )


def _relayed(case: Case, wish: Dsn) -> Iterator[Finding]:
    notices = case.evidence.notices
    actions = [each.action for notice in notices for each in notice.report.recipients]
    wrong = [action for action in actions if action != _RELAYED]
    yield case.finding(
        "passes_wishes.relayed",
        holds=len(notices) == 1 and bool(actions) and not wrong,
        expected="one report, with Action: relayed",
        observed=f"{len(notices)} reports, with Action: {', '.join(actions) or 'none'}"
        if notices
        else "no report",
        conclusive=len(notices) > 1 or bool(wrong),
    )
    said = [notice.message.content for notice in notices]
    if said:
        ends = [text for each in said for text in report_form.bare(each)]
        yield report_says.truth(case, "passes_wishes.bare", "every CR and LF in a CRLF", ends)
    contents = [each for each in said if report_form.is_report(each)]
    staged = case.evidence.staged
    named = partial(report_says.misnamed, recipients=[staged.recipient, *staged.others])
    checks: dict[str, tuple[str, Callable[[bytes], list[str]]]] = {
        "form": ("a multipart/report with its parts in order", report_form.form),
        "named": ("the recipients of the envelope", named),
    }
    if wish.envid:
        without = partial(report_says.without_envelope_id, dsn=wish)
        checks["envelope_id"] = ("the ENVID that was given", without)
    if wish.orcpt:
        without = partial(report_says.without_original_recipient, dsn=wish)
        checks["original"] = ("the ORCPT that was given", without)
    for slot, (expected, complaints) in checks.items() if contents else ():
        found = [text for each in contents for text in complaints(each)]
        yield report_says.truth(case, f"passes_wishes.{slot}", expected, found)


def _unasked(case: Case) -> Finding:
    told = _arrivals(case)
    return case.finding(
        "passes_wishes.unasked",
        holds=not told,
        expected="no report, as nobody has asked for one of a success",
        observed=f"a report with Action: {', '.join(told)}" if told else "none",
        conclusive=True,
    )
