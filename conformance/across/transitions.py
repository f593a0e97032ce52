"""What it means that a verdict was one and is another: the one table by which a comparison decides."""

from __future__ import annotations

from enum import StrEnum

from conformance.report.standing import Standing

# Stands for a test that a report does not have.
ABSENT = "absent"


class Change(StrEnum):
    """What came of a verdict, in the order in which a reader wants to see it."""

    WORSE = "worse"  # the relay was seen to do better
    LOST = "no longer known"  # it was seen to be in order, and nobody knows whether it still is
    FOUND = "newly known"  # red, where nobody knew before: by a new test, or one that could not be judged
    BETTER = "better"
    CHANGED = "changed otherwise"
    OTHERWISE = "seen otherwise"  # as red as before, and what is seen is something else
    SAME = "the same"


_SIGNS = {
    "=": Change.SAME,
    "+": Change.BETTER,
    "-": Change.WORSE,
    "!": Change.FOUND,
    "?": Change.LOST,
    "~": Change.CHANGED,
}

# From what stands at the left to what stands above.
_TABLE = """
                pass  waived  deviation  fail  not_judged  inconclusive  error  not_applicable  absent
pass             =      -         -       -        ?            ?          ?          ~           ?
waived           +      =         ~       -        ~            ~          ~          ~           ~
deviation        +      ~         =       -        ~            ~          ~          ~           ~
fail             +      ~         +       =        ~            ~          ~          ~           ~
not_judged       +      !         !       !        =            ~          ~          ~           ~
inconclusive     +      !         !       !        ~            =          ~          ~           ~
error            +      !         !       !        ~            ~          =          ~           ~
not_applicable   ~      !         !       !        ~            ~          ~          =           ~
absent           ~      !         !       !        ~            ~          ~          ~           =
"""


def _read(table: str) -> dict[tuple[str, str], Change]:
    heading, *rows = table.strip("\n").split("\n")
    return {
        (row.split()[0], after): _SIGNS[sign]
        for row in rows
        for after, sign in zip(heading.split(), row.split()[1:], strict=True)
    }


TRANSITIONS = _read(_TABLE)


def change(before: Standing | None, after: Standing | None) -> Change:
    """Return what came of a verdict.

    Args:
        before: What was said; None: nothing, there was no such test.
        after: What is said.
    """
    return TRANSITIONS[before or ABSENT, after or ABSENT]
