"""Mutants that return, lose or hide messages, or retry at the wrong time."""

from __future__ import annotations

from conformance.judging.verdict import Verdict

from .mutant import Expected, Mutant, fails, hence


def _returned(mode: str, requirement: str) -> tuple[Expected, ...]:
    return (
        fails("error_code", requirement, mode),
        fails("stays_queued", "queue/kept", mode),
        fails("retried", "queue/retried", mode),
        fails("recovers", "queue/recovers", mode),
    )


def _nothing_to_look_up(mode: str) -> tuple[Expected, ...]:
    why = "what has left the queue is not looked up again"
    return hence(why, "refreshes", verdict=Verdict.NOT_APPLICABLE, modes=(mode,))


QUEUE = (
    Mutant(
        name="bounces_4yz",
        sin="Returns a message at once when the server greets with 421.",
        scenarios=("greeting_421", "greeting_554"),
        caught=(
            *_returned("greeting_421", "cannot-connect/error-code"),
            fails("error_code", "rfc/status-class", "greeting_421", profile="rfc"),
            fails("stays_queued", "rfc/queued", "greeting_421", profile="rfc"),
            fails("retried", "rfc/retried", "greeting_421", profile="rfc"),
            fails("recovers", "rfc/delivered-once", "greeting_421", profile="rfc"),
        ),
    ),
    Mutant(
        name="bounces_554_greeting",
        sin="Returns a message at once when the server greets with 554.",
        scenarios=("greeting_554", "greeting_421"),
        caught=_returned("greeting_554", "cannot-connect/error-code"),
    ),
    Mutant(
        name="bounces_nxdomain",
        sin="Returns a message at once when the smart host's name does not exist.",
        scenarios=("dns_nxdomain", "dns_servfail"),
        caught=_returned("dns_nxdomain", "dns/error-code"),
        also=(
            *hence(
                "the profile rfc accepts the return, and leaves nothing to wait for",
                "stays_queued",
                "retried",
                "refreshes",
                verdict=Verdict.NOT_APPLICABLE,
                modes=("dns_nxdomain",),
                profile="rfc",
            ),
            *_nothing_to_look_up("dns_nxdomain"),
        ),
    ),
    Mutant(
        name="drops_nxdomain",
        sin="Drops a message without a report when the smart host's name does not exist.",
        scenarios=("dns_nxdomain", "dns_servfail"),
        caught=(
            *_returned("dns_nxdomain", "dns/error-code"),
            fails("recovers", "rfc/gives-up", "dns_nxdomain", profile="rfc"),
        ),
        also=(
            *hence(
                "the profile rfc accepts that it gives up, and leaves nothing to wait for",
                "stays_queued",
                "retried",
                "refreshes",
                verdict=Verdict.NOT_APPLICABLE,
                modes=("dns_nxdomain",),
                profile="rfc",
            ),
            *_nothing_to_look_up("dns_nxdomain"),
        ),
    ),
    Mutant(
        name="bounces_bad_certificates",
        sin="Returns a message at once when the certificate does not pass.",
        scenarios=("certificate_expired", "tls_not_offered"),
        caught=_returned("certificate_expired", "certificate/error-code"),
    ),
    Mutant(
        name="never_retries",
        sin="Keeps a deferred message and never tries again.",
        scenarios=("connection_refused", "greeting_421"),
        caught=(
            fails("retried", "queue/retried"),
            fails("recovers", "queue/recovers"),
            fails("retried", "rfc/retried", profile="rfc"),
            fails("recovers", "rfc/delivered-once", profile="rfc"),
        ),
    ),
    Mutant(
        name="retries_once_only",
        sin="Gives up trying after the second attempt, and keeps the message.",
        scenarios=("greeting_421",),
        caught=(fails("recovers", "queue/recovers"),),
    ),
    Mutant(
        name="retries_at_once",
        sin="Tries again without any wait.",
        scenarios=("greeting_421", "close_at_mail"),
        caught=(fails("retried", "queue/retried"),),
        also=hence(
            "two attempts are over, and the fault is repaired, before anybody looks at the queue",
            "stays_queued",
            verdict=Verdict.INCONCLUSIVE,
            certain=False,
        ),
    ),
    Mutant(
        name="retries_at_half_the_gap",
        sin="Tries again after half the interval.",
        scenarios=("greeting_421", "dns_nxdomain", "connection_refused"),
        caught=(fails("retried", "queue/retried"),),
    ),
    Mutant(
        name="retries_at_double_the_gap",
        sin="Tries again after twice the interval.",
        scenarios=("greeting_421", "connection_refused"),
        caught=(fails("retried", "queue/retried"),),
    ),
    Mutant(
        name="retries_late_the_second_time",
        sin="Doubles the interval with every retry although the schedule does not.",
        scenarios=("greeting_421",),
        caught=(fails("retried", "queue/retried"),),
    ),
    Mutant(
        name="loses_on_reset",
        sin="Logs a deferral when the connection is reset, and forgets the message.",
        scenarios=("reset_at_mail", "close_at_mail"),
        caught=(
            fails("stays_queued", "queue/kept", "reset_at_mail"),
            fails("retried", "queue/retried", "reset_at_mail"),
            fails("recovers", "queue/recovers", "reset_at_mail"),
        ),
    ),
    Mutant(
        name="hides_deferred_messages",
        sin="Leaves messages that were deferred out of its queue listing.",
        scenarios=("connection_refused", "greeting_421"),
        caught=(
            fails("stays_queued", "queue/kept"),
            fails("stays_queued", "rfc/queued", profile="rfc"),
        ),
    ),
    Mutant(
        name="hides_active_messages",
        sin="Leaves messages that it is trying to deliver out of its queue listing.",
        scenarios=("connect_timeout", "greeting_421"),
        caught=(fails("stays_queued", "queue/kept", "connect_timeout"),),
    ),
)
