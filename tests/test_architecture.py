"""The house rules that can be read from the sources."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from conformance.__main__ import COMMANDS

ROOT = Path(__file__).parents[1]
PACKAGES = ("conformance", "fake_servers")
OURS = (*PACKAGES, "mailflow_conformance_pytest")
FILES = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

# The rooms, from top to bottom, and what of ours each may import besides itself.
ROOMS: dict[str, tuple[str, ...]] = {
    "authoring": (
        "session",
        "report",
        "wave",
        "catalogue",
        "evidence",
        "targets",
        "lab",
        "target",
        "fake_servers",
    ),
    "certificate": ("session", "report", "pages", "suite", "judging", "catalogue"),
    "across": ("session", "html", "report", "judging", "waivers", "catalogue", "evidence"),
    "session": (
        "html",
        "report",
        "suite",
        "wave",
        "judging",
        "schedules",
        "catalogue",
        "evidence",
        "targets",
        "lab",
        "target",
        "waivers",
    ),
    "html": ("report", "judging", "catalogue"),
    "report": ("judging", "schedules", "catalogue", "evidence", "target", "fake_servers", "waivers"),
    "pages": ("suite", "judging", "catalogue", "target"),
    "suite": ("judging", "schedules", "catalogue", "witness", "evidence", "target", "fake_servers"),
    "wave": ("schedules", "catalogue", "witness", "evidence", "targets", "lab", "target", "fake_servers"),
    "judging": ("waivers", "catalogue", "witness", "evidence", "target", "fake_servers"),
    "waivers": ("schedules", "catalogue", "fake_servers"),
    "schedules": ("catalogue", "witness", "evidence", "fake_servers"),
    "catalogue": ("witness", "target", "fake_servers"),
    "demo": ("evidence", "targets", "lab", "target", "fake_servers"),
    "witness": ("evidence", "fake_servers"),
    "evidence": ("target", "fake_servers"),
    "targets": ("lab", "target"),
    "lab": ("target",),
    "target": (),
    "reference": (),
    "fake_servers": (),
}

# What may lie at the top of `conformance/`, beside the rooms: the contract, and what is run by its name.
LOOSE = {"__init__.py", "__main__.py", "demo.py", "py.typed"}

# What lies in `tests/` beside a folder for each room: what is too large for one, or stands beside the tests.
BESIDE_ROOMS = {"bench", "crash", "foreign", "machine", "mutants", "newcomers", "plugin", "relays", "stories"}

# Files of fewer lines than this that are no package's own, nor found one by one, each with the reason.
SHORT = 20
MAY_BE_SHORT = {
    "conformance/judging/words.py": "aspects and views share it",
    "fake_servers/endpoint.py": "the servers of all protocols share it",
    "tests/bench/one_each.py": "a wave imports it, and is to import nothing else of the bench",
    "tests/foreign/relay.py": "it is a program, started by its name",
    "tests/mutants/catalogue.py": "it imports every mutant, which no mutant's start may",
    "tests/mutants/relay.py": "it is a program, started by its name",
    "tests/mutants/test_impostors.py": "what it tests is data beside it",
    "tests/reference/conftest.py": "pytest wants it",
}
FOUND_ONE_BY_ONE = (
    "conformance/catalogue/failure_modes/",
    "conformance/suite/test_",
    "tests/mutants/mutations/",
    "tests/foreign/faults/",
)


def _room(module: str) -> str:
    """Return the room of a module; empty for the package itself, which holds the version and nothing else."""
    package, _, rest = module.partition(".")
    return package if package == "fake_servers" else rest.partition(".")[0]


def _wrong(files: Iterable[Path], root: Path) -> set[tuple[str, str]]:
    """Return every import from a room into one that it may not know, with the module that has it."""
    found = set()
    for file in files:
        here = _room(_module(file, root))
        allowed = {here, "", *ROOMS.get(here, ())}
        found |= {
            (_module(file, root), other) for other in _imports(file, root) if _room(other) not in allowed
        }
    return found


def _loose(root: Path) -> set[str]:
    """Return what lies at the top of `conformance/` and is neither a room nor expected there."""
    entries = {entry.name for entry in (root / "conformance").iterdir() if entry.name != "__pycache__"}
    return entries - LOOSE - set(ROOMS)


def _module(file: Path, root: Path = ROOT) -> str:
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _below(module: str, *parents: str) -> bool:
    return any(module == parent or module.startswith(f"{parent}.") for parent in parents)


@cache
def _imports(file: Path, root: Path = ROOT, *, at_run_time: bool = False) -> frozenset[str]:
    """Return the modules of ours that a file imports anywhere; at run time: not for type checkers only."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in _nodes(tree, skip_typing=at_run_time):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = _module(file, root).split(".")
                package = package if file.name == "__init__.py" else package[:-1]
                base = ".".join([*package[: len(package) - node.level + 1], *([base] if base else [])])
            # `from package import module` imports the module
            found |= {_existing(f"{base}.{alias.name}", root) or base for alias in node.names}
    return frozenset(module for module in found if _below(module, *OURS))


