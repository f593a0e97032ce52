"""A relay that is brought down by a destination: the run goes on, names the one that did it, and judges all others."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from user_shell import Ended

from conformance.catalogue.versions import newest
from conformance.waivers import NAME

LINE = "pytest --target=adapters:{} -k '{}' --conformance-report=rep"
MODES = "(reset_at_ehlo or close_at_ehlo) and not tls"
WAIVERS = f"""
catalogue = "{newest()}"

[[waiver]]
verdict = "fail"
requirement = "relay/survives"
aspect = "survives"
failure_modes = ["reset_at_ehlo-healed"]
observed = "the relay was gone at _, last seen at _: *"
reason = "A reset ends it."
expires = {date.today() + timedelta(days=30)}
"""


@pytest.mark.user(
    LINE.format("DiesOfAReset", f"{MODES} and (survives or error_code or retried) and not all_day")
)
def test_who_brings_it_down_fails_and_nobody_else(outcome: Ended) -> None:
    assert outcome.status == 1, outcome.text
    assert outcome.verdicts == {
        "survives[close_at_ehlo]": "pass",
        "survives[reset_at_ehlo]": "fail",
        "error_code[close_at_ehlo]": "pass",
        "error_code[reset_at_ehlo]": "not_applicable",
        "retried[close_at_ehlo]": "pass",
        "retried[reset_at_ehlo]": "not_applicable",
    }
    top = outcome.text.index("the relay was brought down")
    assert top < outcome.text.index("= FAILURES =")
    told = outcome.text[top : outcome.text.index("= FAILURES =")]
    assert "| panic: slice bounds out of range" in told
    assert "brought down by (see survives):\n    reset_at_ehlo.healed\n" in told
    assert "at fault:" not in outcome.text
    failure = outcome.text[outcome.text.index("= FAILURES =") :]
    assert "fail: relay/survives (MUST, profile eop)" in failure
    assert "panic: slice bounds out of range" in " ".join(failure.split())
    [header] = outcome.rows("header")
    assert [each["by"] for each in header["stopped"]] == [["reset_at_ehlo.healed"]]


@pytest.mark.user(LINE.format("DiesOfAReset", f"{MODES} and error_code"))
def test_if_nothing_that_is_judged_says_so_the_exit_status_does(outcome: Ended) -> None:
    assert outcome.status == 1, outcome.text
    assert outcome.verdicts == {
        "error_code[close_at_ehlo]": "pass",
        "error_code[reset_at_ehlo]": "not_applicable",
    }
    assert "the relay was brought down" in outcome.text


@pytest.mark.user(LINE.format("DiesOfTwoThings", f"{MODES} and (survives or error_code)"))
def test_if_none_does_it_alone_the_group_is_named(outcome: Ended) -> None:
    assert outcome.status == 1, outcome.text
    assert outcome.verdicts == {
        "survives[close_at_ehlo]": "inconclusive",
        "survives[reset_at_ehlo]": "inconclusive",
        "error_code[close_at_ehlo]": "pass",
        "error_code[reset_at_ehlo]": "pass",
    }
    told = outcome.text[outcome.text.index("the relay was brought down") :]
    assert "alone none of these brings it down; one did, or several together" in told
    assert "\n    reset_at_ehlo.healed\n" in told


@pytest.mark.user(LINE.format("DiesOfAResetAlone", f"{MODES} and (survives or error_code)"))
def test_where_each_has_a_relay_of_its_own_who_did_it_is_known_at_once(outcome: Ended) -> None:
    assert outcome.status == 1, outcome.text
    assert outcome.verdicts["survives[reset_at_ehlo]"] == "fail"
    assert outcome.verdicts["error_code[reset_at_ehlo]"] == "not_applicable"
    assert (
        outcome.verdicts["survives[close_at_ehlo]"] == outcome.verdicts["error_code[close_at_ehlo]"] == "pass"
    )
    assert "each alone" not in outcome.text, "nothing was staged again"


@pytest.mark.user(
    LINE.format("DiesOfAReset", f"{MODES} and (survives or error_code) and not all_day"),
    files={NAME: WAIVERS},
)
def test_what_a_waiver_says_brings_it_down_takes_nobody_with_it(outcome: Ended) -> None:
    assert outcome.status == 0, outcome.text
    assert outcome.verdicts == {
        "survives[close_at_ehlo]": "pass",
        "survives[reset_at_ehlo]": "waived",
        "error_code[close_at_ehlo]": "pass",
        "error_code[reset_at_ehlo]": "not_applicable",
    }
    assert "(steady, each alone, for waivers say what brings the relay down)" in outcome.text
    assert "to find who brought the relay down" not in outcome.text, "nothing was staged again"
    assert outcome.text.count("the relay was brought down !") == 1
    [header] = outcome.rows("header")
    assert [each["by"] for each in header["stopped"]] == [["reset_at_ehlo.healed"]]


@pytest.mark.user(LINE.format("DiesOfAReset", f"{MODES} and error_code"), files={NAME: WAIVERS})
def test_a_waiver_of_what_is_not_judged_does_not_hide_it(outcome: Ended) -> None:
    assert outcome.status == 1, outcome.text
    assert "the relay was brought down" in outcome.text


@pytest.mark.user(
    LINE.format("reference", f"{MODES} and survives").replace("adapters:", ""), files={NAME: WAIVERS}
)
def test_one_that_lives_though_a_waiver_says_it_does_not_needs_none(outcome: Ended) -> None:
    assert outcome.status == 1, outcome.text
    assert set(outcome.verdicts.values()) == {"pass"}
    assert "waiver no longer needed: relay/survives holds now" in outcome.text
