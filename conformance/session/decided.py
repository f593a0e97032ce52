"""The verdicts of a run as a whole: all tests judged, once, before the first of them tells its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from conformance.catalogue.message import Kind
from conformance.catalogue.profile import Profile
from conformance.catalogue.scenario import Scenario
from conformance.judging.aspect import Aspect
from conformance.judging.judge import Judged
from conformance.judging.systematic import Told, is_the_same, once
from conformance.judging.waived import is_red


class Decided:
    """What is known once all tests of a run were judged; nothing before that.

    Attributes:
        verdicts: The verdicts, by the names of the tests, in the order of the suite.
        red: A test that fails, or would without a waiver, by the name of its failure mode, or of one that does the
            same; the first of each.
    """

    def __init__(self) -> None:
        self.verdicts: Mapping[str, Judged] = {}
        self.red: dict[str, str] = {}

    def judge(
        self,
        wanted: Iterable[tuple[Aspect, Scenario]],
        judged_in: Callable[[Aspect, Scenario], Judged],
        profile: Profile,
    ) -> None:
        """Judge all tests; what the relay misses everywhere is red once.

        Args:
            wanted: What they are about, in the order of the suite.
            judged_in: Judges one of them.
            profile: What is accepted.
        """
        tests: dict[str, Told] = {}
        for aspect, scenario in wanted:
            try:
                tests[aspect.test_name(scenario)] = Told(aspect, scenario, judged_in(aspect, scenario))
            except Exception:  # noqa: BLE001 - where the test itself is run it is raised again
                continue
        self.verdicts = once(tests, profile)
        for name, judged in self.verdicts.items():
            mode = tests[name].scenario.failure_mode
            if mode.kind is not Kind.SCHEDULE and (is_red(judged) or is_the_same(judged)):
                self.red.setdefault(mode.name, judged.because or name)
