"""Mutants that misread what a remote server says, reword it, or are broken by it."""

from __future__ import annotations

from conformance.catalogue.failure_mode import Kind
from conformance.catalogue.failure_modes import hostile_replies
from conformance.judging.verdict import Verdict

from .mutant import Expected, Mutant, deviates, fails, hence

_HOSTILE = tuple(mode.name for mode in hostile_replies.MODES if mode.kind is Kind.TRANSIENT)
_REJECTED = tuple(mode.name for mode in hostile_replies.MODES if mode.kind is Kind.PERMANENT)
_PASSING = "replies/passing"
_AFTERWARDS = ("stays_queued", "retried", "recovers")
_WRONG_CLASS = ("reply_of_another_class", "rejected_of_another_class")


def _hence_returned(*modes: str) -> tuple[Expected, ...]:
    return hence("returned is neither queued nor delivered", *_AFTERWARDS, modes=modes)


def _hence_queued(*modes: str) -> tuple[Expected, ...]:
    return hence(
        "what waits is not returned",
        "reports_refusal",
        verdict=Verdict.INCONCLUSIVE,
        modes=modes,
    )


def _retries(name: str, sin: str, mode: str, *besides: str) -> Mutant:
    return Mutant(
        name=name,
        sin=sin,
        scenarios=(mode, *besides),
        caught=(fails("returned_at_once", "permanent/returned", mode, besides=("permanent/not-retried",)),),
        also=_hence_queued(mode),
    )


