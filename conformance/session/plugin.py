"""The pytest hooks of a run with a target, and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import ExitStack
from importlib.machinery import PathFinder
from typing import Any

import pytest

from conformance.judging.verdict import Verdict
from conformance.report.facts import properties_of_run, seconds_of
from conformance.report.jsonl import ReportError, ReportFile
from conformance.report.terminal import Progress, Terminal
from conformance.report.took import Took
from conformance.report.writing import line_of
from conformance.session.about import about
from conformance.session.division import Division
from conformance.session.ending import NOT_JUDGED, exit_status
from conformance.session.items import AspectFile, AspectItem, Parameters, Selection, why_none_is_kept
from conformance.session.options import open_page, open_run, open_shard, open_summaries, open_waiver_file
from conformance.session.outcomes import outcome_of
from conformance.session.run import Run
from conformance.session.shown import cleaned_trace, shown, spelled_output
from conformance.session.terminated import heeding_sigterm
from conformance.session.waiving import WRITE

# In the terminal: category for the last line, letter, word.
_STATUS = {
    Verdict.PASS: ("passed", ".", "PASSED"),
    Verdict.FAIL: ("failed", "F", "FAILED"),
    Verdict.DEVIATION: ("deviation", "D", ("DEVIATION", {"yellow": True})),
    Verdict.WAIVED: ("waived", "w", ("WAIVED", {"cyan": True})),
    Verdict.INCONCLUSIVE: ("inconclusive", "I", ("INCONCLUSIVE", {"red": True})),
    Verdict.NOT_APPLICABLE: ("not applicable", "n", ("NOT APPLICABLE", {"yellow": True})),
    # not pytest's own "error": what broke is told once, not for every test
    Verdict.ERROR: ("not judged", "E", ("ERROR", {"red": True})),
}


class ConformancePlugin:
    """Collects the suite, runs the wave before the first test, and reports."""

    def __init__(self, config: pytest.Config) -> None:
        if getattr(config.option, "numprocesses", None) or getattr(config.option, "tx", None):
            raise pytest.UsageError(
                "-n cannot be used with a target: every worker would provoke every failure again. One wave "
                "already stages all scenarios at the same time. Leave it out, or add -n 0 if an ini file sets it."
            )
        for mark in (
            "control: a positive control",
            "failure_mode: a way a destination can be broken",
            "operations: what an operator is told of waiting mail, and can do about it",
            "waits: nothing but the relay's own time-out ends an attempt; with a long one that takes minutes",
        ):
            config.addinivalue_line("markers", mark)
        with shown():
            shard = open_shard(config)
            with spelled_output():
                self._run: Run = open_run(config)
            self._selection = Selection(config)
        if not config.option.collectonly:
            self._run.load_ahead()
        config.args[:] = self._selection.others
        self._progress = Progress(config)
        self._terminal = Terminal(config)
        config.pluginmanager.register(_Failures(self), "mailflow_conformance_failures")
        if shard is not None and self._run.target is not None:
            division = Division(self._run, shard, self._run.target)
            config.pluginmanager.register(division, "mailflow_conformance_division")
        self._report = _open_report(config)
        self._summaries = open_summaries(config)
        self._written = open_waiver_file(config)
        self._page = open_page(config)
        self._complaints: list[str] = []
        self._took = Took()
        self._interrupted = ""
        self._heeding = ExitStack()
        self._failed: list[Any] = []
        self._items: dict[str, AspectItem] = {}

    def pytest_sessionstart(self) -> None:
        """From now on the end of the run is to be told."""
        self._heeding.enter_context(heeding_sigterm())

    def pytest_report_header(self) -> list[str]:
        """Say what is judged, and by what."""
        return [*map(line_of, about(self._run)), *_hidden()]

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """Add the suite before anybody selects or deselects."""
        added: list[pytest.Item] = []
        for file in AspectFile.all(session, self._run, self._selection):
            found: list[pytest.Item | pytest.Collector] = list(file.collect())
            report = pytest.CollectReport(file.nodeid, "passed", None, found)
            session.ihook.pytest_collectreport(report=report)
            added += [item for item in found if isinstance(item, pytest.Item)]
        items[:0] = added
        self._items = {item.nodeid: item for item in added if isinstance(item, AspectItem)}
        self._selection.check_found()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Run the wave for the tests that are left; then pytest's own loop judges."""
        items = [item for item in session.items if isinstance(item, AspectItem)]
        # what somebody skips is red for nothing, so that nothing is left to it
        self._run.selected = frozenset(i.name for i in items if i.get_closest_marker("skip") is None)
        kept = [item for item in self._items.values() if item.name in self._run.selected]
        self._run.wanted = [(item.aspect, item.scenario) for item in kept]
        if session.config.pluginmanager.hasplugin("allure_pytest"):
            for item in items:  # not before: pytest would look for fixtures that are made from them
                item.callspec = Parameters(item.scenario)
        if not items and (why := why_none_is_kept(session.config, self._items.values())):
            self._complaints.append(why)
        if not items or session.config.option.collectonly:
            return
        self._begin_report()
        self._took.begin("staging")
        try:
            with shown():
                self._run.provoke(self._run.wanted, self._progress)
                self._took.begin("judging")
                self._run.decide()  # here, so that it counts for no single test
        finally:
            self._begin_report()

    def _begin_report(self) -> None:
        if self._report:
            self._report.begin(self._run)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Note who ended the run before its time."""
        self._interrupted = line_of(f"{excinfo.typename}: {excinfo.value}".removesuffix(": "))

    @pytest.hookimpl(tryfirst=True)
    def pytest_internalerror(self, excrepr: object) -> None:
        """Spell out what a defect of ours, or an adapter's, quotes of somebody, before anybody shows it."""
        cleaned_trace(excrepr)
        self._interrupted = line_of(str(excrepr).strip().rpartition("\n")[2])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Take the verdict over into the report."""
        report = yield
        if not isinstance(item, AspectItem) or item.judged is None:
            return report
        if call.when == "call" or (call.when == "setup" and not report.passed):
            report.conformance_verdict = item.judged.verdict  # type: ignore[attr-defined]
            # not of the judge, who takes no time
            report.duration = seconds_of(item.judged) or report.duration
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take down what became of a test, once, whichever plugin has it run again or expects it to fail."""
        item, outcome = self._items.get(report.nodeid), outcome_of(report)
        if item is not None and outcome is not None:
            self._run.note(item, item.judged, outcome, getattr(report, "wasxfail", None))
            if self._report and item.judged is not None:
                self._report.add(self._run, item, item.judged)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[Any, ...] | None:
        """Give each verdict its own letter."""
        verdict = getattr(report, "conformance_verdict", None)
        if verdict is None or outcome_of(report) is None or hasattr(report, "wasxfail"):
            return None  # no verdict of ours, run again, or expected to fail: others say what to show
        if verdict in (Verdict.PASS, Verdict.DEVIATION, Verdict.WAIVED) and report.failed:
            return "failed", "F", "FAILED"  # by --conformance-strict, or by a strict xfail
        return _STATUS[verdict]

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the report; a run in which nothing could be judged is no success."""
        self._heeding.close()
        if session.config.option.collectonly:
            return
        session.exitstatus = exit_status(
            exitstatus, self._run, failed=session.testsfailed, others=_others_ran(session)
        )
        if exitstatus == pytest.ExitCode.USAGE_ERROR:
            if self._report:
                self._report.discard()
            return
        self._tell_dashboards(session, ended=not self._interrupted)
        ended: dict[str, Any] = {
            "selected": sum(isinstance(item, AspectItem) for item in session.items),
            "status": int(session.exitstatus),
            "interrupted": self._interrupted,
            "took": self._took,
        }
        if self._report:
            self._report.end(self._run, **ended)
            self._complain("--conformance-report", self._report.complaint, session)
        if self._page and (self._run.records or self._run.judged):
            try:
                self._page.write(self._run, **ended)
            except OSError as error:
                complaint = f"cannot write {self._page.path}: {error.strerror}"
                self._complain("--conformance-html", complaint, session)

    def _complain(self, option: str, complaint: str, session: pytest.Session) -> None:
        """Say at the end that something asked for is not there; then the run is no success."""
        if complaint:
            self._complaints.append(f"{option}: {complaint}")
            if session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = NOT_JUDGED

    def _tell_dashboards(self, session: pytest.Session, *, ended: bool) -> None:
        """Give JUnit the properties of the run, and write the pages of Markdown."""
        plugins = session.config.pluginmanager.get_plugins() if self._run.records else ()
        for plugin in plugins:
            add = getattr(plugin, "add_global_property", None)  # of pytest's junitxml
            if callable(add):
                for name, value in properties_of_run(self._run):
                    add(name, value)
                for message in dict.fromkeys(trouble.message for trouble in self._run.troubles):
                    add("broken", line_of(message))
                for misfit in self._run.misfits:
                    add("misfit", line_of(str(misfit)))
        if self._written is not None:
            try:
                self._written.write(self._run)
            except OSError as error:
                self._complaints.append(f"{WRITE}: cannot write {self._written.path}: {error.strerror}")
                if session.exitstatus == pytest.ExitCode.OK:
                    session.exitstatus = NOT_JUDGED
        for summary in self._summaries:
            try:
                summary.write(self._run, ended=ended)
            except OSError as error:
                self._complaints.append(f"{summary.asked_by}: cannot write {summary.path}: {error.strerror}")
                if not summary.append and session.exitstatus == pytest.ExitCode.OK:
                    session.exitstatus = NOT_JUDGED

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> Generator[None, None, None]:
        """Before all failures what broke, after them one line for each failure mode and what has no section."""
        self._terminal.broken(terminalreporter, self._run)
        # ours are told scenario by scenario (`_Failures`): pytest's section is for the others only
        self._failed = terminalreporter.stats.get("failed", [])
        if self._failed:
            terminalreporter.stats["failed"] = [r for r in self._failed if not _is_told(r)]
        yield
        self._terminal.summary(terminalreporter, self._run)
        if misfits := self._run.misfits:  # so that the last line has them
            terminalreporter.stats["misfits"] = list(misfits)
        for complaint in self._complaints:
            terminalreporter.write_line(line_of(complaint), red=True)

    def tell_failures(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Tell of the failures of the suite."""
        if self._failed:
            terminalreporter.stats["failed"] = self._failed
        self._terminal.failures(terminalreporter, self._run)


