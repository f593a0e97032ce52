"""Reports that programs cannot read, or that say something untrue."""

from __future__ import annotations

import re
from collections.abc import Callable

from conformance.reference import dsn
from mutants.mutant import Declare, deviates, fails, hence, mutation
from mutants.patching import patch
from mutants.reporting import field_added, field_changed, parts_changed, rewritten

_FINAL = rb"Final-Recipient: rfc822;"
_REFUSED = ("connection_refused.expires",)
_AMID = ("expired_in_attempt",)
_FORM = "ndr/form"
_FIELDS = "ndr/fields"
_OTHERS = "ndr/read-by-others"
_DSN = "ndr/notification"
_SAMPLED = "ndr/status-sampled"


def _form(requirement: str, *besides: str) -> Declare:
    return mutation(scenarios=_REFUSED, caught=(fails("ndr_form", requirement, besides=besides),))


@_form(_FIELDS)
def gmt_in_dates() -> None:
    """Writes GMT instead of a numeric zone."""
    patch(dsn, "_rfc_date", lambda original: lambda at: original(at).replace("+0000", "GMT"))


@_form(_FIELDS)
def eight_bit_in_fields() -> None:
    """Writes an accented letter into Diagnostic-Code."""
    field_changed(
        rb"(Diagnostic-Code: .*)\r$", rb"\1 (refus" + "\N{LATIN SMALL LETTER E WITH ACUTE}".encode() + rb")\r"
    )


@_form(_FORM, _DSN)
def no_report_type() -> None:
    """Leaves report-type out."""
    rewritten(lambda report: report.replace(b" report-type=delivery-status;", b"", 1))


@_form(_FORM)
def parts_in_another_order() -> None:
    """Puts the fields before the text."""
    parts_changed(lambda parts: [parts[1], parts[0], parts[2]])


@_form(_FORM)
def five_parts() -> None:
    """Appends the text two more times."""
    parts_changed(lambda parts: [*parts, parts[0], parts[0]])


@_form(_FORM)
def encoding_without_a_name() -> None:
    """Leaves the encoding of the fields open: the word is there, and what it is not."""
    parts_changed(
        lambda parts: [
            part.replace(b"Content-Transfer-Encoding: 7bit", b"Content-Transfer-Encoding: ", 1)
            if b"message/delivery-status" in part
            else part
            for part in parts
        ]
    )


@_form(_FORM)
def type_without_a_name() -> None:
    """Leaves open of what type the returned message is: the field is there, and says nothing."""
    parts_changed(
        lambda parts: [part.replace(b"Content-Type: message/rfc822", b"Content-Type: ", 1) for part in parts]
    )


@mutation(
    scenarios=(*_AMID, "expired_in_look_up"),
    caught=(fails("in_attempt", _FIELDS),),
)
def status_of_nothing_that_happened() -> None:
    """Writes a Status that is none where a message expires before any attempt has failed."""
    patch(
        dsn, "dsn_status", lambda original: lambda failure: original(failure) if failure.server else "5ther"
    )


@mutation(scenarios=_AMID, caught=(fails("in_attempt", _FORM),))
def open_end_where_nothing_happened() -> None:
    """Leaves the closing boundary out of reports about what never failed before its end."""
    rewritten(
        lambda report: (
            report
            if b"\r\nLast-Attempt-Date: " in report
            else re.sub(rb"\r\n--[0-9a-f]+--\r\n$", b"\r\n", report)
        )
    )


@_form(_FORM)
def header_without_an_empty_line() -> None:
    """Writes a word in the place of the empty line behind the header of a report."""
    rewritten(lambda report: report.replace(b"\r\n\r\n", b"\r\nother\r\n", 1))


@_form(_FORM)
def line_that_is_no_field() -> None:
    """Ends the fields of a recipient with a line that is none."""
    field_changed(rb"(Diagnostic-Code: .*\r\n(?:[ \t].*\r\n)*)", rb"\1which is all that is known\r\n")


@mutation(
    scenarios=("refused_long_subject", "refused_plus"),
    caught=(fails("report_says", "ndr/form", "refused_long_subject"),),
)
def repeats_a_subject_in_one_line() -> None:
    """Repeats the Subject of a message in that of a report, in one line however long it is."""
    patch(dsn, "_subject", lambda _: lambda what, original: f"Subject: {what}: {' '.join(original.split())}")


@_form(_FIELDS)
def no_reporting_mta() -> None:
    """Leaves Reporting-MTA out."""
    field_changed(rb"Reporting-MTA: .*\r\n", b"")


