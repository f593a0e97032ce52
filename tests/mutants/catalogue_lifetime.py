"""Mutants that give messages up too early, too late or never, or lose them or their age at a restart."""

from __future__ import annotations

from conformance.catalogue.course import Course
from conformance.judging.verdict import Verdict

from .mutant import Mutant, deviates, fails, hence

_EARLY = "lifetime/not-early"
_ENDS = "lifetime/ends"
_RESTART = "lifetime/survives-restart"

# Where no report came there is none to read.
_NO_REPORT = hence("no report came", "ndr_form", "ndr_status", verdict=Verdict.INCONCLUSIVE)

LIFETIME = (
    Mutant(
        name="expires_at_23_h",
        sin="Gives messages up when they are 23 hours old.",
        scenarios=(
            "connection_refused.expires",
            "certificate_expired.expires",
            "greeting_421.day",
            "connection_refused.healed_23h",
            "connection_refused.healed_12h",
            "close_at_data.restarted",
        ),
        caught=(
            fails("expires", _EARLY),
            fails("healed_late", "lifetime/healed-late", courses=(Course.HEALED_23H,)),
            fails("survives_restart", _RESTART),
            fails("expires", _EARLY, "certificate_expired", profile="rfc"),
            fails("expires", _EARLY, "connection_refused", "greeting_421", profile="rfc"),
        ),
        also=(
            *hence(
                "there are no retries in the last hour",
                "retried_all_day",
                courses=(Course.DAY,),
                certain=False,
            ),
            *hence("the same", "retried_all_day", courses=(Course.DAY,), profile="rfc", certain=False),
            *hence("the same", "healed_late", courses=(Course.HEALED_23H,), profile="rfc"),
            *hence("the same", "survives_restart", profile="rfc"),
        ),
    ),
    Mutant(
        name="expires_at_24_h_30",
        sin="Gives messages up when they are 24 hours and 30 minutes old.",
        scenarios=("connection_refused.expires", "greeting_421.restarted"),
        caught=(deviates("expires", "lifetime/promptly"),),
        profiles=("rfc",),
    ),
    Mutant(
        name="expires_at_26_h",
        sin="Gives messages up when they are 26 hours old.",
        scenarios=("connection_refused.expires", "greeting_421.restarted"),
        caught=(
            deviates("expires", "lifetime/promptly"),
            fails("expires", "rfc/gives-up", profile="rfc"),
        ),
    ),
    Mutant(
        name="expires_at_48_h",
        sin="Gives messages up when they are 48 hours old.",
        scenarios=("greeting_421.expires", "greeting_421.day"),
        caught=(fails("expires", _ENDS), fails("one_ndr", "ndr/one")),
        also=_NO_REPORT,
    ),
    Mutant(
        name="grants_two_days",
        sin="Takes twice the lifetime that it is asked for, and says so.",
        scenarios=("greeting_421.expires", "greeting_421.day"),
        caught=(
            fails("expires", _ENDS, courses=(Course.EXPIRES,)),
            fails("one_ndr", "ndr/one", courses=(Course.EXPIRES,)),
        ),
        also=(
            *_NO_REPORT,
            *(
                each
                for profile in ("eop", "rfc")
                for each in hence(
                    "the day that was granted does not stand for 24 hours",
                    *("expires", "one_ndr", "retried_all_day"),
                    verdict=Verdict.NOT_APPLICABLE,
                    courses=(Course.DAY,),
                    profile=profile,
                )
            ),
            *hence(
                "the RFCs leave the lifetime to the relay",
                *("expires", "one_ndr", "ndr_form", "ndr_status"),
                verdict=Verdict.NOT_APPLICABLE,
                courses=(Course.EXPIRES,),
                profile="rfc",
            ),
        ),
        granted={"queue_lifetime": 2.0},
    ),
    Mutant(
        name="never_expires",
        sin="Never gives a message up.",
        scenarios=("dns_servfail.expires", "close_at_data.expires"),
        caught=(
            fails("expires", _ENDS),
            fails("one_ndr", "ndr/one"),
            fails("expires", "rfc/gives-up", profile="rfc"),
        ),
        also=(
            *_NO_REPORT,
            *hence("the same", "one_ndr", profile="rfc"),
            *hence("the same", "ndr_form", "ndr_status", verdict=Verdict.INCONCLUSIVE, profile="rfc"),
        ),
    ),
    Mutant(
        name="age_counts_from_the_last_attempt",
        sin="Counts the age of a message from its last attempt.",
        scenarios=("connection_refused.expires",),
        caught=(fails("expires", _ENDS), fails("one_ndr", "ndr/one")),
        also=_NO_REPORT,
    ),
    Mutant(
        name="age_counts_from_the_restart",
        sin="Counts the age of the messages in its spool from the restart.",
        scenarios=("connection_refused.restarted", "greeting_421.restarted"),
        caught=(fails("survives_restart", _RESTART), fails("survives_restart", _RESTART, profile="rfc")),
    ),
    Mutant(
        name="forgets_the_queue_at_restart",
        sin="Does not read its spool when it starts.",
        scenarios=("connection_refused.restarted", "dns_servfail.restarted"),
        caught=(fails("survives_restart", _RESTART),),
    ),
    Mutant(
        name="returns_everything_at_restart",
        sin="Gives every message up that it finds in its spool when it starts.",
        scenarios=("connection_refused.restarted",),
        caught=(fails("survives_restart", _RESTART),),
    ),
    Mutant(
        name="drops_what_needs_no_report",
        sin="Drops a message at its first failure if nobody is to be told of it.",
        scenarios=tuple(
            f"connection_refused.{what}"
            for what in ("null_sender", "notify_never", "notify_delay", "expires")
        ),
        caught=(
            fails("no_ndr", _EARLY, courses=(Course.NULL_SENDER,), besides=("queue/retried",)),
            fails("no_ndr", _EARLY, courses=(Course.NOTIFY_NEVER, Course.NOTIFY_DELAY)),
            fails("no_ndr", "rfc/retried", courses=(Course.NULL_SENDER,), profile="rfc"),
            fails("no_ndr", _EARLY, courses=(Course.NOTIFY_NEVER, Course.NOTIFY_DELAY), profile="rfc"),
        ),
    ),
    Mutant(
        name="hides_old_messages",
        sin="Leaves messages older than 20 hours out of its queue listing.",
        scenarios=("connection_refused.expires", "greeting_421.restarted"),
        caught=(fails("expires", _EARLY), fails("survives_restart", _RESTART)),
    ),
    Mutant(
        name="keeps_trying_after_the_return",
        sin="Returns an expired message, keeps it in the queue and goes on trying.",
        scenarios=("connection_refused.expires",),
        caught=(fails("expires", _ENDS), fails("expires", "rfc/gives-up", profile="rfc")),
    ),
    Mutant(
        name="returns_certificate_failures_after_12_h",
        sin="Returns a message after 12 hours where the certificate does not pass.",
        scenarios=("certificate_expired.expires", "connection_refused.expires"),
        caught=(
            fails("expires", _EARLY, "certificate_expired"),
            fails("expires", _EARLY, "certificate_expired", profile="rfc"),
        ),
    ),
    Mutant(
        name="clock_stands_still",
        sin="Does not move its clock when it is told to.",
        scenarios=("moved_clock.after_jump", "connection_refused.expires"),
        caught=(fails("clock_moved", "control/clock-moved"),),
        also=hence(
            "nothing may be concluded from a clock that stood still",
            "expires",
            "one_ndr",
            "ndr_form",
            "ndr_status",
            "delay_notice",
            verdict=Verdict.INCONCLUSIVE,
        ),
    ),
)
