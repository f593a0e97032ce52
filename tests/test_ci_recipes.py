"""The recipes for pipelines: every command line in them is one that the suite takes."""

from __future__ import annotations

import re
import shlex
from argparse import Namespace
from pathlib import Path

import pytest

import mailflow_conformance_pytest
from conformance.__main__ import COMMANDS

PAGE = (Path(__file__).parents[1] / "docs" / "ci.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(?:yaml|console|dockerfile)\n(.*?)```", PAGE, re.DOTALL)
_VARIABLES = (("${{ matrix.number }}", "2"), ("$CI_NODE_INDEX", "2"), ("$CI_NODE_TOTAL", "4"))


def _lines(program: str) -> list[list[str]]:
    """Return the command lines of a program, as a shell would hand them over, variables in their place."""
    found = []
    for line in "\n".join(BLOCKS).splitlines():
        for variable, value in _VARIABLES:
            line = line.replace(variable, value)
        if "CMD" in line:
            line = line.partition("CMD ")[2].strip("[]").replace(",", "")
        _, called, rest = line.partition(f"{program} --" if program == "pytest" else program)
        if called and not line.lstrip().startswith("FROM"):
            found.append(shlex.split(f"{called}{rest}"))
    return found


def _options(config: pytest.Config, words: list[str]) -> Namespace:
    known, unknown = config._parser.parse_known_and_unknown_args(words, Namespace())
    assert unknown == [], words
    return known


def test_pytest_takes_every_line(pytestconfig: pytest.Config) -> None:
    lines = _lines("pytest")
    assert len(lines) >= 5
    targets = set()
    for _, *words in lines:
        options = _options(pytestconfig, words)
        targets.add(options.conformance_target)
        assert "conformance" not in words
    assert targets == {"mine:Relay", "postfix"}
    shards = {word for line in lines for word in line if "shard" in word}
    assert shards == {"--conformance-shard=2/4"}


def test_our_own_commands_are_there(pytestconfig: pytest.Config) -> None:
    lines = _lines("mailflow-conformance")
    assert len(lines) == 2
    for _, command, *words in lines:
        assert command in COMMANDS
        _options(pytestconfig, words[words.index("--") + 1 :])


def test_every_option_that_is_named_anywhere_is_one_of_ours() -> None:
    ours = Path(mailflow_conformance_pytest.__file__).read_text(encoding="utf-8")
    named = set(re.findall(r"--conformance-[a-z-]+", PAGE))
    assert named
    assert [option for option in named if f'"{option}"' not in ours] == []


def test_what_a_relay_needs_is_asked_for_once_in_each_recipe() -> None:
    for block in BLOCKS:
        installs = block.count("pip install -r requirements-conformance.txt")
        assert installs == len(re.findall(r"image: |runs-on: |^FROM ", block, re.MULTILINE)), block