@_form(_FIELDS)
def final_recipient_is_somebody_else() -> None:
    """Names another recipient."""
    field_changed(_FINAL + b"recipient@", _FINAL + b"postmaster@")


@_form(_FIELDS)
def final_recipient_in_capitals() -> None:
    """Writes the recipient in capitals."""
    rewritten(lambda report: re.sub(_FINAL + rb"(\S+)", lambda found: _FINAL + found[1].upper(), report))


@_form(_OTHERS, "ndr/nothing-invented")
def original_recipient_is_somebody_else() -> None:
    """Makes up an Original-Recipient."""
    field_added(b"Final-Recipient: ", b"Original-Recipient: rfc822;postmaster@elsewhere.test")


@_form("ndr/types")
def diagnostic_without_type() -> None:
    """Leaves the type of Diagnostic-Code out."""
    field_changed(rb"Diagnostic-Code: smtp;", b"Diagnostic-Code: ")


@_form("ndr/will-retry-until")
def will_retry_until_in_a_failure() -> None:
    """Promises to try again."""
    field_added(b"Diagnostic-Code: ", b"Will-Retry-Until: Thu, 01 Jan 2099 00:00:00 +0000")


@_form("ndr/no-bare-line-ends")
def bare_line_feeds_in_reports() -> None:
    """Ends the lines of its words for people with LF alone."""

    def lines(text: bytes) -> bytes:
        return text.replace(b"\r\n", b"\n")

    patch(dsn, "_human_part", lambda original: lambda *of, **more: lines(original(*of, **more)))


def _header(cut: Callable[[bytes, int], bytes]) -> None:
    """Return another part of a message for its header, given all of it and where the empty line begins."""

    def header(content: bytes) -> bytes:
        end = content.find(b"\r\n\r\n")
        return content if end < 0 else cut(content, end)

    patch(dsn, "header_section", lambda _: header)


@mutation(
    scenarios=("refused_dsn_headers", "dsn_not_offered_success", "refused_plus"),
    caught=(
        fails("report_says", "ndr/no-bare-line-ends", "refused_dsn_headers"),
        fails("passes_wishes", "ndr/no-bare-line-ends", "dsn_not_offered_success"),
    ),
)
def half_an_empty_line_behind_a_header() -> None:
    """Returns a header with the first half of the line end that follows it, where the header alone was asked for."""
    _header(lambda content, end: content[: end + 3])


@mutation(
    scenarios=("refused_dsn_headers", "refused_plus"),
    caught=(deviates("report_says", "ndr/returns-original", "refused_dsn_headers"),),
)
def header_without_its_end() -> None:
    """Returns a header without the last characters of its last field, where the header alone was asked for."""
    _header(lambda content, end: content[: end - 2] + b"\r\n")


@mutation(scenarios=_REFUSED, caught=(deviates("ndr_form", "ndr/returns-original"),))
def no_original() -> None:
    """Does not return the original message."""
    parts_changed(lambda parts: parts[:2])


@mutation(
    scenarios=(*_REFUSED, "refused_dsn_full"),
    caught=(deviates("ndr_form", "ndr/returns-original"), deviates("report_says", "ndr/returns-original")),
)
def a_word_behind_the_original() -> None:
    """Writes a word of its own behind the message that it returns."""
    parts_changed(lambda parts: [*parts[:2], parts[2] + b"other\r\n"])


@mutation(scenarios=_REFUSED, caught=(deviates("ndr_form", "ndr/returns-original"),))
def original_of_somebody_else() -> None:
    """Returns another message than the original one."""
    parts_changed(lambda parts: [*parts[:2], re.sub(rb"Message-ID: <", b"Message-ID: <not-", parts[2])])


@mutation(
    scenarios=_REFUSED,
    caught=(fails("ndr_form", _FORM, besides=(_FIELDS, "ndr/returns-original", _DSN)),),
)
def no_machine_part() -> None:
    """Leaves the fields out of its reports."""
    parts_changed(lambda parts: [parts[0], parts[2]])


@mutation(
    scenarios=(
        *_REFUSED,
        "rejected_at_rcpt",
        "rejected_multi_line",
        "rejected_like_fields",
        "one_recipient_rejected",
        "connection_refused.fixed_now",
    ),
    caught=(deviates("ndr_form", _DSN), deviates("ndr_form", _DSN, profile="rfc")),
    also=(
        *hence("there are no fields to break", "quotes_safely", verdict="not_applicable"),
        *hence("the same", "quotes_safely", verdict="not_applicable", profile="rfc"),
    ),
)
def plain_text_report() -> None:
    """Writes its reports as plain text."""
    rewritten(
        lambda report: re.sub(
            rb"Content-Type: multipart/report.*?\r\n boundary=[^\r]*",
            b"Content-Type: text/plain; charset=us-ascii",
            report,
            count=1,
        )
    )


