"""Fixtures for people who test what sends mail or asks name servers.

A project asks for them in its topmost `conftest.py`; nobody else gets them::

    pytest_plugins = ["fake_servers.pytest_fixtures"]

If a test that uses them fails, its report shows what the servers saw and did.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest

from fake_servers.world import FakeDns, FakeSmtp, FakeWorld


@pytest.fixture
def fake_world() -> Iterator[FakeWorld]:
    """A world without servers yet, for tests that need several; `fake_smtp` and `fake_dns` are in it."""
    with FakeWorld() as world:
        yield world


@pytest.fixture
def fake_smtp(fake_world: FakeWorld) -> FakeSmtp:
    """A mail server that takes everything, until a test gives it rules."""
    return fake_world.smtp()


@pytest.fixture
def fake_dns(fake_world: FakeWorld) -> FakeDns:
    """A name server that knows no name, until a test tells it some."""
    return fake_world.dns()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the events in the report of a test that failed."""
    world = getattr(item, "funcargs", {}).get("fake_world")
    if call.when == "call" and call.excinfo is not None and isinstance(world, FakeWorld):
        item.add_report_section("call", "fake servers", world.show())
    return (yield)
