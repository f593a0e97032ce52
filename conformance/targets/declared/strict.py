"""From the tables of a TOML file to `Declaration`, strictly: nothing is converted, no key is passed over.

cattrs goes on after a mistake and says where each was; here they become sentences with key and valid values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from difflib import get_close_matches
from enum import StrEnum
from functools import partial
from operator import eq
from typing import Any

from cattrs import AttributeValidationNote, BaseValidationError, Converter, IterableValidationNote
from cattrs.errors import ForbiddenExtraKeysError

from conformance.target import Capability
from conformance.targets.declared.format import ClockWay, Declaration, File, Means, Otherwise, Value

_FEW = 30  # names that are listed where none is near


def structured(table: Mapping[str, Any]) -> Declaration:
    """Return what a file declares.

    Raises:
        BaseValidationError: Something is wrong with it; see `mistakes_of`.
    """
    return _CONVERTER.structure({key: each for key, each in table.items() if key != "path"}, Declaration)


def mistakes_of(error: Exception, key: str = "") -> Iterator[str]:
    """Yield one line for each mistake: its key, what is wrong, what would be right."""
    for note in getattr(error, "__notes__", ()):
        if isinstance(note, AttributeValidationNote):
            key = f"{key}.{note.name}" if key else note.name
        elif isinstance(note, IterableValidationNote):
            index = note.index
            key = (
                f"{key}[{index + 1}]"
                if isinstance(index, int)
                else f"{key}.{index if str(index).isidentifier() else repr(index)}"
            )
    if isinstance(error, BaseValidationError):
        for each in error.exceptions:
            yield from mistakes_of(each, key)
    elif isinstance(error, ForbiddenExtraKeysError):
        valid = [each.name for each in fields(error.cl) if each.name != "path"]
        for name in sorted(error.extra_fields):
            where = f"{key}.{name}" if key else name
            yield f"{where}: there is no such key{near(name, valid)}"
    elif isinstance(error, KeyError):
        yield f"{key}: it is missing"
    else:
        yield f"{key}: {error}"


def near(name: str, valid: list[str]) -> str:
    """Return what may be meant, or all that is valid, to put behind a complaint."""
    found = get_close_matches(name, valid, n=3, cutoff=0.6)
    if found:
        return f"; did you mean {' or '.join(found)}?"
    return f"; there are {', '.join(valid)}" if len(valid) <= _FEW else ""


def _exactly(kind: type, named: str) -> Any:
    def hook(given: object, _: object) -> object:
        if type(given) is kind or (kind is float and type(given) is int):
            return given
        raise TypeError(f"{given!r} is not valid; it must be {named}")

    return hook


def _member(kind: type[StrEnum]) -> Any:
    valid = [each.value for each in kind]

    def hook(given: object, _: object) -> object:
        if given in valid:
            return kind(str(given))
        raise ValueError(f"{given!r} is not valid{near(str(given), valid)}")

    return hook


def _value(given: object, _: object) -> object:
    if type(given) in (int, float, str):
        return given
    raise TypeError(f"{given!r} is not valid; it must be a number or a template")


def _value_or_list(given: object, kind: object) -> object:
    return [_value(each, kind) for each in given] if isinstance(given, list) else _value(given, kind)


def _converter() -> Converter:
    made = Converter(forbid_extra_keys=True)
    for kind, named in (
        (str, "a text"),
        (bool, "true or false"),
        (int, "a whole number"),
        (float, "a number"),
    ):
        made.register_structure_hook(kind, _exactly(kind, named))
    for members in (Capability, Means, ClockWay, Otherwise):
        made.register_structure_hook(members, _member(members))
    for composed, hook in (
        (Value, _value),
        (Value | None, _value),
        (Value | list[Value], _value_or_list),
        (list[str], _texts),
        (list[list[str]], _commands),
        (list[int], _numbers),
    ):
        made.register_structure_hook_func(partial(eq, composed), hook)
    _of_file = made.get_structure_hook(File)
    made.register_structure_hook(
        File,
        lambda given, kind: File(template=given) if isinstance(given, str) else _of_file(_table(given), kind),
    )
    return made


def _table(given: object) -> object:
    if not isinstance(given, dict):
        raise TypeError(f"{given!r} is not valid; it must be a table, or the name of a template's file")
    return given


def _texts(given: object, _: object) -> object:
    if isinstance(given, list) and all(isinstance(each, str) for each in given):
        return given
    raise TypeError(f"{given!r} is not valid; it must be a list of texts")


def _commands(given: object, _: object) -> object:
    if isinstance(given, list) and all(isinstance(each, list) for each in given):
        return [_texts(each, _) for each in given]
    raise TypeError(
        f"{given!r} is not valid; it must be a list of commands, of which each is a list of texts"
    )


def _numbers(given: object, _: object) -> object:
    if isinstance(given, list) and all(type(each) is int for each in given):
        return given
    raise TypeError(f"{given!r} is not valid; it must be a list of whole numbers")


_CONVERTER = _converter()
