"""Installed from a wheel into somebody's project: not there without a target, undisturbed by anything with one."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import sysconfig
import venv
from concurrent.futures import Future
from functools import partial
from pathlib import Path

from user_shell import SELECTION, Ended, Shell, environment, fill, run

ROOT = Path(__file__).parents[2]

HOSTILE = {
    "pytest.ini": """
[pytest]
testpaths = checks
python_files = check_*.py
python_functions = check_*
python_classes = Check*
filterwarnings = error
timeout = 2
asyncio_mode = auto
asyncio_default_fixture_loop_scope = session
addopts = -n 2 --strict-markers --strict-config --import-mode=importlib
""",
    "conftest.py": """
import pytest

@pytest.fixture(autouse=True, scope="session")
def broken_for_all():
    raise RuntimeError("broken for all")

@pytest.fixture(autouse=True)
def broken():
    raise RuntimeError("broken for each")
""",
    "checks/check_it.py": "def check_it(): pass\n",
    # not importable: a regular package of that name wins
    "conformance/notes.txt": "no package\n",
}

NEIGHBOUR = {
    "pytest.ini": """
[pytest]
filterwarnings = error
asyncio_default_fixture_loop_scope = function
""",
    "conformance/__init__.py": "OWNER = 'neighbour'\n",
    "fake_servers/__init__.py": "OWNER = 'neighbour'\n",
    "conftest.py": """
def pytest_addoption(parser):
    parser.addoption("--target", default="nothing")
""",
    "test_it.py": """
import sys

def test_the_option_is_ours(pytestconfig):
    assert pytestconfig.getoption("--target") == "mine"

def test_nothing_was_imported():
    assert "mailflow_conformance_pytest" in sys.modules
    foreign = [name for name in sys.modules if name.partition(".")[0] in ("conformance", "fake_servers")]
    assert foreign == []
    assert not {"aiosmtpd", "aiosmtplib", "dns", "trustme", "cattrs"} & set(sys.modules)

def test_our_packages_are_ours():
    import conformance, fake_servers
    assert (conformance.OWNER, fake_servers.OWNER) == ("neighbour", "neighbour")
""",
}


def install(shell: Shell) -> str:
    """Make an environment inside the hostile project, with the wheel; other packages are those of this one."""
    project, wheels = shell.folder(), shell.folder()
    fill(project, HOSTILE)
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(wheels),
        str(ROOT),
    ]
    if importlib.util.find_spec("hatchling"):
        build.insert(4, "--no-build-isolation")
    subprocess.run(build, check=True, env=environment())
    venv.create(project / ".venv", with_pip=False)
    python = str(project / ".venv" / "bin" / "python")
    [wheel] = wheels.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, str(wheel)], check=True, env=environment())
    site = next((project / ".venv" / "lib").glob("python*/site-packages"))
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return python


LINE = f"python -m pytest -k '{SELECTION}' --conformance-report=rep"
PASSED = {"error_code[connection_refused]": "pass", "retried[connection_refused]": "pass"}


def in_hostile(shell: Shell) -> list[Ended]:
    python = installed(shell).result()
    project = Path(python).parents[2]
    lines = [f"{LINE} --target=reference", f"{LINE} --target=reference -n 0 --basetemp=tmp"]
    again = f"{LINE} --conformance-replay=tmp/conformance0/record.jsonl -n 0 --nf --conformance-report=again"
    return [run(line, project, python=python) for line in [*lines, again]]


def in_neighbour(shell: Shell, line: str, conftest: str = "") -> Ended:
    python = installed(shell).result()
    folder = shell.folder()
    fill(folder, NEIGHBOUR | ({"conftest.py": conftest} if conftest else {}))
    return run(line, folder, python=python)


def installed(shell: Shell) -> Future[str]:
    return shell.once("wheel", partial(install, shell))


def hostile(shell: Shell) -> Future[list[Ended]]:
    return shell.once("hostile", partial(in_hostile, shell))


def shadowed(shell: Shell) -> Future[Ended]:
    line = f"{LINE} --conformance-target=adapters:WrongCode"
    return shell.once("shadowed", partial(in_neighbour, shell, line))


def start_early(shell: Shell) -> None:
    installed(shell)
    hostile(shell)
    shadowed(shell)


def test_without_a_target_nothing_of_it_is_there(shell: Shell) -> None:
    outcome = in_neighbour(shell, "python -m pytest --target=mine")
    assert outcome.status == 0, outcome.text
    assert "3 passed" in outcome.text
    assert "conformance:" not in outcome.text


def test_packages_of_our_names_and_an_option_of_our_name_do_not_disturb(shell: Shell) -> None:
    outcome = shadowed(shell).result()
    assert outcome.status == 1, outcome.text
    assert outcome.verdicts == PASSED | {"error_code[connection_refused]": "fail"}
    for name in ("conformance", "fake_servers"):
        theirs = outcome.folder / name / "__init__.py"
        assert f"{theirs} is hidden by this suite's package" in outcome.text


def test_a_package_of_our_name_that_is_already_imported_is_named(shell: Shell) -> None:
    outcome = in_neighbour(shell, f"{LINE} --target=reference", conftest="import fake_servers\n")
    assert outcome.status == 4, outcome.text
    theirs = outcome.folder / "fake_servers"
    assert f"already imported, by a conftest.py or a plugin: {theirs}" in outcome.text
    assert "--noconftest" in outcome.text


def test_a_hostile_project_gets_the_same_verdicts(shell: Shell) -> None:
    parallel, outcome, again = hostile(shell).result()
    assert parallel.status == 4
    assert "add -n 0 if an ini file sets it" in parallel.text
    assert outcome.status == 0, outcome.text
    assert outcome.verdicts == PASSED
    assert "2 passed" in outcome.text
    assert again.verdicts_in("again") == PASSED


def test_the_wheel_has_what_it_needs_and_nothing_else(shell: Shell) -> None:
    site = next(Path(installed(shell).result()).parents[1].glob("lib/python*/site-packages"))
    names = {path.name for path in site.iterdir() if "pip" not in path.name and path.name != "others.pth"}
    names = {name for name in names if not name.endswith((".dist-info", "__pycache__"))}
    assert names == {"conformance", "fake_servers", "mailflow_conformance_pytest.py"}
    assert (site / "conformance" / "py.typed").exists()
    assert list((site / "conformance" / "catalogue" / "profiles").glob("*.toml"))
    assert list((site / "conformance" / "catalogue" / "requirements").glob("*.toml"))
