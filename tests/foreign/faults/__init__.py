"""The foreign faults and the innocent oddities: each file holds some, and no other list names either.

Each is a function that replaces something in the relay of its process (`mutants.patching.patch`), calls `marked`
where its situation occurs, and has a decorator that says where it was reported, or what permits it.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from foreign.change import DECLARED, Change


def find(name: str) -> Change:
    """Import the one file that declares a change.

    Raises:
        LookupError: No file does; the text names all of them.
    """
    for file in _files():
        if f"\ndef {name}() -> None:" in file.read_text(encoding="utf-8"):
            import_module(f"{__name__}.{file.stem}")
            return DECLARED[name]
    raise LookupError(f"none is called {name!r}; there are {', '.join(each.name for each in find_all())}")


def find_all() -> list[Change]:
    """Import all files, in the order of their names, and return what they declare."""
    for file in _files():
        import_module(f"{__name__}.{file.stem}")
    return list(DECLARED.values())


def _files() -> list[Path]:
    return sorted(file for folder in __path__ for file in Path(folder).glob("[!_]*.py"))
