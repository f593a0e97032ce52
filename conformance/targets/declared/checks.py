"""What can be wrong with a declaration, told before anything is started: each with its key and what is valid."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import partial

from conformance.target import Capability, RelayConfig
from conformance.targets.declared import log, queue, templates
from conformance.targets.declared.format import Declaration, Means, Otherwise
from conformance.targets.declared.strict import near
from conformance.targets.declared.templates import TemplateWrong

# What only an adapter in Python can offer: each is a method of the relay's operator, or of a second instance.
_IN_PYTHON = (
    Capability.ALERTS,
    Capability.FIX_NOW,
    Capability.EDIT_CONNECTOR,
    Capability.MAILBOXES,
    Capability.ACCEPTED_DOMAINS,
    Capability.CLOCK_BACK,
    Capability.SECOND_INSTANCE,
)
_OUTCOMES = (Means.DELIVERED, Means.DEFERRED, Means.PERMANENT, Means.EXPIRED)
_ASKED = ("retry_interval", "max_retry_interval", "queue_lifetime")
_WITHOUT_RELAY = frozenset(("here", "env"))  # what is known where nothing is started
_EXTRA = {"submit": ("sender", "recipients", "notify")}


def mistakes_in(declared: Declaration) -> Iterator[str]:
    """Yield one line for each mistake."""
    if not declared.name.strip():
        yield "name: it is empty"
    yield from _of_capabilities(declared)
    yield from _of_sections(declared)
    for key, pattern, may, must in patterns_of(declared):
        yield from _of_pattern(key, pattern, may, must)
    made = templates.environment()
    known = frozenset((*templates.NAMES, *declared.values))
    for key, source in templates_of(declared):
        extra = next((names for part, names in _EXTRA.items() if key.startswith(part)), ())
        try:
            valid_here = known | {*extra} if not key.startswith("version.") else _WITHOUT_RELAY
            unknown = templates.unknown_names(source, valid_here, made)
        except TemplateWrong as error:
            yield f"{named(declared, key)}: {error}"
            continue
        for name in unknown:
            of, _, attribute = name.partition(".")
            valid = [*RelayConfig.__annotations__] if attribute else sorted(valid_here)
            yield f"{named(declared, key)}: {name} is unknown{near(attribute or of, valid)}"
    for name in declared.values:
        if name in templates.NAMES or not name.isidentifier():
            yield f"values.{name}: it cannot be a name; {', '.join(templates.NAMES)} have their meaning"


def _of_capabilities(declared: Declaration) -> Iterator[str]:
    offered = frozenset(declared.capabilities)
    for each in _IN_PYTHON:
        if each in offered:
            yield f"capabilities: {each} needs an adapter in Python (mailflow-conformance new --python)"
    if {Capability.ONE_ROUTE, Capability.MANY_CONNECTORS} <= offered:
        yield "capabilities: one_route and many_connectors contradict each other"
    for capability, table in ((Capability.EVENTS, "log"), (Capability.CLOCK, "clock")):
        has = getattr(declared, table) is not None
        if capability in offered and not has:
            yield f"capabilities: {capability} needs a table [{table}]"
        if has and capability not in offered:
            yield f"{table}: it is used only with the capability {capability}"
    if declared.lab and Capability.ANY_PORT in offered:
        yield "lab: places in the system exist in the namespace lab only: leave out the capability any_port"


def _of_sections(declared: Declaration) -> Iterator[str]:
    if bool(declared.queue.command) == bool(declared.queue.files):
        yield "queue: it must have one of command and files"
    if declared.queue.companion and not declared.queue.files:
        yield "queue.companion: it goes with queue.files"
    for each in ("recipient", "sender"):
        if not any(f"(?P<{each}>" in pattern for pattern in declared.queue.patterns):
            yield f"queue.patterns: none of them has a group {each}: (?P<{each}>...)"
    if not declared.start:
        yield "start: it is missing: the command that runs the relay in the foreground"
    if declared.submit:
        if declared.submit.line_ends not in ("lf", "crlf"):
            yield f"submit.line_ends: {declared.submit.line_ends!r} is not valid; there are lf, crlf"
        words = " ".join(declared.submit.command)
        yield from (
            f"submit.command: it does not use {n}" for n in ("sender", "recipients") if n not in words
        )
    if declared.log:
        yield from _of_log(declared)
    package = declared.package
    if package and bool(package.debian) == bool(package.npm):
        yield "package: it must have one of debian and npm"
    elif package and not (package.program if package.debian else package.version):
        yield f"package: it must have {'program' if package.debian else 'version'}, too"
    if package and declared.version:
        yield "version: it is known by [package]"
    if declared.submit and not declared.ready.log:
        yield "ready.log: it is missing: a relay with [submit] is ready when its log says so"
    if Capability.CLOCK in declared.capabilities and not declared.flush:
        yield "flush: it is missing: when its clock was moved the relay must look at its whole queue at once"
    for number, folder in enumerate(declared.folders, start=1):
        if not re.fullmatch("[0-7]{3,4}", folder.mode):
            yield f"folders[{number}].mode: {folder.mode!r} is not valid; it must be octal digits, like 750"
    for name in _ASKED:
        if getattr(declared.granted, name) is None and declared.granted.otherwise is None:
            yield f"granted.{name}: it is missing; or say in granted.otherwise: {' or '.join(Otherwise)}"
    if not 0 < declared.ready.within <= 55:
        yield f"ready.within: {declared.ready.within:g} is not valid; it must be more than 0 and at most 55 seconds"


def _of_log(declared: Declaration) -> Iterator[str]:
    assert declared.log is not None
    lines = declared.log.lines
    if declared.log.escaped not in ("", "json"):
        yield f"log.escaped: {declared.log.escaped!r} is not valid; there is json"
    for wanted in ("delivered", "deferred"):
        if not any(line.means == wanted for line in lines):
            yield f"log.lines: none of them means {wanted}"
    # a relay that does one after the other needs no `id`: what its lines say is of the attempt that goes on
    one_by_one = not any(_has(declared.log.begins + line.pattern, "id") for line in lines)
    has_recipients = any(line.means is Means.RECIPIENT for line in lines)
    for number, line in enumerate(lines, start=1):
        key = f"log.lines[{number}].pattern"
        has = partial(_has, declared.log.begins + line.pattern)
        if line.means in (Means.RECIPIENT, Means.CAUSE) and not has("id") and not one_by_one:
            yield f"{key}: a line that means {line.means} must have a group id, by which a later line is known"
        names_one = has("recipient")
        if line.means is Means.RECIPIENT and not names_one:
            yield f"{key}: a line that means recipient must have a group recipient or recipients"
        by_id = has_recipients and (has("id") or one_by_one)
        if line.means in _OUTCOMES and not names_one and not by_id:
            yield (
                f"{key}: whose attempt is it? It must have a group recipient, or a group id by which "
                "lines that mean recipient name them"
            )


def _has(pattern: str, group: str) -> bool:
    """Tell whether a pattern has a group of a name, in the plural too, or with a digit."""
    return re.search(rf"\(\?P<{group}s?\d*>", pattern) is not None


def _of_pattern(key: str, pattern: str, may: tuple[str, ...], must: tuple[str, ...]) -> Iterator[str]:
    try:
        groups = compiled(pattern).groupindex
    except re.error as error:
        yield f"{key}: {error}"
        return
    for name in groups:
        if name.rstrip("0123456789") not in may:
            yield f"{key}: a group {name} has no meaning{near(name, list(may)) or '; there is none'}"
    if must and not set(groups) & set(must):
        yield f"{key}: it must have a group: {' or '.join(f'(?P<{name}>...)' for name in must)}"


def patterns_of(declared: Declaration) -> Iterator[tuple[str, str, tuple[str, ...], tuple[str, ...]]]:
    """Yield every pattern: its key, itself, the groups that it may have, and those of which it must have one."""
    for number, pattern in enumerate(declared.queue.patterns, start=1):
        yield f"queue.patterns[{number}]", pattern, queue.GROUPS, queue.GROUPS
    if declared.queue.until:
        yield "queue.until", declared.queue.until, (), ()
    if declared.queue.companion:
        yield "queue.companion.pattern", declared.queue.companion.pattern, ("done",), ("done",)
    begins = declared.log.begins if declared.log else ""
    for number, line in enumerate(declared.log.lines if declared.log else (), start=1):
        yield f"log.lines[{number}].pattern", begins + line.pattern, log.GROUPS, ()
    if declared.ready.log:
        yield "ready.log", declared.ready.log, (), ()
    if declared.version:
        yield "version.pattern", declared.version.pattern, ("version",), ("version",)


def templates_of(part: object, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield the key and the source of every text of a declaration in which names can stand."""
    if isinstance(part, str):
        if "pattern" not in key and not key.startswith(
            (
                "name",
                "queue.until",
                "queue.null",
                "queue.companion",
                "ready.",
                "log.escaped",
                "log.begins",
                "submit.line_ends",
                "package.",
            )
        ):
            yield key, part
    elif isinstance(part, list):
        for number, each in enumerate(part, start=1):
            yield from templates_of(each, f"{key}[{number}]")
    elif isinstance(part, Mapping):
        for name, each in part.items():
            if key == "files":
                yield f"{key} (the path {name!r})", name
            yield from templates_of(each, f"{key}.{name!r}" if key == "files" else f"{key}.{name}")
    elif is_dataclass(part):
        for each_field in fields(part):
            if (
                each_field.name not in ("path", "template", "capabilities", "means", "way", "otherwise")
                or key == "folders"
            ):
                yield from templates_of(
                    getattr(part, each_field.name), f"{key}.{each_field.name}" if key else each_field.name
                )


def compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern of a declaration; `^` and `$` are the ends of a line."""
    return re.compile(pattern, re.MULTILINE)


def named(declared: Declaration, key: str) -> str:
    """Return a key, with the file of a template where that is another one."""
    for path, file in declared.files.items():
        if file.template and key == f"files.{path!r}.text":
            return f"{file.template} (files.{path!r})"
    return key
