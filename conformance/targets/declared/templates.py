"""Templates of a declaration: jinja2, in which every unknown name is a mistake.

Names: `config` (all of `RelayConfig`, its `listen` with the port that was chosen), `work` (the work directory), `here`
(the declaration's folder), `env` (variables of pytest's environment), `granted` (what `[granted]` came to), `lab`
(`namespace` or `loopback`), `syslog` (the file), `package` (where `[package]` was found; empty if it is installed),
`clock` (variables of the moved clock), `offered` (the capabilities on this machine), and those of `[values]`. Filters
beside jinja2's: `whole`, `ms`, `at_least`, `json`, `sub`; functions: `waits`, `read`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from math import ceil
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, TemplateError, Undefined, nodes
from jinja2.meta import find_undeclared_variables

from conformance.target import RelayConfig, TargetError

NAMES = ("config", "work", "here", "env", "granted", "lab", "syslog", "package", "clock", "offered")


class TemplateWrong(Exception):
    """A template cannot be used; the text says why, and in which of its lines where it has several."""


class Variables(Mapping[str, str]):
    """The environment that pytest was started with; one that is not set is the installation's trouble.

    Args:
        variables: The environment; None where nothing is run yet, so that each of them is taken to be set.
    """

    def __init__(self, variables: Mapping[str, str] | None) -> None:
        self._variables = variables

    def __getitem__(self, name: str) -> str:
        """Return one."""
        if self._variables is None:
            return f"/{name}"
        if name not in self._variables:
            raise TargetError(
                f"the environment has no variable {name}", hint=f"Set {name}.", installation=True
            )
        return self._variables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables or ())

    def __len__(self) -> int:
        return len(self._variables or ())


def environment(config: RelayConfig | None = None) -> Environment:
    """Return where templates are made.

    Args:
        config: What the relay is asked for, for functions that depend on it.
    """
    made = Environment(  # configuration files, not HTML
        undefined=StrictUndefined,
        autoescape=False,
        keep_trailing_newline=True,
        trim_blocks=True,
        finalize=_plain,
    )
    made.filters |= {"whole": _whole, "ms": _ms, "at_least": max, "json": json.dumps, "sub": _sub}
    made.globals.clear()
    made.globals |= {"range": range, "zip": zip, "read": _read}
    if config is not None:

        def waits(least: float = 0.0) -> list[float]:
            return _waits(config, least)

        made.globals["waits"] = waits
    else:
        made.globals["waits"] = _waits
    return made


def render(source: str, names: Mapping[str, object], made: Environment) -> str:
    """Return a template's text.

    Raises:
        TemplateWrong: It cannot be rendered.
    """
    try:
        return made.from_string(source).render(names)
    except TargetError:
        raise
    except Exception as error:
        raise TemplateWrong(_told(error, source)) from error


def value(source: object, names: Mapping[str, object], made: Environment) -> Any:
    """Return what a template that is one single `{{ ... }}` stands for, as it is; of any other one its text.

    Raises:
        TemplateWrong: It cannot be rendered.
    """
    if isinstance(source, list):
        return [value(each, names, made) for each in source]
    if not isinstance(source, str):
        return source
    try:
        if not _is_single(made.parse(source)):
            return render(source, names, made)
        inside = source.strip().removeprefix("{{").removesuffix("}}").strip(" -+")
        found = made.compile_expression(inside, undefined_to_none=False)(**names)
        if isinstance(found, Undefined):
            str(found)  # strict: it raises
        return found
    except (TargetError, TemplateWrong):
        raise
    except Exception as error:
        raise TemplateWrong(_told(error, source)) from error


def words(command: list[str], names: Mapping[str, object], made: Environment) -> list[str]:
    """Return a command as it is run; a word that stands for a list becomes several."""
    found: list[str] = []
    for word in command:
        one = value(word, names, made)
        found += [str(_plain(each)) for each in one] if isinstance(one, list | tuple) else [str(_plain(one))]
    return found


def unknown_names(source: str, known: frozenset[str], made: Environment) -> list[str]:
    """Return the names in a template that stand for nothing, and the attributes of `config` that there are not.

    Raises:
        TemplateWrong: It is no template.
    """
    try:
        tree = made.parse(source)
        made.compile(source)
    except TemplateError as error:
        raise TemplateWrong(_told(error, source)) from error
    found = sorted(find_undeclared_variables(tree) - known - set(made.globals))
    for node in tree.find_all(nodes.Getattr):
        of = node.node
        if (
            isinstance(of, nodes.Name)
            and of.name == "config"
            and node.attr not in RelayConfig.__annotations__
        ):
            found.append(f"config.{node.attr}")
    return found


def _is_single(tree: nodes.Template) -> bool:
    match tree.body:
        case [nodes.Output(nodes=[one])]:
            return not isinstance(one, nodes.TemplateData)
    return False


def _told(error: Exception, source: str) -> str:
    """Say what is wrong with a template, and in which line."""
    line = getattr(error, "lineno", None)
    trace = error.__traceback__
    while line is None and trace is not None:
        if trace.tb_frame.f_code.co_filename in ("<template>", "<unknown>"):
            line = trace.tb_lineno
        trace = trace.tb_next
    kind = "" if isinstance(error, TemplateError) else f"{type(error).__name__}: "
    where = f"line {line}: " if line and "\n" in source.strip() else ""
    return f"{where}{kind}{error}"


def _plain(given: object) -> object:
    """Return a number as configuration files have it: 2 and not 2.0, no more than milliseconds."""
    if not isinstance(given, float):
        return given
    return int(given) if given.is_integer() else round(given, 3)


def _whole(seconds: float) -> int:
    """Round up to whole seconds, one at least: what many relays can be told."""
    return max(1, ceil(seconds))


def _ms(seconds: float) -> int:
    return max(1, ceil(seconds * 1000))


def _sub(text: str, pattern: str, by: str) -> str:
    """Replace what a pattern finds; that it finds nothing is a mistake."""
    changed, number = re.subn(pattern, lambda _: by, text, flags=re.MULTILINE)
    if not number:
        raise ValueError(f"sub: nothing in the text fits {pattern!r}")
    return changed


def _read(path: object) -> str:
    """Return the text of a file of the installation."""
    try:
        return Path(str(path)).read_text(encoding="utf-8")
    except OSError as error:
        raise TargetError(f"cannot read {path}: {error.strerror}", installation=True) from error


def _waits(config: RelayConfig, least: float = 0.0) -> list[float]:
    """Return the waits before the second attempt, the third ..., whose sum is the lifetime that is asked for.

    For a relay that gives up after a number of failures, and not at an age.

    Args:
        config: What is asked for.
        least: The shortest wait that the relay can be told, in seconds.
    """
    first, later = max(least, config.retry_interval), max(least, config.max_retry_interval)
    waits = [first, first][: max(1, int(config.queue_lifetime // first))]
    waits += [later] * int((config.queue_lifetime - sum(waits)) // later)
    # what is left of the lifetime is shared by all of them, in milliseconds
    share = ceil(max(0.0, config.queue_lifetime - sum(waits)) / len(waits) * 1000) / 1000
    return [round(wait + share, 3) for wait in waits]
