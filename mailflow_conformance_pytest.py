"""Entry point of mailflow-conformance for pytest: its options, and nothing else.

Without one of these options the suite does not exist: none of its packages is imported, nothing is collected.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

_TARGET_HELP = (
    "judge this mail relay: a built-in or installed target (reference, postfix, ...) or package.module:Class"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, all of which begin with --conformance-."""
    group = parser.getgroup("conformance", "conformance of a mail relay's sending side")
    group.addoption("--conformance-target", metavar="NAME", help=_TARGET_HELP)
    group.addoption(
        "--conformance-profile",
        metavar="PROFILE",
        help="what is accepted: eop (the source document, default), eop-observed, rfc (any relay)",
    )
    group.addoption(
        "--conformance-lab",
        metavar="LAB",
        help="where the wave runs: auto (default), loopback, namespace",
    )
    group.addoption(
        "--conformance-strict",
        action="store_true",
        help="let deviations (a SHOULD that is missed) fail",
    )
    group.addoption("--conformance-report", metavar="DIR", help="write report.jsonl into this folder")
    group.addoption(
        "--conformance-replay",
        metavar="RECORD",
        action="append",
        default=[],
        help="judge the record of an earlier wave again, without the target; repeat it for several records of one run",
    )


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(parser: pytest.Parser) -> Generator[None, object, object]:
    """Add --target as well, unless a plugin or a conftest.py owns that name; they are all loaded by now."""
    result = yield
    groups = [*parser._groups, parser._anonymous]
    if not any("--target" in option.names() for group in groups for option in group.options):
        parser.getgroup("conformance").addoption(
            "--target", dest="conformance_target", metavar="NAME", help=f"{_TARGET_HELP}; short form"
        )
    return result


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Bring in the suite if it was asked for."""
    if not (config.getoption("conformance_target") or config.getoption("conformance_replay")):
        return
    import conformance

    here = Path(__file__).resolve().parent
    found = [Path(folder).resolve() for folder in conformance.__path__]
    if found != [here / "conformance"]:
        where = ", ".join(map(str, found))
        raise pytest.UsageError(
            f"another package called conformance hides ours: {where}. Run pytest from a folder without it, "
            "or without adding that folder to the import path (python -m pytest and a conftest.py do)."
        )
    from conformance.plugin import ConformancePlugin

    config.pluginmanager.register(ConformancePlugin(config), "mailflow_conformance_run")
