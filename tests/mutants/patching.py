"""Replaces one function of the reference relay, wherever its modules have bound it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from conformance import reference


def patch(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Replace `owner.name` by what `make` returns for it.

    A function of a module is replaced in every module of the relay that has imported it, so that a mutant
    does not depend on who imports what. A name that is gone is an error: a mutant must not become harmless
    because the relay was rewritten.
    """
    original = vars(owner)[name]
    replacement = make(original)
    setattr(owner, name, replacement)
    if isinstance(owner, ModuleType):
        for module in _modules():
            for key, value in list(vars(module).items()):
                if value is original:
                    setattr(module, key, replacement)


def _modules() -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(reference.__path__):
        if found.name != "__main__":
            yield importlib.import_module(f"{reference.__name__}.{found.name}")