def _nodes(tree: ast.AST, *, skip_typing: bool) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if skip_typing and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        yield node
        yield from _nodes(node, skip_typing=skip_typing)


def _existing(module: str, root: Path) -> str:
    path = root.joinpath(*module.split("."))
    return module if path.with_suffix(".py").exists() or (path / "__init__.py").exists() else ""


def test_a_room_imports_only_what_it_may() -> None:
    assert {_room(_module(file)) for file in FILES} <= {"", "__main__", *ROOMS}
    assert _wrong(FILES, ROOT) == set()


def test_there_is_no_circle_between_rooms() -> None:
    assert _cycles({room: set(allowed) for room, allowed in ROOMS.items()}) == []
    order = list(ROOMS)
    upward = [
        (room, below) for room in ROOMS for below in ROOMS[room] if order.index(below) < order.index(room)
    ]
    assert upward == []


def test_a_room_imports_all_that_it_may() -> None:
    """A permission that nobody uses would let a wrong import in."""
    used = {(_room(_module(file)), _room(other)) for file in FILES for other in _imports(file)}
    assert [
        (room, other) for room, allowed in ROOMS.items() for other in allowed if (room, other) not in used
    ] == []


def test_nothing_new_lies_loose_at_the_top() -> None:
    assert _loose(ROOT) == set()


def test_a_forbidden_import_and_a_loose_file_would_be_seen(tmp_path: Path) -> None:
    for name, text in {
        "conformance/__init__.py": "",
        "conformance/evidence/__init__.py": "",
        "conformance/evidence/late.py": "def judged():\n    from conformance.judging.judge import judge\n",
        "conformance/judging/judge.py": "from conformance.evidence import late\n",
        "conformance/wave/odd.py": "from ..suite.test_retried import test_retried\n",
        "conformance/suite/test_retried.py": "",
        "conformance/helpers.py": "",
    }.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    files = sorted(tmp_path.rglob("*.py"))
    assert _wrong(files, tmp_path) == {
        ("conformance.evidence.late", "conformance.judging.judge"),
        ("conformance.wave.odd", "conformance.suite.test_retried"),
    }
    assert _loose(tmp_path) == {"helpers.py"}


def test_nobody_imports_the_plugin_but_the_entry_point() -> None:
    importing = {_module(file) for file in FILES if "conformance.session.plugin" in _imports(file)}
    assert importing == set()
    assert "conformance.session.plugin" in _imports(ROOT / "mailflow_conformance_pytest.py")


def test_a_table_has_no_key_twice() -> None:
    """The last one would win, and nobody would see it."""
    twice = [
        f"{_module(file)}, line {node.lineno}: {key}"
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Dict)
        for key, number in Counter(ast.unparse(each) for each in node.keys if each is not None).items()
        if number > 1
    ]
    assert twice == []


