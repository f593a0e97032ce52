"""What dashboards are told of a run and of each test beside the outcome: JUnit's properties, and durations."""

from __future__ import annotations

from collections.abc import Iterator

from conformance import __version__
from conformance.evidence.record import Fault
from conformance.judging.judge import Judged
from conformance.judging.verdict import Verdict
from conformance.judging.waived import waivers_of
from conformance.report.results import Results
from conformance.report.writing import line_of
from conformance.target import Target


def is_relays(judged: Judged) -> bool:
    """Tell whether what is wrong is the relay's: what it broke or missed, or that it did not start, or died.

    Everything else that is no pass says nothing of it: the failure was not provoked, the suite was late, the adapter or
    the suite broke. To JUnit and dashboards the one is a failure, the other an error.
    """
    if judged.verdict is Verdict.ERROR:
        return judged.fault is Fault.TARGET
    return judged.verdict in (Verdict.FAIL, Verdict.DEVIATION)


def properties_of(judged: Judged) -> Iterator[tuple[str, str]]:
    """Yield the properties of a test."""
    yield "requirement", judged.requirement.id
    yield "source", judged.requirement.source
    yield "level", str(judged.level)
    yield "verdict", judged.verdict.value
    if judged.verdict in (
        Verdict.DEVIATION,
        Verdict.WAIVED,
    ):  # pytest lets it pass, so nothing else says what was seen
        yield "observed", line_of(judged.observed)
    if judged.fault is not None:
        yield "fault", judged.fault.value
    if judged.because:
        yield "because", judged.because
    for waiver in waivers_of(judged):
        yield "waiver", line_of(f"{waiver.where}, until {waiver.expires}: {waiver.reason}")


def properties_of_run(run: Results) -> Iterator[tuple[str, str]]:
    """Yield the properties of a run that left a record."""
    header = run.records[0].header
    version = version_of(run.target, header.target_module)
    found = {
        "target": run.name,
        "target_version": version,
        "profile": run.profile.name,
        "catalogue": run.profile.catalogue,
        "lab": header.lab,
        "suite_version": header.suite,
        "platform": header.platform,
    }
    yield from ((name, line_of(value)) for name, value in found.items() if value)


def seconds_of(judged: Judged) -> float | None:
    """Return how long the scenario took, in seconds: from the handing over of its message to the end of its window."""
    staged = judged.evidence.staged if judged.evidence is not None else None
    if staged is None or staged.closed is None:
        return None
    begin = staged.offered if staged.offered is not None else staged.submitted
    return None if begin is None else max(staged.closed - begin, 0.0)


def version_of(target: Target | None, module: str) -> str | None:
    """Return the version of the relay if the adapter tells it by an attribute `version`.

    Args:
        target: The target; None when a record is judged again.
        module: Where its adapter came from, `package.module:Class`.
    """
    if module.startswith("conformance.targets.reference:"):
        return __version__
    try:
        said = getattr(target, "version", None)
        return None if said is None else str(said)
    except Exception as error:  # noqa: BLE001 - an adapter's own code
        return f"not known: version raised {type(error).__name__}: {error}"