class _Failures:
    """Tells of the suite's failures between pytest's own section of them and its short summary."""

    def __init__(self, plugin: ConformancePlugin) -> None:
        self._plugin = plugin

    @pytest.hookimpl(tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write the section."""
        self._plugin.tell_failures(terminalreporter)


def _is_told(report: object) -> bool:
    """Tell whether our own section of failures tells of a report: not of one that should have failed and passed."""
    return getattr(report, "conformance_verdict", Verdict.PASS) is not Verdict.PASS


def _hidden() -> list[str]:
    """Say which other packages of our names would have been found first; in this run ours are used."""
    notes = []
    for name in ("conformance", "fake_servers"):
        found = PathFinder.find_spec(name)
        if found is not None and found.origin and found.origin != sys.modules[name].__file__:
            notes.append(f"conformance: {found.origin} is hidden by this suite's package of the same name")
    return notes


def _open_report(config: pytest.Config) -> ReportFile | None:
    folder = config.getoption("conformance_report")
    if not folder or config.option.collectonly:
        return None
    try:
        return ReportFile(config.invocation_params.dir / folder)
    except ReportError as error:
        raise pytest.UsageError(f"--conformance-report={folder}: {error}") from error


def _others_ran(session: pytest.Session) -> bool:
    return any(not isinstance(item, AspectItem) for item in session.items)
