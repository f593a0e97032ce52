"""Mutants that misread, misuse or keep too long what a name server says."""

from __future__ import annotations

from conformance.catalogue.failure_modes import ALL
from conformance.judging.verdict import Verdict

from .mutant import Expected, Mutant, deviates, fails, hence

_DNS = "dns/error-code"
_RECOVERS = "queue/recovers"
_ELSEWHERE = "mx/no-other-host"
_DELIVERED = "control/delivered"
_FAMILIES = tuple(name for name in ALL if name.startswith("dns_aaaa_"))
_NEGATIVE = ("stale_nxdomain", "stale_nodata", "stale_mx_nodata")
_FAILURE = ("dns_servfail", "mx_servfail")


def _no_error(*modes: str) -> tuple[Expected, ...]:
    why = "the message is delivered at once, so there is no error, no queue and no retry"
    return (
        *(
            expected
            for mode in modes
            for expected in hence(
                why,
                "error_detail",
                verdict=Verdict.DEVIATION if ALL[mode].section == "4.4.312" else Verdict.FAIL,
                modes=(mode,),
            )
        ),
        *hence(why, "destination_server", modes=modes),
        *hence(why, "stays_queued", verdict=Verdict.NOT_APPLICABLE, modes=modes, certain=False),
        *hence(why, "retried", modes=modes, certain=False),
    )


def _unreported(mode: str, verdict: Verdict) -> tuple[Expected, ...]:
    return hence("there is no report to read", "reports_refusal", verdict=verdict, modes=(mode,))


def _nothing_left(*modes: str) -> tuple[Expected, ...]:
    why = "what is delivered already need not be looked up again"
    return hence(why, "refreshes", verdict=Verdict.NOT_APPLICABLE, modes=modes)


def _stale(name: str, sin: str, mode: str) -> Mutant:
    """Return a mutant that goes on using what the name server once said of a destination that moved."""
    return Mutant(
        name=name,
        sin=sin,
        scenarios=(mode, "greeting_421"),
        caught=(
            fails("refreshes", "dns-cache/address", mode),
            fails("recovers", _RECOVERS, mode),
            fails("refreshes", "dns-cache/address", mode, profile="rfc"),
        ),
        also=hence("it never learns of the new server", "recovers", modes=(mode,), profile="rfc"),
    )


