"""How the suite appears to pytest: files, items, and node ids that are the same everywhere."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from conformance.catalogue.course import Timing
from conformance.catalogue.message import Kind
from conformance.catalogue.scenario import Scenario
from conformance.judging.aspect import Aspect
from conformance.judging.judge import Judged
from conformance.judging.verdict import Verdict
from conformance.report.facts import is_relays, properties_of
from conformance.report.failure import explain
from conformance.report.writing import line_of
from conformance.session.minimise import explained
from conformance.session.near import why_nothing
from conformance.session.run import Run
from conformance.session.shown import cleaned_trace
from conformance.suite import ASPECTS

# Node ids begin with this, wherever the package is installed and whatever pytest's root folder is.
SUITE = "conformance/suite"

_HERE = Path(__file__).resolve().parents[1] / "suite"


class Selection:
    """What of the suite the command line names; everything if it names no path at all.

    Attributes:
        others: Arguments that are not about the suite, for pytest to collect as always.
    """

    def __init__(self, config: pytest.Config) -> None:
        given = config.args if config.args_source is pytest.Config.ArgsSource.ARGS else []
        self._wanted: dict[str, bool] = {}
        self.others: list[str] = []
        for argument in given:
            path, separator, rest = argument.partition("::")
            named = _within_suite(path, config.invocation_params.dir, _HERE)
            if named is None:
                self.others.append(argument)
            else:
                self._wanted[named + separator + rest] = False
        self._everything = not given

    def includes(self, nodeid: str) -> bool:
        """Tell whether a node id is selected."""
        found = self._everything
        for wanted in self._wanted:
            if nodeid == wanted or nodeid.startswith((f"{wanted}::", f"{wanted}[", f"{wanted}/")):
                self._wanted[wanted] = found = True
        return found

    def named(self, prefix: str) -> list[str]:
        """Return what the command line puts between brackets after a prefix `file::test`."""
        return [
            wanted.removeprefix(f"{prefix}[").removesuffix("]")
            for wanted in self._wanted
            if wanted.startswith(f"{prefix}[")
        ]

    def check_found(self) -> None:
        """Complain of what was named and is not there.

        Raises:
            pytest.UsageError: Names it.
        """
        missing = [wanted for wanted, found in self._wanted.items() if not found]
        if missing:
            raise pytest.UsageError(
                f"not found in the suite: {', '.join(missing)} (pytest --co -q with the same target lists all)"
            )


def _within_suite(path: str, start: Path, suite: Path) -> str | None:
    """Return the node id of a path into the suite, or None if it leads elsewhere."""
    plain = os.path.normpath(path).replace(os.sep, "/")
    if plain == SUITE or plain.startswith(f"{SUITE}/"):
        return plain
    absolute = Path(os.path.normpath(start / path))
    if absolute == suite or suite in absolute.parents:
        return f"{SUITE}/{absolute.relative_to(suite).as_posix()}".removesuffix("/.")
    return None


class AspectFile(pytest.File):
    """One file of the suite. Its path is below pytest's root folder, whether or not it lies there."""

    aspect: Aspect
    run: Run
    selection: Selection

    @classmethod
    def all(cls, session: pytest.Session, run: Run, selection: Selection) -> Iterator[Self]:
        """Yield a file for each aspect."""
        for aspect in ASPECTS:
            path = session.config.rootpath / SUITE / f"test_{aspect.name}.py"
            file = cls.from_parent(session, path=path, name=path.name)
            file.aspect, file.run, file.selection = aspect, run, selection
            yield file

    def collect(self) -> Iterator[AspectItem]:
        """Yield an item for each scenario the aspect can judge and the command line selects."""
        for scenario in self._scenarios():
            mode = scenario.failure_mode
            name = self.aspect.test_name(scenario)
            nodeid = f"{self.nodeid}::{name}"
            if not self.aspect.is_in(self.run.profile.catalogue, scenario):
                continue
            if not self.selection.includes(nodeid) or not self.run.knows(nodeid, scenario):
                continue
            if not self.run.only.keeps(self.aspect, scenario):
                continue
            item = AspectItem.from_parent(
                self,
                name=name,
                nodeid=nodeid,  # as a text: --lf compares what it can parse from one
                path=_HERE / self.name,  # --nf looks at its age
                aspect=self.aspect,
                scenario=scenario,
                run=self.run,
            )
            item.add_marker("control" if mode.is_control else "failure_mode")
            if scenario.timing is Timing.OPERATED:
                item.add_marker("operations")
            if mode.waits_for_timeout:
                item.add_marker("waits")
            if self.config.pluginmanager.hasplugin("rerunfailures"):
                # a record says the same each time it is read
                item.add_marker(pytest.mark.flaky(reruns=0))
            yield item

    def _scenarios(self) -> Iterator[Scenario]:
        """Yield what the aspect can judge: failure modes, or the schedules that are drawn or named."""
        yield from self.aspect.scenarios()
        if Kind.SCHEDULE in self.aspect.kinds:
            prefix = f"{self.nodeid}::test_{self.aspect.name}"
            drawn = self.selection.includes(f"{prefix}[")
            named = [*self.selection.named(prefix), *self.run.only.schedules]
            yield from self.run.schedules.scenarios(named, drawn=drawn)


