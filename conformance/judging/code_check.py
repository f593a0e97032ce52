"""Compares the codes that a relay shows with what a profile asks of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

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
    kept = (said, *(replied.elsewhere if check.what == "status" else ()))
    wanted = [each for pattern in check.any for each in (kept if pattern == REPLIED else (pattern,))]
    preferred = said if check.preferred == REPLIED else check.preferred
    preference = f" (preferably {preferred})" if preferred else ""
    return Finding(
        requirement=check.requirement,
        level=catalogue()[check.requirement].level,
        holds=any(codes.matches(pattern, value) for pattern in wanted),
        expected=f"{name} {' or '.join(wanted)}{preference}",
        observed=f"{name} {value}" if value else f"no {name} at the beginning of the error",
    )


def compare_all(checks: Iterable[Check], read: Codes, replied: Codes) -> list[Finding]:
    """Compare with every check; where the class is wrong that is said once, by the check that asks for the class."""
    every = list(checks)
    right = read
    for check in every:
        finding = compare(check, read, replied)
        if finding is not None and not finding.holds and check.what == "status" and _asks_for_class(check):
            right = replace(read, status=check.any[0][:1] + read.status[1:])
    pairs = (
        compare(check, right if _asks_for_subject(check) and read.status else read, replied)
        for check in every
    )
    return [finding for finding in pairs if finding is not None]


def _asks_for_class(check: Check) -> bool:
    return all(pattern.endswith(".*.*") for pattern in check.any)


def _asks_for_subject(check: Check) -> bool:
    return all(pattern.endswith(".*") for pattern in check.any) and not _asks_for_class(check)


def judged_by(error: ErrorSeen, checks: Iterable[Check], replied: Codes) -> Codes:
    """Return the codes of an error that are judged: the relay's own.

    What it quotes of a remote server counts only where it is just what is asked for: a relay may well keep a server's
    code. Otherwise it is the server that said it, and the relay said no code.
    """
    if not error.quotes:
        return error.own_codes
    found = [compare(check, error.codes, replied) for check in checks]
    return error.codes if all(each is None or each.holds for each in found) else error.own_codes
