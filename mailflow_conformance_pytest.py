"""The entry points of mailflow-conformance: the options for pytest, and the console command.

Without one of these options the suite does not exist: none of its packages is imported, nothing is collected.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

_TARGET_HELP = (
    "judge this mail relay: a built-in or installed target (reference, postfix, ...) or package.module:Class"
)

_PACKAGES = ("conformance", "fake_servers")


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
        "--conformance-catalogue",
        metavar="VERSION",
        help="ask only what that version of the catalogue asked; `mailflow-conformance catalogue` lists them",
    )
    group.addoption(
        "--conformance-lab",
        metavar="LAB",
        help="where the wave runs: auto (default), loopback, namespace",
    )
    group.addoption(
        "--conformance-day",
        metavar="SECONDS",
        help="seconds that stand for 24 hours where the day is compressed (default 12)",
    )
    group.addoption(
        "--conformance-only",
        metavar="KIND:NAME",
        action="append",
        default=[],
        help="keep exactly mode:NAME, requirement:ID, section:CODE or aspect:NAME, and stage nothing else; repeatable",
    )
    group.addoption(
        "--conformance-once",
        action="store_true",
        help="stage nothing a second time: what a busy machine made late is inconclusive, or fails",
    )
    group.addoption(
        "--conformance-strict",
        action="store_true",
        help="let deviations (a SHOULD that is missed) fail",
    )
    group.addoption(
        "--conformance-schedules",
        metavar="N",
        type=int,
        default=100,
        help="how many fault schedules to draw and stage, default 100; 0: none",
    )
    group.addoption(
        "--conformance-seed",
        metavar="N",
        type=int,
        default=0,
        help="what fault schedules to draw, default 0: the same number draws the same ones",
    )
    group.addoption(
        "--conformance-depth",
        metavar="N",
        type=int,
        default=3,
        help="the most faults that a fault schedule has in a row, default 3",
    )
    group.addoption(
        "--conformance-shard",
        metavar="K/N",
        help="stage and judge the Kth of N parts of what is selected; `mailflow-conformance merge` puts them together",
    )
    group.addoption(
        "--conformance-waivers",
        metavar="FILE",
        help="tolerate for now what this file lists (default: mailflow-waivers.toml of the project, if there; none: "
        "nothing; known: what the suite knows of a built-in target); a row that does not fit any more fails the run",
    )
    group.addoption(
        "--conformance-write-waivers",
        metavar="FILE",
        help="write what failed or deviates into a new file of waivers, for the reasons to be filled in",
    )
    group.addoption("--conformance-report", metavar="DIR", help="write report.jsonl into this folder")
    group.addoption(
        "--conformance-summary",
        metavar="FILE",
        help="write what to mend, on one page of Markdown, into this file",
    )
    group.addoption(
        "--conformance-html",
        metavar="FILE",
        help="write a page to look at into this file, all in one: a grid, drawn timelines, what was not judged",
    )
    group.addoption(
        "--conformance-replay",
        metavar="RECORD",
        action="append",
        default=[],
        help="judge a record of an earlier run again, or the folder of its report, without the target; repeatable",
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
    # an empty name, as of a variable that is not set, is a mistake and not the wish to judge nothing
    if config.getoption("conformance_target") is None and not config.getoption("conformance_replay"):
        return
    for package in _PACKAGES:
        _bring_in(package)
    finder = _AsTheyAre()
    sys.meta_path.insert(0, finder)
    config.add_cleanup(lambda: sys.meta_path.remove(finder))
    from conformance.session.plugin import ConformancePlugin

    config.pluginmanager.register(ConformancePlugin(config), "mailflow_conformance_run")


class _AsTheyAre(MetaPathFinder):
    """Finds our modules as any Python does.

    pytest rewrites the assertions of everything that is installed together with a plugin. In ours no test fails by one,
    and where nothing may be kept (PYTHONDONTWRITEBYTECODE) each run would read some hundreds of files for that.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a module in one of our packages is; None: it is another's."""
        ours = path is not None and fullname.partition(".")[0] in _PACKAGES
        return PathFinder.find_spec(fullname, path, target) if ours else None


def command() -> int:
    """Run the console command, which finds our packages by their place: others may have packages of their names."""
    try:
        for package in _PACKAGES:
            _bring_in(package)
    except pytest.UsageError as error:
        print(f"mailflow-conformance: {error}", file=sys.stderr)
        return int(pytest.ExitCode.USAGE_ERROR)
    from conformance.__main__ import main

    return main()


def _bring_in(name: str) -> None:
    """Import the package that was installed with this file, even if another one of its name comes first on the path.

    Raises:
        pytest.UsageError: The other one is already imported.
    """
    folder = Path(__file__).resolve().parent / name
    loaded = sys.modules.get(name)
    if loaded is not None:
        where = _where(loaded)
        if where != [folder]:
            raise pytest.UsageError(
                f"a package {name} that is not ours is already imported, by a conftest.py or a plugin: "
                f"{', '.join(map(str, where))}. Run pytest with --target from a folder without it, or with "
                "--noconftest."
            )
        return
    # by its place, not by the path: a user's repository may have packages of these names
    spec = spec_from_file_location(name, folder / "__init__.py", submodule_search_locations=[str(folder)])
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise


def _where(module: ModuleType) -> list[Path]:
    places = list(getattr(module, "__path__", [])) or [getattr(module, "__file__", None) or "built in"]
    return [Path(place).resolve() for place in places]