def why_none_is_kept(config: pytest.Config, items: Collection[AspectItem]) -> str:
    """Say why no test of the suite is left; empty if that is not known.

    Args:
        config: Pytest's, with the expression of `-k`.
        items: What there was before anybody deselected.
    """
    expression = config.option.keyword
    if not expression or not items:
        return ""
    tests = [" ".join([item.nodeid, *item.listextrakeywords(), *item.listnames()]) for item in items]
    names = dict.fromkeys(
        name
        for item in items
        for name in (item.scenario.failure_mode.name, item.aspect.name, str(item.scenario.course))
        if name in item.name  # many a course is in no test's
    )
    return why_nothing(expression, tests, names)


class Parameters:
    """What distinguishes the tests of one file, where pytest has it of parametrized functions.

    allure tells tests by the function and these: without them it takes all scenarios of an aspect for one test that
    was tried again and again.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.params = {"failure_mode": scenario.failure_mode.name, "course": str(scenario.course)}
        self.id = scenario.id


class AspectItem(pytest.Item):
    """One aspect of one scenario. It only reads evidence; no fixture of anybody's reaches it."""

    def __init__(self, *, aspect: Aspect, scenario: Scenario, run: Run, **arguments: object) -> None:
        super().__init__(**arguments)  # type: ignore[arg-type]
        self.aspect = aspect
        self.scenario = scenario
        self.run = run
        self.judged: Judged | None = None
        self.callspec: Parameters
        self.extra_keyword_matches |= {aspect.name, scenario.failure_mode.section}

    def setup(self) -> None:
        """Judge. What is no verdict on the relay is raised here: to pytest, as to JUnit, such a test is in error."""
        judged = self.run.verdict(self.aspect, self.scenario)
        judged = explained(judged, self.scenario, self.run.minimiser, self.run.red)
        self.judged = judged
        ours = dict(properties_of(judged))
        # once, however often the test is run
        self.user_properties[:] = [each for each in self.user_properties if each[0] not in ours]
        self.user_properties += ours.items()
        if judged.verdict in (Verdict.INCONCLUSIVE, Verdict.ERROR) and not is_relays(judged):
            raise NotJudged(judged)

    def runtest(self) -> None:
        """Say what the verdict is to pytest."""
        judged = self.judged
        assert judged is not None
        if judged.verdict is Verdict.NOT_APPLICABLE:
            pytest.skip(line_of(judged.reason))
        if judged.verdict in (Verdict.PASS, Verdict.WAIVED) or (
            judged.verdict is Verdict.DEVIATION and not self.run.strict
        ):
            return
        raise NotMet(judged)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Explain a verdict to the reader; anything else is a defect of ours and shows its traceback."""
        if isinstance(excinfo.value, Unsuccessful):
            return explain(self.scenario.failure_mode, excinfo.value.judged, self.run.profile)
        return cleaned_trace(super().repr_failure(excinfo))

    def _repr_failure_py(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show what is no verdict by its words: where we raise it is nobody's business.

        pytest asks here for what was raised in `setup`. For the lines of a traceback it would read and parse our
        sources, for each test again, which takes a quarter of a second.
        """
        return super()._repr_failure_py(excinfo, "value" if isinstance(excinfo.value, NotJudged) else style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Say where the item comes from."""
        assert isinstance(self.parent, AspectFile)
        return self.parent.path, 0, self.name  # without a line pytest cannot tell of a `skip` mark


class Unsuccessful(Exception):
    """Carries a verdict other than pass out of an item; one of the two below."""

    def __init__(self, judged: Judged) -> None:
        super().__init__(line_of(judged.observed))
        self.judged = judged


class NotMet(Unsuccessful, AssertionError):
    """What the relay is to answer for: an assertion that failed, also to those who look at the type of the error."""


class NotJudged(Unsuccessful):
    """Nothing can be said of the relay."""
