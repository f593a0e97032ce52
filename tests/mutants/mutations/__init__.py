"""The mutations of the reference relay: each file holds some, and no other list names either.

A mutation is a function that replaces something in the relay of its process, and its decorator declares what the suite
must make of that. What mutations of several files share is in `mutants.shared`, `mutants.reporting` and
`mutants.expectations`.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from mutants.mutant import DECLARED, Mutant


def find(name: str) -> Mutant:
    """Import the one file that declares a mutant; to import all of them costs as much as the relay itself.

    Raises:
        LookupError: No file does; the text names all mutants.
    """
    for file in _files():
        if f"\ndef {name}() -> None:" in file.read_text(encoding="utf-8"):
            import_module(f"{__name__}.{file.stem}")
            return DECLARED[name]
    raise LookupError(
        f"no mutant is called {name!r}; there are {', '.join(each.name for each in find_all())}"
    )


def find_all() -> list[Mutant]:
    """Import all files, in the order of their names, and return what they declare."""
    for file in _files():
        import_module(f"{__name__}.{file.stem}")
    return list(DECLARED.values())


def _files() -> list[Path]:
    return sorted(file for folder in __path__ for file in Path(folder).glob("[!_]*.py"))
