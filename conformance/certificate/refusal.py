"""What keeps a run from being certified, or a certificate from being verified."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

# So many reasons are told; of a run that is another one every verdict differs.
_MOST = 10


class Refused(Exception):
    """It is not certified, or does not verify.

    Attributes:
        reasons: Why, a sentence each.
    """

    def __init__(self, *reasons: str) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


def refuse_if(reasons: Sequence[str]) -> None:
    """Go on only if there is no reason against it.

    Raises:
        Refused: There is one.
    """
    if reasons:
        more = [f"and {len(reasons) - _MOST} more of this kind"] if len(reasons) > _MOST else []
        raise Refused(*reasons[:_MOST], *more)


def status_of(work: Callable[[], Sequence[str]], *, prog: str | None, done: str, refused: str) -> int:
    """Do something, print what comes of it or what is against it, and return the exit status.

    Args:
        work: Returns the lines to print.
        prog: How the command was called.
        done: What is said in the end.
        refused: The same, if it is refused.
    """
    try:
        lines = work()
    except Refused as error:
        for reason in (*error.reasons, refused):
            print(f"{prog}: {reason}", file=sys.stderr)
        return 1
    print("\n".join([*lines, "", done]))
    return 0


def listed(names: Sequence[str], most: int = 5) -> str:
    """Return some names in one line; of many the first ones and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