DNS = (
    Mutant(
        name="believes_any_answer",
        sin="Takes the first datagram that comes for its answer, whatever identifier it bears.",
        scenarios=("dns_wrong_id", "dns_malformed"),
        caught=(
            fails("error_code", _DNS, "dns_wrong_id"),
            fails("recovers", _RECOVERS, "dns_wrong_id"),
        ),
        also=_no_error("dns_wrong_id"),
    ),
    Mutant(
        name="ignores_truncation",
        sin="Takes a truncated answer for an empty one.",
        scenarios=("dns_truncated",),
        caught=(fails("delivers_anyway", "dns/answered"),),
    ),
    Mutant(
        name="follows_no_alias",
        sin="Takes an alias for a name without an address.",
        scenarios=("dns_cname_chain", "dns_cname_loop"),
        caught=(fails("delivers_anyway", "dns/answered", "dns_cname_chain"),),
    ),
    Mutant(
        name="impatient_with_name_servers",
        sin="Waits a fifth of a second for an answer.",
        scenarios=("dns_slow", "dns_no_answer"),
        caught=(fails("delivers_anyway", "dns/answered", "dns_slow"),),
    ),
    Mutant(
        name="one_family_fails_all",
        sin="Gives a host up when one of the two look-ups of its addresses fails.",
        scenarios=(*_FAMILIES, "dns_cname_chain"),
        caught=(deviates("delivers_anyway", "dns/one-family", *_FAMILIES),),
    ),
    Mutant(
        name="alias_as_certificate",
        sin="Reports an alias behind an MX record as a bad certificate.",
        scenarios=("mx_target_cname",),
        caught=(deviates("error_code", "mx/alias"),),
        also=hence("its words are not those of DNS", "error_detail", verdict=Verdict.DEVIATION),
    ),
    Mutant(
        name="asks_for_no_mx",
        sin="Goes to the recipient domain itself and asks for no MX records.",
        scenarios=("plain_mx",),
        caught=(fails("delivered", _DELIVERED, "plain_mx"),),
    ),
    Mutant(
        name="knows_no_implicit_mx",
        sin="Reports a domain without MX records as a failed DNS query.",
        scenarios=("mx_implicit", "mx_nodata"),
        caught=(fails("delivered", _DELIVERED, "mx_implicit"),),
    ),
    Mutant(
        name="takes_one_exchanger_of_each_preference",
        sin="Leaves out mail exchangers of the same preference.",
        scenarios=("mx_equal", "mx_preference"),
        caught=(fails("delivered", _DELIVERED, "mx_equal"),),
    ),
    Mutant(
        name="takes_exchangers_as_listed",
        sin="Tries mail exchangers in the order of the answer.",
        scenarios=("mx_preference", "mx_equal"),
        caught=(
            fails("avoids", "mx/preference", "mx_preference"),
            fails("avoids", "mx/preference", "mx_preference", profile="rfc"),
        ),
    ),
    Mutant(
        name="next_best_is_the_worst",
        sin="Tries the best mail exchanger first, and the others in the reverse order.",
        scenarios=("mx_best_refused", "mx_preference"),
        caught=(fails("avoids", "mx/preference", "mx_best_refused"),),
    ),
    Mutant(
        name="falls_back_to_the_address",
        sin="Tries the domain's own address when no mail exchanger takes the message.",
        scenarios=("mx_target_beside_address", "mx_greeting_421_beside_address", "mx_best_refused"),
        caught=(
            fails("avoids", _ELSEWHERE, "mx_target_beside_address", "mx_greeting_421_beside_address"),
            fails("recovers", _RECOVERS, "mx_target_beside_address", "mx_greeting_421_beside_address"),
        ),
        also=(
            *hence(
                "it is delivered where it may not go",
                "error_code",
                modes=("mx_target_beside_address", "mx_greeting_421_beside_address"),
            ),
            *_no_error("mx_target_beside_address", "mx_greeting_421_beside_address"),
            *_nothing_left("mx_target_beside_address"),
        ),
    ),
    Mutant(
        name="takes_servfail_for_no_mx",
        sin="Takes a failed look-up of MX records for one that says that there are none.",
        scenarios=("mx_servfail_beside_address", "mx_servfail"),
        caught=(
            fails("avoids", _ELSEWHERE, "mx_servfail_beside_address"),
            fails("recovers", _RECOVERS, "mx_servfail_beside_address"),
            fails("error_code", _DNS, "mx_servfail_beside_address"),
        ),
        also=(
            *_no_error("mx_servfail_beside_address"),
            *_nothing_left("mx_servfail_beside_address"),
        ),
    ),
    Mutant(
        name="falls_back_from_null_mx",
        sin="Goes to the domain's own address when the domain says that it accepts no mail.",
        scenarios=("mx_null",),
        caught=(
            fails("avoids", _ELSEWHERE),
            deviates("returned_at_once", "mx/null-returned"),
        ),
        also=_unreported("mx_null", Verdict.NOT_APPLICABLE),
    ),
    Mutant(
        name="queues_what_has_no_exchanger",
        sin="Keeps mail for a domain without a usable mail exchanger in the queue.",
        scenarios=("mx_null", "mx_relay_is_best"),
        caught=(
            deviates("returned_at_once", "mx/null-returned", "mx_null"),
            fails(
                "returned_at_once",
                "mx/self-undeliverable",
                "mx_relay_is_best",
                besides=("permanent/not-retried",),
            ),
        ),
        also=_unreported("mx_null", Verdict.INCONCLUSIVE)
        + _unreported("mx_relay_is_best", Verdict.INCONCLUSIVE),
    ),
    Mutant(
        name="does_not_know_itself",
        sin="Does not know itself among the mail exchangers.",
        scenarios=("mx_relay_in_list", "mx_relay_is_best"),
        caught=(
            fails("avoids", _ELSEWHERE),
            fails("returned_at_once", "mx/self-undeliverable", "mx_relay_is_best"),
            fails("recovers", _RECOVERS, "mx_relay_in_list"),
        ),
        also=(
            *hence("it is delivered where it may not go", "error_code", modes=("mx_relay_in_list",)),
            *_unreported("mx_relay_is_best", Verdict.NOT_APPLICABLE),
            *_no_error("mx_relay_in_list"),
        ),
    ),
    _stale(
        "caches_addresses_for_ever",
        "Looks the addresses of a name up once and for all.",
        "stale_address",
    ),
    _stale(
        "caches_exchangers_for_ever",
        "Looks the MX records of a domain up once and for all.",
        "stale_mx",
    ),
    Mutant(
        name="keeps_negatives_ten_times",
        sin="Believes ten times too long that a name or a record does not exist.",
        scenarios=(*_NEGATIVE, "dns_nxdomain"),
        caught=(
            fails("refreshes", "dns-cache/negative", *_NEGATIVE),
            fails("recovers", _RECOVERS, *_NEGATIVE),
        ),
        also=hence(
            "what it believes it does not ask again, so one attempt only is seen", "retried", modes=_NEGATIVE
        ),
    ),
    Mutant(
        name="caches_failures",
        sin="Remembers for five minutes that a look-up failed.",
        scenarios=(*_FAILURE, "dns_nxdomain"),
        caught=(
            deviates("refreshes", "dns-cache/failure", *_FAILURE),
            fails("recovers", _RECOVERS, *_FAILURE),
        ),
        also=hence(
            "what it remembers it does not ask again, so one attempt only is seen", "retried", modes=_FAILURE
        ),
    ),
    Mutant(
        name="caches_as_it_may",
        sin="Remembers what the name server says for as long as that allows, and failures for a second.",
        scenarios=(*_NEGATIVE, *_FAILURE, "stale_address", "stale_mx"),
        profiles=("rfc",),
    ),
    Mutant(
        name="asks_for_no_ipv6",
        sin="Asks for IPv4 addresses alone.",
        scenarios=(*_FAMILIES, "dns_cname_chain"),
        also=hence(
            "it cannot meet what is wrong with IPv6 addresses",
            "delivers_anyway",
            verdict=Verdict.NOT_APPLICABLE,
            modes=_FAMILIES,
        ),
    ),
)
