"""The house rules that can be read from the sources."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("conformance", "fake_servers")
OURS = (*PACKAGES, "mailflow_conformance_pytest")
FILES = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))

# The suite reads evidence, with what helps to read it; it stages, runs and reports nothing.
SUITE_READS = ("catalogue", "evidence", "judging", "schedules", "target", "witness")

# What a part of the house may import of ours, besides itself.
MAY_IMPORT = {
    "fake_servers": (),
    "conformance.reference": (),
    "conformance.targets": ("conformance.target", "conformance.lab"),
    "conformance.suite": tuple(f"conformance.{name}" for name in SUITE_READS),
    "conformance.evidence": ("conformance.target", "fake_servers"),
    "conformance.target": (),
}


def _module(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _below(module: str, *parents: str) -> bool:
    return any(module == parent or module.startswith(f"{parent}.") for parent in parents)


@cache
def _imports(file: Path, *, at_run_time: bool = False) -> frozenset[str]:
    """Return the modules of ours that a file imports anywhere; at run time: not for type checkers only."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in _nodes(tree, skip_typing=at_run_time):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = _module(file).split(".")
                package = package if file.name == "__init__.py" else package[:-1]
                base = ".".join([*package[: len(package) - node.level + 1], *([base] if base else [])])
            # `from package import module` imports the module
            found |= {_existing(f"{base}.{alias.name}") or base for alias in node.names}
    return frozenset(module for module in found if _below(module, *OURS))


def _nodes(tree: ast.AST, *, skip_typing: bool) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if skip_typing and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        yield node
        yield from _nodes(node, skip_typing=skip_typing)


def _existing(module: str) -> str:
    path = ROOT.joinpath(*module.split("."))
    return module if path.with_suffix(".py").exists() or (path / "__init__.py").exists() else ""


@pytest.mark.parametrize("part", list(MAY_IMPORT))
def test_a_part_imports_only_what_it_may(part: str) -> None:
    files = [file for file in FILES if _below(_module(file), part)]
    assert files
    wrong = {
        (_module(file), module)
        for file in files
        for module in _imports(file)
        if not _below(module, part, *MAY_IMPORT[part])
    }
    assert wrong == set()


def test_nobody_imports_the_plugin_but_the_entry_point() -> None:
    importing = {_module(file) for file in FILES if "conformance.plugin" in _imports(file)}
    assert importing == set()
    assert "conformance.plugin" in _imports(ROOT / "mailflow_conformance_pytest.py")


def test_the_suite_is_known_to_few() -> None:
    knowing = {_module(f) for f in FILES for m in _imports(f) if _below(m, "conformance.suite")}
    outside = {module for module in knowing if not _below(module, "conformance.suite")}
    # all of it, and what is minimised
    assert outside == {"conformance.collection", "conformance.minimise"}


def test_what_the_suite_reads_with_stages_nothing() -> None:
    graph = {_module(file): _imports(file, at_run_time=True) for file in FILES}
    reached, ahead = set[str](), {module for module in graph if _below(module, "conformance.suite")}
    while ahead:
        reached |= ahead
        ahead = {m for module in ahead for m in graph.get(module, ())} - reached
    running = (
        "wave",
        "lab",
        "targets",
        "reference",
        "plugin",
        "run",
        "launch",
        "collection",
        "report",
        "plan",
    )
    assert {m for m in reached if _below(m, *(f"conformance.{name}" for name in running))} == set()


def test_the_reference_relay_is_never_imported() -> None:
    outside = [file for file in FILES if not _below(_module(file), "conformance.reference")]
    assert {_module(f) for f in outside for m in _imports(f) if _below(m, "conformance.reference")} == set()


def test_the_entry_point_imports_nothing_of_ours_before_it_is_asked_to() -> None:
    tree = ast.parse((ROOT / "mailflow_conformance_pytest.py").read_text(encoding="utf-8"))
    imported = [ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [line for line in imported if re.search(r"\b(conformance|fake_servers)\b", line)] == []


def test_only_collection_and_plugin_know_pytest_in_depth() -> None:
    knowing = {
        _module(file)
        for file in FILES
        if re.search(r"^(import|from) _?pytest\b", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert knowing <= {f"conformance.{name}" for name in ("collection", "plugin", "run", "report.terminal")}


@pytest.mark.parametrize("file", FILES, ids=_module)
def test_no_file_is_longer_than_can_be_read(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= 400


def test_there_is_no_cycle_between_modules() -> None:
    graph = {_module(file): set(_imports(file, at_run_time=True)) for file in FILES}
    # a package's own __init__ collects its modules; they are one room
    assert (
        _cycles({name: {m for m in mods if m in graph and m != name} for name, mods in graph.items()}) == []
    )


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
    assert "conformance.lab.plan" in _imports(ROOT / "conformance" / "wave" / "run.py")
    assert "conformance.reference.classify" in _imports(ROOT / "conformance" / "reference" / "errors.py")
    assert "conformance.collection" not in _imports(ROOT / "conformance" / "run.py", at_run_time=True)


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
