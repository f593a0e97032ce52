from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.targets.postfix import PostfixTarget
from conformance.targets.reference import ReferenceTarget
from conformance.targets.resolve import UnknownTarget, known, resolve

ADAPTERS = """
from conformance.target import Capability

class Whole:
    name = "whole"
    capabilities = {"mx", Capability.EVENTS}
    def running(self, config): ...

class Bare:
    name = "bare"

class Wrong(Whole):
    capabilities = {"teleport"}

class Text(Whole):
    capabilities = "mx"

class Nothing(Whole):
    capabilities = None

class Contrary(Whole):
    capabilities = {"one_route", "many_connectors"}

class Demanding(Whole):
    def __init__(self, what): ...

class Raising(Whole):
    def __init__(self): raise OSError("no such program")

made = Whole()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[str]:
    path, modules = list(sys.path), set(sys.modules)
    (tmp_path / "my_adapters.py").write_text(ADAPTERS)
    (tmp_path / "my_broken.py").write_text("1 / 0")
    (tmp_path / "my_needy.py").write_text("import no_such_library")
    yield str(tmp_path)
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def test_built_in_targets() -> None:
    assert isinstance(resolve("reference"), ReferenceTarget)
    assert isinstance(resolve("postfix"), PostfixTarget)
    assert {"reference", "postfix", "postfix-eop"} <= set(known())


@pytest.mark.parametrize("name", ["my_adapters:Whole", "my_adapters:made"])
def test_a_class_or_an_object_of_somebodys_module(name: str, folder: str) -> None:
    assert resolve(name, [folder]).name == "whole"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("refrence", "no target is called 'refrence'; there are exim, "),
        ("", "it is empty and names no target"),
        ("some.module", "package.module:Class"),
        ("./adapter.py:X", "package.module:Class"),
        ("my_missing:X", "No module named 'my_missing'; looked also in "),
        ("my_needy:X", "No module named 'no_such_library'"),
        ("my_broken:X", "cannot be imported: ZeroDivisionError"),
        ("my_adapters:Missing", "it defines Whole, Bare, "),
        ("my_adapters:Bare", "lacks capabilities, running"),
        ("my_adapters:Wrong", "'teleport' is not a valid Capability; there are smart_host, "),
        ("my_adapters:Text", "is not a valid Capability"),
        ("my_adapters:Nothing", "capabilities: "),
        ("my_adapters:Contrary", "one_route and many_connectors contradict each other"),
        ("my_adapters:Demanding", "cannot be made without arguments"),
        ("my_adapters:Raising", "cannot be made: OSError: no such program"),
    ],
)
def test_what_is_no_target_says_why(name: str, told: str, folder: str) -> None:
    with pytest.raises(UnknownTarget) as error:
        resolve(name, [folder])
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("postfx", "did you mean postfix"),
        ("Reference", "did you mean reference?"),
        ("my_adapters", "did you mean my_adapters:Whole or my_adapters:Wrong or my_adapters:Text?"),
        ("my_adapters.py", "did you mean my_adapters:Whole or"),
        ("./my_adapters.py:Whole", "did you mean my_adapters:Whole?"),
        ("my_adapters.Whole", "did you mean my_adapters:Whole?"),
        ("my_adapters:whole", "did you mean my_adapters:Whole?"),
        ("", "it is empty and names no target; there are exim, "),
    ],
)
def test_a_near_miss_gets_a_hint(folder: str, given: str, meant: str) -> None:
    """Before, it was told what there is, and nothing of an adapter that lies in the same folder."""
    with pytest.raises(UnknownTarget) as caught:
        resolve(given, [folder])
    assert meant in str(caught.value)


@pytest.mark.parametrize("given", ["nothing", "my_broken", "my_needy:X", "this", "..", ":", "a/b.py:C"])
def test_what_is_near_nothing_gets_none(folder: str, given: str) -> None:
    with pytest.raises(UnknownTarget) as caught:
        resolve(given, [folder])
    assert "did you mean" not in str(caught.value)
