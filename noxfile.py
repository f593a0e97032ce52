"""Everything that is run on this project besides its tests on each interpreter (tox.ini).

`nox -l` lists the sessions. Those that judge a real relay need root or user namespaces and the relay itself.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["lint", "types", "tests", "suite", "mutants"]
nox.options.reuse_existing_virtualenvs = True

# The built-in targets, each with the profile that it is judged by; and those that are run from a folder.
BUILT_IN = {
    "reference": "eop",
    "postfix-eop": "eop",
    "postfix": "rfc",
    "exim": "rfc",
    "sendmail": "rfc",
    "opensmtpd": "rfc",
    "haraka": "rfc",
}
UNPACKED = ("exim", "sendmail", "opensmtpd", "haraka")


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    session.install("ruff>=0.11")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, strictly, in both packages."""
    session.install("-e", ".[dev]")
    session.run("mypy")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the project's own tests."""
    session.install("-e", ".[dev]")
    session.run("pytest", *session.posargs)


@nox.session
def nightly(session: nox.Session) -> None:
    """Run the project's tests that need minutes: a queue of ten thousand messages."""
    session.install("-e", ".[dev]")
    session.run("pytest", "-m", "slow", "-s", *session.posargs)


@nox.session
def suite(session: nox.Session) -> None:
    """Judge the reference relay, from the built package in an empty folder, in both labs."""
    session.install(".")
    tests, folder = Path("tests").resolve(), Path(session.create_tmp()).resolve()
    for lab in ("loopback", "namespace"):
        session.chdir(folder)
        options = f"--conformance-lab={lab}", f"--conformance-report={folder}"
        session.run("pytest", "--target=reference", *options, *session.posargs)
        session.chdir(tests)
        session.run("python", "-m", "relays.met", str(folder / "report.jsonl"))


@nox.session
def mutants(session: nox.Session) -> None:
    """Judge relays that only pretend, innocent ones of other kinds, and those wrong in one way; print the kill rate.

    `nox -s mutants -- --part=1/6` takes each sixth mutant, and of those that pretend the two that do least.
    """
    session.install("-e", ".[dev]")
    _compile(session)
    in_part = any(argument.startswith("--part") for argument in session.posargs)
    least = ["-k", "newcomers or disarmed or (black and not beside)"] if in_part else []
    session.run("pytest", "-m", "staged", "tests/mutants/test_anti_runs.py", "tests/newcomers", *least)
    session.chdir("tests")
    session.run("python", "-m", "mutants", *session.posargs)


@nox.session
def reds(session: nox.Session) -> None:
    """Stage the whole suite against mutants and count what is red, for hours, at night: `nox -s reds -- --seed 7`.

    `--sample 60` is what it takes of them, `--sample 0` are all; `--keep FOLDER` goes on where it was broken off.
    """
    session.install("-e", ".[dev]")
    _compile(session)
    session.chdir("tests")
    session.run("python", "-m", "mutants", "--whole", *session.posargs)


@nox.session
def foreign(session: nox.Session) -> None:
    """Stage what users of other mail programs have reported, put into the reference relay; print the rate.

    `nox -s foreign -- NAME --jobs 2 --keep FOLDER --at-least 90`; what is kept in the folder is not staged again.
    """
    session.install("-e", ".[dev]")
    session.run(
        "python", "-m", "compileall", "-q", "conformance", "fake_servers", "tests/mutants", "tests/foreign"
    )
    session.chdir("tests")
    session.run("python", "-m", "foreign", *session.posargs)


@nox.session
def machine(session: nox.Session) -> None:
    """Make small changes to the reference relay, drawn from a seed, and count who notices, for hours, at night.

    `nox -s machine -- --seed 7 --number 150 --jobs 4 --keep FOLDER --at-least 90`; what is kept in the folder is not
    staged again.
    """
    session.install("-e", ".[dev]")
    session.run(
        "python", "-m", "compileall", "-q", "conformance", "fake_servers", "tests/mutants", "tests/machine"
    )
    session.run("pytest", "-m", "staged", "tests/machine")
    session.chdir("tests")
    session.run("python", "-m", "machine", *session.posargs)


@nox.session
def postfix(session: nox.Session) -> None:
    """Judge a stock Postfix."""
    _judge(session, "postfix", "rfc")


@nox.session(name="postfix-eop")
def postfix_eop(session: nox.Session) -> None:
    """Judge a Postfix that was configured to speak the source document's codes."""
    _judge(session, "postfix-eop", "eop")


@nox.session
def matrix(session: nox.Session) -> None:
    """Judge the built-in targets, and write docs/matrix.md: each of them by each requirement; an hour, mostly waiting.

    `nox -s matrix -- FOLDER ...` puts the reports in those folders beside them. As root, as sessions of relays are.
    """
    session.install(".")
    folder, page = Path(session.create_tmp()).resolve(), Path("docs", "matrix.md").resolve()
    others = [str(Path(given).resolve()) for given in session.posargs]
    cache = Path(session.cache_dir).resolve() / "relays"
    session.chdir(folder)
    for name, profile in BUILT_IN.items():
        env = {}
        if name in UNPACKED:
            env = {f"MAILFLOW_RELAY_{name.upper()}": str(cache / name)}
            session.run("mailflow-conformance", "unpack", name, str(cache / name))
        session.run(
            "pytest",
            f"--target={name}",
            f"--conformance-profile={profile}",
            f"--conformance-report={folder / name}",
            success_codes=[0, 1, 3],  # what is wrong stands in the matrix
            env=env,
        )
    mine = [str(folder / name) for name in BUILT_IN]
    session.run("mailflow-conformance", "matrix", *mine, *others, "-o", str(page))