REPLIES = (
    Mutant(
        name="returns_greylisted_mail",
        sin="Takes 451 for a permanent refusal.",
        scenarios=("greylisting", "too_many_recipients_452"),
        caught=(fails("delivered_later", _PASSING, "greylisting"),),
    ),
    Mutant(
        name="returns_452",
        sin="Takes 452 for a permanent refusal.",
        scenarios=("too_many_recipients_452", "greylisting"),
        caught=(fails("delivered_later", _PASSING, "too_many_recipients_452"),),
    ),
    Mutant(
        name="returns_552_for_too_many",
        sin="Takes 552 for permanent where it means too many recipients.",
        scenarios=(
            "too_many_recipients_552",
            "too_many_recipients_552_without_status",
            "too_many_recipients_452",
        ),
        caught=(
            deviates(
                "delivered_later",
                "replies/too-many-552",
                "too_many_recipients_552",
                "too_many_recipients_552_without_status",
            ),
        ),
    ),
    Mutant(
        name="takes_those_refused_for_delivered",
        sin="Takes the 250 to the final dot for all recipients, those refused included.",
        scenarios=("too_many_recipients_452", "greylisting"),
        caught=(
            fails(*("delivered_later", _PASSING, "too_many_recipients_452"), besides=("replies/accounted",)),
        ),
    ),
    Mutant(
        name="unknown_4yz_is_permanent",
        sin="Takes a code that it does not know for a permanent refusal.",
        scenarios=("reply_499", "reply_multi_line"),
        caught=(fails("error_code", "rfc/status-class", "reply_499"),),
        also=_hence_returned("reply_499"),
    ),
    _retries(
        "unknown_5yz_is_transient",
        "Tries again after a code that it does not know.",
        "rejected_599",
        "rejected_at_rcpt",
    ),
    Mutant(
        name="unknown_2yz_is_no_yes",
        sin="Takes nothing but 250 and 251 for a yes.",
        scenarios=("reply_259", "plain"),
        caught=(fails("delivers_anyway", "harmless/delivered", "reply_259"),),
    ),
    Mutant(
        name="acts_on_the_status",
        sin="Does what the enhanced status code says, against the reply code.",
        scenarios=(*_WRONG_CLASS, "reply_multi_line"),
        caught=(
            fails("error_code", "rfc/status-class", "reply_of_another_class"),
            fails(
                "returned_at_once",
                "permanent/returned",
                "rejected_of_another_class",
                besides=("permanent/not-retried",),
            ),
        ),
        also=(*_hence_returned("reply_of_another_class"), *_hence_queued("rejected_of_another_class")),
    ),
    Mutant(
        name="returns_4yz_without_status",
        sin="Takes a 4yz reply without an enhanced status code for a permanent refusal.",
        scenarios=("reply_without_status", "reply_multi_line"),
        caught=(
            fails("stays_queued", "queue/kept", "reply_without_status"),
            fails("recovers", "queue/recovers", "reply_without_status"),
        ),
        also=hence("the same", "error_code", "retried", modes=("reply_without_status",)),
    ),
    _retries(
        "waits_after_5yz_without_status",
        "Tries again after a 5yz reply without an enhanced status code.",
        "rejected_without_status",
        "rejected_at_rcpt",
    ),
    Mutant(
        name="renumbers_remote_replies",
        sin="Shows an error of its own in the place of a 4yz reply.",
        scenarios=("reply_without_status", "reply_multi_line", "rejected_multi_line"),
        caught=(
            deviates("error_code", "session/4yz-kept"),
            deviates("reply_kept", "replies/words-kept"),
            deviates("reply_kept", "replies/words-kept", profile="rfc"),
        ),
    ),
    Mutant(
        name="keeps_the_last_line_only",
        sin="Keeps only the last line of a reply.",
        scenarios=("reply_multi_line", "rejected_multi_line", "reply_499"),
        caught=(
            deviates("reply_kept", "replies/words-kept", "reply_multi_line"),
            deviates("reports_refusal", "replies/refusal-quoted", "rejected_multi_line"),
        ),
    ),
    Mutant(
        name="shows_words_as_they_came",
        sin="Shows the words of a reply with all their control characters.",
        scenarios=(
            "reply_control_characters",
            "reply_nul",
            "reply_bare_cr",
            "reply_like_fields",
            "reply_like_log_lines",
            "reply_utf8",
            "reply_latin1",
        ),
        caught=(
            deviates(
                "quotes_safely",
                "replies/one-record",
                "reply_control_characters",
                "reply_nul",
                "reply_bare_cr",
                "reply_like_fields",
                "reply_like_log_lines",
            ),
        ),
    ),
    Mutant(
        name="event_for_each_line",
        sin="Records what a reply says on a line of its own as an event of its own.",
        scenarios=("reply_like_log_lines", "reply_like_fields"),
        caught=(deviates("quotes_safely", "replies/one-record", "reply_like_log_lines"),),
    ),
    Mutant(
        name="lists_two_rows_for_two_lines",
        sin="Lists what a reply says on a line of its own as a message of its own.",
        scenarios=("reply_like_log_lines", "reply_like_fields", "reply_multi_line"),
        caught=(
            deviates("quotes_safely", "replies/one-record"),
            deviates("quotes_safely", "replies/one-record", profile="rfc"),
        ),
    ),
    Mutant(
        name="reports_words_as_they_came",
        sin="Quotes the words of a reply in its reports octet for octet.",
        scenarios=(*(f"{name}.expires" for name in _HOSTILE), *_REJECTED, "rejected_at_rcpt"),
        caught=(fails("quotes_safely", "replies/report-intact"),),
        also=hence(
            "fields that are broken are not those of RFC 3464",
            "ndr_form",
            modes=("reply_utf8", "reply_latin1", "reply_like_fields"),
        ),
    ),
    Mutant(
        name="never_folds",
        sin="Never folds a field of a report.",
        scenarios=("reply_very_long.expires", "rejected_multi_line"),
        caught=(fails("quotes_safely", "replies/report-intact"),),
    ),
    Mutant(
        name="refusal_with_a_status_of_class_4",
        sin="Reports a refusal with a Status of class 4.",
        scenarios=("rejected_of_another_class", "rejected_at_dot"),
        caught=(fails("reports_refusal", "replies/refusal-class"),),
    ),
    Mutant(
        name="refusal_in_words_of_its_own",
        sin="Reports a refusal with a reply of its own invention.",
        scenarios=("rejected_at_rcpt", "rejected_multi_line"),
        caught=(deviates("reports_refusal", "replies/refusal-quoted"),),
    ),
    Mutant(
        name="expired_reply_as_5_4_7",
        sin="Returns what expired with a reply of the remote server's own as 5.4.7.",
        scenarios=("reply_499.expires", "connection_refused.expires"),
        caught=(deviates("ndr_status", "replies/expired-status", "reply_499"),),
    ),
)
