"""Compares the codes that a relay shows with what a profile asks of them."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.catalogue.profile import REPLIED, Check
from conformance.catalogue.requirements import catalogue
from conformance.evidence import codes
from conformance.evidence.codes import Codes
from conformance.evidence.errors_seen import ErrorSeen
from conformance.judging.verdict import Finding


def compare(check: Check, read: Codes, replied: Codes) -> Finding | None:
    """Compare; None if the relay shows no such code and need not, or the remote server said none to keep.

    Args:
        check: What is asked.
        read: What the relay shows.
        replied: What the remote server said.
    """
    value, said = (getattr(each, check.what) for each in (read, replied))
    name = "reply code" if check.what == "code" else "enhanced status code"
    if (not value and check.if_shown) or (not said and REPLIED in check.any):
        return None
    wanted = [said if pattern == REPLIED else pattern for pattern in check.any]
    preferred = said if check.preferred == REPLIED else check.preferred
    preference = f" (preferably {preferred})" if preferred else ""
    return Finding(
        requirement=check.requirement,
        level=catalogue()[check.requirement].level,
        holds=any(codes.matches(pattern, value) for pattern in wanted),
        expected=f"{name} {' or '.join(wanted)}{preference}",
        observed=f"{name} {value}" if value else f"no {name} at the beginning of the error",
    )


def judged_by(error: ErrorSeen, checks: Iterable[Check], replied: Codes) -> Codes:
    """Return the codes of an error that are judged: the relay's own.

    What it quotes of a remote server counts only where it is just what is asked for: a relay may well keep a server's
    code. Otherwise it is the server that said it, and the relay said no code.
    """
    if not error.quotes:
        return error.own_codes
    found = [compare(check, error.codes, replied) for check in checks]
    return error.codes if all(each is None or each.holds for each in found) else error.own_codes
