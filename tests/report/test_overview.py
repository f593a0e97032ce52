from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from stories.saved import Named
from stories.story import ASPECT, Story, good, waiting

from conformance.catalogue.requirements import Harm, Level, catalogue
from conformance.judging.judge import Judged
from conformance.judging.verdict import Finding, Verdict
from conformance.report.failures import write_failures
from conformance.report.overview import overview_lines, rows
from conformance.report.unjudged import write_xfailed
from conformance.schedules.scenarios import scenario_of


@dataclass
class Results:
    """A run, as far as these views look at it."""

    judged: list[tuple[Named, Judged]]
    strict: bool = False
    xfailed: dict[str, str] = field(default_factory=dict)

    class profile:
        name = "eop"


class Paper:
    """What is written, with rules as lines of their own."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write_line(self, line: str, **_: bool) -> None:
        self.lines.append(line)

    def write_sep(self, sep: str, title: str | None = None, **_: object) -> None:
        self.lines.append(f"{sep} {title}")


def _judged(story: Story, aspect: str) -> tuple[Named, Judged]:
    return Named(ASPECT[aspect], story.scenario), story.judge(aspect)


@pytest.mark.parametrize(
    ("profile", "requirement", "level"),
    # RFC 5321 has no keyword for a reply that is no SMTP
    [("eop", "queue/kept", Level.MUST), ("rfc", "rfc/odd-reply-is-no-refusal", Level.SHOULD)],
)
def test_one_decision_at_six_stages_is_one_row_whose_source_bears_its_level(
    profile: str, requirement: str, level: Level
) -> None:
    """A relay for which a reply that is no SMTP is permanent."""
    stories = [
        waiting(f"malformed_at_{stage}").returns(2.0, status="5.5.0", diagnostic="smtp; 550 5.5.0 no SMTP")
        for stage in ("greeting", "ehlo", "mail", "rcpt", "data", "dot")
    ]
    judged = [
        (Named(aspect, story.scenario), story.judge(name, profile))
        for story in stories
        for name, aspect in ASPECT.items()
        if aspect.reads(story.case().mode, story.scenario.course)
    ]
    decided = [row for row in rows(judged) if row.requirement.id == requirement]
    assert [(row.level, row.failure_modes) for row in decided] == [(level, 6)]
    assert len(rows(judged)) <= 6
    assert ("without a keyword" in decided[0].requirement.source) is (profile == "rfc")


def _broken(scenario: str, requirement: str, *more: str) -> tuple[Named, Judged]:
    """A test of that scenario in which these requirements do not hold, the first of them decisive."""
    findings = tuple(
        Finding(
            requirement=name,
            level=catalogue()[name].level,
            holds=False,
            expected="this",
            observed=f"no {name}",
        )
        for name in (requirement, *more)
    )
    row = catalogue()[requirement]
    judged = Judged(verdict=findings[0].verdict, requirement=row, level=row.level, findings=findings)
    return Named(ASPECT["retried"], scenario_of(scenario)), judged


def test_equal_findings_are_one_row_with_an_example() -> None:
    found = rows(
        [_broken("greeting_421.healed", "rfc/retried"), _broken("greeting_554.healed", "rfc/retried")]
    )
    assert [(row.requirement.id, row.failure_modes, row.verdict) for row in found] == [
        ("rfc/retried", 2, Verdict.FAIL)
    ]
    assert found[0].example.scenario.id == "greeting_421.healed"
    assert found[0].observed == "no rfc/retried"


def test_one_scenario_of_two_clocks_is_one_failure_mode() -> None:
    found = rows(
        [_broken("greeting_421.healed", "rfc/retried"), _broken("greeting_421.expires", "rfc/retried")]
    )
    assert found[0].failure_modes == 1
    assert len(found[0].tests) == 2


def test_the_gravest_comes_first_and_every_should_after_every_must() -> None:
    names = [
        "hygiene/connections",
        "rfc/diagnostic",
        "rfc/waits-for-days",
        "rfc/status-class",
        "permanent/returned",
        "tls/never-in-clear",
        "nothing-lost/once",
        "nothing-lost/kept",
    ]
    found = rows(_broken("greeting_421.healed", name) for name in names)
    assert [row.requirement.id for row in found] == list(reversed(names))


def test_what_is_wrong_beside_something_graver_has_a_row_of_its_own() -> None:
    beside = _broken("greeting_421.healed", "rfc/status-class", "rfc/status-subject")
    alone = _broken("greeting_554.healed", "rfc/status-subject")
    found = rows([beside, alone])
    assert [row.requirement.id for row in found] == ["rfc/status-class", "rfc/status-subject"]
    assert [test.scenario.id for test in found[1].tests] == ["greeting_554.healed", "greeting_421.healed"]


def test_a_level_that_a_profile_lowers_counts() -> None:
    test, judged = _broken("greeting_421.healed", "rfc/retried")
    lowered = replace(judged, findings=(replace(judged.findings[0], level=Level.SHOULD),))
    [row] = rows([(test, lowered)])
    assert (row.level, row.verdict) == (Level.SHOULD, Verdict.DEVIATION)


def test_what_passed_or_could_not_be_judged_has_no_row() -> None:
    assert rows([_judged(good("greeting_421"), "retried"), _judged(Story("greeting_421"), "retried")]) == []


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits_into_the_terminal_and_says_what_to_run(width: int) -> None:
    found = rows(
        [_broken("greeting_421.healed", "rfc/delivered-once"), _broken("greeting_554.healed", "rfc/retried")]
    )
    lines = list(overview_lines(found, "my:Relay", width))
    assert max(map(len, lines)) < width
    assert lines[0].startswith("F MUST    rfc/delivered-once")
    assert lines[0].endswith("1 failure mode  <- mend this first")
    assert lines[2].strip() == "retried[greeting_421]: no rfc/delivered-once"
    assert lines[-1].strip() == "pytest --target=my:Relay --conformance-only=mode:greeting_421"
    assert sum("mend this first" in line for line in lines) == 1


def test_every_row_of_the_catalogue_says_whom_it_hurts() -> None:
    assert {row.harm for row in catalogue().values()} == set(Harm)
    for row in catalogue().values():
        assert (row.harm is Harm.HOUSE) == (row.level is Level.HYGIENE or row.id == "control/clock-moved"), (
            row.id
        )


class TestFailures:
    """The section that takes the place of pytest's."""

    @staticmethod
    def _written(style: str, *judged: tuple[Named, Judged], everything: bool = False) -> list[str]:
        paper = Paper()
        write_failures(paper, Results(list(judged)), style=style, everything=everything)  # type: ignore[arg-type]
        return paper.lines

    def test_a_scenario_has_one_timeline_below_all_that_failed(self) -> None:
        story = waiting("connection_refused").says(2.0, "451 4.4.0 oops")
        code, detail = _judged(story, "error_code"), _judged(story, "error_code")
        lines = self._written("auto", code, detail)
        assert lines[:2] == ["= FAILURES", "_ connection_refused.healed"]
        assert sum(line.startswith("test_error_code[connection_refused]: fail: ") for line in lines) == 2
        assert sum("timeline (seconds" in line for line in lines) == 1
        assert sum("staged " in line for line in lines) == 1

    def test_the_styles_of_tb(self) -> None:
        judged = _judged(waiting("connection_refused").says(2.0, "451 4.4.0 oops"), "error_code")
        assert self._written("no", judged) == []
        [heading, line] = self._written("line", judged)
        assert heading == "= FAILURES"
        assert line.startswith(
            "conformance/suite/test_error_code.py::test_error_code[connection_refused]: "
            "connection-refused/error-code (MUST): reply code 451"
        )
        short = self._written("short", judged)
        assert any("expected" in line for line in short)
        assert not any("timeline" in line for line in short)

    def test_nothing_failed(self) -> None:
        assert self._written("auto", _judged(good("greeting_421"), "retried")) == []

    def test_of_many_scenarios_an_example_of_each_requirement_is_told(self) -> None:
        modes = [
            *(
                "greeting_421",
                "greeting_554",
                "dns_nxdomain",
                "dns_servfail",
                "dns_refused",
                "connection_refused",
            ),
            *(
                f"{what}_at_{where}"
                for what in ("close", "reset", "stall")
                for where in ("ehlo", "mail", "rcpt", "dot")
            ),
            *(f"reply_4yz_at_{where}" for where in ("ehlo", "mail", "data", "dot", "rcpt")),
        ]
        judged = [_broken(f"{mode}.healed", "rfc/retried") for mode in modes]
        last = _broken("rejected_at_mail.rejected", "permanent/returned")
        lines = self._written("auto", *judged, last)
        told = [line.removeprefix("_ ") for line in lines if line.startswith("_ ")]
        assert len(told) == 21
        assert "rejected_at_mail.rejected" in told
        assert (
            f"of {len(modes) + 1 - 20} scenarios more, which break the same requirements, only the names"
            in told
        )
        everything = self._written("auto", *judged, last, everything=True)
        assert sum(line.startswith("_ ") for line in everything) == len(modes) + 1


def test_what_is_left_to_an_expected_failure_is_told_below_it() -> None:
    red, other = _broken("greeting_421.healed", "rfc/retried"), _broken("greeting_554.healed", "rfc/retried")
    masked = (other[0], replace(other[1], because=red[0].name))
    paper = Paper()
    write_xfailed(paper, Results([red, masked], xfailed={red[0].nodeid: "known"}), everything=False)  # type: ignore[arg-type]
    assert paper.lines == [
        "not passed, as expected (xfail): known",
        f"    {red[0].name}",
        "  not judged because of that:",
        f"    {masked[0].name}",
    ]
