"""Turns what was given as `--target` into a target."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import cast

from conformance.target import Capability, Target
from conformance.targets.declared.reading import DeclarationError, read
from conformance.targets.declared.relay import DeclaredTarget
from conformance.targets.near_misses import suggested

GROUP = "mailflow_conformance.targets"
DECLARED = ".toml"
"""How the name of a target ends that is declared in a file."""

_MODULE_AND_CLASS = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")


class UnknownTarget(Exception):
    """No target of that name, or what was found is none; the text says what exists."""


def known() -> dict[str, EntryPoint]:
    """Return the built-in and installed targets by name."""
    return {entry.name: entry for entry in entry_points(group=GROUP)} | _BUILT_IN


_BUILT_IN = {
    name: EntryPoint(name=name, value=value, group=GROUP)
    for name, value in {
        "reference": "conformance.targets.reference:ReferenceTarget",
        "postfix": "conformance.targets.postfix:PostfixTarget",
        "postfix-eop": "conformance.targets.postfix:PostfixEopTarget",
        "exim": "conformance.targets.exim:EximTarget",
        "sendmail": "conformance.targets.sendmail:SendmailTarget",
        "opensmtpd": "conformance.targets.opensmtpd:OpenSmtpdTarget",
        "haraka": "conformance.targets.haraka:HarakaTarget",
    }.items()
}


def resolve(name: str, import_path: Sequence[str] = ()) -> Target:
    """Return the target of a name, of `package.module:Class`, or of a file that declares one.

    Args:
        name: As given on the command line.
        import_path: Folders to look for the module in, after the normal ones.

    Raises:
        UnknownTarget: There is no such target, or it is not one.
    """
    if name.endswith(DECLARED):
        return _checked(name, _declared(name, import_path))
    entry = known().get(name)
    added = [folder for folder in import_path if folder not in sys.path]
    sys.path.extend(added)
    if entry is None:
        if not _MODULE_AND_CLASS.fullmatch(name):
            none = f"no target is called {name!r}" if name.strip() else "it is empty and names no target"
            raise UnknownTarget(
                f"{none}; there are {', '.join(sorted(known()))}, "
                f"or name your adapter as package.module:Class, or as a file, myrelay.toml{suggested(name, known())}"
            )
        entry = EntryPoint(name=name, value=name, group=GROUP)
    return _checked(name, _load(name, entry, added))


def _declared(name: str, folders: Sequence[str]) -> Target:
    """Return the target that a file declares; a relative path counts from the last of the folders first."""
    paths = [Path(folder, name) for folder in reversed(folders)] or [Path(name)]
    path = next((each for each in paths if each.is_file()), paths[0])
    try:
        return DeclaredTarget(read(path))
    except DeclarationError as error:
        raise UnknownTarget(str(error)) from error


def _load(name: str, entry: EntryPoint, added: Sequence[str]) -> object:
    try:
        return entry.load()
    except ModuleNotFoundError as error:
        looked = f"; looked also in {', '.join(added)}" if added else ""
        raise UnknownTarget(f"target {name!r}: {error}{looked}{suggested(name, ())}") from error
    except AttributeError as error:
        classes = _classes(entry.module)
        there = f"; it defines {', '.join(classes)}" if classes else ""
        raise UnknownTarget(f"target {name!r}: {error}{there}{suggested(name, ())}") from error
    except Exception as error:
        raise UnknownTarget(f"target {name!r} cannot be imported: {type(error).__name__}: {error}") from error


def _classes(module: str) -> list[str]:
    loaded = importlib.import_module(module)
    return [
        key for key, value in vars(loaded).items() if isinstance(value, type) and value.__module__ == module
    ]


def _checked(name: str, found: object) -> Target:
    if isinstance(found, type):
        try:
            found = found()
        except TypeError as error:
            raise UnknownTarget(f"target {name!r} cannot be made without arguments: {error}") from error
        except Exception as error:
            raise UnknownTarget(f"target {name!r} cannot be made: {type(error).__name__}: {error}") from error
    missing = [member for member in ("name", "capabilities", "running") if not hasattr(found, member)]
    if missing:
        raise UnknownTarget(
            f"target {name!r} lacks {', '.join(missing)}: see Target in conformance/target/relay.py"
        )
    target = cast(Target, found)
    try:
        capabilities = frozenset(map(Capability, target.capabilities))
    except (TypeError, ValueError) as error:
        raise UnknownTarget(
            f"target {name!r}: capabilities: {error}; there are {', '.join(Capability)}"
        ) from error
    if {Capability.ONE_ROUTE, Capability.MANY_CONNECTORS} <= capabilities:
        raise UnknownTarget(
            f"target {name!r}: capabilities: {Capability.ONE_ROUTE} and {Capability.MANY_CONNECTORS} contradict each "
            "other: who has one route for all mail serves one connector"
        )
    return target
