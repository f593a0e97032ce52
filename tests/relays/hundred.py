"""Prints options that choose a hundred failure modes: `pytest --target=exim $(python -m relays.hundred)`.

The same for everybody, of all kinds, drawn once; none of those in which a time-out has to pass again and again.
"""

from __future__ import annotations

import random

from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.message import Kind

_SEED = 17
_NUMBER = 100
_SLOW = ("stall", "trickle", "endless", "silent", "timeout", "hundred", "batch")


def hundred() -> list[str]:
    """Return their names."""
    names = [
        name
        for name, mode in ALL.items()
        if mode.kind is not Kind.CONTROL and not any(word in name for word in _SLOW)
    ]
    return sorted(random.Random(_SEED).sample(names, _NUMBER))


if __name__ == "__main__":
    print(" ".join(f"--conformance-only=mode:{name}" for name in hundred()))
