"""Whether a run may be certified: by this version of the suite, whole, at its end, and conclusive throughout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version

from conformance import __version__
from conformance.catalogue.message import Kind
from conformance.catalogue.versions import VersionError
from conformance.certificate.refusal import Refused, listed, refuse_if
from conformance.certificate.report import Report, name_of
from conformance.judging.words import counted
from conformance.session.sequence_choice import SequenceChoice
from conformance.suite import ASPECTS, asked_in

_OF_SCHEDULES = [aspect for aspect in ASPECTS if Kind.SCHEDULE in aspect.kinds]


def check_version(suite: str) -> None:
    """Go on only if a run is of exactly this suite's version.

    Raises:
        Refused: It is of another one; the text says what to install.
    """
    if suite != __version__:
        raise Refused(
            f"it was judged by version {suite}, and this is {__version__}; install the one that judged it: "
            f"pip install mailflow-conformance=={suite}"
        )


def check_certifiable(report: Report) -> None:
    """Go on only if a run is complete, and everything in it could be judged.

    Raises:
        Refused: It is not.
    """
    reasons = [*_divided(report), *_broken(report), *_partial(report), *_unclear(report)]
    refuse_if(reasons)


def _divided(report: Report) -> Iterator[str]:
    part = report.header.get("shard")
    if part:
        yield (
            f"it is part {part['number']} of {part['count']} of a run, whose parts were judged apart; a certificate is "
            "about one whole run"
        )


def _broken(report: Report) -> Iterator[str]:
    for trouble in report.header["troubles"]:
        yield f"something broke in the run: {trouble['message']}"
    for wave in report.header["waves"]:
        if wave["seconds"] is None:
            yield f"{wave['record']} was cut short: its wave did not come to its end"
    if report.footer["selected"] != len(report.verdicts):
        yield f"{report.footer['selected']} tests were selected, and {len(report.verdicts)} were judged"


def _partial(report: Report) -> Iterator[str]:
    missing = sorted(whole(report.catalogue) - report.tests)
    if missing:
        yield (
            f"the run lacks {counted(len(missing), 'test')} of the suite, and a certificate is about a complete one "
            f"(without -k and --conformance-only): {listed(missing)}"
        )
    wanted = report.header.get("schedules", {})
    drawn = Counter(row["aspect"] for row in report.verdicts.values() if row["course"] == "schedule")
    if min(drawn[aspect.name] for aspect in _OF_SCHEDULES) < wanted.get("count", 0):
        yield f"{wanted['count']} fault schedules were drawn, and not all of them were judged"
    elif left_out := sorted(_drawn(report) - report.tests):
        yield f"these fault schedules are drawn from seed {wanted['seed']} and were not judged: {listed(left_out)}"


def _drawn(report: Report) -> set[str]:
    """Return the names of the tests of the fault schedules that were drawn; none where another hypothesis drew them."""
    by = report.header.get("schedules", {})
    if by.get("hypothesis") != version("hypothesis"):
        return set()
    try:
        choice = SequenceChoice(count=by["count"], seed=by["seed"], depth=by["depth"])
    except (KeyError, TypeError, ValueError) as error:
        raise Refused(f"nobody draws fault schedules like that: {dict(by)}") from error
    return {
        aspect.test_name(scenario)
        for aspect in _OF_SCHEDULES
        for scenario in choice.scenarios([], drawn=True)
        if aspect.is_in(report.catalogue, scenario)
    }


def _unclear(report: Report) -> Iterator[str]:
    for verdict in ("error", "inconclusive"):
        names = [name for name, row in report.verdicts.items() if row["verdict"] == verdict]
        if names:
            yield (
                f"{counted(len(names), 'verdict')} {verdict}, which proves nothing: "
                f"{listed([name_of(each) for each in names])}"
            )
    for waiver in report.waivers:
        yield from waiver["misfits"]
    expected = [name_of(name) for name, row in report.verdicts.items() if "xfail" in row]
    if expected:
        yield f"somebody expected failures (xfail), which nobody else can check; waive them: {listed(expected)}"


@cache
def whole(catalogue: str) -> frozenset[str]:
    """Return the names of all tests that a complete run has, fault schedules apart: these are drawn.

    Raises:
        Refused: There is no such version of the catalogue.
    """
    try:
        return frozenset(aspect.test_name(scenario) for aspect, scenario in asked_in(catalogue))
    except VersionError as error:
        raise Refused(str(error)) from error
