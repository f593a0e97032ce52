"""What somebody may have meant who named a target that there is not."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Iterator
from difflib import get_close_matches

_MOST = 3


def suggested(name: str, names: Iterable[str]) -> str:
    """Return a question to put behind a message; empty if nothing is near.

    What is found is named as it must be given. For that the module that seems to be meant is imported, as it would
    have been if it had been named in the right way; one of the standard library is not.

    Args:
        name: As given on the command line.
        names: The built-in and installed targets.
    """
    near = get_close_matches(name.lower(), names, n=_MOST) or list(_classes_meant(name))[:_MOST]
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _classes_meant(name: str) -> Iterator[str]:
    """Yield the targets of the module that is meant by `toy`, `toy.py`, `./toy.py:Toy`, `toy.Toy`, `toy:toy` ..."""
    place, _, asked = name.strip().partition(":")
    module = place.removeprefix("./").removesuffix(".py").replace("/", ".")
    above, _, last = module.rpartition(".")
    for each, wanted in ((module, asked), (above, asked or last)):
        found = _targets_of(each)
        if found:
            by_word = {one.lower(): one for one in found}
            near = get_close_matches(wanted.lower(), by_word, n=_MOST)
            yield from (f"{each}:{one}" for one in ([by_word[one] for one in near] or found))
            return


def _targets_of(module: str) -> list[str]:
    """Return the classes that a module defines and that could be targets."""
    parts = module.split(".")
    if parts[0] in sys.stdlib_module_names or not all(part.isidentifier() for part in parts):
        return []
    try:
        loaded = importlib.import_module(module)
    except Exception:  # noqa: BLE001 (the message is about something else; this is no more than a guess)
        return []
    return [
        key
        for key, value in vars(loaded).items()
        if isinstance(value, type)
        and value.__module__ == module
        and callable(getattr(value, "running", None))
        and not key.startswith("_")
    ]
