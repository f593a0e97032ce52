"""What a sender gave in xtext (RFC 3461 section 4), decoded in part for its report."""

from __future__ import annotations

import re
from collections.abc import Callable

from conformance.reference import dsn
from mutants.mutant import fails, mutation
from mutants.patching import patch

_SCENARIOS = ("refused_dsn_headers", "refused_dsn_full")
_CAUGHT = (
    fails(
        *("report_says", "report/envelope-id", "refused_dsn_headers"), besides=("report/original-recipient",)
    ),
)


def _decoded(decodes: Callable[[str], bool]) -> None:
    """Decode the characters of which that is so, and leave the others as they were given."""

    def decode(found: re.Match[str]) -> str:
        character = chr(int(found[1], 16))
        return character if decodes(character) else found[0]

    patch(dsn, "decode_xtext", lambda _: lambda text: re.sub(r"\+([0-9A-F]{2})", decode, text))


@mutation(scenarios=_SCENARIOS, caught=_CAUGHT)
def decodes_no_blanks() -> None:
    """Decodes what a sender gave in xtext, but for its blanks."""
    _decoded(lambda character: " " < character <= "~")


@mutation(scenarios=_SCENARIOS, caught=_CAUGHT)
def decodes_no_tilde() -> None:
    """Decodes what a sender gave in xtext, but for the last character of ASCII that can be printed."""
    _decoded(lambda character: " " <= character < "~")


@mutation(scenarios=_SCENARIOS, profiles=("rfc",))
def decodes_nothing() -> None:
    """Repeats what a sender gave in xtext as it was given."""
    _decoded(lambda _: False)
