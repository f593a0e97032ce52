"""Mutants that retry too seldom, too often or not to the end, or spoil a repair that comes late."""

from __future__ import annotations

from conformance.catalogue.course import Course

from .mutant import Mutant, deviates, fails

_GAPS = "lifetime/gaps"
_LATE = "lifetime/healed-late"
_LONG_AFTER = (Course.HEALED_12H, Course.HEALED_23H)

DAY = (
    Mutant(
        name="stops_retrying_after_6_h",
        sin="Makes no attempt after the first 6 hours, and gives up in time.",
        scenarios=("greeting_421.day", "connection_refused.day"),
        caught=(
            fails("retried_all_day", "lifetime/retried-to-the-end"),
            fails("retried_all_day", "rfc/retried", profile="rfc"),
        ),
    ),
    Mutant(
        name="gaps_of_two_hours",
        sin="Lets two hours pass between later attempts.",
        scenarios=("close_at_data.day",),
        caught=(deviates("retried_all_day", _GAPS),),
    ),
    Mutant(
        name="first_gap_of_an_hour",
        sin="Lets an hour pass before the first retry.",
        scenarios=("greeting_421.day",),
        caught=(deviates("retried_all_day", _GAPS),),
    ),
    Mutant(
        name="retries_in_pairs",
        sin="Makes every other attempt right after the one before.",
        scenarios=("greeting_421.day", "certificate_expired.day"),
        caught=(deviates("retried_all_day", _GAPS),),
    ),
    Mutant(
        name="looks_up_once_for_all",
        sin="Looks the address of a host up once and keeps it.",
        scenarios=("greeting_421.day", "close_at_data.day"),
        caught=(deviates("retried_all_day", "lifetime/starts-with-dns"),),
    ),
    Mutant(
        name="remembers_a_failed_look_up",
        sin="Does not ask again for a name whose look-up failed.",
        scenarios=("dns_servfail.healed_1h", "dns_servfail.healed_23h", "greeting_421.healed_12h"),
        caught=(fails("healed_late", _LATE, "dns_servfail"),),
    ),
    Mutant(
        name="remembers_a_bad_certificate",
        sin="Does not go again to a server whose certificate did not pass.",
        scenarios=("certificate_expired.healed_12h", "certificate_expired.healed_1h"),
        caught=(
            fails("healed_late", _LATE),
            fails("healed_late", "rfc/delivered-once", profile="rfc"),
        ),
    ),
    Mutant(
        name="delivers_old_messages_twice",
        sin="Delivers a message twice that is older than 10 hours.",
        scenarios=tuple(f"connection_refused.healed_{hours}h" for hours in (1, 12, 23)),
        caught=(fails("healed_late", _LATE, courses=_LONG_AFTER),),
    ),
    Mutant(
        name="loses_very_old_messages",
        sin="Takes a message older than 20 hours for delivered without sending it.",
        scenarios=tuple(f"greeting_421.healed_{hours}h" for hours in (12, 23)),
        caught=(fails("healed_late", _LATE, courses=(Course.HEALED_23H,)),),
    ),
    Mutant(
        name="alters_old_messages",
        sin="Renames the date of a message that has waited for an hour.",
        scenarios=tuple(f"close_at_data.healed_{hours}h" for hours in (1, 12, 23)),
        caught=(fails("healed_late", _LATE, courses=_LONG_AFTER),),
    ),
    Mutant(
        name="returns_although_delivered_late",
        sin="Returns a message although it has delivered it after some attempts.",
        scenarios=tuple(f"host_unreachable.healed_{hours}h" for hours in (1, 12, 23)),
        caught=(fails("healed_late", _LATE, courses=_LONG_AFTER),),
    ),
)
