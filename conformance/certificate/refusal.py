"""What keeps a run from being certified, or a certificate from being verified."""

from __future__ import annotations

from collections.abc import Sequence

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


def listed(names: Sequence[str], most: int = 5) -> str:
    """Return some names in one line; of many the first ones and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
