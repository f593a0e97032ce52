"""Relays that do something unusual and nothing wrong: whoever accuses them raises a false alarm."""

from __future__ import annotations

from conformance.judging.verdict import Verdict

from .mutant import Expected, Mutant, hence

_ALL_PROFILES = ("rfc", "eop-observed")


def _tells(profile: str) -> tuple[Expected, ...]:
    return hence("there is a notice to judge", "delay_notice", verdict=Verdict.PASS, profile=profile)


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
        scenarios=(
            "greeting_421_every_host",
            "greeting_421",
            "hosts_close_then_421",
            "hosts_421_then_close",
            "hosts_close_then_421.expires",
            "first_host_greets_421",
        ),
        also=tuple(
            expected
            for profile in ("eop", *_ALL_PROFILES)
            for expected in hence(
                "it never meets the one that is broken",
                "delivers_anyway",
                verdict=Verdict.NOT_APPLICABLE,
                modes=("first_host_greets_421",),
                profile=profile,
            )
        ),
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
        name="misses_what_moves",
        sin="Lists the folders of its queue one after the other, and misses what moves between them.",
        scenarios=(
            "greeting_421",
            "connect_timeout",
            "connection_refused.expires",
            "greeting_421.day",
            "certificate_expired.restarted",
        ),
        profiles=_ALL_PROFILES,
    ),
    Mutant(
        name="shows_twice_what_moves",
        sin="Lists the folders of its queue one after the other, and shows twice what moves between them.",
        scenarios=("reply_like_log_lines", "reply_nul", "connection_refused"),
        profiles=_ALL_PROFILES,
    ),
    Mutant(
        name="a_little_late",
        sin="Waits a tenth longer than the interval.",
        scenarios=("greeting_421", "connection_refused", "connect_timeout"),
        profiles=_ALL_PROFILES,
    ),
    Mutant(
        name="says_quit_after_a_time_out",
        sin="Says QUIT after a time-out, and waits for the answer.",
        scenarios=(
            "greeting_timeout",
            "first_host_silent",
            "stall_at_ehlo",
            "stall_at_starttls",
            "stall_at_handshake",
            "stall_at_ehlo_tls",
            "stall_at_mail",
            "stall_at_rcpt",
            "stall_at_data",
            "stall_at_body",
            "stall_at_dot",
            "stall_at_quit",
        ),
        profiles=_ALL_PROFILES,
    ),
    Mutant(
        name="grants_an_hour_at_first",
        sin="Takes an hour for the first gaps as well, and says so.",
        scenarios=("greeting_421.day", "connection_refused.expires"),
        also=tuple(
            each
            for profile in ("eop", *_ALL_PROFILES)
            for each in hence(
                "gaps of an hour say nothing about those of fifteen minutes",
                "retried_all_day",
                verdict=Verdict.NOT_APPLICABLE,
                profile=profile,
            )
        ),
        profiles=_ALL_PROFILES,
        granted={"retry_interval": 4.0},
    ),
    Mutant(
        name="expires_when_tried",
        sin="Gives a message up at the first attempt that fails after its lifetime.",
        scenarios=("connection_refused.expires", "greeting_421.day", "certificate_expired.restarted"),
        profiles=_ALL_PROFILES,
    ),
    Mutant(
        name="expires_some_minutes_late",
        sin="Gives messages up 10 minutes late.",
        scenarios=("connection_refused.expires", "greeting_421.day", "dns_servfail.restarted"),
        profiles=_ALL_PROFILES,
    ),
    Mutant(
        name="tells_of_a_delay_of_hours",
        sin="Tells the sender after the third attempt that the message is delayed.",
        scenarios=("connection_refused.expires", "close_at_data.expires"),
        also=(*_tells("eop"), *_tells("rfc")),
        profiles=_ALL_PROFILES,
    ),
    Mutant(
        name="returns_headers_only",
        sin="Returns the header section of a message instead of the whole.",
        scenarios=("connection_refused.expires", "rejected_at_data"),
        profiles=_ALL_PROFILES,
    ),
    Mutant(
        name="reports_in_its_own_form",
        sin="Writes comments, capitals, a field of its own and 5.4.300 into its reports.",
        scenarios=(
            "connection_refused.expires",
            "certificate_expired.expires",
            "greeting_421.day",
            "reply_like_fields.expires",
        ),
        profiles=_ALL_PROFILES,
    ),
    Mutant(
        name="reports_the_reply_as_it_was",
        sin="Writes the last reply of the remote server into Diagnostic-Code, and 5.4.300 into Status, at the end.",
        scenarios=("reply_499.expires", "greeting_421.expires", "reply_like_fields.expires"),
        profiles=_ALL_PROFILES,
    ),
    Mutant(
        name="stamps_a_local_time",
        sin="Stamps its trace fields with the time of another zone.",
        scenarios=("connection_refused.expires", "plain"),
        profiles=_ALL_PROFILES,
    ),
)
