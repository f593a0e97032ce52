"""Events as JSON has them, and back.

An event is an object with the keys `at`, `layer`, `kind`, `server`, `connection` and `fields`; in `fields` is what the
kind has besides. Octets are base64. Reading is strict: what is missing, too much or of another type is an error, so
that nothing is overlooked because it was misspelt. A field that has a default (it came later than its kind) is written
where it says something else.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, KeysView
from dataclasses import MISSING, fields
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

from fake_servers.events import KINDS, Event
from fake_servers.stages import Stage

_COMMON = tuple(field.name for field in fields(Event))
_KEYS = frozenset({*_COMMON, "layer", "kind", "fields"})


def to_json(event: Event) -> dict[str, Any]:
    """Return an event as JSON data."""
    return {
        "at": event.at,
        "layer": event.layer,
        "kind": event.kind,
        "server": event.server,
        "connection": event.connection,
        "fields": fields_of(event),
    }


def fields_of(event: Event) -> dict[str, Any]:
    """Return what an event has beside time, server and connection, as JSON data, by name."""
    form = _FORMS[type(event)]
    values = ((name, getattr(event, name)) for name in form.fields)
    return {
        name: _plain(value)
        for name, value in values
        if name not in form.defaults or value != form.defaults[name]
    }


def from_json(data: Any) -> Event:
    """Read an event.

    Raises:
        ValueError: There is no such kind, or a field is missing, unknown or of another type; the text names both.
    """
    if not isinstance(data, dict) or data.keys() != _KEYS or not isinstance(data["fields"], dict):
        raise ValueError(f"an event is an object with {', '.join(sorted(_KEYS))}")
    kind = KINDS.get((str(data["layer"]), str(data["kind"])))
    if kind is None:
        raise ValueError(f"there is no kind of event {_name(data)}")
    form = _FORMS[kind]
    values = {**form.defaults, **data["fields"]}
    if values.keys() != form.fields:
        needed = form.fields - form.defaults.keys()
        has, ought = (", ".join(sorted(names)) or "none" for names in (data["fields"], needed))
        raise ValueError(f"{_name(data)} has the fields {has} and not {ought}")
    for name in _COMMON:
        values[name] = data[name]
    for name, as_is, read in form.readers:
        if type(values[name]) is not as_is:  # a truth value is no number
            try:
                values[name] = read(values[name])
            except ValueError as error:
                raise ValueError(f"{_name(data)}: {name} is {error}") from error
    return kind(**values)


def _name(data: dict[str, Any]) -> str:
    return f"{data['layer']}/{data['kind']} at {data['at']} s"


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return b64encode(value).decode("ascii")
    return list(value) if isinstance(value, tuple) else value


class _Reader(NamedTuple):
    """How one value is read.

    Attributes:
        name: Its name.
        as_is: The type in JSON data that needs no reading; None if there is none.
        read: What makes a value of anything else, or raises a ValueError.
    """

    name: str
    as_is: type | None
    read: Callable[[Any], Any]


class _Form(NamedTuple):
    """The form of a kind: its fields beside the common part, which of them have defaults, and how all are read."""

    fields: KeysView[str]
    defaults: dict[str, Any]
    readers: tuple[_Reader, ...]


def _form(kind: type[Event]) -> _Form:
    names = [field.name for field in fields(kind)]
    hints = get_type_hints(kind)
    return _Form(
        fields={name: None for name in names if name not in _COMMON}.keys(),
        defaults={
            field.name: field.default
            for field in fields(kind)
            if field.name not in _COMMON and field.default is not MISSING
        },
        readers=tuple(_reader(name, hints[name]) for name in names),
    )


def _reader(name: str, kind: Any) -> _Reader:
    if get_origin(kind) is Literal:
        return _Reader(name, None, _one_of(get_args(kind)))
    if kind in _READ:
        return _Reader(name, None, _READ[kind])
    return _Reader(name, kind, _number if kind is float else _nothing_but(kind))


def _one_of(choices: tuple[object, ...]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if value not in choices:
            raise ValueError(f"{value!r:.100}, which is none of {choices}")
        return value

    return read


def _nothing_but(kind: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        raise ValueError(f"{value!r:.100}, which is no {kind.__name__}")

    return read


def _number(value: Any) -> float:
    if type(value) is not int:
        raise ValueError(f"{value!r:.100}, which is no number")
    return float(value)


def _octets(value: Any) -> bytes:
    if type(value) is not str:
        raise ValueError(f"{value!r:.100}, which is not base64")
    return b64decode(value, validate=True)


def _texts(value: Any) -> tuple[str, ...]:
    if type(value) is not list or any(type(each) is not str for each in value):
        raise ValueError(f"{value!r:.100}, which is no list of texts")
    return tuple(value)


_READ: dict[Any, Callable[[Any], Any]] = {Stage: Stage, bytes: _octets, tuple[str, ...]: _texts}

_FORMS = {kind: _form(kind) for kind in KINDS.values()}
