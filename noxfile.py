"""Everything that is run on this project besides its tests on each interpreter (tox.ini).

`nox -l` lists the sessions. Those that judge a real relay need root or user namespaces and the relay itself.
"""

from __future__ import annotations

from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["lint", "types", "tests", "suite", "mutants"]
nox.options.reuse_existing_virtualenvs = True

HARAKA = "Haraka@3.3.4"


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
def suite(session: nox.Session) -> None:
    """Judge the reference relay, from the built package in an empty folder, in both labs."""
    session.install(".")
    session.chdir(session.create_tmp())
    session.run("pytest", "--target=reference", *session.posargs)
    session.run("pytest", "--target=reference", "--conformance-lab=namespace", *session.posargs)


@nox.session
def mutants(session: nox.Session) -> None:
    """Judge relays that are wrong in exactly one way, and relays that only pretend; print the kill rate."""
    session.install("-e", ".[dev]")
    _compile(session)
    session.run("pytest", "-m", "staged", "tests/mutants/test_anti_runs.py")
    session.chdir("tests")
    session.run("python", "-m", "mutants", *session.posargs)


@nox.session
def postfix(session: nox.Session) -> None:
    """Judge a stock Postfix."""
    _judge(session, "postfix", "rfc")


@nox.session(name="postfix-eop")
def postfix_eop(session: nox.Session) -> None:
    """Judge a Postfix that was configured to speak the source document's codes."""
    _judge(session, "postfix-eop", "eop")


@nox.session
def opensmtpd(session: nox.Session) -> None:
    """Judge a stock OpenSMTPD, unpacked from Debian's package."""
    session.install(".")
    folder = _cache(session) / "opensmtpd"
    session.chdir("tests")
    session.run("python", "-m", "relays.packages", str(folder), "opensmtpd")
    _judge_ours(session, "OpenSmtpd", folder)


@nox.session
def haraka(session: nox.Session) -> None:
    """Judge a stock Haraka, installed by npm."""
    session.install(".")
    folder = _cache(session) / "haraka"
    if not (folder / "node_modules" / "Haraka").is_dir():
        # the version that its list is about
        session.run("npm", "install", "--no-audit", "--no-fund", "--prefix", folder, HARAKA, external=True)
    session.chdir("tests")
    _judge_ours(session, "Haraka", folder)


@nox.session
def crash(session: nox.Session) -> None:
    """Kill the reference relay 200 times at moments drawn from a seed: `nox -s crash -- --seed 7 --kills 1000`."""
    session.install("-e", ".[dev]")
    session.chdir("tests")
    session.run("python", "-m", "crash", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure wall time, cost per added scenario and the fakes' throughput."""
    session.install("-e", ".[dev]")
    _compile(session)
    session.chdir("tests")
    session.run("python", "-m", "bench", *session.posargs)


def _compile(session: nox.Session) -> None:
    """Compile once, as an installation does, and not in each of a thousand processes that may not keep it."""
    session.run("python", "-m", "compileall", "-q", "conformance", "fake_servers", "tests/mutants")


def _cache(session: nox.Session) -> Path:
    """Return the folder for what a relay is run from; it outlives the session."""
    folder = Path(session.cache_dir).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _judge_ours(session: nox.Session, adapter: str, folder: Path) -> None:
    """Judge a relay whose adapter is in tests/relays; the session stands in the folder tests.

    Args:
        session: Bears the relay's name.
        adapter: The adapter's class.
        folder: What the relay is run from.
    """
    name = str(session.name)
    report = Path(session.create_tmp()).resolve()
    session.run(
        "pytest",
        f"--target=relays.{name}:{adapter}",
        "--conformance-profile=rfc",
        f"--conformance-report={report}",
        *session.posargs,
        success_codes=[0, 1],
        env={f"MAILFLOW_RELAY_{name.upper()}": str(folder)},
    )
    session.run("python", "-m", "relays", str(report / "report.jsonl"), f"relays/{name}.toml")


def _judge(session: nox.Session, target: str, profile: str) -> None:
    """Judge a real relay, which need not pass, but whose verdicts must be the known ones."""
    session.install(".")
    tests = Path("tests").resolve()
    report = Path(session.create_tmp()).resolve()
    session.chdir(report)
    session.run(
        "pytest",
        f"--target={target}",
        f"--conformance-profile={profile}",
        f"--conformance-report={report}",
        *session.posargs,
        success_codes=[0, 1],
    )
    session.chdir(tests)
    session.run("python", "-m", "relays", str(report / "report.jsonl"), f"relays/{target}.toml")
