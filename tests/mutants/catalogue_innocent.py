"""Relays that do something unusual and nothing wrong: whoever accuses them raises a false alarm."""

from __future__ import annotations

from .mutant import Mutant

_ALL_PROFILES = ("rfc", "eop-observed")

INNOCENT = (
    Mutant(
        name="asks_twice",
        sin="Asks every question of its name server twice.",
        scenarios=("connection_refused", "host_unreachable", "dns_nxdomain", "dns_servfail", "greeting_421"),
        profiles=_ALL_PROFILES,
    ),
    Mutant(
        name="asks_for_ipv6_first",
        sin="Asks for IPv6 addresses first, and for IPv4 addresses when it has the answer.",
        scenarios=("connection_refused", "dns_nodata", "dns_refused", "connect_timeout"),
        profiles=_ALL_PROFILES,
    ),
    Mutant(
        name="words_its_own",
        sin="Words its errors without the titles of the source document.",
        scenarios=(
            "connection_refused",
            "dns_nxdomain",
            "greeting_421",
            "close_at_dot",
            "certificate_expired",
        ),
        profiles=_ALL_PROFILES,
    ),
    Mutant(
        name="names_addresses_only",
        sin="Names the destination server by its address alone.",
        scenarios=("connection_refused", "greeting_421_every_host", "host_unreachable"),
        profiles=_ALL_PROFILES,
    ),
    Mutant(
        name="tries_the_last_host_first",
        sin="Tries the smart hosts of a connector in the reverse order.",
        scenarios=("greeting_421_every_host", "greeting_421"),
        profiles=_ALL_PROFILES,
    ),
    Mutant(
        name="sends_a_notice_of_delay",
        sin="Tells the sender after the first attempt that the message is delayed.",
        scenarios=("greeting_421", "connection_refused"),
        profiles=_ALL_PROFILES,
    ),
    Mutant(
        name="adds_a_trace_field",
        sin="Adds a second trace field on top of the message.",
        scenarios=("plain", "greeting_421"),
        profiles=_ALL_PROFILES,
    ),
    Mutant(
        name="a_little_late",
        sin="Waits a tenth longer than the interval.",
        scenarios=("greeting_421", "connection_refused", "connect_timeout"),
        profiles=_ALL_PROFILES,
    ),
)
