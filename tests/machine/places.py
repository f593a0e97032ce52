"""Every place of the relay's delivery path at which a small change can be made, and what can be changed there."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code

from conformance import reference

from .operators import OPERATORS

REFERENCE = Path(reference.__file__).parent

# Files that are no part of the way of a message: what they are instead.
NO_DELIVERY = {
    "__init__.py": "says what the package is",
    "__main__.py": "starts the command",
    "cli.py": "the command line",
    "config_file.py": "reads the settings",
    "config_reader.py": "reads the settings",
    "control.py": "an administrator's commands",
    "settings.py": "reads and writes the settings",
    "toml_edit.py": "writes the settings",
    "service.py": "puts the parts together as it starts",
}

_COMPOUND = ("if_stmt", "while_stmt", "for_stmt", "try_stmt", "with_stmt", "async_stmt", "async_funcdef")
_NO_BEHAVIOUR = ("annassign", "import_name", "import_from", "assert_stmt", "decorator", "decorators")
_ARITHMETIC = ("arith_expr", "term", "expr")


@dataclass(frozen=True)
class Change:
    """One change at one place.

    Attributes:
        file: Name of a file of the reference relay.
        operator: Name of an operator.
        occurrence: Which of its places it is, from 0, in the order in which Cosmic Ray walks the file.
        line: The line on which it begins, from 1.
        runs: The lines of which one must be run for it to matter; empty: it is run as the file is imported.
        around: The first and the last line of the function that it is in; two zeros: in none.
        constant: The name of what is changed, if it is a constant of the file; else empty.
    """

    file: str
    operator: str
    occurrence: int
    line: int
    runs: tuple[int, ...]
    around: tuple[int, int] = (0, 0)
    constant: str = ""

    @cached_property
    def source(self) -> str:
        """The file as it is with the change."""
        changed = mutate_code(self.unchanged, OPERATORS[self.operator], self.occurrence)
        assert changed is not None
        return str(changed)

    @property
    def unchanged(self) -> str:
        """The file as it is."""
        return (REFERENCE / self.file).read_text(encoding="utf-8")

    @cached_property
    def before(self) -> str:
        """The first line that differs, as it was, stripped."""
        return self._differing[0]

    @cached_property
    def after(self) -> str:
        """The first line that differs, as it is, stripped."""
        return self._differing[1]

    @property
    def within(self) -> str:
        """The name of the function that it is in; empty: in none."""
        header = self.unchanged.splitlines()[self.around[0] - 1] if self.around[0] else ""
        found = re.search(r"\bdef (\w+)", header)
        return found[1] if found else ""

    @cached_property
    def _differing(self) -> tuple[str, str]:
        lines = zip(self.unchanged.splitlines(), self.source.splitlines(), strict=False)
        return next((old.strip(), new.strip()) for old, new in lines if old != new)

    @cached_property
    def name(self) -> str:
        """A name that stays as long as the file and the change do."""
        digest = sha256(f"{self.file} {self.source}".encode()).hexdigest()[:10]
        return f"{Path(self.file).stem}_{self.operator}_{digest}"

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.operator}: {self.before} -> {self.after}"


def lines_that_use(constant: str) -> set[tuple[str, int]]:
    """Return the lines on which a constant is named, and those beside them: a statement may begin above."""
    found: set[tuple[str, int]] = set()
    for path in REFERENCE.glob("*.py"):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if re.search(rf"\b{re.escape(constant)}\b", line) and not line.startswith(constant):
                found |= {(path.name, beside) for beside in (number - 1, number, number + 1)}
    return found


def find_places() -> list[list[Change]]:
    """Return for each place what can be changed there; a place has one kind of operator."""
    files = sorted(path.name for path in REFERENCE.glob("*.py") if path.name not in NO_DELIVERY)
    return [place for file in files for place in _places_of(file)]


def _places_of(file: str) -> list[list[Change]]:
    tree = get_ast((REFERENCE / file).read_text(encoding="utf-8"))
    counts: defaultdict[str, int] = defaultdict(int)
    places: defaultdict[tuple[Any, str], list[Change]] = defaultdict(list)
    for node in ast_nodes(tree):
        for name, operator in OPERATORS.items():
            for start, _ in operator.mutation_positions(node):
                occurrence = counts[name]
                counts[name] += 1
                if _is_behaviour(node):
                    kind = name.partition("_")[0]
                    runs = tuple(_lines_that_run(node))
                    constant = "" if runs else _constant(node)
                    change = Change(file, name, occurrence, start[0], runs, _around(node), constant)
                    places[start, kind].append(change)
    return list(places.values())


def _is_behaviour(node: Any) -> bool:
    """Tell whether a node is run, and is neither a check of our own nor what is written to the log."""
    if node.type == "operator" and node.parent.type not in _ARITHMETIC:
        return False  # a star before an argument
    for each in _upwards(node):
        parent = each.parent
        if each.type in _NO_BEHAVIOUR or (
            each.type == "param" and each is not node and _is_annotation(node, each)
        ):
            return False
        if parent is not None and parent.type == "funcdef" and each in parent.children[3:-1]:
            return False  # what it returns
        if each.type in ("atom_expr", "power") and each.get_code(include_prefix=False).startswith("log."):
            return False
    return True


def _is_annotation(node: Any, param: Any) -> bool:
    annotation = param.annotation
    return annotation is not None and annotation.start_pos <= node.start_pos < annotation.end_pos


def _upwards(node: Any) -> Iterator[Any]:
    while node is not None:
        yield node
        node = node.parent


def _lines_that_run(node: Any) -> Iterator[int]:
    """Yield the lines of the statement around a node; of a default the body; of a header that part alone."""
    child = None
    for each in _upwards(node):
        if each.type == "funcdef":
            yield from range(each.children[-1].start_pos[0] + 1, each.end_pos[0] + 1)
            return
        if each.type == "simple_stmt" and _function_of(each) is not None:
            yield from range(each.start_pos[0], each.end_pos[0] + 1)
            return
        if each.type in _COMPOUND and _function_of(each) is not None:
            child = node if child is None else child
            yield from range(child.start_pos[0], child.end_pos[0] + 1)
            return
        child = each


def _around(node: Any) -> tuple[int, int]:
    function = _function_of(node)
    return (0, 0) if function is None else (function.start_pos[0], function.end_pos[0])


def _constant(node: Any) -> str:
    """Return the name that a statement of the file itself assigns to, around a node."""
    for each in _upwards(node):
        if (
            each.type == "expr_stmt"
            and each.parent.type == "simple_stmt"
            and each.parent.parent.type == "file_input"
        ):
            return str(each.children[0].value) if each.children[0].type == "name" else ""
    return ""


def _function_of(node: Any) -> Any:
    return next((each for each in _upwards(node) if each.type == "funcdef"), None)