@mutation(
    scenarios=("rejected_at_rcpt", "rejected_multi_line", "one_recipient_rejected"),
    caught=(
        fails("reports_refusal", "replies/refusal-class", besides=("replies/refusal-quoted",)),
        fails("each_recipient", "recipients/own-outcome"),
    ),
)
def plain_text_without_a_reason() -> None:
    """Writes reports as plain text that say neither who nor why."""
    plain_text_report()
    rewritten(lambda report: report.partition(b"\r\n\r\n")[0] + b"\r\n\r\nIt was not delivered.\r\n")


@_form(_FIELDS)
def no_final_recipient() -> None:
    """Leaves Final-Recipient out."""
    field_changed(_FINAL + rb".*\r\n", b"")


@mutation(
    scenarios=("connection_refused.expires", "greeting_421.expires"),
    caught=(fails("ndr_form", "ndr/remote-mta", "connection_refused"),),
)
def remote_mta_that_never_spoke() -> None:
    """Names a Remote-MTA, whoever said something."""
    field_added(b"Diagnostic-Code: ", b"Remote-MTA: dns; mx1.elsewhere.test")


@mutation(
    scenarios=_REFUSED,
    caught=(fails("ndr_form", _FIELDS),),
)
def status_of_two_numbers() -> None:
    """Leaves the detail out of Status."""
    field_changed(rb"Status: 5\.4\.\d+", b"Status: 5.4")


@mutation(
    scenarios=_REFUSED,
    caught=(
        fails("ndr_status", "ndr/status-class"),
        fails("ndr_status", "ndr/status-class", profile="rfc"),
    ),
)
def status_of_a_success() -> None:
    """Writes Status: 2.0.0."""
    field_changed(rb"Status: [\d.]+", b"Status: 2.0.0")


@mutation(
    scenarios=("connection_refused.expires", "dns_servfail.expires", "close_at_data.expires"),
    caught=(deviates("ndr_status", _SAMPLED, "connection_refused", "dns_servfail"),),
    profiles=("rfc",),
)
def status_of_a_delay() -> None:
    """Keeps the code of the deferral in the final report."""
    rewritten(
        lambda report: report.replace(b"\r\nStatus: 5.", b"\r\nStatus: 4.").replace(
            b"\r\nDiagnostic-Code: smtp;550 5.", b"\r\nDiagnostic-Code: smtp;450 4."
        )
    )


@mutation(
    scenarios=("connection_refused.expires", "greeting_421.expires", "hosts_close_then_421.expires"),
    caught=(deviates("ndr_status", _SAMPLED),),
)
def status_of_an_address_failure() -> None:
    """Writes 5.1.1 into the report of a network failure."""
    rewritten(
        lambda report: re.sub(
            rb"\r\nDiagnostic-Code: smtp;550 5\.4\.\d+",
            b"\r\nDiagnostic-Code: smtp;550 5.1.1",
            re.sub(rb"\r\nStatus: 5\.4\.\d+", b"\r\nStatus: 5.1.1", report),
        )
    )


@mutation(
    scenarios=_REFUSED,
    caught=(deviates("ndr_status", "ndr/agrees"), deviates("ndr_status", "ndr/agrees", profile="rfc")),
)
def status_and_diagnostic_disagree() -> None:
    """Writes the code of the deferral into Diagnostic-Code, and that of the failure into Status."""
    field_changed(rb"Diagnostic-Code: smtp;550 5\.", b"Diagnostic-Code: smtp;450 4.")


def _ends_behind_its_parts(tail: bytes) -> None:
    rewritten(lambda report: re.sub(rb"(--[0-9a-f]{32}--)\r\n\Z", tail, report))


@mutation(
    scenarios=("refused_dsn_headers", "refused_dsn_full"),
    caught=(fails("report_says", _FORM, "refused_dsn_headers", "refused_dsn_full"),),
)
def closes_no_report() -> None:
    """Leaves out the closing boundary of its reports."""
    _ends_behind_its_parts(b"")


@mutation(scenarios=("refused_dsn_headers", "refused_dsn_full"), profiles=("rfc",))
def adds_an_epilogue() -> None:
    """Puts blanks and an epilogue behind the closing boundary of its reports (RFC 2046 section 5.1.1)."""
    _ends_behind_its_parts(rb"\1 \t\r\nThis is for nobody.\r\n")
