"""Mutants that lose, double, alter, misdirect or delay mail."""

from __future__ import annotations

from conformance.judging.verdict import Verdict

from .mutant import Mutant, fails, hence

_DELIVERED = "control/delivered"
_RECOVERS = "queue/recovers"

DELIVERY = (
    Mutant(
        name="loses_on_close_at_dot",
        sin="Takes a connection that is closed before the last reply for a success.",
        scenarios=("close_at_dot", "reset_at_dot", "close_at_data"),
        caught=(
            fails("stays_queued", "queue/kept", "close_at_dot"),
            fails("recovers", _RECOVERS, "close_at_dot"),
            fails("error_code", "closed-abruptly/error-code", "close_at_dot"),
            fails("retried", "queue/retried", "close_at_dot"),
        ),
        also=hence(
            "whoever believes in a success shows no error",
            "destination_server",
            modes=("close_at_dot",),
        )
        + hence(
            "whoever believes in a success explains no error",
            "error_detail",
            verdict=Verdict.DEVIATION,
            modes=("close_at_dot",),
        ),
    ),
    Mutant(
        name="duplicates_after_recovery",
        sin="Delivers a message that was deferred twice.",
        scenarios=("connection_refused", "greeting_421"),
        caught=(fails("recovers", _RECOVERS), fails("recovers", "rfc/delivered-once", profile="rfc")),
    ),
    Mutant(
        name="duplicates_plain_mail",
        sin="Delivers a message twice.",
        scenarios=("plain", "verified_tls"),
        caught=(fails("delivered", _DELIVERED), fails("delivered", "rfc/delivered", profile="rfc")),
    ),
    Mutant(
        name="returns_although_delivered",
        sin="Returns a message although it has delivered it.",
        scenarios=("plain",),
        caught=(fails("delivered", _DELIVERED),),
    ),
    Mutant(
        name="returns_although_recovered",
        sin="Returns a message that was deferred although it has delivered it in the end.",
        scenarios=("greeting_421",),
        caught=(fails("recovers", _RECOVERS),),
        also=hence("the message was returned", "stays_queued", "error_code", certain=False),
    ),
    Mutant(
        name="alters_the_body",
        sin="Strips blanks from the ends of lines.",
        scenarios=("plain",),
        caught=(fails("delivered", _DELIVERED),),
    ),
    Mutant(
        name="breaks_long_lines",
        sin="Breaks lines of more than 900 octets.",
        scenarios=("plain",),
        caught=(fails("delivered", _DELIVERED),),
    ),
    Mutant(
        name="half_stuffs_dots",
        sin="Doubles a leading dot only where it stands alone.",
        scenarios=("plain",),
        caught=(fails("delivered", _DELIVERED),),
    ),
    Mutant(
        name="alters_a_header",
        sin="Marks the subject.",
        scenarios=("plain",),
        caught=(fails("delivered", _DELIVERED),),
    ),
    Mutant(
        name="alters_a_deferred_body",
        sin="Escapes From at the beginning of a line in messages that were deferred.",
        scenarios=("greeting_421",),
        caught=(fails("recovers", _RECOVERS),),
    ),
    Mutant(
        name="drops_a_deferred_header",
        sin="Renames an unknown header field of messages that were deferred.",
        scenarios=("greeting_421",),
        caught=(fails("recovers", _RECOVERS),),
    ),
    Mutant(
        name="drops_the_reverse_path",
        sin="Delivers with the null reverse-path.",
        scenarios=("plain",),
        caught=(fails("delivered", _DELIVERED),),
    ),
    Mutant(
        name="delivers_to_somebody_else",
        sin="Delivers to another recipient of the same domain.",
        scenarios=("plain",),
        caught=(fails("delivered", _DELIVERED),),
    ),
    Mutant(
        name="defers_everything_once",
        sin="Defers every message once before it tries.",
        scenarios=("plain", "slow"),
        caught=(fails("delivered", _DELIVERED),),
    ),
    Mutant(
        name="impatient_with_slow_servers",
        sin="Gives a server less than a second for MAIL, RCPT and DATA together.",
        scenarios=("slow", "plain"),
        caught=(fails("delivered", _DELIVERED, "slow"),),
    ),
)
