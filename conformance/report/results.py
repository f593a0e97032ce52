"""What the views need to know of a run, whoever ran it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from conformance.catalogue.profile import Profile
from conformance.evidence.record import Record, Trouble
from conformance.evidence.relays import Idling, Stopped
from conformance.judging.judge import Judged, Test
from conformance.judging.waived import Misfit
from conformance.schedules.sequence import FaultSequence
from conformance.target import Target
from conformance.waivers import Waivers


@dataclass(frozen=True, kw_only=True)
class Windows:
    """How far a wave is.

    Attributes:
        wave: Its clock, and whether it is staged again there.
        done: How many of its windows are closed.
        total: How many it has.
        open: Which scenarios are left, once they are few.
        ends: When the last window is closed if the relay is in order, by the clock of `time.monotonic`; None: nobody
            knows yet.
    """

    wave: str
    done: int
    total: int
    open: tuple[str, ...] = ()
    ends: float | None = None


class PytestOutcome(StrEnum):
    """What pytest, JUnit and dashboards make of a test, in pytest's words."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    XFAILED = "xfailed"
    XPASSED = "xpassed"


class Minimal(Protocol):
    """What failing fault schedules come down to."""

    def minimal(self, sequence: FaultSequence, /) -> object:
        """Return what one came down to; its text says it."""


class Results(Protocol):
    """A run that has been judged, in part or as a whole.

    Attributes:
        name: The target as named on the command line.
        strict: Whether deviations fail.
        waivers: What of it is tolerated for now; None: nothing.
    """

    name: str
    strict: bool
    waivers: Waivers | None

    @property
    def profile(self) -> Profile:
        """What is accepted."""

    @property
    def catalogue_digest(self) -> str:
        """The digest of the version of the catalogue that is asked (`profile.catalogue`)."""

    @property
    def part(self) -> Mapping[str, int]:
        """Which part (`number`, `count`) of how many `tests` was judged; nothing: the run is whole."""

    @property
    def target(self) -> Target | None:
        """The target; None when a record is judged again."""

    @property
    def records(self) -> Sequence[Record]:
        """The evidence: one record for each wave."""

    @property
    def paths(self) -> Sequence[Path]:
        """Their files."""

    @property
    def judged(self) -> Sequence[tuple[Test, Judged]]:
        """Every verdict, in the order in which they were given, each test once."""

    @property
    def outcomes(self) -> Mapping[str, PytestOutcome]:
        """What pytest made of the tests, by node id; also of those that it skipped before they were judged."""

    @property
    def xfailed(self) -> Mapping[str, str]:
        """By node id, why somebody expected those tests not to pass (`xfail`) that did not."""

    @property
    def misfits(self) -> Sequence[Misfit]:
        """Every waiver that does not fit what was judged."""

    @property
    def troubles(self) -> Sequence[Trouble]:
        """Everything that broke, in whatever wave."""

    @property
    def stopped(self) -> Sequence[tuple[Stopped, Sequence[str]]]:
        """Every relay that was brought down, and the scenarios that did it, if that is known."""

    @property
    def busy(self) -> Sequence[tuple[Idling, Sequence[str]]]:
        """Every relay that was kept busy when nothing was left to do, and the scenarios that do it alone."""

    @property
    def asked(self) -> Mapping[str, object]:
        """What was asked for that no record tells.

        `schedules` is all that their draws depend on, nothing if nothing was drawn; `day` is the seconds that stood for
        24 hours on the compressed clock, if anything was staged.
        """

    @property
    def minimiser(self) -> Minimal:
        """What the failing ones come down to."""


def unexpected(run: Results) -> list[tuple[Test, Judged]]:
    """Return the verdicts but for those that somebody expected not to be passes (`xfail`): these fail nothing."""
    return [(test, judged) for test, judged in run.judged if test.nodeid not in run.xfailed]
