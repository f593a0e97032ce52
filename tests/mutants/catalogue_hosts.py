"""Mutants that do not make good use of several hosts, or know too few kinds of address."""

from __future__ import annotations

from conformance.catalogue.failure_modes import ALL

from .mutant import Mutant, deviates, fails

_HOSTS = tuple(mode.name for mode in ALL.values() if mode.section == "hosts")
_AFTER_4YZ = tuple(mode.name for mode in ALL.values() if mode.section == "hosts-4yz")
_EACH_ITS_OWN = ("hosts_close_then_421", "hosts_421_then_close")
_IPV6 = tuple(mode.name for mode in ALL.values() if mode.lab == "namespace")
_IPV6_CONTROLS = tuple(name for name in _IPV6 if ALL[name].is_control)

HOSTS = (
    Mutant(
        name="only_first_host",
        sin="Tries the first host only.",
        scenarios=(*_HOSTS, *_AFTER_4YZ, "mx_best_refused", "greeting_421"),
        caught=(
            fails("delivers_anyway", "hosts/next-host", *_HOSTS),
            deviates("delivers_anyway", "hosts/after-4yz", *_AFTER_4YZ),
            fails("delivers_anyway", "harmless/delivered", "mx_best_refused"),
            fails("delivers_anyway", "hosts/next-host", *_HOSTS, profile="rfc"),
            deviates("delivers_anyway", "hosts/after-4yz", *_AFTER_4YZ, profile="rfc"),
            fails("delivers_anyway", "harmless/delivered", "mx_best_refused", profile="rfc"),
        ),
    ),
    Mutant(
        name="leaves_the_next_host_for_later",
        sin="Tries one host at each attempt.",
        scenarios=(*_HOSTS, *_AFTER_4YZ),
        caught=(deviates("delivers_anyway", "harmless/at-once"),),
    ),
    Mutant(
        name="leaves_the_next_host_for_later_in_silence",
        sin="Tries one host at each attempt, and shows nothing of it in its log and in its queue.",
        scenarios=("first_host_greets_421", "first_host_refused", "mx_best_defers"),
        caught=(deviates("delivers_anyway", "harmless/at-once"),),
    ),
    Mutant(
        name="names_another_than_the_last",
        sin="Reports the error of the last host, and names the first one.",
        scenarios=(*_EACH_ITS_OWN, "greeting_421"),
        caught=(fails("destination_server", "error/destination-server", *_EACH_ITS_OWN),),
    ),
    Mutant(
        name="keeps_the_first_error",
        sin="Reports the error of the first host, and names the last one.",
        scenarios=(*_EACH_ITS_OWN, "greeting_421"),
        caught=(deviates("last_host", "hosts/last-error", *_EACH_ITS_OWN),),
    ),
    Mutant(
        name="blends_errors",
        sin="Reports a status of its own where the hosts failed in different ways.",
        scenarios=(*_EACH_ITS_OWN, "greeting_421_every_host"),
        caught=(
            fails("error_code", "hosts/one-of-their-codes", *_EACH_ITS_OWN),
            deviates("last_host", "hosts/last-error", *_EACH_ITS_OWN),
        ),
    ),
    Mutant(
        name="hides_literals",
        sin="Does not name a host that is given by its address.",
        scenarios=("literal_greeting_421", "literal_ipv6_greeting_421", "greeting_421"),
        caught=(
            fails(
                "destination_server",
                "error/destination-server",
                "literal_greeting_421",
                "literal_ipv6_greeting_421",
            ),
        ),
    ),
    Mutant(
        name="looks_literals_up",
        sin="Takes an address for a name.",
        scenarios=("literal_ipv4",),
        caught=(fails("delivered", "control/delivered", "literal_ipv4"),),
    ),
    Mutant(
        name="knows_no_ipv6",
        sin="Connects to no IPv6 address.",
        scenarios=(*_IPV6_CONTROLS, "dns_a_servfail", "plain"),
        caught=(
            fails("delivered", "control/delivered", *_IPV6_CONTROLS),
            deviates("delivers_anyway", "dns/one-family", "dns_a_servfail"),
        ),
    ),
)