@nox.session
def exim(session: nox.Session) -> None:
    """Judge an Exim, as Debian packages it: unpacked into the cache, not installed."""
    _judge_unpacked(session)


@nox.session
def sendmail(session: nox.Session) -> None:
    """Judge a sendmail, as Debian packages it: unpacked into the cache, not installed."""
    _judge_unpacked(session)


@nox.session
def opensmtpd(session: nox.Session) -> None:
    """Judge an OpenSMTPD, as Debian packages it: unpacked into the cache, not installed.

    Its time-outs of five minutes cannot be set. Without a selection of its own it leaves out what waits for them: all
    of it is `nox -s opensmtpd -- -m ""`, 33 to 40 minutes.
    """
    session.posargs[:] = session.posargs or ["-m", "not waits"]
    _judge_unpacked(session)


@nox.session
def haraka(session: nox.Session) -> None:
    """Judge a Haraka, installed by npm into the cache."""
    _judge_unpacked(session, users=False)


@nox.session
def declared(session: nox.Session) -> None:
    """Judge Exim and Haraka as docs/examples declares them, in a hundred modes, as red as by the built-in adapters."""
    if os.geteuid() != 0:
        session.error(
            "Exim is unpacked to files of root's, and has a user of its own: run this session as root"
        )
    session.install(".")
    examples, reports = Path("docs", "examples").resolve(), Path(session.create_tmp()).resolve()
    with session.chdir("tests"):
        modes = str(session.run("python", "-m", "relays.hundred", silent=True)).split()
    for name in ("exim", "haraka"):
        folder = Path(session.cache_dir).resolve() / "relays" / name
        session.run("mailflow-conformance", "unpack", name, str(folder))
        for target in (name, f"{examples}/{name}.toml"):
            with session.chdir(reports):
                session.run(
                    *("pytest", f"--target={target}", "--conformance-profile=rfc", *modes, "-q", "--tb=no"),
                    f"--conformance-report={reports / Path(target).name}",
                    env={f"MAILFLOW_RELAY_{name.upper()}": str(folder)},
                    success_codes=[0, 1, 3],  # what is red is compared
                )
        session.run("mailflow-conformance", "compare", str(reports / name), str(reports / f"{name}.toml"))


@nox.session
def page(session: nox.Session) -> None:
    """Look at pages in Chromium: a green run, a red one, hostile texts; `nox -s page -- REPORT...` looks at those."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        session.error("there is no Chromium: apt-get install chromium")
    session.install("-e", ".[dev]", "playwright>=1.50", "axe-playwright-python>=0.1.4")
    folder = Path(session.create_tmp()).resolve()
    reports = [str(Path(each).resolve()) for each in session.posargs]
    tests = Path("tests").resolve()
    for name, target in () if reports else (("green", "reference"), ("red", "relays.naive:Naive")):
        with session.chdir(tests):
            session.run(
                "pytest", f"--target={target}", f"--conformance-report={folder / name}", "-q", "--tb=no",
                success_codes=[0, 1, 3],
            )  # fmt: skip
        reports.append(str(folder / name))
    session.run(
        *("pytest", "-s", str(tests / "html" / "in_browser.py")),
        env={
            "MAILFLOW_BROWSER": browser,
            "MAILFLOW_REPORTS": ":".join(reports),
            "MAILFLOW_SCREENSHOTS": str(folder),
        },
    )
    session.log(f"pictures: {folder}")


@nox.session
def crash(session: nox.Session) -> None:
    """Kill the reference relay 200 times at moments drawn from a seed: `nox -s crash -- --seed 7 --kills 1000`."""
    session.install("-e", ".[dev]")
    session.chdir("tests")
    session.run("python", "-m", "crash", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure wall time, what a scenario and a verdict of a fixed set cost, and the fakes' throughput."""
    session.install("-e", ".[dev]")
    _compile(session)
    session.chdir("tests")
    session.run("python", "-m", "bench", *session.posargs)


def _compile(session: nox.Session) -> None:
    """Compile once, as an installation does, and not in each of a thousand processes that may not keep it."""
    session.run("python", "-m", "compileall", "-q", "conformance", "fake_servers", "tests/mutants")


def _judge(session: nox.Session, name: str, profile: str, env: dict[str, str] | None = None) -> None:
    """Judge a real relay, strictly: what is not a pass must be known, and what is known still be seen.

    Args:
        session: The session.
        name: The relay's.
        profile: What it is judged by.
        env: Variables for pytest.
    """
    session.install(".")
    tests = Path("tests").resolve()
    report = Path(session.create_tmp()).resolve()
    session.chdir(report)
    session.run(
        "pytest",
        f"--target={name}",
        f"--conformance-profile={profile}",
        f"--conformance-report={report}",
        "--conformance-waivers=known",
        "--conformance-strict",
        *session.posargs,
        env=env,
    )
    session.chdir(tests)
    session.run("python", "-m", "relays.met", str(report / "report.jsonl"))


def _judge_unpacked(session: nox.Session, *, users: bool = True) -> None:
    """Judge a built-in target that is run from a folder.

    Its packages could not be installed beside another one's.
    """
    if users and os.geteuid() != 0:
        session.error(
            f"{session.name} is unpacked to files of root's, and has users of its own: run this session as root"
        )
    session.install(".")
    folder = _cache(session)
    session.run("mailflow-conformance", "unpack", session.name, str(folder))
    _judge(session, session.name, "rfc", env={f"MAILFLOW_RELAY_{session.name.upper()}": str(folder)})


def _cache(session: nox.Session) -> Path:
    """Return the folder for what a relay is run from; it outlives the session."""
    folder = Path(session.cache_dir).resolve() / "relays" / session.name
    folder.mkdir(parents=True, exist_ok=True)
    return folder