def test_the_entry_point_imports_nothing_of_ours_before_it_is_asked_to() -> None:
    tree = ast.parse((ROOT / "mailflow_conformance_pytest.py").read_text(encoding="utf-8"))
    imported = [ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [line for line in imported if re.search(r"\b(conformance|fake_servers)\b", line)] == []


def test_only_the_session_and_the_terminal_know_pytest_in_depth() -> None:
    knowing = {
        _module(file)
        for file in FILES
        if re.search(r"^(import|from) _?pytest\b", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert knowing <= {
        "conformance.report.terminal",
        "fake_servers.pytest_fixtures",  # for other projects, by its name; nothing of ours imports it
        *(
            f"conformance.session.{name}"
            for name in ("division", "ending", "folders", "items", "options", "plans", "plugin", "run")
        ),
    }


@pytest.mark.parametrize("file", [*FILES, *TESTS], ids=_module)
def test_no_file_is_longer_than_can_be_read(file: Path) -> None:
    assert _lines(file) <= 400


def test_no_file_is_too_short_to_be_one() -> None:
    short = {
        file.relative_to(ROOT).as_posix()
        for file in (*FILES, *TESTS)
        if file.name not in ("__init__.py", "__main__.py") and _lines(file) < SHORT
    }
    assert {name for name in short if not name.startswith(FOUND_ONE_BY_ONE)} == set(MAY_BE_SHORT)


def _lines(file: Path) -> int:
    return len(file.read_text(encoding="utf-8").splitlines())


def test_tests_mirror_the_rooms() -> None:
    folders = {
        entry.name for entry in (ROOT / "tests").iterdir() if entry.is_dir() and any(entry.rglob("*.py"))
    }
    assert folders - set(ROOMS) == BESIDE_ROOMS


def test_a_test_file_is_named_once() -> None:
    """Outside packages pytest knows a file by its name alone."""
    names = Counter(file.name for file in TESTS if not (file.parent / "__init__.py").exists())
    assert [name for name, number in names.items() if number > 1 and name != "conftest.py"] == []


def test_there_is_no_cycle_between_modules() -> None:
    graph = {_module(file): set(_imports(file, at_run_time=True)) for file in FILES}
    # a package's own __init__ collects its modules; they are one room
    assert (
        _cycles({name: {m for m in mods if m in graph and m != name} for name, mods in graph.items()}) == []
    )


def test_imports_for_type_checkers_close_one_circle_only() -> None:
    """What a failure mode must not be is written down apart from it, and reads it."""
    graph = {_module(file): set(_imports(file)) for file in FILES}
    known = {name: {m for m in mods if m in graph and m != name} for name, mods in graph.items()}
    for name in ("contradictions", "contradictions_beside"):
        known[f"conformance.catalogue.{name}"].discard("conformance.catalogue.failure_mode")
    assert _cycles(known) == []


def test_the_console_command_knows_what_it_runs() -> None:
    for command in COMMANDS.values():
        assert callable(import_module(command.module).main)
    imported = {command.module for command in COMMANDS.values()}
    assert {_room(module) for module in imported} <= {
        *(
            "across",
            "authoring",
            "certificate",
            "demo",
            "html",
            "reference",
            "pages",
            "session",
            "targets",
            "fake_servers",
        )
    }


def _cycles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return what is left after everything without imports has been taken away, again and again."""
    left = {name: set(modules) for name, modules in graph.items()}
    while True:
        free = [name for name, modules in left.items() if not modules & left.keys()]
        if not free:
            return [sorted(left)] if left else []
        for name in free:
            del left[name]


def test_a_cycle_would_be_seen() -> None:
    assert _cycles({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert _cycles({"a": {"b"}, "b": {"a"}, "c": {"a"}}) == [["a", "b", "c"]]


def test_imports_are_read_rightly() -> None:
    assert "conformance.lab.addresses" in _imports(ROOT / "conformance" / "wave" / "staging.py")
    assert "conformance.reference.classify" in _imports(ROOT / "conformance" / "reference" / "errors.py")
    by_name = ROOT / "conformance" / "demo.py"
    assert _imports(by_name) >= _imports(by_name, at_run_time=True)


def test_node_ids_are_well_formed(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "--target=reference", "--co", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    ids = [line for line in run.stdout.splitlines() if "::" in line]
    assert len(ids) == len(set(ids)) > 100
    form = re.compile(r"conformance/suite/(test_[a-z_]+)\.py::\1\[[a-z0-9_]+([-+][a-z0-9_]+)*\]")
    assert [line for line in ids if not form.fullmatch(line)] == []
    files = {line.split("::")[0] for line in ids}
    assert files == {f"conformance/suite/{f.name}" for f in (ROOT / "conformance/suite").glob("test_*.py")}
