"""What a relay sees in a view of its own, in the real lab; and that nobody else sees it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conformance.lab import namespace
from conformance.targets import faketime

SCRIPT = Path(__file__).with_name("view_script.py")
Seen = dict[str, Any]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """Run the script in a lab of its own."""
    if (problem := namespace.unavailable()) is not None:
        pytest.skip(problem)
    if os.geteuid() != 0:
        pytest.skip("a view has users of its own, so it is root's")
    folder = tmp_path_factory.mktemp("views")
    command = [*namespace.prefix(), sys.executable, SCRIPT, folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


@pytest.fixture(params=["one", "two"])
def own(request: pytest.FixtureRequest, seen: Seen) -> Seen:
    """What one of the two relays saw."""
    return seen[request.param] | {"name": request.param}


def test_it_has_what_was_unpacked_and_written_for_it(own: Seen) -> None:
    assert (own["library"], own["packaged"], own["config"]) == ("7", "stock", own["name"])
    assert own["authorities"] == f"authorities of {own['name']}"
    assert own["log"] == "log\n"


def test_it_has_a_user_and_a_spool(own: Seen) -> None:
    assert own["user"]
    assert own["spool"] == [["1"], True]


def test_names_are_resolved_by_the_lab(own: Seen) -> None:
    assert own["resolver"]
    assert own["hosts"]


def test_mail_is_on_the_work_directory_where_that_is_a_disk(seen: Seen) -> None:
    """So a full one is felt."""
    assert not seen["one"]["on the work directory's disk"]
    assert seen["two"]["on the work directory's disk"]


def test_its_syslog_is_its_own_and_outlives_it(own: Seen) -> None:
    assert own["said"] == f"deferred {own['name']}\n"
    assert own["syslog lives"]


@pytest.mark.skipif(not faketime.available(), reason="libfaketime is not installed")
def test_its_clock_is_seen_from_a_chroot_and_by_programs_that_would_lend_rights(own: Seen) -> None:
    assert own["clock in a chroot"] == "+259200.000000\n"
    assert own["nosuid"]
    assert own["shm"]


def test_a_kill_is_of_everything_that_runs_in_it_and_of_nothing_else(own: Seen) -> None:
    assert own["running"] == 2
    assert own["running after the kill of one"] == 1


def test_nothing_is_left(own: Seen) -> None:
    assert own["running afterwards"] == 0


def test_nobody_else_saw_anything(seen: Seen) -> None:
    outside = seen["outside"]
    assert outside["there"] == []
    assert outside["users"] == []
    assert outside["mounts"]
    assert not outside["dev log"]


def test_a_relay_may_be_installed(seen: Seen) -> None:
    """Its programs lend no rights, so libfaketime works; a copy below /etc may."""
    assert seen["outside"]["installed"] == ["installed0\n", True, 0]


def test_there_is_none_outside_of_the_lab(seen: Seen) -> None:
    assert "My relay needs a machine of its own" in seen["outside"]["another resolver"]
