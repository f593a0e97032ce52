"""What is told above everything else: what broke, whose fault that is, and which relay was brought down by whom."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.evidence.record import Fault, Trouble
from conformance.evidence.relays import Stopped
from conformance.judging.survival import speaker
from conformance.report.failure import at_fault
from conformance.report.results import Results
from conformance.report.writing import Writes, lines_of, write_lines, write_names
from fake_servers.events import FakeExcess


def tell_broken(reporter: Writes, run: Results, *, all_names: bool) -> None:
    """Tell each thing that broke once, with the tests that could not be judged for it.

    Args:
        reporter: Where to write.
        run: The run.
        all_names: Whether every name of a long list is told.
    """
    told: dict[tuple[Fault, str], list[str]] = {(t.fault, t.message): [] for t in run.troubles}
    for item, judged in run.judged:
        if judged.fault is not None:
            told.setdefault((judged.fault, judged.reason), []).append(item.name)
    for (fault, message), names in told.items():
        reporter.write_sep("!", at_fault(fault), red=True)
        write_lines(reporter, message)
        for trouble in run.troubles:
            if (trouble.fault, trouble.message) == (fault, message):
                _advise(reporter, trouble)
        if names:
            tests = f"{len(names)} tests" if len(names) > 1 else "1 test"
            reporter.write_line(f"not judged because of this: {tests}")
            write_names(reporter, names, all_names=all_names)
        else:
            reporter.write_line("all tests could be judged nevertheless; the exit status is not 0")
    _tell_brought_down(reporter, run, all_names=all_names)
    _tell_aside(reporter, run)
    for idling, culprits in run.busy:
        used = f"{idling.cores:.2f} of a processor for {idling.seconds:.0f} s"
        if culprits:
            reporter.write_line(
                f"with nothing left to do the relay used {used}; alone these do as well:", yellow=True
            )
            write_names(reporter, culprits, all_names=all_names)
        else:
            reporter.write_line(
                f"with nothing left to do the relay used {used}; alone none of these brings it to that, though "
                "one did, or several together:",
                yellow=True,
            )
            write_names(reporter, idling.suspects, all_names=all_names)


def _tell_aside(reporter: Writes, run: Results) -> None:
    """Tell once what a relay does that is no mode's: it fails nothing."""
    told: dict[str, None] = {}
    for record in run.records:
        own = {site.server for staged in record.staged.values() for site in staged.sites}
        for event in record.events:
            if isinstance(event, FakeExcess) and event.server not in own:
                told[f"{event.most} {event.what}, at a server that is everybody's"] = None
    for what in told:
        reporter.write_line(f"the relay went beyond what a server bears: more than {what}", yellow=True)
    for left in dict.fromkeys(each for r in run.records if r.footer for each in r.footer.left_behind):
        reporter.write_line(
            f"left behind by the relay when it had been stopped, and ended: {left}", yellow=True
        )


def _tell_brought_down(reporter: Writes, run: Results, *, all_names: bool) -> None:
    """Tell of each relay that was brought down who did it."""
    # where each scenario has a relay of its own many may go the same way
    told: dict[str, list[tuple[Stopped, Sequence[str]]]] = {}
    for stopped, names in run.stopped:
        told.setdefault(stopped.log or stopped.message, []).append((stopped, names))
    for same in told.values():
        stopped, _ = same[0]
        culprits = list(dict.fromkeys(name for _, each in same for name in each))
        reporter.write_sep("!", "the relay was brought down", red=True)
        write_lines(reporter, stopped.message)
        _write_log(reporter, stopped.log)
        if culprits:
            speakers = " and ".join(dict.fromkeys(map(speaker, culprits)))
            reporter.write_line(f"brought down by (see {speakers}):")
            write_names(reporter, culprits, all_names=all_names)
        else:
            reporter.write_line(
                "alone none of these brings it down; one did, or several together; the exit status is not 0:"
            )
            write_names(reporter, stopped.suspects, all_names=all_names)


def _advise(reporter: Writes, trouble: Trouble) -> None:
    if trouble.hint:
        write_lines(reporter, f"hint: {trouble.hint}")
    _write_log(reporter, trouble.log)


def _write_log(reporter: Writes, log: str) -> None:
    for line in lines_of(log).rstrip("\n").split("\n") if log else ():
        reporter.write_line(f"    | {line}")
