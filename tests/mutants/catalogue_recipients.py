"""Mutants that make one recipient's fate another's, and one destination's trouble everybody's."""

from __future__ import annotations

from .mutant import Mutant, deviates, fails, hence

_OWN = "recipients/own-outcome"
_ONCE = "recipients/delivered-once"
_BOTH = ("one_recipient_deferred", "one_recipient_rejected")

RECIPIENTS = (
    Mutant(
        name="bounces_a_4yz_recipient",
        sin="Returns the message for a recipient who was deferred.",
        scenarios=_BOTH,
        caught=(fails("each_recipient", _OWN, "one_recipient_deferred"),),
        profiles=("rfc",),
        also=hence("the same", "each_recipient", modes=("one_recipient_deferred",), profile="rfc"),
    ),
    Mutant(
        name="sends_again_to_those_delivered",
        sin="Sends a retry to every recipient, those delivered included.",
        scenarios=(*_BOTH, "too_many_recipients_452"),
        caught=(
            fails("each_recipient", _ONCE, "one_recipient_deferred"),
            fails(
                "delivered_later",
                "replies/passing",
                "too_many_recipients_452",
                besides=("replies/once-each",),
            ),
        ),
    ),
    Mutant(
        name="cuts_for_those_that_remain",
        sin="Loses the last line of a message for the recipients that it tries again.",
        scenarios=_BOTH,
        caught=(
            fails("each_recipient", "recipients/intact", "one_recipient_deferred"),
            fails("each_recipient", "recipients/intact", "one_recipient_deferred", profile="rfc"),
        ),
    ),
    Mutant(
        name="report_lists_those_delivered",
        sin="Names every recipient in a report, those delivered included.",
        scenarios=_BOTH,
        caught=(fails("each_recipient", _OWN, "one_recipient_rejected"),),
    ),
    Mutant(
        name="one_refusal_returns_all",
        sin="Takes the refusal of one recipient for the refusal of all that follow.",
        scenarios=_BOTH,
        caught=(fails("each_recipient", _OWN, "one_recipient_rejected", besides=(_ONCE,)),),
    ),
    Mutant(
        name="one_deferral_defers_all",
        sin="Takes the deferral of one recipient for the deferral of all that follow.",
        scenarios=_BOTH,
        caught=(fails("each_recipient", _ONCE, "one_recipient_deferred"),),
    ),
    Mutant(
        name="one_delivery_at_a_time",
        sin="Makes one attempt at a time, whatever the destination.",
        scenarios=("beside_backlog",),
        caught=(
            deviates("beside_backlog", "queue/isolation"),
            deviates("beside_backlog", "queue/isolation", profile="rfc"),
        ),
        also=(
            *hence("it may have to wait as well", "delivered", certain=False),
            *hence("the same", "delivered", profile="rfc", certain=False),
        ),
    ),
)
