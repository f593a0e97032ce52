"""Reports with several things wrong, of which none hides another; and fields that stand for themselves."""

from __future__ import annotations

import re

from mutants.mutant import deviates, fails, mutation
from mutants.reporting import field_added, field_changed, rewritten

_REFUSED = ("connection_refused.expires",)
_TYPES = "ndr/types"
_INVENTED = "ndr/nothing-invented"


@mutation(
    scenarios=(*_REFUSED, "greeting_421.expires"),
    caught=(fails("ndr_form", "ndr/fields", besides=(_TYPES, _INVENTED)),),
)
def no_action_and_nothing_else_in_order() -> None:
    """Leaves Action out, makes up an Original-Envelope-Id, and names the reporting MTA without a type."""
    field_changed(rb"Action: .*\r\n", b"")
    field_changed(rb"Reporting-MTA: dns;", b"Reporting-MTA:")
    field_added(b"Reporting-MTA:", b"Original-Envelope-Id: QQ314159")


@mutation(scenarios=_REFUSED, caught=(deviates("ndr_form", _INVENTED),))
def original_envelope_id_that_nobody_gave() -> None:
    """Makes up an Original-Envelope-Id."""
    field_added(b"Reporting-MTA: ", b"Original-Envelope-Id: QQ314159")


@mutation(scenarios=("reply_4yz_at_mail.expires",), caught=(fails("ndr_form", _TYPES),))
def remote_mta_without_type() -> None:
    """Names the remote server without the type of its name."""
    field_added(b"Diagnostic-Code: ", b"Remote-MTA: mx1.elsewhere.test")


@mutation(scenarios=_REFUSED, caught=(fails("ndr_form", _TYPES, besides=("ndr/read-by-others",)),))
def final_recipient_without_type() -> None:
    """Names the recipient without the type of the address."""
    field_changed(re.escape(b"Final-Recipient: rfc822;"), b"Final-Recipient: ")


@mutation(scenarios=_REFUSED, profiles=("rfc", "eop-observed"))
def original_recipient_as_in_the_envelope() -> None:
    """Repeats the recipient of the envelope as the original one, as many relays do."""
    field_changed(
        rb"Final-Recipient: rfc822;(\S+)\r\n",
        rb"Original-Recipient: rfc822;\1\r\nFinal-Recipient: rfc822;\1\r\n",
    )


_SMTP = "ndr/smtp-diagnostic"
_DIED = (*_REFUSED, "refused_plus", "expired_in_look_up")


@mutation(
    scenarios=(*_DIED, "rejected_at_rcpt"),
    caught=(
        deviates("ndr_form", _SMTP),
        deviates("report_says", _SMTP),
        deviates("in_attempt", _SMTP),
        deviates("reports_refusal", _SMTP, besides=("replies/refusal-quoted",)),
    ),
)
def diagnostic_without_reply_code() -> None:
    """Leaves the reply code out of Diagnostic-Code."""
    field_changed(rb"Diagnostic-Code: smtp;\d\d\d ", b"Diagnostic-Code: smtp;")


@mutation(
    scenarios=_DIED,
    caught=(deviates("ndr_form", _SMTP), deviates("report_says", _SMTP), deviates("in_attempt", _SMTP)),
)
def diagnostic_that_says_nothing() -> None:
    """Writes a Diagnostic-Code that has a type alone."""
    field_changed(rb"Diagnostic-Code: smtp;[^\r]*(?:\r\n[ \t][^\r]*)*", b"Diagnostic-Code: smtp;")


@mutation(scenarios=_DIED, profiles=("rfc",))
def diagnostic_of_its_own_type() -> None:
    """Says in a type of its own of what a message died, without a code."""
    field_changed(rb"Diagnostic-Code: smtp;\d\d\d ", b"Diagnostic-Code: X-Relay; ")


@mutation(
    scenarios=("refused_plus", "refused_unidentified"),
    caught=(fails("report_says", "ndr/threading", "refused_unidentified"),),
)
def answers_what_has_no_name() -> None:
    """Refers in its reports to nothing where the message has no Message-ID."""

    def alter(report: bytes) -> bytes:
        if b"\r\nIn-Reply-To: " in report:
            return report
        return report.replace(
            b"\r\nAuto-Submitted:", b"\r\nIn-Reply-To: \r\nReferences: \r\nAuto-Submitted:", 1
        )

    rewritten(alter)


@mutation(scenarios=("refused_plus", "refused_unidentified"), profiles=("rfc",))
def answers_a_name_that_it_gave() -> None:
    """Gives a message without Message-ID one of its own, and refers to it among others, folded and with comments."""

    def alter(report: bytes) -> bytes:
        report = report.replace(b"\r\nIn-Reply-To: ", b"\r\nIn-Reply-To: (yours)\r\n ", 1)
        if b"\r\nIn-Reply-To: " in report:
            return report
        return report.replace(
            b"\r\nAuto-Submitted:",
            b"\r\nIn-Reply-To:\r\n <1.added@relay.test>\r\nReferences: <1.added@relay.test> <2@relay.test>"
            b"\r\nAuto-Submitted:",
            1,
        )

    rewritten(alter)
