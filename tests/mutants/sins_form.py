"""Sins of form: reports that programs cannot read, or that say something untrue."""

from __future__ import annotations

import re

from conformance.reference import dsn
from mutants.patching import patch, sin
from mutants.reporting import field_added, field_changed, parts_changed, rewritten

_FINAL = rb"Final-Recipient: rfc822;"


@sin
def gmt_in_dates() -> None:
    patch(dsn, "_rfc_date", lambda original: lambda at: original(at).replace("+0000", "GMT"))


@sin
def eight_bit_in_fields() -> None:
    field_changed(
        rb"(Diagnostic-Code: .*)\r$", rb"\1 (refus" + "\N{LATIN SMALL LETTER E WITH ACUTE}".encode() + rb")\r"
    )


@sin
def no_report_type() -> None:
    rewritten(lambda report: report.replace(b" report-type=delivery-status;", b"", 1))


@sin
def parts_in_another_order() -> None:
    parts_changed(lambda parts: [parts[1], parts[0], parts[2]])


@sin
def five_parts() -> None:
    parts_changed(lambda parts: [*parts, parts[0], parts[0]])


@sin
def no_machine_part() -> None:
    parts_changed(lambda parts: [parts[0], parts[2]])


@sin
def plain_text_report() -> None:
    rewritten(
        lambda report: re.sub(
            rb"Content-Type: multipart/report.*?\r\n boundary=[^\r]*",
            b"Content-Type: text/plain; charset=us-ascii",
            report,
            count=1,
        )
    )


@sin
def plain_text_without_a_reason() -> None:
    plain_text_report()
    rewritten(lambda report: report.partition(b"\r\n\r\n")[0] + b"\r\n\r\nIt was not delivered.\r\n")


@sin
def no_reporting_mta() -> None:
    field_changed(rb"Reporting-MTA: .*\r\n", b"")


@sin
def no_final_recipient() -> None:
    field_changed(_FINAL + rb".*\r\n", b"")


@sin
def final_recipient_is_somebody_else() -> None:
    field_changed(_FINAL + b"recipient@", _FINAL + b"postmaster@")


@sin
def final_recipient_in_capitals() -> None:
    rewritten(lambda report: re.sub(_FINAL + rb"(\S+)", lambda found: _FINAL + found[1].upper(), report))


@sin
def original_recipient_is_somebody_else() -> None:
    field_added(b"Final-Recipient: ", b"Original-Recipient: rfc822;postmaster@elsewhere.test")


@sin
def diagnostic_without_type() -> None:
    field_changed(rb"Diagnostic-Code: smtp;", b"Diagnostic-Code: ")


@sin
def status_of_two_numbers() -> None:
    field_changed(rb"Status: 5\.4\.\d+", b"Status: 5.4")


@sin
def no_original() -> None:
    parts_changed(lambda parts: parts[:2])


@sin
def original_of_somebody_else() -> None:
    parts_changed(lambda parts: [*parts[:2], re.sub(rb"Message-ID: <", b"Message-ID: <not-", parts[2])])


@sin
def remote_mta_that_never_spoke() -> None:
    field_added(b"Diagnostic-Code: ", b"Remote-MTA: dns; mx1.elsewhere.test")


@sin
def will_retry_until_in_a_failure() -> None:
    field_added(b"Diagnostic-Code: ", b"Will-Retry-Until: Thu, 01 Jan 2099 00:00:00 +0000")


@sin
def status_of_a_delay() -> None:
    rewritten(
        lambda report: report.replace(b"\r\nStatus: 5.", b"\r\nStatus: 4.").replace(
            b"\r\nDiagnostic-Code: smtp;550 5.", b"\r\nDiagnostic-Code: smtp;450 4."
        )
    )


@sin
def status_of_a_success() -> None:
    field_changed(rb"Status: [\d.]+", b"Status: 2.0.0")


@sin
def status_of_an_address_failure() -> None:
    rewritten(
        lambda report: re.sub(
            rb"\r\nDiagnostic-Code: smtp;550 5\.4\.\d+",
            b"\r\nDiagnostic-Code: smtp;550 5.1.1",
            re.sub(rb"\r\nStatus: 5\.4\.\d+", b"\r\nStatus: 5.1.1", report),
        )
    )


@sin
def status_and_diagnostic_disagree() -> None:
    field_changed(rb"Diagnostic-Code: smtp;550 5\.", b"Diagnostic-Code: smtp;450 4.")
