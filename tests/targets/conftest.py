"""What the real Postfix did in the namespace lab, as a script of the test's module tells it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.lab import namespace
from conformance.target import Address, RelayConfig
from conformance.targets.kit import search_path

Seen = dict[str, Any]


@pytest.fixture(scope="module")
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Seen]:
    """Run the module's `SCRIPT` in a lab of its own, for each of the two configurations."""
    if (problem := namespace.unavailable()) is not None:
        pytest.skip(problem)
    if shutil.which("postconf", path=search_path()) is None:
        pytest.skip("Postfix is not installed")
    running = {
        name: subprocess.Popen(
            [*namespace.prefix(), sys.executable, request.module.SCRIPT, name, tmp_path_factory.mktemp(name)],
            stdout=subprocess.PIPE,
        )
        for name in ("postfix", "postfix-eop")
    }
    try:
        said = {name: process.communicate(timeout=600)[0] for name, process in running.items()}
    finally:
        for process in running.values():
            process.kill()  # unshare passes nothing milder on
            process.wait()
    return {name: json.loads(text) for name, text in said.items()}


@pytest.fixture(params=["postfix", "postfix-eop"])
def seen(request: pytest.FixtureRequest, both: dict[str, Seen]) -> Seen:
    """What came of it under one of them."""
    return both[request.param]


@pytest.fixture
def asked(tmp_path: Path) -> Callable[..., RelayConfig]:
    """What the suite may ask of a relay in the namespace lab, but for what is said."""

    def config(**changes: object) -> RelayConfig:
        said: dict[str, object] = {
            "work_directory": tmp_path,
            "hostname": "relay.test",
            "listen": Address("10.77.0.25", 0),
            "resolver": Address("10.77.0.53", 53),
            "next_hop_port": 25,
            "connectors": (),
            "trust_anchors": tmp_path / "anchors.pem",
            "retry_interval": 1.2,
            "max_retry_interval": 1.2,
            "queue_lifetime": 900.0,
            "connect_timeout": 2.0,
            "command_timeout": 2.0,
            "dns_timeout": 2.0,
        }
        return RelayConfig(**(said | changes))  # type: ignore[arg-type]

    return config
