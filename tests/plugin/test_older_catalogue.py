"""`--conformance-catalogue`: what is collected, what is refused, and what the report says of it."""

from __future__ import annotations

import pytest
from user_shell import Ended

from conformance.catalogue.versions import newest
from conformance.suite import asked_in, digest_of

_OLD = "pytest --target=reference --conformance-catalogue"


@pytest.mark.user(f"{_OLD}=0.1 --co -q")
def test_only_what_existed_is_collected(outcome: Ended) -> None:
    collected = {line.partition("::")[2] for line in outcome.text.splitlines() if "::" in line}
    assert collected == {aspect.test_name(scenario) for aspect, scenario in asked_in("0.1")}


@pytest.mark.user(f"{_OLD}=9.9", f"{_OLD}= --co", f"{_OLD}=0.2 --conformance-only=mode:mx_null --co")
def test_what_there_is_not_is_a_mistake_of_the_command_line(outcomes: list[Ended]) -> None:
    assert [each.status for each in outcomes] == [4, 4, 4]
    assert "--conformance-catalogue: there is no catalogue '9.9'; there are 0.1, 0.2" in outcomes[0].text
    assert "there is no catalogue ''; there are 0.1" in outcomes[1].text
    assert "mode:mx_null: there is no such mode in catalogue 0.2" in outcomes[2].text


@pytest.mark.user(
    f"{_OLD}=0.3 -k 'connection_refused and error_code' --conformance-report=rep --basetemp=tmp",
    "pytest --conformance-replay=rep --conformance-report=again",
)
def test_the_report_says_which_was_asked(outcomes: list[Ended]) -> None:
    assert [each.status for each in outcomes] == [0, 0], outcomes[0].text
    assert "catalogue 0.3, nothing newer is asked" in outcomes[0].text
    [header] = outcomes[0].rows("header")
    assert header["format"] == 1
    assert (header["catalogue"], header["catalogue_digest"]) == ("0.3", digest_of("0.3"))
    [again] = outcomes[1].rows("header", "again")
    assert again["catalogue"] == newest()
