"""Fixtures of a user at a shell; see `user_shell`."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future

import pytest
from user_shell import Ended, Shell


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "user(*lines, files): command lines to run in a fresh folder")


def _asked(shell: Shell, item: pytest.Item) -> Future[list[Ended]] | None:
    mark = item.get_closest_marker("user")
    return shell.start(*mark.args, **mark.kwargs) if mark else None


@pytest.fixture(scope="session")
def shell(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """All runs that the selected tests ask for, under way; those of a module's `start_early` first."""
    shell = Shell(tmp_path_factory.mktemp("users"))
    for item in request.session.items:
        start = getattr(getattr(item, "module", None), "start_early", None)
        if start is not None:
            start(shell)
    for item in request.session.items:
        _asked(shell, item)
    yield shell
    shell.close()


@pytest.fixture
def outcomes(request: pytest.FixtureRequest, shell: Shell) -> list[Ended]:
    """What came of the command lines in this test's marker."""
    asked = _asked(shell, request.node)
    assert asked is not None
    return asked.result()


@pytest.fixture
def outcome(outcomes: list[Ended]) -> Ended:
    """What came of the last one."""
    return outcomes[-1]
