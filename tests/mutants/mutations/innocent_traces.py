"""Traces that a relay leaves in a message in forms that few expect (RFC 5321 section 4.4, RFC 5322, RFC 6376)."""

from __future__ import annotations

import re

from mutants.mutant import mutation

from .introductions import _traced

_PROFILES = ("rfc", "eop-observed")
_CONTENT = (
    "plain",
    "verified_tls",
    "plain_three_recipients",
    "header_alone",
    "empty_body",
    "odd_fields",
    "many_fields",
    "long_header_fields",
    "names_in_fields",
    "passed_99_hosts",
    "parts_and_boundaries",
    "special_content_retried",
    "refused_dsn_headers",
    "rejected_at_rcpt",
    "goes_around",
    "utf8_header_offered",
    "null_reverse_path",
    "blind_copy_field",
)
_SIGNED = (
    b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=relay.test; s=one;\r\n"
    b"\th=from:to:subject:date; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;\r\n"
    b"\tb=dzdVyOfAKCdLXdJOc9G2q8LoXSlEniSbav+yuU4zGeeruD00lszZVoG4ZHRNiYzR\r\n"
)
_SEALED = (
    b"ARC-Seal: i=1; a=rsa-sha256; t=12345; cv=none; d=relay.test; s=one; b=AAAA\r\n"
    b"ARC-Authentication-Results: i=1; relay.test; none\r\n"
    b"Authentication-Results: relay.test; auth=pass\r\n"
)


@mutation(scenarios=_CONTENT, profiles=_PROFILES)
def signs_what_it_relays() -> None:
    """Signs and seals each message above its trace, and has said below it whom it had authenticated."""
    _traced(lambda field: _SIGNED + field + _SEALED)


@mutation(scenarios=_CONTENT, profiles=_PROFILES)
def says_how_it_was_told() -> None:
    """Says in its trace how TLS was made and by which protocol, and dates it without weekday and seconds."""

    def change(field: bytes) -> bytes:
        field = re.sub(
            rb"\tby (\S+) with \S+ id (\S+)",
            rb"\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\r\n"
            rb"\t key-exchange X25519 (nested (deep; here)))\r\n\t(No client certificate requested)\r\n"
            rb"\tby \1 (Relay; 1.0) via TCP with UTF8SMTPSA (authenticated bits=0)\r\n\tid <\2.1@\1>",
            field,
        )
        return re.sub(
            rb"; \w+, (\d+) (\w+) (\d+) (\d+:\d+):\d+ ([+-]\d+)", rb";\r\n\t\1 \2 \3 \4\r\n\t\5", field
        )

    _traced(change)
