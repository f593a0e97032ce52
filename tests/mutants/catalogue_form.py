"""Mutants whose reports programs cannot read, or whose fields say something untrue."""

from __future__ import annotations

from conformance.judging.verdict import Verdict

from .mutant import Expected, Mutant, deviates, fails, hence

_REFUSED = ("connection_refused.expires",)
_FORM = "ndr/form"
_FIELDS = "ndr/fields"
_OTHERS = "ndr/read-by-others"
_DSN = "ndr/notification"
_SAMPLED = "ndr/status-sampled"


def _unreadable(requirement: str, *besides: str) -> tuple[Expected, ...]:
    """Return what is said of a report without fields for a recipient."""
    return (
        fails("ndr_form", requirement, besides=besides),
        fails("ndr_status", "ndr/status-class"),
    )


def _form(name: str, sin: str, requirement: str, *besides: str) -> Mutant:
    return Mutant(
        name=name, sin=sin, scenarios=_REFUSED, caught=(fails("ndr_form", requirement, besides=besides),)
    )


FORM = (
    _form("gmt_in_dates", "Writes GMT instead of a numeric zone.", _FIELDS),
    _form("eight_bit_in_fields", "Writes an accented letter into Diagnostic-Code.", _FIELDS),
    _form("no_report_type", "Leaves report-type out.", _FORM, _DSN),
    _form("parts_in_another_order", "Puts the fields before the text.", _FORM),
    _form("five_parts", "Appends the text two more times.", _FORM),
    _form("no_reporting_mta", "Leaves Reporting-MTA out.", _FIELDS),
    _form("final_recipient_is_somebody_else", "Names another recipient.", _FIELDS, _OTHERS),
    _form("final_recipient_in_capitals", "Writes the recipient in capitals.", _FIELDS),
    _form("original_recipient_is_somebody_else", "Makes up an Original-Recipient.", _OTHERS),
    _form("diagnostic_without_type", "Leaves the type of Diagnostic-Code out.", _FIELDS),
    _form("will_retry_until_in_a_failure", "Promises to try again.", "ndr/will-retry-until"),
    Mutant(
        name="no_original",
        sin="Does not return the original message.",
        scenarios=_REFUSED,
        caught=(deviates("ndr_form", "ndr/returns-original"),),
    ),
    Mutant(
        name="original_of_somebody_else",
        sin="Returns another message than the original one.",
        scenarios=_REFUSED,
        caught=(deviates("ndr_form", "ndr/returns-original"),),
    ),
    Mutant(
        name="no_machine_part",
        sin="Leaves the fields out of its reports.",
        scenarios=_REFUSED,
        caught=_unreadable(_FORM, _FIELDS, _OTHERS, "ndr/returns-original", _DSN),
    ),
    Mutant(
        name="plain_text_report",
        sin="Writes its reports as plain text.",
        scenarios=(
            *_REFUSED,
            "rejected_at_rcpt",
            "rejected_multi_line",
            "rejected_like_fields",
            "one_recipient_rejected",
            "connection_refused.fixed_now",
        ),
        caught=(deviates("ndr_form", _DSN), deviates("ndr_form", _DSN, profile="rfc")),
        also=tuple(
            expected
            for profile in ("eop", "rfc")
            for expected in (
                *hence("there is no Status", "ndr_status", verdict=Verdict.NOT_APPLICABLE, profile=profile),
                *hence(
                    "there are no fields to break",
                    "quotes_safely",
                    verdict=Verdict.NOT_APPLICABLE,
                    profile=profile,
                ),
            )
        ),
    ),
    Mutant(
        name="plain_text_without_a_reason",
        sin="Writes reports as plain text that say neither who nor why.",
        scenarios=("rejected_at_rcpt", "rejected_multi_line", "one_recipient_rejected"),
        caught=(
            fails("reports_refusal", "replies/refusal-class", besides=("replies/refusal-quoted",)),
            fails("each_recipient", "recipients/own-outcome"),
        ),
    ),
    Mutant(
        name="no_final_recipient",
        sin="Leaves Final-Recipient out.",
        scenarios=_REFUSED,
        caught=_unreadable(_FIELDS, _OTHERS),
    ),
    Mutant(
        name="remote_mta_that_never_spoke",
        sin="Names a Remote-MTA, whoever said something.",
        scenarios=("connection_refused.expires", "greeting_421.expires"),
        caught=(fails("ndr_form", "ndr/remote-mta", "connection_refused"),),
    ),
    Mutant(
        name="status_of_two_numbers",
        sin="Leaves the detail out of Status.",
        scenarios=_REFUSED,
        caught=(
            fails("ndr_form", _FIELDS),
            deviates("ndr_status", _SAMPLED, besides=("ndr/agrees",)),
        ),
    ),
    Mutant(
        name="status_of_a_success",
        sin="Writes Status: 2.0.0.",
        scenarios=_REFUSED,
        caught=(
            fails("ndr_status", "ndr/status-class", besides=(_SAMPLED, "ndr/agrees")),
            fails("ndr_status", "ndr/status-class", besides=("ndr/agrees",), profile="rfc"),
        ),
    ),
    Mutant(
        name="status_of_a_delay",
        sin="Keeps the code of the deferral in the final report.",
        scenarios=("connection_refused.expires", "dns_servfail.expires", "close_at_data.expires"),
        caught=(deviates("ndr_status", _SAMPLED, "connection_refused", "dns_servfail"),),
        profiles=("rfc",),
    ),
    Mutant(
        name="status_of_an_address_failure",
        sin="Writes 5.1.1 into the report of a network failure.",
        scenarios=("connection_refused.expires", "greeting_421.expires", "hosts_close_then_421.expires"),
        caught=(deviates("ndr_status", _SAMPLED),),
    ),
    Mutant(
        name="status_and_diagnostic_disagree",
        sin="Writes the code of the deferral into Diagnostic-Code, and that of the failure into Status.",
        scenarios=_REFUSED,
        caught=(deviates("ndr_status", "ndr/agrees"), deviates("ndr_status", "ndr/agrees", profile="rfc")),
    ),
)
