"""Mutants that report to the wrong address, twice, never or unasked, and notices of delay that lie."""

from __future__ import annotations

from conformance.catalogue.course import Course
from conformance.judging.verdict import Verdict

from .mutant import Mutant, deviates, fails, hence

_REFUSED = ("connection_refused.expires",)
_UNASKED = "ndr/none-unless-asked"
_HONEST = "ndr/delay-is-honest"
_NOTHING_TO_READ = hence(
    "no report came to the sender", "ndr_form", "ndr_status", verdict=Verdict.INCONCLUSIVE
)

REPORTS = (
    Mutant(
        name="report_to_the_from_header",
        sin="Sends reports to the author in the From header.",
        scenarios=_REFUSED,
        caught=(
            fails("one_ndr", "ndr/to-sender"),
            fails("expires", "lifetime/ends"),
        ),
        also=_NOTHING_TO_READ,
    ),
    Mutant(
        name="report_to_nobody",
        sin="Gives messages up without a report.",
        scenarios=("greeting_421.expires", "rejected_at_mail", "greeting_421.day"),
        caught=(
            fails("one_ndr", "ndr/one"),
            fails("expires", "lifetime/ends"),
            fails("returned_at_once", "permanent/returned"),
        ),
        also=(
            *_NOTHING_TO_READ,
            *hence("the same", "reports_refusal", verdict=Verdict.INCONCLUSIVE, modes=("rejected_at_mail",)),
        ),
    ),
    Mutant(
        name="two_reports",
        sin="Reports each message twice that it gives up.",
        scenarios=(
            "connection_refused.expires",
            "greeting_421.day",
            "rejected_at_rcpt",
            "greeting_421.restarted",
        ),
        caught=(
            fails("one_ndr", "ndr/one"),
            fails("returned_at_once", "permanent/returned"),
            fails("survives_restart", "lifetime/survives-restart"),
        ),
    ),
    Mutant(
        name="report_with_a_reverse_path",
        sin="Sends reports with a reverse-path of its own.",
        scenarios=("connection_refused.expires", "close_at_data.day"),
        caught=(fails("one_ndr", "ndr/null-reverse-path"),),
    ),
    Mutant(
        name="report_to_the_author_of_a_notification",
        sin="Sends a report to the author in the From header where the reverse-path is null.",
        scenarios=("connection_refused.null_sender", "connection_refused.notify_never"),
        caught=(fails("no_ndr", "ndr/none-for-null-sender", courses=(Course.NULL_SENDER,)),),
    ),
    Mutant(
        name="reports_whatever_notify_says",
        sin="Pays no attention to NOTIFY.",
        scenarios=tuple(
            f"connection_refused.{what}" for what in ("notify_never", "notify_delay", "null_sender")
        ),
        caught=(fails("no_ndr", _UNASKED, courses=(Course.NOTIFY_NEVER, Course.NOTIFY_DELAY)),),
    ),
    Mutant(
        name="takes_notify_delay_for_failure",
        sin="Reports a failure where notices of delay were asked for.",
        scenarios=("connection_refused.notify_never", "connection_refused.notify_delay"),
        caught=(fails("no_ndr", _UNASKED, courses=(Course.NOTIFY_DELAY,)),),
    ),
    Mutant(
        name="final_report_says_delayed",
        sin="Writes Action: delayed into the report of a failure.",
        scenarios=_REFUSED,
        caught=(fails("one_ndr", "ndr/one"), fails("expires", "lifetime/ends")),
        also=_NOTHING_TO_READ,
    ),
    Mutant(
        name="notice_of_delay_says_failed",
        sin="Writes Action: failed into a notice of delay.",
        scenarios=_REFUSED,
        caught=(fails("one_ndr", "ndr/one"), fails("expires", "lifetime/not-early")),
        also=hence(
            "the first report has the code of a delay",
            "ndr_status",
            verdict=Verdict.DEVIATION,
        ),
    ),
    Mutant(
        name="notice_of_delay_says_relayed",
        sin="Writes Action: relayed into a notice of delay.",
        scenarios=_REFUSED,
        caught=(fails("delay_notice", _HONEST), fails("delay_notice", _HONEST, profile="rfc")),
    ),
    Mutant(
        name="notice_of_delay_after_the_report",
        sin="Sends a notice of delay after the message was given up.",
        scenarios=("greeting_421.expires",),
        caught=(fails("delay_notice", _HONEST),),
    ),
    Mutant(
        name="returns_5yz_after_hours",
        sin="Sends reports hours after a message was given up.",
        scenarios=("rejected_at_rcpt", "rejected_at_dot"),
        caught=(fails("returned_at_once", "permanent/returned"),),
        also=hence("no report, nothing to read", "reports_refusal", verdict=Verdict.INCONCLUSIVE),
    ),
    Mutant(
        name="retries_5yz",
        sin="Tries a message again that was refused for good.",
        scenarios=("rejected_at_mail", "rejected_at_rcpt", "rejected_at_data", "rejected_at_dot"),
        caught=(fails("returned_at_once", "permanent/returned", besides=("permanent/not-retried",)),),
        also=hence("no report, nothing to read", "reports_refusal", verdict=Verdict.INCONCLUSIVE),
    ),
    Mutant(
        name="retries_5yz_once",
        sin="Tries a message once more that was refused for good, and returns it then.",
        scenarios=("rejected_at_rcpt", "rejected_at_data"),
        caught=(
            deviates("returned_at_once", "permanent/not-retried"),
            deviates("returned_at_once", "permanent/not-retried", profile="rfc"),
        ),
    ),
)
